// SPDX-License-Identifier: MIT
#include "provider/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provider/provider_internal.h"

static bool is_online(const struct provider *provider)
{
	return provider->state == PROVIDER_CONNECTED;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static bool same_plane(const char *a, const char *b)
{
	return !strcmp(*text(a) ? a : "IOService", *text(b) ? b : "IOService");
}

/* --- entries -------------------------------------------------------------- */

static void free_link(struct provider_link *link)
{
	list_remove(&link->link);
	free(link->plane);
	free(link->name);
	free(link->location);
	free(link);
}

static void free_links(struct list *links)
{
	if (!links->next)
		return;
	list_for_each_safe(node, links)
		free_link(container_of(node, struct provider_link, link));
}

static void free_entry(struct provider_entry *entry)
{
	if (!entry)
		return;
	list_remove(&entry->link);
	free_links(&entry->attachments);
	free_links(&entry->names);
	if (entry->properties)
		CFRelease(entry->properties);
	if (entry->live)
		CFRelease(entry->live);
	if (entry->removed)
		CFRelease(entry->removed);
	free(entry->plane);
	free(entry->class_name);
	free(entry->name);
	free(entry->location);
	free(entry);
}

static struct provider_entry *new_entry(struct provider *provider,
					const struct provider_description *description)
{
	struct provider_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->provider = provider;
	list_init(&entry->link);
	list_init(&entry->attachments);
	list_init(&entry->names);
	entry->context = description->context;
	entry->published = description->published;
	entry->flags = description->flags & ~(uint32_t)WIRE_PUBLISH_REGISTER;
	entry->registered = description->flags & WIRE_PUBLISH_REGISTER;
	entry->parent_id = description->parent_id;
	if (description->parent) {
		entry->parent_id = description->parent->id;
		entry->parent = entry->parent_id ? NULL : description->parent;
	}
	entry->plane = strdup(text(description->plane));
	entry->class_name = strdup(text(description->class_name));
	entry->name = strdup(text(description->name));
	entry->location = strdup(text(description->location));
	entry->properties =
		description->properties
			? CFDictionaryCreateMutableCopy(NULL, 0, description->properties)
			: CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
						    &kCFTypeDictionaryValueCallBacks);
	if (!entry->plane || !entry->class_name || !entry->name || !entry->location ||
	    !entry->properties) {
		free_entry(entry);
		return NULL;
	}
	list_add(&provider->entries, &entry->link);
	return entry;
}

/* Tell the owner once. */
static void notify_published(struct provider_entry *entry)
{
	void (*published)(void *, struct provider_entry *, uint64_t) = entry->published;

	entry->published = NULL; /* once */
	if (published && !entry->forgotten)
		published(entry->context, entry, entry->id);
}

static void send_properties(struct provider_entry *entry)
{
	struct wire_update update = {
		.id = entry->id,
		.set = entry->properties,
		.remove = entry->removed,
		.live = entry->live,
	};

	provider_post(entry->provider, &wire_update_layout, &update);
	if (entry->removed) {
		CFRelease(entry->removed);
		entry->removed = NULL;
	}
}

static void send_links(struct provider_entry *entry)
{
	list_for_each(node, &entry->attachments) {
		struct provider_link *link = container_of(node, struct provider_link, link);
		struct wire_attach attach = { .id = entry->id,
					      .parent = link->parent,
					      .plane = link->plane };

		provider_post(entry->provider, &wire_attach_layout, &attach);
	}
	list_for_each(node, &entry->names) {
		struct provider_link *link = container_of(node, struct provider_link, link);
		struct wire_rename rename = { .id = entry->id,
					      .plane = link->plane,
					      .name = link->name,
					      .location = link->location };

		provider_post(entry->provider, &wire_rename_layout, &rename);
	}
}

static void send_register(struct provider_entry *entry)
{
	struct wire_entry_options options = { .id = entry->id, .options = entry->register_options };

	if (entry->registered)
		provider_post(entry->provider, &wire_register_layout, &options);
}

static void send_terminate(struct provider_entry *entry)
{
	struct wire_entry_options options = { .id = entry->id,
					      .options = entry->terminate_options };

	provider_post(entry->provider, &wire_terminate_layout, &options);
}

static void send_publish(struct provider_entry *entry);

/* An entry that waits for PARENT's ID. */
static struct provider_entry *waiting_child(struct provider_entry *parent)
{
	list_for_each(node, &parent->provider->entries) {
		struct provider_entry *child = container_of(node, struct provider_entry, link);

		if (child->parent == parent)
			return child;
	}
	return NULL;
}

