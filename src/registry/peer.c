// SPDX-License-Identifier: MIT
/* One connection from its arrival to its end, and what it holds. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/foreign.h"
#include "base/log.h"
#include "base/shm.h"
#include "registry/access.h"
#include "registry/bind.h"
#include "registry/deferred.h"
#include "registry/door.h"
#include "registry/lifecycle.h"
#include "registry/linger.h"
#include "registry/notify.h"
#include "registry/orphan.h"
#include "registry/policy.h"
#include "registry/rest.h"
#include "registry/spawn.h"
#include "registry/tray.h"
#include "wire/hello.h"

enum { SEND_INVALID_DEST = 0x10000003 }; /* MACH_SEND_INVALID_DEST */

/* --- peers --------------------------------------------------------------------------------- */

const char *registry_peer_name(const struct registry_peer *peer)
{
	return wire_peer_name(peer->wire);
}

void registry_peer_warn(struct registry_peer *peer, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!account_may_log(&peer->account))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_warning("%s", text);
}

/* Several holds of a client on one entry. Most have one: then the map has the entry itself, marked by
 * the lowest bit of its address, and nothing is allocated. */
struct grant {
	struct registry_entry *entry;
	uint64_t count;
};

static void *single_grant(struct registry_entry *entry)
{
	return (char *)entry + 1;
}

/* What VALUE of the map stands for. */
static struct grant read_grant(void *value)
{
	return (uintptr_t)value & 1 ? (struct grant){ (void *)((char *)value - 1), 1 }
				    : *(struct grant *)value;
}

static bool is_single(const void *value)
{
	return (uintptr_t)value & 1;
}

/* VALUE is what the map has for the entry; NULL: nothing. */
static bool add_grant(struct registry_peer *client, struct registry_entry *entry, void *value)
{
	if (!value)
		return !map_set(&client->grants, entry->id, single_grant(entry));
	if (!is_single(value)) {
		((struct grant *)value)->count++;
		return true;
	}
	struct grant *g = malloc(sizeof(*g));
	if (!g)
		return false;
	*g = (struct grant){ entry, 2 };
	map_set(&client->grants, entry->id, g); /* in its place, which cannot fail */
	return true;
}

/* Nobody but those who hold it keeps it. */
static bool is_left(const struct registry_entry *entry)
{
	return !entry->owner && registry_entry_is_inactive(entry);
}

/* And they have been charged for it. */
static bool is_remains(const struct registry_entry *entry)
{
	return is_left(entry) && list_is_empty(&entry->owner_link);
}

bool registry_peer_grant(struct registry_peer *client, struct registry_entry *entry)
{
	void *value = map_find(&client->grants, entry->id);
	uint64_t remains = !value && is_remains(entry) ? registry_entry_cost(entry) : 0;

	if (!account_charge(&client->account, LIMITS_GRANTS, 1))
		return false;
	if (remains && !account_charge(&client->account, LIMITS_REMAINS, remains)) {
		account_refund(&client->account, LIMITS_GRANTS, 1);
		return false;
	}
	if (!add_grant(client, entry, value)) {
		account_refund(&client->account, LIMITS_GRANTS, 1);
		account_refund(&client->account, LIMITS_REMAINS, remains);
		return false;
	}
	if (!value)
		registry_entry_ref(entry);
	entry->holds++;
	return true;
}

/* COUNT holds of those that VALUE stands for. */
static void release_grant(struct registry_peer *client, void *value, uint64_t count)
{
	struct grant g = read_grant(value);

	g.entry->holds -= count;
	account_refund(&client->account, LIMITS_GRANTS, count);
	if (count < g.count) {
		((struct grant *)value)->count -= count;
		return;
	}
	if (is_remains(g.entry))
		account_refund(&client->account, LIMITS_REMAINS, registry_entry_cost(g.entry));
	map_remove(&client->grants, g.entry->id);
	if (!is_single(value))
		free(value);
	registry_entry_unref(g.entry);
}

struct registry_entry *registry_peer_next_held(const struct registry_peer *client, size_t *cursor)
{
	void *value = map_next(&client->grants, cursor, NULL);

	return value ? read_grant(value).entry : NULL;
}

