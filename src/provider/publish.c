// SPDX-License-Identifier: MIT
#include "provider/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provider/provider_internal.h"
#include "wire/value.h"

static const char *text(const char *s)
{
	return s ? s : "";
}

/* How much of a name or a location programs see: what io_name_t has room for. */
static size_t visible_length(const char *s)
{
	size_t length = strlen(s);

	return length < WIRE_NAME_MAX ? length : WIRE_NAME_MAX;
}

static bool same_plane(const char *a, const char *b)
{
	return !strcmp(*text(a) ? a : "IOService", *text(b) ? b : "IOService");
}

/* --- entries -------------------------------------------------------------- */

/* Put LENGTH bytes of TEXT and a NUL at *AT and move on. */
static const char *put_text(char **at, const char *text, size_t length)
{
	char *start = *at;

	memcpy(start, text, length);
	start[length] = '\0';
	*at += length + 1;
	return start;
}

static struct provider_entry *new_entry(struct provider *provider,
					const struct provider_description *description)
{
	const char *const texts[] = { text(description->plane), text(description->class_name),
				      text(description->name), text(description->location),
				      text(description->opener.process) };
	size_t size = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		size += strlen(texts[i]) + 1;
	struct provider_entry *entry = calloc(1, sizeof(*entry) + size);
	if (!entry)
		return NULL;
	char *at = entry->texts;
	entry->plane = put_text(&at, texts[0], strlen(texts[0]));
	entry->class_name = put_text(&at, texts[1], strlen(texts[1]));
	entry->name = put_text(&at, texts[2], visible_length(texts[2]));
	entry->location = put_text(&at, texts[3], visible_length(texts[3]));
	entry->opener = description->opener;
	if (entry->opener.process)
		entry->opener.process = put_text(&at, texts[4], visible_length(texts[4]));
	entry->provider = provider;
	list_init(&entry->link);
	list_init(&entry->turn);
	list_init(&entry->children);
	list_init(&entry->sibling);
	list_init(&entry->attachments);
	list_init(&entry->names);
	entry->context = description->context;
	entry->published = description->published;
	entry->flags = description->flags & ~(uint32_t)WIRE_PUBLISH_REGISTER;
	entry->registered = description->flags & WIRE_PUBLISH_REGISTER;
	entry->parent_id = description->parent_id;
	if (wire_bag_set_all(&entry->properties, description->properties)) {
		provider_entry_free(entry);
		return NULL;
	}
	if (description->parent) {
		entry->parent_id = description->parent->id;
		entry->parent = entry->parent_id ? NULL : description->parent;
	}
	if (entry->parent)
		list_add(&entry->parent->children, &entry->sibling);
	list_add(&provider->entries, &entry->link);
	return entry;
}

/* --- entries come and go ---------------------------------------------------- */

err_t provider_publish(struct provider *provider, const struct provider_description *description,
		       struct provider_entry **ret_entry)
{
	struct provider_entry *entry = new_entry(provider, description);
	struct bytes room = BYTES_INIT;
	struct wire_bytes packed;
	err_t err = entry ? provider_entry_pack(entry, &room, &packed) : -ENOMEM;

	bytes_fini(&room);
	if (err) {
		provider_entry_free(entry);
		return err;
	}
	entry->unpublished = true;
	*ret_entry = entry;
	provider_entry_wait_turn(entry);
	return 0;
}

err_t provider_adopt(struct provider *provider, uint64_t id, uint64_t proof,
		     const struct provider_description *description,
		     struct provider_entry **ret_entry)
{
	struct provider_entry *entry = new_entry(provider, description);

	if (!entry)
		return -ENOMEM;
	if (map_set(&provider->by_id, id, entry)) {
		provider_entry_free(entry);
		return -ENOMEM;
	}
	entry->id = id;
	entry->proof = proof;
	*ret_entry = entry;
	return 0;
}

void provider_forget(struct provider_entry *entry)
{
	if (!entry)
		return;
	if (entry->sent) /* the answer still refers to it */
		provider_entry_set_forgotten(entry);
	else
		provider_entry_remove(entry);
}

void provider_terminate(struct provider_entry *entry, uint32_t options)
{
	if (!entry)
		return;
	entry->terminate_wanted = true;
	entry->terminate_options = options;
	if (!entry->sent &&
	    (!provider_entry_is_known(entry) || !provider_is_online(entry->provider))) {
		provider_entry_remove(entry); /* nobody knows of it */
		return;
	}
	provider_entry_set_forgotten(entry);
	provider_entry_wait_turn(entry);
}

