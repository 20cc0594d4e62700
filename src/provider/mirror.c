// SPDX-License-Identifier: MIT
/* What the registry is to know of the entries, told in turns. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "provider/provider_internal.h"
#include "wire/value.h"

enum { AGAIN_NS = 100000000 };

bool provider_is_online(const struct provider *provider)
{
	return provider->state == PROVIDER_CONNECTED && provider->peer;
}

void provider_link_free(struct provider_link *link)
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
		provider_link_free(container_of(node, struct provider_link, link));
}

static void take_retirements(struct provider *provider);

void provider_entry_free(struct provider_entry *entry)
{
	if (!entry)
		return;
	list_remove(&entry->link);
	list_remove(&entry->turn);
	list_remove(&entry->sibling);
	free_links(&entry->attachments);
	free_links(&entry->names);
	wire_bag_fini(&entry->properties);
	if (entry->live)
		CFRelease(entry->live);
	if (entry->removed)
		CFRelease(entry->removed);
	struct provider *provider = entry->provider;
	if (entry->retire_sent)
		provider->n_retiring--;
	free(entry);
	take_retirements(provider);
}

/* The encoded properties: as they are kept, or made in ROOM. */
err_t provider_entry_pack(const struct provider_entry *entry, struct bytes *room,
			  struct wire_bytes *ret)
{
	if (wire_bag_packed(&entry->properties, ret))
		return 0;
	err_t err = wire_value_encode(entry->properties.loose, room);
	if (!err)
		*ret = (struct wire_bytes){ room->data, room->size };
	return err == -E2BIG || err == -EINVAL ? -EMSGSIZE : err;
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
	CFDictionaryRef all = wire_bag_copy_all(&entry->properties);
	struct wire_update update = {
		.id = entry->id,
		.set = all,
		.remove = entry->removed,
		.live = entry->live,
	};

	provider_post(entry->provider, &wire_update_layout, &update);
	if (all)
		CFRelease(all);
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

static void send_opener(struct provider_entry *entry)
{
	struct wire_opened opened = { .user_client = entry->id,
				      .service = entry->parent_id,
				      .pid = entry->opener.pid,
				      .uid = entry->opener.uid,
				      .process = entry->opener.process };

	if (opened.process)
		provider_post(entry->provider, &wire_opened_layout, &opened);
}

/* Before it is registered, so that nobody sees it quiet meanwhile. */
static void send_busy(struct provider_entry *entry)
{
	struct wire_adjust_busy busy = { .id = entry->id, .delta = entry->busy };

	if (entry->busy)
		provider_post(entry->provider, &wire_adjust_busy_layout, &busy);
}

void provider_entry_send_register(struct provider_entry *entry)
{
	struct wire_entry_options options = { .id = entry->id, .options = entry->register_options };

	entry->register_sent = true;
	provider_post(entry->provider, &wire_register_layout, &options);
}

/* True when messages about ENTRY can be sent now; else what they say is part of its publication. */
bool provider_entry_is_known(const struct provider_entry *entry)
{
	return entry->id && !entry->unpublished;
}

/* --- taking turns --------------------------------------------------------- */

static void take_turns(struct provider *provider);
static void begin_registrations(struct provider *provider);

/* Children that waited for this entry's ID; a refused entry takes them with it. The callbacks may
 * remove any entry, so the search starts anew each time. */
static void release_children(struct provider_entry *parent)
{
	while (!list_is_empty(&parent->children)) {
		struct provider_entry *child =
			list_first(&parent->children, struct provider_entry, sibling);

		list_remove(&child->sibling);
		child->parent = NULL;
		child->parent_id = parent->id;
		if (parent->id)
			provider_entry_wait_turn(child);
		else
			notify_published(child);
	}
}

static void leave_index(struct provider_entry *entry)
{
	if (entry->id && map_find(&entry->provider->by_id, entry->id) == entry)
		map_remove(&entry->provider->by_id, entry->id);
}

void provider_entry_remove(struct provider_entry *entry)
{
	release_children(entry);
	leave_index(entry);
	provider_entry_free(entry);
}

/* Nobody refers to ENTRY any more; it stays until its last message has been sent. */
void provider_entry_set_forgotten(struct provider_entry *entry)
{
	entry->forgotten = true;
	list_remove(&entry->link);
	list_add(&entry->provider->forgotten, &entry->link);
	release_children(entry);
	leave_index(entry);
}

static void note_answer(struct provider *provider)
{
	if (provider->n_awaited)
		provider->n_awaited--;
}

static void handle_published(struct provider_entry *entry, struct wire_frame *frame)
{
	struct provider *provider = entry->provider;
	struct wire_publish_reply reply = { 0 };
	err_t err = frame->header.status
			  ? 0
			  : wire_frame_decode(frame, &wire_publish_reply_layout, &reply);

	entry->sent = false;
	list_remove(&entry->turn);
	if (frame->header.status || err || !reply.id) {
		log_warning("%s: the registry refuses entry %s (0x%08x)", provider->name,
			    entry->class_name, (unsigned)frame->header.status);
	} else {
		entry->id = reply.id;
		entry->proof = reply.proof;
		if (!entry->forgotten && map_set(&provider->by_id, entry->id, entry))
			log_warning("%s: out of memory", provider->name);
	}
	if (entry->forgotten) {
		if (entry->id && entry->terminate_wanted)
			provider_entry_wait_turn(entry);
		else
			provider_entry_remove(entry);
		return;
	}
	if (entry->id) {
		if (entry->dirty || entry->live || entry->removed)
			send_properties(entry);
		send_links(entry);
		send_busy(entry);
		if (entry->registered && !entry->register_sent)
			provider_entry_send_register(entry);
	}
	release_children(entry);
	notify_published(entry);
}

static void answered(void *context, err_t err, struct wire_frame *frame)
{
	struct provider_entry *entry = context;
	struct provider *provider = entry->provider;

	if (err) /* provider_mirror_lost sends it again */
		return;
	note_answer(provider);
	handle_published(entry, frame);
	take_turns(provider);
}

/* Of what is already known by its ID. */
static void ignore_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct provider *provider = context;