err_t registry_peer_release(struct registry_peer *client, uint64_t id, uint64_t count)
{
	void *value = map_find(&client->grants, id);

	if (!value || !count || count > read_grant(value).count)
		return -EINVAL;
	release_grant(client, value, count);
	return 0;
}

struct registry_entry *registry_peer_find(struct registry_peer *peer, uint64_t id)
{
	return registry_entry_find(&peer->registry->tree, id);
}

IOReturn registry_peer_refusal(const struct registry_entry *entry)
{
	return entry ? kIOReturnBadArgument : SEND_INVALID_DEST;
}

err_t registry_peer_status(struct registry_peer *peer, const struct wire_header *request,
			   IOReturn status)
{
	wire_peer_reply(peer->wire, request, &wire_empty_layout, status, NULL, NULL, 0);
	return 0;
}

bool registry_peer_own(struct registry_peer *peer, struct registry_entry *entry)
{
	uint64_t bytes = registry_entry_cost(entry), n = 1 + registry_plane_count_links(entry);

	if (!account_charge(&peer->account, LIMITS_ENTRIES, n))
		return false;
	if (!account_charge(&peer->account, LIMITS_PROPERTY_BYTES, bytes)) {
		account_refund(&peer->account, LIMITS_ENTRIES, n);
		return false;
	}
	entry->owner = peer;
	list_add(&peer->entries, &entry->owner_link);
	registry_entry_ref(entry);
	return true;
}

static void charge_remains(struct registry_peer *peer, const struct registry_entry *entry)
{
	if (!account_add(&peer->account, LIMITS_REMAINS, registry_entry_cost(entry)))
		wire_peer_close(peer->wire);
}

/* Those of the N entries of LEFT that PEER holds: it may hold few, or few may be left. */
static void charge_held(struct registry_peer *peer, const struct list *left, size_t n)
{
	struct registry_entry *e;
	size_t cursor = 0;

	if (peer->grants.count < n) {
		while ((e = registry_peer_next_held(peer, &cursor)))
			if (is_left(e) && !is_remains(e))
				charge_remains(peer, e);
	} else {
		list_for_each(l, left) {
			e = container_of(l, struct registry_entry, owner_link);
			if (map_find(&peer->grants, e->id))
				charge_remains(peer, e);
		}
	}
}

/* What is left of entries is on the account of those who hold them. All at once that have ended since the last
 * time: everybody is asked whether he holds them. */
static void charge_left(void *context)
{
	struct registry *r = context;
	size_t n = 0;

	list_for_each(l, &r->left)
		n++;
	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->grants.count)
			charge_held(p, &r->left, n);
	}
	while (!list_is_empty(&r->left)) {
		struct registry_entry *e = list_first(&r->left, struct registry_entry, owner_link);

		list_remove(&e->owner_link);
		registry_entry_unref(e);
	}
}

void registry_peers_init(struct registry *registry)
{
	list_init(&registry->peers);
	list_init(&registry->left);
	loop_timer_init(&registry->left_timer, charge_left, registry);
}

static void note_left(struct registry *registry, struct registry_entry *entry)
{
	if (list_is_empty(&registry->left))
		loop_timer_start(registry->loop, &registry->left_timer, loop_now_ns() + 1);
	registry_entry_ref(entry);
	list_add(&registry->left, &entry->owner_link);
}

void registry_peer_disown(struct registry_entry *entry)
{
	struct registry_peer *owner = entry->owner;

	if (!owner)
		return;
	registry_access_forget(entry);
	account_refund(&owner->account, LIMITS_ENTRIES, 1 + registry_plane_count_links(entry));
	account_refund(&owner->account, LIMITS_PROPERTY_BYTES, registry_entry_cost(entry));
	entry->owner = NULL;
	list_remove(&entry->owner_link);
	if (is_left(entry) && entry->holds)
		note_left(owner->registry, entry);
	registry_entry_unref(entry);
}

/* A message found no memory. A host that nobody answers believes that it was heard: it starts again and
 * says everything anew. */
static err_t refuse_for_shortage(struct registry_peer *peer, const struct wire_header *header)
{
	if (header->id)
		return registry_peer_status(peer, header, kIOReturnNoMemory);
	if (peer->role != WIRE_ROLE_PROVIDER)
		return 0;
	log_warning("%s: no memory for a message; the connection is closed",
		    registry_peer_name(peer));
	return -ENOMEM;
}