struct provider_entry *provider_find(struct provider *provider, uint64_t id)
{
	return map_find(&provider->by_id, id);
}

uint64_t provider_entry_id(const struct provider_entry *entry)
{
	return entry->id;
}

void *provider_entry_context(const struct provider_entry *entry)
{
	return entry->context;
}

/* --- changes --------------------------------------------------------------- */

err_t provider_register(struct provider_entry *entry, uint32_t options)
{
	entry->registered = true;
	entry->register_options = options;
	if (provider_entry_is_known(entry) &&
	    (entry->register_sent || !entry->provider->is_returning))
		provider_entry_send_register(entry);
	return 0;
}

void provider_note_registered(struct provider_entry *entry, uint32_t options)
{
	entry->registered = entry->register_sent = true;
	entry->register_options = options;
}

err_t provider_retire(struct provider_entry *entry, uint32_t options)
{
	if (!provider_is_online(entry->provider) || !provider_entry_is_known(entry))
		return -ENOTCONN;
	entry->terminate_options = options;
	provider_entry_retire(entry);
	return 0;
}

static void set_one(const void *key, const void *value, void *context)
{
	CFDictionarySetValue(context, key, value);
}

/* Add the members of FROM to *SET (made if missing). */
static err_t remember_keys(CFMutableArrayRef *set, CFArrayRef from)
{
	CFIndex n = from ? CFArrayGetCount(from) : 0;

	if (!n)
		return 0;
	if (!*set && !(*set = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks)))
		return -ENOMEM;
	for (CFIndex i = 0; i < n; i++) {
		const void *key = CFArrayGetValueAtIndex(from, i);

		if (!CFArrayContainsValue(*set, CFRangeMake(0, CFArrayGetCount(*set)), key))
			CFArrayAppendValue(*set, key);
	}
	return 0;
}

err_t provider_update(struct provider_entry *entry, CFDictionaryRef set, CFArrayRef remove,
		      CFArrayRef live)
{
	struct wire_update update = { .id = entry->id, .set = set, .remove = remove, .live = live };
	err_t err = remember_keys(&entry->live, live);

	if (err)
		return err;
	err = wire_bag_update(&entry->properties, set, remove);
	if (err)
		return err;
	if (provider_entry_is_known(entry))
		return provider_post(entry->provider, &wire_update_layout, &update);
	entry->dirty = true;
	return entry->sent ? remember_keys(&entry->removed, remove) : 0;
}

/* Find what is remembered for a plane (and parent), or make it. */
static struct provider_link *obtain_link(struct list *links, const char *plane, uint64_t parent)
{
	list_for_each(node, links) {
		struct provider_link *link = container_of(node, struct provider_link, link);

		if (link->parent == parent && same_plane(link->plane, plane) &&
		    !*text(link->plane) == !*text(plane))
			return link;
	}
	struct provider_link *link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	list_init(&link->link);
	link->parent = parent;
	link->plane = strdup(text(plane));
	if (!link->plane) {
		free(link);
		return NULL;
	}
	list_add(links, &link->link);
	return link;
}

err_t provider_rename(struct provider_entry *entry, const char *plane, const char *name,
		      const char *location)
{
	struct wire_rename rename = {
		.id = entry->id, .plane = plane, .name = name, .location = location
	};
	struct provider_link *link = obtain_link(&entry->names, plane, 0);
	char *new_name = strdup(text(name)), *new_location = strdup(text(location));

	if (!link || !new_name || !new_location) {
		free(new_name);
		free(new_location);
		return -ENOMEM;
	}
	free(link->name);
	free(link->location);
	link->name = new_name;
	link->location = new_location;
	return provider_entry_is_known(entry)
		     ? provider_post(entry->provider, &wire_rename_layout, &rename)
		     : 0;
}

struct attaching {
	struct provider *provider;
	uint64_t id, parent;
	bool detach;
	char *plane;
	provider_done_fn done;
	void *context;
};

/* What the registry has refused is not asked for again after a reconnection. */
static void forget_attachment(struct attaching *a)
{
	struct provider_entry *entry = provider_find(a->provider, a->id);
	struct provider_link *link =
		entry && !a->detach ? obtain_link(&entry->attachments, a->plane, a->parent) : NULL;

	if (link)
		provider_link_free(link);
}

