// SPDX-License-Identifier: MIT
#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "base/shm.h"
#include "registry/bind.h"
#include "registry/console.h"
#include "registry/door.h"
#include "registry/heartbeat.h"
#include "registry/home.h"
#include "registry/lifecycle.h"
#include "registry/linger.h"
#include "registry/notes.h"
#include "registry/proof.h"
#include "registry/notify.h"
#include "registry/orphan.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/publish.h"

enum { CANDIDATE_SHIFT = 40 }; /* numbers of one registry of the session */

/* --- life ------------------------------------------------------------------------------------- */

static err_t make_page(struct registry *r)
{
	scope_fd int fd = -1;
	void *page;
	err_t err = shm_create_read_only("portico-status", sizeof(*r->page), &fd, &page);

	if (err)
		return err;
	r->page = page;
	r->page->magic = WIRE_MAGIC;
	r->page->version = WIRE_VERSION;
	atomic_store(&r->page->tree_generation, r->tree.own_generation);
	r->tree.generation = &r->page->tree_generation;
	atomic_store(&r->page->name_generation, r->tree.own_names);
	r->tree.names = &r->page->name_generation;
	return shm_reopen_read_only(fd, &r->page_fd);
}

static err_t fill_root(struct registry *r)
{
	scope_cf CFMutableDictionaryRef root = registry_dictionary_new();
	struct utsname host;

	if (!root)
		return -ENOMEM;
	registry_set_text(root, CFSTR("IOKitBuildVersion"),
			  "Darwin Kernel Version 21.6.0: Portico " PORTICO_VERSION);
	uname(&host);
	registry_set_text(root, CFSTR("OS Build Version"), host.release);
	if (CFDictionaryGetCount(root) != 2)
		return -ENOMEM;
	registry_entry_update(r->tree.root, root, NULL);
	return 0;
}

static err_t copy_config(struct registry *r, const struct registry_config *config)
{
	r->generation = config->generation;
	r->sandbox_tier = config->sandbox_tier;
	r->start_provider = config->start_provider;
	r->has_link = config->has_link;
	r->start_context = config->start_context;
	r->stop = config->stop;
	r->restart = config->restart;
	r->stop_context = config->stop_context;
	r->no_administrator = config->no_administrator;
	r->all_users = config->all_users;
	r->hosts_are_children = config->hosts_are_children;
	if (config->socket_path)
		r->socket_path = strdup(config->socket_path);
	if (config->host_program)
		r->host_program = strdup(config->host_program);
	if (config->units_folder)
		r->units_folder = strdup(config->units_folder);
	if (config->bridge_program)
		r->bridge_program = strdup(config->bridge_program);
	return (config->socket_path && !r->socket_path) ||
			       (config->host_program && !r->host_program) ||
			       (config->units_folder && !r->units_folder) ||
			       (config->bridge_program && !r->bridge_program)
		     ? -ENOMEM
		     : 0;
}

/* A folder that is not there, or not ours to read, has no drivers; without memory nobody knows. */
static err_t load_drivers(struct registry *r, const char *const *folders)
{
	for (; folders && *folders; folders++) {
		err_t err = registry_catalogue_add_folder(&r->catalogue, *folders, NULL);

		if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
			return err;
		if (err)
			log_info("%s: no drivers there (%s)", *folders, strerror(-err));
	}
	r->catalogue.is_running = true;
	return 0;
}

static void start_bridge(struct registry *r)
{
	struct registry_server *bridge = registry_server_need(r, REGISTRY_BRIDGE_NAME);

	if (!bridge)
		return;
	bridge->is_bridge = true;
	registry_server_start(bridge);
}

static void handle_return_timeout(void *context)
{
	struct registry *r = context;

	r->is_returning = false;
	registry_orphan_end(r);
	if (r->bridge_program)
		start_bridge(r);
	registry_bind_catalogue(r);
	if (r->is_awaited)
		registry_busy_adjust(r->tree.machine, -1);
	r->is_awaited = false;
}