err_t registry_peer_dispatch(struct registry_peer *peer, struct wire_frame *frame,
			     const struct registry_handler *handlers, size_t n)
{
	_Alignas(16) unsigned char message[256];

	for (size_t i = 0; i < n; i++) {
		const struct registry_handler *h = &handlers[i];

		if (h->layout->type != frame->header.type)
			continue;
		assert(h->layout->size <= sizeof(message));
		err_t err = wire_frame_decode(frame, h->layout, message);
		if (err)
			return err == -ENOMEM ? refuse_for_shortage(peer, &frame->header)
					      : -EBADMSG;
		err = h->handle(peer, frame, message);
		wire_message_clear(h->layout, message);
		return err;
	}
	return -ENOENT;
}

static void close_account(struct registry_peer *peer);

/* --- what entries take ------------------------------------------------------------------------ */

static bool handle_link(struct registry_entry *entry)
{
	return !entry->owner || account_charge(&entry->owner->account, LIMITS_ENTRIES, 1);
}

static void handle_unlink(struct registry_entry *entry)
{
	if (entry->owner)
		account_refund(&entry->owner->account, LIMITS_ENTRIES, 1);
}

/* The session pays for those that are always there. */
static void handle_resized(struct registry_entry *entry, uint64_t before)
{
	struct registry *r = container_of(entry->tree, struct registry, tree);
	struct account *payer = entry->owner ? &entry->owner->account : &r->own;
	uint64_t after = registry_entry_cost(entry);

	if (after > before)
		account_add(payer, LIMITS_PROPERTY_BYTES, after - before);
	else
		account_refund(payer, LIMITS_PROPERTY_BYTES, before - after);
}

const struct registry_tree_ops registry_peer_tree_ops = { handle_link, handle_unlink,
							  handle_resized };

bool registry_peer_may_store(struct registry_peer *peer, const struct registry_entry *entry,
			     uint64_t bytes)
{
	struct account *payer = entry->owner ? &entry->owner->account : &peer->registry->own;

	if (!account_charge(payer, LIMITS_PROPERTY_BYTES, bytes))
		return false;
	account_refund(payer, LIMITS_PROPERTY_BYTES, bytes);
	return true;
}

/* --- names that it makes ---------------------------------------------------------------------- */

err_t registry_peer_need_class(struct registry_peer *peer, const char *name, const char *fallback,
			       struct registry_class **ret_class)
{
	struct registry_classes *classes = &peer->registry->tree.classes;
	struct registry_class *c = registry_class_find(classes, name);
	bool is_new = !c || c->is_left;

	if (is_new && !account_charge(&peer->account, LIMITS_CLASSES, 1))
		return -ENOSPC;
	classes->maker = peer->session;
	err_t err = registry_class_need(classes, name, fallback, ret_class);
	if (err && is_new)
		account_refund(&peer->account, LIMITS_CLASSES, 1);
	return err;
}

err_t registry_peer_declare(struct registry_peer *peer, CFTypeRef dictionary)
{
	struct registry_classes *classes = &peer->registry->tree.classes;
	size_t n_new = registry_classes_count_new(classes, dictionary);
	size_t before = registry_classes_count_of(classes, peer->session);
	char problem[WIRE_NAME_MAX + 1];

	if (!account_charge(&peer->account, LIMITS_CLASSES, n_new))
		return -ENOSPC;
	classes->maker = peer->session;
	err_t err = registry_class_declare_all(classes, dictionary,
					       peer->server ? peer->server->name : "", problem);
	size_t made = registry_classes_count_of(classes, peer->session) - before;
	account_refund(&peer->account, LIMITS_CLASSES, n_new - made);
	/* Whoever declares them does not wait for the answer. */
	if (err == -EEXIST)
		registry_peer_warn(peer,
				   "%s: the class %s has another superclass already, by a driver "
				   "that was there before",
				   registry_peer_name(peer), problem);
	return err;
}

err_t registry_peer_need_plane(struct registry_peer *peer, const char *name,
			       struct registry_plane **ret_plane)
{
	struct registry_planes *planes = &peer->registry->tree.planes;
	bool is_new = !registry_plane_find(planes, name);

