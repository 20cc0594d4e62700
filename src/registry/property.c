// SPDX-License-Identifier: MIT
#include "registry/property.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/console.h"
#include "registry/deferred.h"
#include "registry/diagnostics.h"
#include "registry/lifecycle.h"
#include "registry/policy.h"
#include "registry/privacy.h"
#include "registry/text.h"
#include "wire/open.h"
#include "wire/publish.h"

enum { SEARCH_RECURSE = 1, SEARCH_PARENTS = 2 };

/* One read that waits for live values. */
struct reading {
	struct registry_deferred *deferred;
	struct registry_entry *entry; /* with a reference */
	CFStringRef key;	      /* NULL: all properties */
	size_t n_awaited;
};

struct live_call {
	struct reading *reading;
	CFStringRef key;
};

/* What CLIENT (NULL: it has gone) may see of all properties. */
static CFTypeRef copy_all(struct registry *r, const struct registry_peer *client,
			  struct registry_entry *entry)
{
	return entry == r->tree.root
		     ? (CFTypeRef)registry_root_copy_properties(r)
		     : registry_privacy_filter(client, entry,
					       registry_entry_copy_properties(entry));
}

/* What CLIENT may see of property KEY. */
static CFTypeRef copy_value(struct registry *r, const struct registry_peer *client,
			    struct registry_entry *entry, CFStringRef key)
{
	scope_cf CFDictionaryRef all = entry->has_private ? copy_all(r, client, entry) : NULL;
	CFTypeRef value = all ? CFDictionaryGetValue(all, key) : NULL;

	if (!value && !registry_privacy_hides(client, entry, key))
		value = registry_entry_get(entry, key);
	return value ? CFRetain(value) : NULL;
}

/* With whatever values there are now: old ones where the owner has not answered. */
static void answer_reading(struct registry_deferred *deferred)
{
	struct reading *reading = deferred->context;
	struct wire_value_reply reply;
	scope_cf CFTypeRef value =
		reading->key ? copy_value(deferred->registry, deferred->peer, reading->entry,
					  reading->key)
			     : copy_all(deferred->registry, deferred->peer, reading->entry);

	reply.value = value;
	if (reply.value)
		registry_deferred_answer(deferred, &wire_value_reply_layout, kIOReturnSuccess,
					 &reply, NULL, 0);
	else
		registry_deferred_answer(deferred, &wire_empty_layout, kIOReturnNotFound, NULL,
					 NULL, 0);
}

static void end_reading(struct reading *reading)
{
	answer_reading(reading->deferred);
	registry_deferred_finish(reading->deferred, &wire_empty_layout, kIOReturnSuccess, NULL,
				 NULL, 0);
	registry_entry_unref(reading->entry);
	if (reading->key)
		CFRelease(reading->key);
	free(reading);
}

static void handle_live_value(void *context, err_t err, struct wire_frame *frame)
{
	struct live_call *call = context;
	struct reading *reading = call->reading;
	struct wire_value_reply reply = { NULL };
	struct registry_peer *owner = reading->entry->owner;

	if (!err && !frame->header.status && owner)
		wire_peer_decode_answer(owner->wire, frame, &wire_value_reply_layout, &reply,
					"to a property");
	if (reply.value && owner &&
	    registry_peer_may_store(owner, reading->entry, frame->payload.size))
		registry_entry_set(reading->entry, call->key, reply.value);
	wire_message_clear(&wire_value_reply_layout, &reply);
	CFRelease(call->key);
	free(call);
	if (--reading->n_awaited == 0)
		end_reading(reading);
}

static void ask_live(struct reading *reading, CFStringRef key)
{
	struct live_call *call = malloc(sizeof(*call));
	char name[4096];
	struct wire_read_property message = { reading->entry->id, name,
					      (uint32_t)reading->deferred->peer->subject.who.pid };

	if (!call || !registry_text_get(key, name, sizeof(name)) ||
	    !registry_peer_may_be_asked(reading->entry->owner, 0) ||
	    (reading->n_awaited > 1 && !registry_deferred_ask_more(reading->deferred))) {
		free(call);
		return;
	}
	*call = (struct live_call){ reading, CFRetain(key) };
	if (wire_peer_call(reading->entry->owner->wire, &wire_read_property_layout, &message, NULL,
			   0, handle_live_value, call)) {
		CFRelease(key);
		free(call);
		return;
	}
	reading->n_awaited++;
}

static void ask_live_key(const void *key, void *reading)
{
	ask_live(reading, key);
}

/* Ask the owner for the live values, then answer. KEY NULL: all. */
static err_t read_live(struct registry_peer *client, const struct wire_header *request,
		       struct registry_entry *entry, CFStringRef key)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	struct registry_deferred *d =
		reading ? registry_deferred_new(client, request, REGISTRY_READ_TIMEOUT_NS,
						kIOReturnTimeout)
			: NULL;

	if (!d) {
		free(reading);
		return registry_peer_status(client, request, kIOReturnNoResources);
	}
	d->context = reading;
	d->expired = answer_reading;
	reading->deferred = d;
	reading->entry = registry_entry_ref(entry);
	reading->key = key ? CFRetain(key) : NULL;
	reading->n_awaited = 1; /* until all are asked */
	if (key)
		ask_live(reading, key);
	else
		CFSetApplyFunction(registry_entry_live_keys(entry), ask_live_key, reading);
	if (--reading->n_awaited == 0)
		end_reading(reading);
	return 0;
}

