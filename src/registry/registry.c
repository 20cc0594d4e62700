// SPDX-License-Identifier: MIT
#include "registry/registry.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "base/shm.h"
#include "registry/bind.h"
#include "registry/console.h"
#include "registry/deferred.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"
#include "registry/policy.h"
#include "registry/rest.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/hello.h"
#include "wire/publish.h"

enum { CANDIDATE_SHIFT = 40 }; /* numbers of one registry of the session */
#define ACCEPT_REST_NS (100ull * 1000 * 1000)

/* --- peers --------------------------------------------------------------------------------- */

const char *registry_peer_name(const struct registry_peer *peer)
{
	return wire_peer_name(peer->wire);
}

bool registry_peer_grant(struct registry_peer *client, struct registry_entry *entry)
{
	struct registry_grant *g = map_find(&client->grants, entry->id);

	if (!registry_account_charge(&client->account, REGISTRY_CHARGE_GRANTS, 1))
		return false;
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g || map_set(&client->grants, entry->id, g)) {
			free(g);
			registry_account_refund(&client->account, REGISTRY_CHARGE_GRANTS, 1);
			return false;
		}
		g->entry = registry_entry_ref(entry);
	}
	g->count++;
	entry->holds++;
	return true;
}

static void release_grant(struct registry_peer *client, struct registry_grant *g, uint64_t count)
{
	struct registry_entry *entry = g->entry;

	g->count -= count;
	entry->holds -= count;
	registry_account_refund(&client->account, REGISTRY_CHARGE_GRANTS, count);
	if (g->count)
		return;
	map_remove(&client->grants, entry->id);
	free(g);
	registry_entry_unref(entry);
}

err_t registry_peer_release(struct registry_peer *client, uint64_t id, uint64_t count)
{
	struct registry_grant *g = map_find(&client->grants, id);

	if (!g || !count || count > g->count)
		return -EINVAL;
	release_grant(client, g, count);
	return 0;
}

struct registry_entry *registry_peer_find(struct registry_peer *peer, uint64_t id)
{
	return registry_entry_find(&peer->registry->tree, id);
}

err_t registry_peer_status(struct registry_peer *peer, const struct wire_header *request,
			   IOReturn status)
{
	wire_peer_reply(peer->wire, request, &wire_empty_layout, status, NULL, NULL, 0);
	return 0;
}

bool registry_peer_own(struct registry_peer *peer, struct registry_entry *entry)
{
	if (!registry_account_charge(&peer->account, REGISTRY_CHARGE_ENTRIES, 1))
		return false;
	entry->owner = peer;
	list_add(&peer->entries, &entry->owner_link);
	registry_entry_ref(entry);
	return true;
}

void registry_peer_disown(struct registry_entry *entry)
{
	if (!entry->owner)
		return;
	registry_account_refund(&entry->owner->account, REGISTRY_CHARGE_ENTRIES, 1);
	entry->owner = NULL;
	list_remove(&entry->owner_link);
	registry_entry_unref(entry);
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
			return err == -ENOMEM
				     ? registry_peer_status(peer, &frame->header, kIOReturnNoMemory)
				     : -EBADMSG;
		err = h->handle(peer, frame, message);
		wire_message_clear(h->layout, message);
		return err;
	}
	return -ENOENT;
}

/* --- the end of a connection ------------------------------------------------------------------ */

/* Everything that it has published goes, and is matched again when its server is back. */
static void terminate_entries(struct registry_peer *peer)
{
	struct registry *r = peer->registry;

	registry_bind_forget_peer(r, peer);
	while (!list_is_empty(&peer->entries)) {
		struct registry_entry *e = registry_entry_ref(
			list_first(&peer->entries, struct registry_entry, owner_link));

		registry_lifecycle_terminate(r, e, 0, peer, true);
		/* One that was being terminated already, or has children elsewhere. */
		registry_peer_disown(e);
		registry_entry_unref(e);
	}
	registry_lifecycle_forget_peer(r, peer);
}