	if (is_new && !account_charge(&peer->account, LIMITS_PLANES, 1))
		return -ENOSPC;
	err_t err = registry_plane_need(planes, name, ret_plane);
	if (err && is_new)
		account_refund(&peer->account, LIMITS_PLANES, 1);
	return err;
}

static void forget_names(struct registry_peer *peer)
{
	if (peer->account.counts[LIMITS_CLASSES])
		registry_classes_leave(&peer->registry->tree.classes, peer->session);
	account_refund(&peer->account, LIMITS_CLASSES, peer->account.counts[LIMITS_CLASSES]);
	account_refund(&peer->account, LIMITS_PLANES, peer->account.counts[LIMITS_PLANES]);
}

/* --- the end of a connection ------------------------------------------------------------------ */

enum {
	FEW = 1024,	/* entries that may end at once */
	STEPS_EACH = 32 /* of an end before a look at the clock */
};

#define ROUND_NS (1000ull * 1000) /* then others have their turn */

/* The one that the others stand on; while there are many, one that none of them stands on. */
static struct registry_entry *choose_entry(struct registry_peer *peer)
{
	const struct registry_plane *plane = peer->registry->tree.planes.service;
	struct registry_entry *e, *child;

	if (account_count(&peer->account, LIMITS_ENTRIES) <= FEW)
		return list_first(&peer->entries, struct registry_entry, owner_link);
	e = list_last(&peer->entries, struct registry_entry, owner_link);
	while ((child = registry_plane_first_child(e, plane)) && child->owner == peer &&
	       !registry_entry_is_inactive(child))
		e = child;
	return e;
}

static void terminate_entry(struct registry_peer *peer)
{
	struct registry_entry *e = registry_entry_ref(choose_entry(peer));

	registry_lifecycle_terminate(peer->registry, e, 0, peer, true);
	/* One that was being terminated already, or has children elsewhere. */
	registry_peer_disown(e);
	registry_entry_unref(e);
}

/* One step more of its end. False: nothing is left. */
static bool end_some(struct registry_peer *peer)
{
	bool has_entries = !list_is_empty(&peer->entries);
	void *grant = has_entries ? NULL : map_next(&peer->grants, &peer->end_cursor, NULL);

	if (has_entries && peer->registry->is_ending)
		registry_peer_disown(list_first(&peer->entries, struct registry_entry, owner_link));
	else if (has_entries)
		terminate_entry(peer);
	else if (grant)
		release_grant(peer, grant, read_grant(grant).count);
	return has_entries || grant;
}

static void begin_end(struct registry_peer *peer)
{
	registry_deferred_forget_peer(peer);
	registry_notify_forget_peer(peer);
	registry_rest_forget_peer(peer);
	registry_orphan_forget_peer(peer);
	/* What it has published is matched again when its server is back. */
	if (!peer->registry->is_ending)
		registry_bind_forget_peer(peer->registry, peer);
}

void registry_peer_free(struct registry_peer *peer)
{
	struct registry *r = peer->registry;

	begin_end(peer);
	while (end_some(peer))
		;
	if (!r->is_ending) {
		registry_lifecycle_forget_peer(r, peer);
		/* The machine is nobody's and does not end with it. */
		registry_busy_adjust(r->tree.machine, -peer->busy_lent);
	}
	loop_timer_stop(&peer->end_timer);
	forget_names(peer);
	registry_tray_close(peer);
	list_remove(&peer->link);
	if (peer->server)
		registry_server_lost(peer->server);
	else if (peer->starting)
		registry_server_unstarted(peer->starting);
	registry_door_leave(peer);
	registry_door_expects(peer, false);
	account_refund(&peer->account, LIMITS_AUTHORIZATIONS, peer->authorized.count);
	map_fini(&peer->grants);
	map_fini(&peer->inlets);
	map_fini(&peer->authorized);
	registry_linger_begin(peer);
	wire_peer_free(peer->wire);
	registry_subject_fini(&peer->subject);
	close_account(peer);
	free(peer->waits_as);
	free(peer);
}