/* Children that waited for this entry's ID; a refused entry takes them with it. The callbacks may
 * remove any entry, so the search starts anew each time. */
static void release_children(struct provider_entry *parent)
{
	struct provider_entry *child;

	while ((child = waiting_child(parent))) {
		child->parent = NULL;
		child->parent_id = parent->id;
		if (parent->id)
			send_publish(child);
		else
			notify_published(child);
	}
}

static void remove_entry(struct provider_entry *entry)
{
	release_children(entry);
	if (entry->id && map_find(&entry->provider->by_id, entry->id) == entry)
		map_remove(&entry->provider->by_id, entry->id);
	free_entry(entry);
}

static void answered(void *context, err_t err, struct wire_frame *frame)
{
	struct provider_entry *entry = context;
	struct provider *provider = entry->provider;
	struct wire_number_reply reply = { 0 };

	if (err) /* provider_mirror_lost sends it again */
		return;
	entry->sent = false;
	if (!frame->header.status)
		err = wire_frame_decode(frame, &wire_number_reply_layout, &reply);
	if (frame->header.status || err || !reply.number) {
		log_warning("%s: the registry refuses entry %s (0x%08x)", provider->name,
			    entry->class_name, (unsigned)frame->header.status);
	} else {
		entry->id = reply.number;
		if (map_set(&provider->by_id, entry->id, entry))
			log_warning("%s: out of memory", provider->name);
	}
	if (entry->forgotten) {
		if (entry->id && entry->terminate_wanted)
			send_terminate(entry);
		remove_entry(entry);
		return;
	}
	if (entry->id) {
		if (entry->dirty || entry->live || entry->removed)
			send_properties(entry);
		send_links(entry);
		send_register(entry);
	}
	release_children(entry);
	notify_published(entry);
}

static void ignore_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct provider *provider = context;

	if (!err && frame->header.status)
		log_warning("%s: the registry refuses to take an entry back (0x%08x)",
			    provider->name, (unsigned)frame->header.status);
}

static void send_publish(struct provider_entry *entry)
{
	struct provider *provider = entry->provider;
	struct wire_publish publish = {
		.id = entry->id,
		.parent = entry->parent_id,
		.flags = entry->flags,
		.plane = entry->plane,
		.class_name = entry->class_name,
		.name = entry->name,
		.location = entry->location,
		.properties = entry->properties,
	};
	bool again = entry->id != 0;
	err_t err;

	if (!is_online(provider) || entry->parent || entry->sent)
		return;
	err = wire_peer_call(provider->peer, &wire_publish_layout, &publish, NULL, 0,
			     again ? ignore_answer : answered,
			     again ? (void *)provider : (void *)entry);
	if (err) {
		log_warning("%s: cannot publish %s: error %d", provider->name, entry->class_name,
			    -err);
		return;
	}
	if (!again)
		entry->sent = true;
	entry->dirty = false;
}

err_t provider_publish(struct provider *provider, const struct provider_description *description,
		       struct provider_entry **ret_entry)
{
	struct provider_entry *entry = new_entry(provider, description);

	if (!entry)
		return -ENOMEM;
	*ret_entry = entry;
	send_publish(entry);
	return 0;
}

err_t provider_adopt(struct provider *provider, uint64_t id,
		     const struct provider_description *description,
		     struct provider_entry **ret_entry)
{
	struct provider_entry *entry = new_entry(provider, description);

	if (!entry)
		return -ENOMEM;
	if (map_set(&provider->by_id, id, entry)) {
		free_entry(entry);
		return -ENOMEM;
	}
	entry->id = id;
	*ret_entry = entry;
	return 0;
}