static err_t answer_value(struct registry_peer *client, const struct wire_header *request,
			  CFTypeRef value)
{
	struct wire_value_reply reply = { value };

	if (!value)
		return registry_peer_status(client, request, kIOReturnNotFound);
	err_t err = wire_peer_reply(client->wire, request, &wire_value_reply_layout,
				    kIOReturnSuccess, &reply, NULL, 0);
	if (err && err != -EPIPE)
		registry_peer_status(client, request,
				     err == -EMSGSIZE ? kIOReturnMessageTooLarge
						      : kIOReturnNoResources);
	return 0;
}

err_t registry_property_read_all(struct registry_peer *client, const struct wire_header *request,
				 struct registry_entry *entry)
{
	if (registry_entry_live_keys(entry) && entry->owner)
		return read_live(client, request, entry, NULL);
	if (entry == client->registry->tree.root)
		return registry_diagnostics_read(client, request, NULL);
	struct wire_packed_reply packed;
	if (!entry->has_private && wire_bag_packed(&entry->properties, &packed.value)) {
		err_t err = wire_peer_reply(client->wire, request, &wire_packed_reply_layout,
					    kIOReturnSuccess, &packed, NULL, 0);
		return err == -ENOMEM ? registry_peer_status(client, request, kIOReturnNoMemory)
				      : 0;
	}
	scope_cf CFTypeRef all = copy_all(client->registry, client, entry);
	return answer_value(client, request, all);
}

/* --- one value ---------------------------------------------------------------------------- */

static bool has_key(const struct registry_peer *client, const struct registry_entry *entry,
		    CFStringRef key)
{
	return (registry_entry_has(entry, key) || registry_entry_is_live(entry, key)) &&
	       !registry_privacy_hides(client, entry, key);
}

struct walk {
	const struct registry_peer *client;
	const struct registry_plane *plane;
	CFStringRef key;
	struct registry_entry *root;
	uint64_t mark;
	bool upwards;
	bool met_root; /* whose properties are computed: they may have the key all the same */
	unsigned depth;
};

/* Pre-order; every entry is entered once. */
static struct registry_entry *search(struct walk *w, struct registry_entry *from)
{
	struct registry_node *n = registry_node_find(from, w->plane);
	struct registry_entry *found = NULL;

	if (!n || n->visited == w->mark || w->depth >= REGISTRY_DEPTH_MAX)
		return NULL;
	n->visited = w->mark;
	w->depth++;
	for (struct registry_edge *edge = registry_edge_first(n, w->upwards); edge;
	     edge = registry_edge_next(edge, w->upwards)) {
		struct registry_entry *e = w->upwards ? edge->parent->entry : edge->child->entry;

		w->met_root |= e == w->root;
		found = has_key(w->client, e, w->key) ? e : search(w, e);
		if (found)
			break;
	}
	w->depth--;
	return found;
}

static struct registry_entry *find_holder(const struct registry_peer *client,
					  struct registry_entry *entry,
					  const struct registry_plane *plane, CFStringRef key,
					  uint32_t options)
{
	struct registry *r = client->registry;
	struct walk w = { .client = client,
			  .plane = plane,
			  .key = key,
			  .mark = ++r->last_walk,
			  .root = r->tree.root,
			  .upwards = options & SEARCH_PARENTS,
			  .met_root = entry == r->tree.root };
	struct registry_entry *found = NULL;

	if (has_key(client, entry, key))
		return entry;
	if (options & SEARCH_RECURSE && plane)
		found = search(&w, entry);
	return found || !w.met_root ? found : w.root;
}

static CFTypeRef copy_keys(CFDictionaryRef properties)
{
	CFIndex n = CFDictionaryGetCount(properties);
	scope_free const void **keys = calloc((size_t)n + 1, sizeof(*keys));

	if (!keys)
		return NULL;
	CFDictionaryGetKeysAndValues(properties, keys, NULL);
	return CFArrayCreate(NULL, keys, n, &kCFTypeArrayCallBacks);
}

static err_t read_computed(struct registry_peer *client, const struct wire_header *request,
			   struct registry_entry *entry, CFStringRef key, bool list_keys)
{
	scope_cf CFTypeRef all = copy_all(client->registry, client, entry);
	scope_cf CFTypeRef keys = all && list_keys ? copy_keys(all) : NULL;

	return answer_value(client, request,
			    list_keys ? keys
			    : all     ? CFDictionaryGetValue(all, key)
				      : NULL);
}