/* However much it has published or holds, the others have their turn in between. */
static void go_on_ending(void *context)
{
	struct registry_peer *peer = context;
	uint64_t until = loop_now_ns() + ROUND_NS;

	while (loop_now_ns() < until)
		for (int i = 0; i < STEPS_EACH; i++)
			if (!end_some(peer))
				return registry_peer_free(peer);
	loop_timer_start(peer->registry->loop, &peer->end_timer, loop_now_ns() + 1);
}

static void handle_closed(void *context, struct wire_peer *wire)
{
	begin_end(context);
	go_on_ending(context);
}

/* --- greeting --------------------------------------------------------------------------------- */

static IOReturn admit(struct registry_peer *peer, const struct wire_hello *hello)
{
	struct registry *r = peer->registry;

	if (hello->role == WIRE_ROLE_CLIENT)
		return kIOReturnSuccess;
	/* We have connected to it: who it is we know from there, not by its uid. */
	if (peer->starting && peer->starting->is_unit)
		return strcmp(hello->name, peer->starting->name)
			     ? kIOReturnNotPermitted
			     : registry_server_check_in(peer, hello->name, peer->starting->token,
							&peer->server);
	if (!registry_policy_may_provide(r, &peer->subject.who))
		return kIOReturnNotPermitted;
	if (peer->starting &&
	    (hello->token != peer->starting->token || strcmp(hello->name, peer->starting->name)))
		return kIOReturnNotPermitted;
	/* We have started it, or connected to it: nobody comes in and says that he is a host of ours. */
	if (hello->token && !peer->starting &&
	    (!peer->waits_as || strcmp(hello->name, peer->waits_as)))
		return kIOReturnNotPermitted;
	return registry_server_check_in(peer, hello->name, hello->token, &peer->server);
}

/* Who has greeted may send descriptors. */
static err_t reply_hello(struct registry_peer *peer, const struct wire_header *request)
{
	struct registry *r = peer->registry;
	struct wire_hello_reply reply = {
		.version = WIRE_VERSION,
		.pid = (uint32_t)getpid(),
		.session = peer->session,
		.generation = r->generation,
	};
	fd_pass_rights(wire_peer_socket(peer->wire), true);
	err_t err = wire_peer_reply(peer->wire, request, &wire_hello_reply_layout, kIOReturnSuccess,
				    &reply, &r->page_fd, 1);
	if (err == -EMFILE)
		wire_peer_reply(peer->wire, request, &wire_hello_reply_layout, kIOReturnNoResources,
				&(struct wire_hello_reply){ .version = WIRE_VERSION }, NULL, 0);
	return err;
}

/* Of another version no more than the first two fields is known, whatever follows them. */
static bool is_of_another_version(const struct wire_frame *frame, uint32_t *ret_version)
{
	struct bytes_reader in = bytes_reader(frame->payload.data, frame->payload.size);
	uint32_t magic = bytes_get_u32(&in);

	bytes_get_pad(&in, 8);
	*ret_version = bytes_get_u32(&in);
	return !in.err && magic == WIRE_MAGIC && *ret_version != WIRE_VERSION;
}

static err_t refuse(struct registry_peer *peer, const struct wire_header *request, const char *name,
		    uint32_t version, IOReturn status)
{
	struct wire_hello_reply refusal = { .version = WIRE_VERSION };

	registry_peer_warn(peer, "%s: greeting of \"%s\" (version %u) refused: 0x%x",
			   registry_peer_name(peer), name, version, (unsigned)status);
	wire_peer_reply(peer->wire, request, &wire_hello_reply_layout, status, &refusal, NULL, 0);
	return -EPERM;
}

static err_t greet(struct registry_peer *peer, struct wire_frame *frame)
{
	const struct wire_header *request = &frame->header;
	struct wire_hello hello;
	uint32_t version;

	if (request->type != WIRE_HELLO || !request->id)
		return -EBADMSG;
	if (is_of_another_version(frame, &version))
		return refuse(peer, request, "", version, kIOReturnUnsupported);
	if (wire_frame_decode(frame, &wire_hello_layout, &hello) || hello.magic != WIRE_MAGIC ||
	    (hello.role != WIRE_ROLE_CLIENT && hello.role != WIRE_ROLE_PROVIDER))
		return -EBADMSG;
	snprintf(peer->name, sizeof(peer->name), "%s", hello.name);
	IOReturn status = admit(peer, &hello);
	if (status)
		return refuse(peer, request, hello.name, hello.version, status);
	peer->role = hello.role;
	registry_door_leave(peer);
	peer->shown_pid =
		peer->subject.who.pid == getpid() ? (pid_t)hello.pid : peer->subject.who.pid;
	peer->starting = NULL;
	err_t err = reply_hello(peer, &frame->header);
	if (!err && peer->server)
		registry_bind_server_changed(peer->registry, peer->server);
	return err;
}