static void attached(void *context, err_t err, struct wire_frame *frame)
{
	struct attaching *a = context;
	int32_t status = err ? 0 : frame->header.status;

	if (status)
		forget_attachment(a);
	if (a->done)
		a->done(a->context, status);
	free(a->plane);
	free(a);
}

static err_t ask_attach(struct provider_entry *entry, const struct wire_attach *attach,
			provider_done_fn done, void *context)
{
	struct attaching *a = calloc(1, sizeof(*a));
	err_t err = -ENOMEM;

	if (!a)
		return err;
	*a = (struct attaching){ .provider = entry->provider,
				 .id = attach->id,
				 .parent = attach->parent,
				 .detach = attach->detach,
				 .plane = strdup(text(attach->plane)),
				 .done = done,
				 .context = context };
	if (a->plane)
		err = wire_peer_call(entry->provider->peer, &wire_attach_layout, attach, NULL, 0,
				     attached, a);
	if (err) {
		free(a->plane);
		free(a);
	}
	return err;
}

err_t provider_attach(struct provider_entry *entry, uint64_t parent, const char *plane, bool detach,
		      provider_done_fn done, void *context)
{
	struct wire_attach attach = {
		.id = entry->id, .parent = parent, .detach = detach, .plane = plane
	};
	struct provider_link *link = obtain_link(&entry->attachments, plane, parent);

	if (!link)
		return -ENOMEM;
	if (detach)
		provider_link_free(link);
	if (provider_entry_is_known(entry) && provider_is_online(entry->provider))
		return ask_attach(entry, &attach, done, context);
	/* The mirror is what a registry that comes later will see. */
	if (done)
		done(context, 0);
	return 0;
}

err_t provider_message(struct provider_entry *entry, uint32_t type, uint64_t argument,
		       const void *data, size_t size, uint64_t except)
{
	if (size > WIRE_INTEREST_ARGUMENT_MAX)
		size = WIRE_INTEREST_ARGUMENT_MAX;
	struct wire_message message = {
		.id = entry->id,
		.message_type = type,
		.argument_size = (uint32_t)size,
		.argument = argument,
		.data = { data, size },
		.except = except,
	};
	return provider_entry_is_known(entry)
		     ? provider_post(entry->provider, &wire_message_layout, &message)
		     : 0;
}

err_t provider_adjust_busy(struct provider_entry *entry, int32_t delta)
{
	struct wire_adjust_busy busy = { .id = entry->id, .delta = delta };
	int64_t sum = (int64_t)entry->busy + delta;

	/* For a registry that comes later; it counts like this. */
	entry->busy = (int32_t)(sum < 0 ? 0 : sum > INT32_MAX ? INT32_MAX : sum);
	return provider_entry_is_known(entry)
		     ? provider_post(entry->provider, &wire_adjust_busy_layout, &busy)
		     : 0;
}

/* --- what belongs to no entry ------------------------------------------------ */

err_t provider_update_machine(struct provider *provider, CFDictionaryRef set, CFArrayRef remove)
{
	struct wire_update update = { .set = set, .remove = remove };

	if (set)
		CFDictionaryApplyFunction(set, set_one, provider->machine);
	for (CFIndex i = 0; remove && i < CFArrayGetCount(remove); i++)
		CFDictionaryRemoveValue(provider->machine, CFArrayGetValueAtIndex(remove, i));
	return provider_post(provider, &wire_update_layout, &update);
}

err_t provider_rename_machine(struct provider *provider, const char *name)
{
	struct wire_rename rename = { .name = name };
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(provider->machine_name);
	provider->machine_name = copy;
	return provider_post(provider, &wire_rename_layout, &rename);
}

err_t provider_declare_classes(struct provider *provider, CFDictionaryRef classes,
			       CFArrayRef hooked)
{
	struct wire_declare_classes declare = { .classes = classes, .hooked = hooked };
	err_t err = remember_keys(&provider->hooked, hooked);

	if (err)
		return err;
	CFDictionaryApplyFunction(classes, set_one, provider->classes);
	return provider_post(provider, &wire_declare_classes_layout, &declare);
}

err_t provider_publish_resource(struct provider *provider, const char *key, CFTypeRef value)
{
	struct wire_publish_resource resource = { .key = key, .value = value };
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);

	if (!name)
		return -ENOMEM;
	CFDictionarySetValue(provider->resources, name, value);
	CFRelease(name);
	return provider_post(provider, &wire_publish_resource_layout, &resource);
}