void provider_forget(struct provider_entry *entry)
{
	if (!entry)
		return;
	if (entry->sent) { /* the answer still refers to it */
		entry->forgotten = true;
		return;
	}
	remove_entry(entry);
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

CFDictionaryRef provider_entry_properties(const struct provider_entry *entry)
{
	return entry->properties;
}

/* --- changes --------------------------------------------------------------- */

err_t provider_register(struct provider_entry *entry, uint32_t options)
{
	entry->registered = true;
	entry->register_options = options;
	if (entry->id)
		send_register(entry);
	return 0;
}

void provider_terminate(struct provider_entry *entry, uint32_t options)
{
	if (!entry)
		return;
	entry->terminate_wanted = true;
	entry->terminate_options = options;
	if (entry->id)
		send_terminate(entry);
	provider_forget(entry);
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
	if (set)
		CFDictionaryApplyFunction(set, set_one, entry->properties);
	for (CFIndex i = 0; remove && i < CFArrayGetCount(remove); i++)
		CFDictionaryRemoveValue(entry->properties, CFArrayGetValueAtIndex(remove, i));
	if (entry->id)
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
	return entry->id ? provider_post(entry->provider, &wire_rename_layout, &rename) : 0;
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
		free_link(link);
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
		free_link(link);
	if (entry->id && is_online(entry->provider))
		return ask_attach(entry, &attach, done, context);
	/* The mirror is what a registry that comes later will see. */
	if (done)
		done(context, 0);
	return 0;
}

err_t provider_message(struct provider_entry *entry, uint32_t type, uint64_t argument,
		       const void *data, size_t size)
{
	if (size > WIRE_INTEREST_ARGUMENT_MAX)
		size = WIRE_INTEREST_ARGUMENT_MAX;
	struct wire_message message = {
		.id = entry->id,
		.message_type = type,
		.argument_size = (uint32_t)size,
		.argument = argument,
		.data = { data, size },
	};
	return entry->id ? provider_post(entry->provider, &wire_message_layout, &message) : 0;
}

err_t provider_adjust_busy(struct provider_entry *entry, int32_t delta)
{
	struct wire_adjust_busy busy = { .id = entry->id, .delta = delta };

	return entry->id ? provider_post(entry->provider, &wire_adjust_busy_layout, &busy) : 0;
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

err_t provider_declare_classes(struct provider *provider, CFDictionaryRef classes)
{
	struct wire_declare_classes declare = { .classes = classes };

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

/* --- the whole mirror --------------------------------------------------------- */

static void send_resource(const void *key, const void *value, void *context)
{
	char name[WIRE_NAME_MAX + 1];
	struct wire_publish_resource resource = { .key = name, .value = value };

	if (CFStringGetCString(key, name, sizeof(name), kCFStringEncodingUTF8))
		provider_post(context, &wire_publish_resource_layout, &resource);
}

static void send_common(struct provider *provider)
{
	if (CFDictionaryGetCount(provider->classes)) {
		struct wire_declare_classes declare = { .classes = provider->classes };

		provider_post(provider, &wire_declare_classes_layout, &declare);
	}
	if (provider->machine_name) {
		struct wire_rename rename = { .name = provider->machine_name };

		provider_post(provider, &wire_rename_layout, &rename);
	}
	if (CFDictionaryGetCount(provider->machine)) {
		struct wire_update update = { .set = provider->machine };

		provider_post(provider, &wire_update_layout, &update);
	}
	CFDictionaryApplyFunction(provider->resources, send_resource, provider);
}

void provider_mirror_send(struct provider *provider, bool again)
{
	(void)again; /* before the first greeting nothing has an ID but what was adopted */
	send_common(provider);
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (entry->forgotten)
			continue;
		send_publish(entry);
		if (!entry->id)
			continue;
		if (entry->live)
			send_properties(entry);
		send_links(entry);
	}
	/* Registered only when all are there, so that matching sees the whole tree. */
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (entry->id && !entry->forgotten)
			send_register(entry);
	}
}

/* A forgotten entry whose answer will never come. */
static struct provider_entry *orphan(struct provider *provider)
{
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (entry->forgotten)
			return entry;
	}
	return NULL;
}

void provider_mirror_lost(struct provider *provider)
{
	struct provider_entry *entry;

	list_for_each(node, &provider->entries)
		container_of(node, struct provider_entry, link)->sent = false;
	while ((entry = orphan(provider)))
		remove_entry(entry);
}

static struct provider_entry *find_awaited(struct provider *provider)
{
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (entry->published && !entry->id)
			return entry;
	}
	return NULL;
}

void provider_mirror_abandon(struct provider *provider)
{
	struct provider_entry *entry;

	/* The callback may remove any entry. */
	while ((entry = find_awaited(provider)))
		notify_published(entry);
}

void provider_mirror_free(struct provider *provider)
{
	while (!list_is_empty(&provider->entries)) {
		struct provider_entry *entry =
			list_first(&provider->entries, struct provider_entry, link);

		if (entry->published)
			notify_published(entry); /* may forget it */
		else
			free_entry(entry);
	}
}