err_t registry_property_read(struct registry_peer *client, const struct wire_header *request,
			     struct registry_entry *entry, const struct registry_plane *plane,
			     const char *name, uint32_t options)
{
	struct registry *r = client->registry;
	scope_cf CFStringRef key = registry_text_new(name);

	if (!key)
		return registry_peer_status(client, request, kIOReturnNoMemory);
	if (!strcmp(name, "IORegistryEntryPropertyKeys"))
		return read_computed(client, request, entry, key, true);
	struct registry_entry *holder = find_holder(client, entry, plane, key, options);
	if (holder == r->tree.root && !strcmp(name, "IOKitDiagnostics"))
		return registry_diagnostics_read(client, request, key);
	if (holder == r->tree.root)
		return read_computed(client, request, holder, key, false);
	if (!holder)
		return registry_peer_status(client, request, kIOReturnNotFound);
	if (registry_entry_is_live(holder, key) && holder->owner)
		return read_live(client, request, holder, key);
	scope_cf CFTypeRef value = copy_value(r, client, holder, key);
	return answer_value(client, request, value);
}

/* --- writing ------------------------------------------------------------------------------- */

static void check_allowed(const void *key, const void *value, void *context)
{
	CFArrayRef *allowed = context;

	if (*allowed &&
	    !CFArrayContainsValue(*allowed, CFRangeMake(0, CFArrayGetCount(*allowed)), key))
		*allowed = NULL;
}

static IOReturn check_write(const struct registry_entry *entry, CFTypeRef value)
{
	CFTypeRef allowed =
		registry_entry_get(entry, CFSTR("IORegistryEntryAllowableSetProperties"));

	if (!allowed)
		return kIOReturnSuccess;
	if (!registry_is_dictionary(value) || !registry_is_array(allowed))
		return kIOReturnNotPermitted;
	CFArrayRef left = allowed;
	CFDictionaryApplyFunction(value, check_allowed, &left);
	return left ? kIOReturnSuccess : kIOReturnBadArgument;
}

void registry_property_publish_resource(struct registry *registry, CFStringRef key, CFTypeRef value)
{
	registry_entry_set(registry->tree.resources, key, value ? value : CFSTR("IOService"));
	registry_lifecycle_register(registry, registry->tree.resources);
}

/* Who waits for a change of users matches the seed. */
static void set_users(struct registry *r, CFTypeRef users)
{
	int32_t seed = (int32_t)++r->console_seed;
	scope_cf CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &seed);

	registry_console_set(r, users);
	if (number)
		registry_property_publish_resource(r, CFSTR("IOConsoleUsersSeed"), number);
}

static void publish_pair(const void *key, const void *value, void *context)
{
	if (!registry_is_string(key))
		return;
	if (CFEqual(key, CFSTR("IOConsoleUsers")) && registry_is_array(value))
		set_users(context, value);
	registry_property_publish_resource(context, key, value);
}

static err_t write_resources(struct registry_peer *client, const struct wire_header *request,
			     CFTypeRef value)
{
	struct registry *r = client->registry;

	if (!registry_policy_may_set_resources(client))
		return registry_peer_status(client, request, kIOReturnNotPrivileged);
	if (!registry_is_dictionary(value))
		return registry_peer_status(client, request, kIOReturnBadArgument);
	if (!registry_peer_may_store(client, r->tree.resources, wire_bag_cost_of(value)))
		return registry_peer_status(client, request, kIOReturnNoResources);
	CFDictionaryApplyFunction(value, publish_pair, r);
	return registry_peer_status(client, request, kIOReturnSuccess);
}

static void handle_written(void *context, err_t err, struct wire_frame *frame)
{
	registry_deferred_finish(context, &wire_empty_layout,
				 err ? kIOReturnOffline : frame->header.status, NULL, NULL, 0);
}

err_t registry_property_write(struct registry_peer *client, const struct wire_header *request,
			      struct registry_entry *entry, CFTypeRef value)
{
	struct registry *r = client->registry;
	IOReturn status = check_write(entry, value);

	if (status)
		return registry_peer_status(client, request, status);
	if (entry == r->tree.resources)
		return write_resources(client, request, value);
	if (!entry->owner || registry_entry_is_inactive(entry))
		return registry_peer_status(client, request, kIOReturnUnsupported);
	struct wire_write_properties message = {
		.id = entry->id,
		.pid = (uint32_t)client->subject.who.pid,
		.uid = client->subject.who.uid,
		.gid = client->subject.who.gid,
		.value = value,
	};
	if (registry_policy_is_administrator(client))
		message.flags |= WIRE_OPEN_ADMINISTRATOR;
	struct registry_deferred *d =
		registry_peer_may_be_asked(entry->owner, wire_bag_cost_of(value))
			? registry_deferred_new(client, request, REGISTRY_OPEN_TIMEOUT_NS,
						kIOReturnTimeout)
			: NULL;
	if (!d)
		return registry_peer_status(client, request, kIOReturnNoResources);
	err_t err = wire_peer_call(entry->owner->wire, &wire_write_properties_layout, &message,
				   NULL, 0, handle_written, d);
	if (err)
		registry_deferred_finish(d, &wire_empty_layout,
					 err == -EPIPE ? kIOReturnOffline : kIOReturnNoResources,
					 NULL, NULL, 0);
	return 0;
}