static err_t handle_message(void *context, struct wire_peer *wire, struct wire_frame *frame)
{
	struct registry_peer *peer = context;

	struct registry *r = peer->registry;
	err_t err;

	if (!peer->role)
		err = greet(peer, frame);
	else if (peer->role == WIRE_ROLE_CLIENT)
		err = registry_client_message(peer, frame);
	else
		err = registry_provider_message(peer, frame);
	registry_tree_end_loans(&r->tree);
	return err;
}

/* --- its account ------------------------------------------------------------------------------- */

bool registry_peer_keep(struct registry_peer *peer, size_t bytes, size_t n_fds, bool is_alone)
{
	struct account *a = &peer->account;

	if (!account_charge(a, LIMITS_QUEUED, 1))
		return false;
	if (!account_charge(a, LIMITS_DESCRIPTORS, n_fds)) {
		account_refund(a, LIMITS_QUEUED, 1);
		return false;
	}
	if (is_alone ? account_charge_large(a, LIMITS_QUEUED_BYTES, bytes)
		     : account_charge(a, LIMITS_QUEUED_BYTES, bytes))
		return true;
	account_refund(a, LIMITS_QUEUED, 1);
	account_refund(a, LIMITS_DESCRIPTORS, n_fds);
	return false;
}

/* Is half of what one connection may have of RESOURCE free, or as much as is NEEDED? */
static bool has_half(const struct account *a, enum limits_resource resource, uint64_t needed)
{
	uint64_t half = a->user->accounts->limits.of[resource][LIMITS_CONNECTION] / 2;

	return account_has_room(a, resource, needed > half ? needed : half);
}

bool registry_peer_takes(const struct registry_peer *peer, uint64_t bytes)
{
	const struct account *a = &peer->account;

	if (account_count(a, LIMITS_QUEUED) &&
	    !(has_half(a, LIMITS_QUEUED, 1) && has_half(a, LIMITS_QUEUED_BYTES, bytes)))
		return false;
	return !account_count(a, LIMITS_UNREAD_BYTES) || has_half(a, LIMITS_UNREAD_BYTES, bytes);
}

bool registry_peer_may_be_asked(const struct registry_peer *peer, uint64_t bytes)
{
	return wire_peer_count_calls(peer->wire) < REGISTRY_QUESTIONS_MAX &&
	       registry_peer_takes(peer, bytes);
}

/* It has read something. */
static void note_reading(struct registry_peer *peer)
{
	if (peer->server && !account_count(&peer->account, LIMITS_QUEUED))
		registry_bind_host_is_idle(peer->registry, peer->server);
}

void registry_peer_kept(struct registry_peer *peer, size_t bytes, size_t n_fds)
{
	account_refund(&peer->account, LIMITS_QUEUED, 1);
	account_refund(&peer->account, LIMITS_QUEUED_BYTES, bytes);
	account_refund(&peer->account, LIMITS_DESCRIPTORS, n_fds);
	note_reading(peer);
}

static bool handle_keep(void *context, size_t bytes, size_t n_fds, bool is_alone)
{
	return registry_peer_keep(context, bytes, n_fds, is_alone);
}

static void handle_kept(void *context, size_t bytes, size_t n_fds)
{
	registry_peer_kept(context, bytes, n_fds);
}

static bool handle_park(void *context, size_t bytes, bool must)
{
	struct registry_peer *peer = context;

	return account_charge(&peer->account, LIMITS_UNREAD_BYTES, bytes) ||
	       (must && (account_add(&peer->account, LIMITS_UNREAD_BYTES, bytes), true));
}

static void handle_parked(void *context, size_t bytes)
{
	struct registry_peer *peer = context;

	account_refund(&peer->account, LIMITS_UNREAD_BYTES, bytes);
	note_reading(peer);
}