void registry_await_return(struct registry *r)
{
	if (!r->is_returning || r->is_awaited)
		return;
	r->is_awaited = true;
	registry_busy_adjust(r->tree.machine, 1);
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

/* A program may come from a session that has ended, or from a registry whose generation nobody has counted. */
static void spread_ids(struct registry_tree *tree)
{
	uint32_t quarter;

	if (getrandom(&quarter, sizeof(quarter), 0) == sizeof(quarter))
		registry_tree_skip_ids(tree, 4ull * quarter);
}

/* What the entries that are always there cost the session. */
static uint64_t fixed_cost(const struct registry *r)
{
	return registry_entry_cost(r->tree.root) + registry_entry_cost(r->tree.machine) +
	       registry_entry_cost(r->tree.resources);
}

static void begin_accounts(struct registry *r, const struct limits *limits)
{
	accounts_init(&r->accounts, limits, geteuid());
	r->limits = limits_copy_list(&r->accounts.limits);
	account_init_session(&r->own, &r->accounts, "the session");
	account_add(&r->own, LIMITS_PROPERTY_BYTES, fixed_cost(r));
	r->tree.ops = &registry_peer_tree_ops;
	r->tree.planes.max = r->accounts.limits.of[LIMITS_PLANES][LIMITS_SESSION];
	r->tree.classes.max = r->accounts.limits.of[LIMITS_CLASSES][LIMITS_SESSION];
	r->catalogue.max = r->accounts.limits.of[LIMITS_PERSONALITIES][LIMITS_SESSION];
	r->catalogue.max_servers = r->accounts.limits.of[LIMITS_BUNDLE_SERVERS][LIMITS_CONNECTION];
}

/* Nothing that can fail. */
static void init(struct registry *r, struct loop *loop, const struct registry_config *config)
{
	r->loop = loop;
	r->listener = r->page_fd = -1;
	/* Hosts that outlived the last registry know its candidates by number. */
	r->last_candidate = (uint64_t)config->generation << CANDIDATE_SHIFT;
	list_init(&r->servers);
	list_init(&r->jobs);
	registry_lifecycle_init(r);
	list_init(&r->registrations);
	registry_peers_init(r);
	list_init(&r->strangers);
	registry_linger_init(r);
	registry_notify_init(r);
	for (int i = 0; i < REGISTRY_EVENTS; i++)
		registry_audience_init(&r->audiences[i]);
	registry_catalogue_init(&r->catalogue);
	registry_console_init(r, config->console_file);
	registry_heartbeat_init(r, config->heartbeat_ms);
	loop_timer_init(&r->return_timer, handle_return_timeout, r);
	registry_bind_init(r);
}

static err_t begin_tree(struct registry *r, const struct registry_config *config)
{
	char host[65] = "Linux";

	gethostname(host, sizeof(host) - 1);
	err_t err = registry_tree_init(&r->tree, config->generation, host);
	if (!err && config->ids_begin_anywhere)
		spread_ids(&r->tree);
	return err;
}

/* All that a session has before anything is matched. */
static err_t furnish(struct registry *r, const struct registry_config *config)
{
	const struct registry_grants_config grants = {
		.paths = config->policy_paths,
		.system = config->all_users,
		.no_administrator = config->no_administrator,
	};
	err_t err = copy_config(r, config);

	if (!err)
		err = registry_grants_new(&grants, &r->grants);
	if (!err)
		err = make_page(r);
	if (!err && r->socket_path)
		err = registry_door_open(r);
	if (!err)
		err = fill_root(r);
	return err ? err : load_drivers(r, config->driver_paths);
}

err_t registry_new(struct loop *loop, const struct registry_config *config,
		   struct registry **ret_registry)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	init(r, loop, config);
	err_t err = begin_tree(r, config);
	if (err) {
		free(r);
		return err;
	}
	begin_accounts(r, config->limits);
	err = furnish(r, config);
	if (err) {
		registry_free(r);
		return err;
	}
	registry_heartbeat_begin(r);
	registry_home_init(r);
	registry_notes_recall(r);
	registry_proof_init(r);
	begin_matching(r);
	if (r->is_returning) {
		registry_home_gather(r);
		registry_door_await(r);
	}
	*ret_registry = r;
	return 0;
}

/* Providers learn that it is over before their connections end: they need not wait for another. */
static void end_peers(struct registry *r)
{
	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->role == WIRE_ROLE_PROVIDER || p->starting || p->waits_as)
			wire_peer_send(p->wire, &wire_shutdown_layout, NULL, NULL, 0);
	}
	registry_home_end_absent(r, NULL);
	while (!list_is_empty(&r->peers))
		registry_peer_free(list_first(&r->peers, struct registry_peer, link));
}

struct registry *registry_free(struct registry *registry)
{
	struct registry *r = registry;

	if (!r)
		return NULL;
	r->is_ending = true;
	loop_timer_stop(&r->return_timer);
	loop_timer_stop(&r->rematch_timer);
	loop_timer_stop(&r->notice_timer);
	loop_timer_stop(&r->pump_timer);
	registry_door_close(r);
	registry_heartbeat_fini(r);
	registry_busy_fini(r);
	registry_bind_fini(r);
	end_peers(r);
	registry_orphan_end(r);
	loop_timer_stop(&r->left_timer);
	registry_linger_fini(r);
	registry_lifecycle_fini(r);
	registry_servers_fini(r);
	registry_home_fini(r);
	registry_catalogue_fini(&r->catalogue);
	registry_console_fini(r);
	r->tree.generation = &r->tree.own_generation;
	r->tree.names = &r->tree.own_names;
	r->tree.ops = NULL;
	account_refund(&r->own, LIMITS_PROPERTY_BYTES, fixed_cost(r));
	registry_tree_fini(&r->tree);
	account_fini(&r->own);
	accounts_fini(&r->accounts);
	map_fini(&r->subscriptions);
	for (int i = 0; i < REGISTRY_EVENTS; i++)
		registry_audience_fini(&r->audiences[i]);
	shm_unmap(r->page, sizeof(*r->page));
	fd_close(r->page_fd);
	registry_grants_free(r->grants);
	free(r->limits);
	registry_denials_fini(&r->denials);
	free(r->socket_path);
	free(r->host_program);
	free(r->units_folder);
	free(r->bridge_program);
	free(r);
	return NULL;
}