	if (err)
		return;
	if (frame->header.status && frame->header.type == WIRE_PUBLISH)
		log_warning("%s: the registry refuses to take an entry back (0x%08x)",
			    provider->name, (unsigned)frame->header.status);
	note_answer(provider);
	take_turns(provider);
}

static err_t ask(struct provider *provider, const struct wire_layout *layout, const void *message,
		 wire_peer_reply_fn fn, void *context)
{
	err_t err = wire_peer_call(provider->peer, layout, message, NULL, 0, fn, context);

	if (!err)
		provider->n_awaited++;
	return err;
}

/* A first publication is answered with the ID; a later one changes nothing but the registry. */
static err_t send_publish(struct provider_entry *entry)
{
	struct provider *provider = entry->provider;
	struct bytes room = BYTES_INIT;
	struct wire_publish publish = {
		.id = entry->id,
		.parent = entry->parent_id,
		.flags = entry->flags,
		.plane = entry->plane,
		.class_name = entry->class_name,
		.name = entry->name,
		.location = entry->location,
		.proof = entry->proof,
	};
	bool first = entry->id == 0;
	/* Nothing of it is left to be told in a message of its own. */
	bool at_once = first && entry->registered && !entry->register_options && !entry->live &&
		       !entry->busy && list_is_empty(&entry->attachments) &&
		       list_is_empty(&entry->names);

	if (at_once)
		publish.flags |= WIRE_PUBLISH_REGISTER;
	err_t err = provider_entry_pack(entry, &room, &publish.properties);
	if (!err)
		err = ask(provider, &wire_publish_layout, &publish,
			  first ? answered : ignore_answer,
			  first ? (void *)entry : (void *)provider);
	bytes_fini(&room);
	if (err == -ENOMEM)
		return err;
	if (err) {
		log_warning("%s: cannot publish %s: error %d", provider->name, entry->class_name,
			    -err);
		return 0;
	}
	entry->unpublished = entry->dirty = false;
	entry->register_sent = at_once;
	entry->sent = first;
	if (first) {
		list_add(&provider->in_flight, &entry->turn);
		return 0;
	}
	send_opener(entry);
	if (entry->live)
		send_properties(entry);
	send_links(entry);
	send_busy(entry);
	return 0;
}

/* Only -ENOMEM: what is said to a registry that has gone is said again to the next one. */
static err_t ask_options(struct provider_entry *entry, const struct wire_layout *layout,
			 uint32_t options)
{
	struct wire_entry_options message = { .id = entry->id, .options = options };

	err_t err = ask(entry->provider, layout, &message, ignore_answer, entry->provider);
	return err == -ENOMEM ? err : 0;
}

/* What the registry has not been told for want of memory would never be true there. */
static void try_turns_again(struct provider *provider)
{
	loop_timer_start(provider->loop, &provider->again, loop_now_ns() + AGAIN_NS);
}

/* As many ends at a time as a host goes through while the registry waits for each. */
static void take_retirements(struct provider *provider)
{
	while (provider_is_online(provider) && provider->n_retiring < PROVIDER_WINDOW &&
	       !list_is_empty(&provider->to_retire)) {
		struct provider_entry *entry =
			list_first(&provider->to_retire, struct provider_entry, turn);

		if (entry->registered && !entry->register_sent)
			provider_entry_send_register(entry);
		if (ask_options(entry, &wire_retire_layout, entry->terminate_options))
			return try_turns_again(provider);
		list_remove(&entry->turn);
		entry->retire_sent = true;
		provider->n_retiring++;
	}
}

void provider_entry_retire(struct provider_entry *entry)
{
	entry->retiring = true;
	if (entry->retire_sent)
		return;
	list_remove(&entry->turn);
	list_add(&entry->provider->to_retire, &entry->turn);
	take_retirements(entry->provider);
}