static void free_peer(struct registry_peer *peer)
{
	struct registry_grant *g;
	size_t cursor = 0;

	registry_deferred_forget_peer(peer);
	registry_notify_forget_peer(peer);
	registry_rest_forget_peer(peer);
	if (peer->registry->is_ending)
		while (!list_is_empty(&peer->entries))
			registry_peer_disown(
				list_first(&peer->entries, struct registry_entry, owner_link));
	else
		terminate_entries(peer);
	while ((g = map_next(&peer->grants, &cursor, NULL)))
		release_grant(peer, g, g->count);
	list_remove(&peer->link);
	if (peer->server)
		registry_server_lost(peer->server);
	else if (peer->starting)
		registry_server_unstarted(peer->starting);
	assert(registry_account_is_clear(&peer->account));
	map_fini(&peer->grants);
	map_fini(&peer->inlets);
	map_fini(&peer->authorized);
	wire_peer_free(peer->wire);
	free(peer);
}

static void handle_closed(void *context, struct wire_peer *wire)
{
	free_peer(context);
}

/* --- greeting --------------------------------------------------------------------------------- */

static IOReturn admit(struct registry_peer *peer, const struct wire_hello *hello)
{
	struct registry *r = peer->registry;

	if (hello->role == WIRE_ROLE_CLIENT)
		return kIOReturnSuccess;
	if (!registry_policy_may_provide(r, &peer->subject.who))
		return kIOReturnNotPermitted;
	if (peer->starting &&
	    (hello->token != peer->starting->token || strcmp(hello->name, peer->starting->name)))
		return kIOReturnNotPermitted;
	return registry_server_check_in(peer, hello->name, hello->token, &peer->server);
}

static err_t reply_hello(struct registry_peer *peer, const struct wire_header *request)
{
	struct registry *r = peer->registry;
	struct wire_hello_reply reply = {
		.version = WIRE_VERSION,
		.pid = (uint32_t)getpid(),
		.session = peer->session,
		.generation = r->generation,
	};
	int fd;

	err_t err = shm_reopen_read_only(r->page_fd, &fd);
	if (err)
		return err;
	err = wire_peer_reply(peer->wire, request, &wire_hello_reply_layout, kIOReturnSuccess,
			      &reply, &fd, 1);
	fd_close(fd);
	return err;
}