static bool may_log(void *context)
{
	struct registry_peer *peer = context;

	return account_may_log(&peer->account);
}

static const struct wire_peer_ops peer_ops = {
	.message = handle_message,
	.closed = handle_closed,
	.keep = handle_keep,
	.kept = handle_kept,
	.park = handle_park,
	.parked = handle_parked,
	.may_log = may_log,
};

/* The connection of a host that we have started is ours: the kernel names us. */
static void set_title(struct registry_peer *peer)
{
	const char *host = peer->starting ? peer->starting->name : peer->waits_as;

	if (host)
		snprintf(peer->title, sizeof(peer->title), "host of %s", host);
	else
		snprintf(peer->title, sizeof(peer->title), "peer with pid %d",
			 (int)peer->subject.who.pid);
}

/* Who was asked for comes in at any rate. */
static err_t open_account(struct registry_peer *peer)
{
	struct account *a = &peer->account;

	set_title(peer);
	err_t err = account_init(a, &peer->registry->accounts, peer->subject.who.uid, peer->title);
	if (err)
		return err;
	if (peer->starting || peer->waits_as) {
		account_add(a, LIMITS_CONNECTIONS, 1);
		account_add(a, LIMITS_DESCRIPTORS, 1);
		return 0;
	}
	if (!foreign_is_crowded(peer->subject.who.uid) &&
	    account_charge(a, LIMITS_CONNECTIONS, 1)) {
		if (account_charge(a, LIMITS_DESCRIPTORS, 1))
			return 0;
		account_refund(a, LIMITS_CONNECTIONS, 1);
	}
	account_fini(a);
	return -ENOSPC;
}

static void close_account(struct registry_peer *peer)
{
	account_refund(&peer->account, LIMITS_DESCRIPTORS, 1);
	account_refund(&peer->account, LIMITS_CONNECTIONS, 1);
	account_fini(&peer->account);
}

/* --- arrival ------------------------------------------------------------------------------------ */

static void init_peer(struct registry_peer *peer, struct registry *registry,
		      struct registry_server *starting)
{
	peer->registry = registry;
	peer->starting = starting;
	list_init(&peer->link);
	list_init(&peer->in_strangers);
	list_init(&peer->deferred);
	list_init(&peer->subscriptions);
	list_init(&peer->rests);
	list_init(&peer->entries);
	loop_timer_init(&peer->end_timer, go_on_ending, peer);
}

static err_t make_peer(struct registry *registry, int socket, struct registry_server *starting,
		       const char *waits_as)
{
	struct registry_peer *peer = calloc(1, sizeof(*peer));

	err_t err = peer ? registry_subject_capture(socket, &peer->subject) : -ENOMEM;
	if (!err) {
		init_peer(peer, registry, starting);
		peer->waits_as = waits_as ? strdup(waits_as) : NULL;
		err = waits_as && !peer->waits_as ? -ENOMEM : open_account(peer);
		if (err)
			registry_subject_fini(&peer->subject);
	}
	if (err) {
		if (peer)
			free(peer->waits_as);
		free(peer);
		fd_close(socket);
		return err;
	}
	err = wire_peer_new(registry->loop, socket, WIRE_CONTROL_MAX, &peer_ops, peer, peer->title,
			    &peer->wire);
	if (!err && !starting && !waits_as && !registry_door_enter(peer)) {
		wire_peer_free(peer->wire);
		err = -ENOSPC;
	}
	if (err) {
		registry_subject_fini(&peer->subject);
		close_account(peer);
		free(peer->waits_as);
		free(peer);
		return err;
	}
	wire_peer_set_sender(peer->wire, peer->subject.who.uid);
	peer->session = ++registry->last_session;
	list_add(&registry->peers, &peer->link);
	if (waits_as)
		registry_door_expects(peer, true);
	return 0;
}

err_t registry_peer_new(struct registry *registry, int socket, struct registry_server *starting)
{
	return make_peer(registry, socket, starting, NULL);
}

err_t registry_peer_new_waiting(struct registry *registry, int socket, const char *server)
{
	return make_peer(registry, socket, NULL, server);
}

err_t registry_add_connection(struct registry *registry, int socket)
{
	return registry_peer_new(registry, socket, NULL);
}