/* The next message of ENTRY, which has left its list. -ENOMEM: it is still to be sent. */
static err_t take_turn(struct provider_entry *entry)
{
	if (!entry->forgotten)
		return entry->unpublished
			     ? send_publish(entry)
			     : ask_options(entry, &wire_register_layout, entry->register_options);
	err_t err = ask_options(entry, &wire_terminate_layout, entry->terminate_options);
	if (!err)
		provider_entry_remove(entry);
	return err;
}

/* What meets no memory is said at another turn, or not waited for. */
static void say_returned(struct provider *provider)
{
	if (provider->owes_returned &&
	    !provider_post(provider, &wire_returned_layout, &(struct wire_empty){ 0 }))
		provider->owes_returned = false;
}

static void take_turns(struct provider *provider)
{
	while (provider_is_online(provider) && provider->n_awaited < PROVIDER_WINDOW &&
	       !list_is_empty(&provider->waiting)) {
		struct provider_entry *entry =
			list_first(&provider->waiting, struct provider_entry, turn);

		list_remove(&entry->turn);
		if (take_turn(entry)) {
			list_add_first(&provider->waiting, &entry->turn);
			return try_turns_again(provider);
		}
	}
	if (!provider_is_online(provider) || !list_is_empty(&provider->waiting))
		return;
	if (provider->is_returning && !provider->n_awaited)
		return begin_registrations(provider);
	if (!provider->is_returning)
		say_returned(provider);
	provider_settle_waiting(provider);
}

void provider_turns_again(void *context)
{
	struct provider *provider = context;

	take_retirements(provider);
	take_turns(provider);
}

void provider_entry_wait_turn(struct provider_entry *entry)
{
	struct provider *provider = entry->provider;

	if (!provider_is_online(provider) || entry->parent || entry->sent)
		return;
	list_remove(&entry->turn);
	list_add(&provider->waiting, &entry->turn);
	take_turns(provider);
}

/* After a reconnection, when all are there, so that matching sees the whole tree. */
static void begin_registrations(struct provider *provider)
{
	provider->is_returning = false;
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (provider_entry_is_known(entry) && entry->registered && !entry->register_sent)
			list_add(&provider->waiting, &entry->turn);
	}
	/* Ends begin anew: what has been through one of the phases does not go through it again. */
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		if (entry->retiring && provider_entry_is_known(entry))
			provider_entry_retire(entry);
	}
	take_turns(provider);
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
		struct wire_declare_classes declare = { .classes = provider->classes,
							.hooked = provider->hooked };

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
	/* Before the first greeting nothing has an ID but what was adopted. */
	send_common(provider);
	provider->is_returning = true;
	provider->owes_returned = again;
	list_for_each(node, &provider->entries) {
		struct provider_entry *entry = container_of(node, struct provider_entry, link);

		entry->unpublished = true;
		entry->register_sent = false;
		if (!entry->parent)
			list_add(&provider->waiting, &entry->turn);
	}
	take_turns(provider);
}

void provider_mirror_lost(struct provider *provider)
{
	provider->n_awaited = 0;
	provider->is_returning = false;
	while (!list_is_empty(&provider->waiting))
		list_remove(provider->waiting.next);
	while (!list_is_empty(&provider->to_retire))
		list_remove(provider->to_retire.next);
	/* The ends that were under way begin anew. */
	provider->n_retiring = 0;
	list_for_each(node, &provider->entries)
		container_of(node, struct provider_entry, link)->retire_sent = false;
	list_for_each(node, &provider->forgotten)
		container_of(node, struct provider_entry, link)->retire_sent = false;
	while (!list_is_empty(&provider->in_flight)) {
		struct provider_entry *entry =
			list_first(&provider->in_flight, struct provider_entry, turn);

		list_remove(&entry->turn);
		entry->sent = false;
	}
	while (!list_is_empty(&provider->forgotten))
		provider_entry_remove(
			list_first(&provider->forgotten, struct provider_entry, link));
}

void provider_mirror_abandon(struct provider *provider)
{
	struct list all = LIST_INIT(all);

	/* Each callback may remove any entry, whichever list it is in. */
	list_splice(&all, &provider->entries);
	while (!list_is_empty(&all)) {
		struct provider_entry *entry = list_first(&all, struct provider_entry, link);

		list_remove(&entry->link);
		list_add(&provider->entries, &entry->link);
		if (!entry->id)
			notify_published(entry);
	}
}

void provider_mirror_free(struct provider *provider)
{
	while (!list_is_empty(&provider->entries)) {
		struct provider_entry *entry =
			list_first(&provider->entries, struct provider_entry, link);

		if (entry->published)
			notify_published(entry); /* may forget it */
		else
			provider_entry_free(entry);
	}
	while (!list_is_empty(&provider->forgotten))
		provider_entry_free(list_first(&provider->forgotten, struct provider_entry, link));
}