static err_t greet(struct registry_peer *peer, struct wire_frame *frame)
{
	struct wire_hello hello;
	struct wire_hello_reply refusal = { .version = WIRE_VERSION };

	if (frame->header.type != WIRE_HELLO || !frame->header.id ||
	    wire_frame_decode(frame, &wire_hello_layout, &hello) || hello.magic != WIRE_MAGIC ||
	    (hello.role != WIRE_ROLE_CLIENT && hello.role != WIRE_ROLE_PROVIDER))
		return -EBADMSG;
	IOReturn status = kIOReturnUnsupported;
	if (hello.version == WIRE_VERSION) {
		snprintf(peer->name, sizeof(peer->name), "%s", hello.name);
		status = admit(peer, &hello);
	}
	if (status) {
		log_warning("%s: greeting of \"%s\" (version %u) refused: 0x%x",
			    registry_peer_name(peer), hello.name, hello.version, (unsigned)status);
		wire_peer_reply(peer->wire, &frame->header, &wire_hello_reply_layout, status,
				&refusal, NULL, 0);
		return -EPERM;
	}
	peer->role = hello.role;
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

static const struct wire_peer_ops peer_ops = { handle_message, handle_closed };

err_t registry_peer_new(struct registry *registry, int socket, struct registry_server *starting)
{
	struct registry_peer *peer = calloc(1, sizeof(*peer));
	char name[64];

	err_t err = peer ? registry_subject_capture(socket, &peer->subject) : -ENOMEM;
	if (err) {
		free(peer);
		fd_close(socket);
		return err;
	}
	snprintf(name, sizeof(name), "peer with pid %d", (int)peer->subject.who.pid);
	peer->registry = registry;
	peer->starting = starting;
	list_init(&peer->deferred);
	list_init(&peer->subscriptions);
	list_init(&peer->rests);
	list_init(&peer->entries);
	err = wire_peer_new(registry->loop, socket, WIRE_CONTROL_MAX, &peer_ops, peer, name,
			    &peer->wire);
	if (err) {
		free(peer);
		return err;
	}
	peer->session = ++registry->last_session;
	list_add(&registry->peers, &peer->link);
	return 0;
}

err_t registry_add_connection(struct registry *registry, int socket)
{
	return registry_peer_new(registry, socket, NULL);
}

static void handle_listener(void *context, int fd, uint32_t events)
{
	struct registry *r = context;
	struct fd_peer who;
	int socket;
	err_t err;

	while (!(err = fd_accept(fd, &socket))) {
		if (fd_peer(socket, &who) || !registry_policy_may_connect(r, &who)) {
			log_warning("connection of another user refused");
			fd_close(socket);
			continue;
		}
		registry_peer_new(r, socket, NULL);
	}
	if (err == -EAGAIN || err == -ECONNABORTED || err == -EINTR)
		return;
	/* No descriptor or no memory for it just now: look again a little later. */
	loop_remove_fd(r->loop, fd);
	loop_timer_start(r->loop, &r->accept_timer, loop_now_ns() + ACCEPT_REST_NS);
}

static void listen_again(void *context)
{
	struct registry *r = context;

	if (loop_add_fd(r->loop, r->listener, EPOLLIN, handle_listener, r))
		loop_timer_start(r->loop, &r->accept_timer, loop_now_ns() + ACCEPT_REST_NS);
}

/* --- life ------------------------------------------------------------------------------------- */

static err_t make_page(struct registry *r)
{
	void *page;
	err_t err = shm_create_read_only("portico-status", sizeof(*r->page), &r->page_fd, &page);

	if (err)
		return err;
	r->page = page;
	r->page->magic = WIRE_MAGIC;
	r->page->version = WIRE_VERSION;
	atomic_store(&r->page->tree_generation, r->tree.own_generation);
	r->tree.generation = &r->page->tree_generation;
	atomic_store(&r->page->name_generation, r->tree.own_names);
	r->tree.names = &r->page->name_generation;
	return 0;
}

static void fill_root(struct registry *r)
{
	scope_cf CFMutableDictionaryRef root = registry_dictionary_new();
	struct utsname host;

	if (!root)
		return;
	registry_set_text(root, CFSTR("IOKitBuildVersion"),
			  "Darwin Kernel Version 21.6.0: Portico " PORTICO_VERSION);
	uname(&host);
	registry_set_text(root, CFSTR("OS Build Version"), host.release);
	registry_entry_update(r->tree.root, root, NULL);
}

static err_t copy_config(struct registry *r, const struct registry_config *config)
{
	r->generation = config->generation;
	r->start_provider = config->start_provider;
	r->start_context = config->start_context;
	r->stop = config->stop;
	r->stop_context = config->stop_context;
	r->no_administrator = config->no_administrator;
	r->all_users = config->all_users;
	r->hosts_are_children = config->hosts_are_children;
	if (config->socket_path)
		r->socket_path = strdup(config->socket_path);
	if (config->host_program)
		r->host_program = strdup(config->host_program);
	if (config->bridge_program)
		r->bridge_program = strdup(config->bridge_program);
	return (config->socket_path && !r->socket_path) ||
			       (config->host_program && !r->host_program) ||
			       (config->bridge_program && !r->bridge_program)
		     ? -ENOMEM
		     : 0;
}

static void load_drivers(struct registry *r, const char *const *folders)
{
	for (; folders && *folders; folders++) {
		err_t err = registry_catalogue_add_folder(&r->catalogue, *folders, NULL);

		if (err)
			log_info("%s: no drivers there (%s)", *folders, strerror(-err));
	}
	r->catalogue.is_running = true;
}

static void start_bridge(struct registry *r)
{
	struct registry_server *bridge = registry_server_need(r, "bridge");

	if (!bridge)
		return;
	bridge->is_bridge = true;
	registry_server_start(bridge);
}

static void handle_return_timeout(void *context)
{
	struct registry *r = context;

	r->is_returning = false;
	if (r->bridge_program)
		start_bridge(r);
	registry_bind_catalogue(r);
}

/* After a restart the fixed services are what they were; hosts may come back with their drivers
 * before anything is started anew. */
static void begin_matching(struct registry *r)
{
	struct registry_entry *fixed[] = { r->tree.machine, r->tree.resources };
	uint32_t all = WIRE_STATE_REGISTERED | WIRE_STATE_MATCHED | WIRE_STATE_FIRST_PUBLISH |
		       WIRE_STATE_FIRST_MATCH;

	r->is_returning = r->generation > 0;
	for (size_t i = 0; i < 2; i++) {
		if (r->is_returning) {
			fixed[i]->state |= all;
			registry_entry_list(fixed[i]);
		} else {
			registry_lifecycle_register(r, fixed[i]);
		}
	}
	if (r->is_returning)
		loop_timer_start(r->loop, &r->return_timer, loop_now_ns() + REGISTRY_RETURN_NS);
	else if (r->bridge_program)
		start_bridge(r);
}

err_t registry_new(struct loop *loop, const struct registry_config *config,
		   struct registry **ret_registry)
{
	struct registry *r = calloc(1, sizeof(*r));
	char host[65] = "Linux";

	if (!r)
		return -ENOMEM;
	gethostname(host, sizeof(host) - 1);
	r->loop = loop;
	r->listener = r->page_fd = -1;
	/* Hosts that outlived the last registry know its candidates by number. */
	r->last_candidate = (uint64_t)config->generation << CANDIDATE_SHIFT;
	list_init(&r->servers);
	list_init(&r->jobs);
	list_init(&r->stops);
	list_init(&r->registrations);
	list_init(&r->uses);
	list_init(&r->peers);
	list_init(&r->fired);
	for (int i = 0; i < REGISTRY_EVENTS; i++)
		list_init(&r->matching[i]);
	registry_catalogue_init(&r->catalogue);
	registry_console_init(r, config->console_file);
	loop_timer_init(&r->accept_timer, listen_again, r);
	loop_timer_init(&r->return_timer, handle_return_timeout, r);
	err_t err = registry_tree_init(&r->tree, config->generation, host);
	if (err) {
		free(r);
		return err;
	}
	err = copy_config(r, config);
	if (!err)
		err = registry_grants_new(config->policy_paths, config->all_users, &r->grants);
	if (!err)
		err = make_page(r);
	if (!err && r->socket_path)
		err = fd_listen(r->socket_path, &r->listener);
	/* Ours alone: a peer that has gone again must not make accept wait. */
	if (!err && r->listener >= 0 && fcntl(r->listener, F_SETFL, O_NONBLOCK) < 0)
		err = err_from_errno();
	if (!err && r->listener >= 0)
		err = loop_add_fd(loop, r->listener, EPOLLIN, handle_listener, r);
	if (err) {
		registry_free(r);
		return err;
	}
	fill_root(r);
	load_drivers(r, config->driver_paths);
	begin_matching(r);
	*ret_registry = r;
	return 0;
}

/* Providers learn that it is over before their connections end: they need not wait for another. */
static void end_peers(struct registry *r)
{
	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->role == WIRE_ROLE_PROVIDER || p->starting)
			wire_peer_send(p->wire, &wire_shutdown_layout, NULL, NULL, 0);
	}
	while (!list_is_empty(&r->peers))
		free_peer(list_first(&r->peers, struct registry_peer, link));
}

struct registry *registry_free(struct registry *registry)
{
	struct registry *r = registry;

	if (!r)
		return NULL;
	r->is_ending = true;
	loop_timer_stop(&r->return_timer);
	loop_timer_stop(&r->accept_timer);
	if (r->listener >= 0) {
		loop_remove_fd(r->loop, r->listener);
		unlink(r->socket_path);
		fd_close(r->listener);
	}
	registry_busy_fini(r);
	registry_bind_fini(r);
	end_peers(r);
	registry_lifecycle_fini(r);
	registry_servers_fini(r);
	registry_catalogue_fini(&r->catalogue);
	registry_console_fini(r);
	r->tree.generation = &r->tree.own_generation;
	r->tree.names = &r->tree.own_names;
	registry_tree_fini(&r->tree);
	map_fini(&r->subscriptions);
	shm_unmap(r->page, sizeof(*r->page));
	fd_close(r->page_fd);
	registry_grants_free(r->grants);
	free(r->socket_path);
	free(r->host_program);
	free(r->bridge_program);
	free(r);
	return NULL;
}
