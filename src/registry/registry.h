// SPDX-License-Identifier: MIT
/*
 * The registry of one session: tree, catalogue, matching, notifications, hosts.
 * Single-threaded: everything happens on the thread of its loop. There may be
 * several in one process; nothing is global.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/loop.h"

struct registry;

#define REGISTRY_NO_HEARTBEAT (~0u)

struct registry_config {
	const char *socket_path;	 /* or NULL: connections are only added */
	const char *const *driver_paths; /* folders of bundles, NULL-terminated; NULL: none */
	/* Folders and files of grants (docs/policy.md) in ascending force, NULL-terminated; NULL: those
	 * of the environment, else the usual ones. */
	const char *const *policy_paths;
	const char *host_program;   /* started for each IOUserServerName */
	const char *units_folder;   /* of hosts that are units of systemd; NULL: none */
	unsigned sandbox_tier;	    /* of driver hosts, as far as the system has it */
	const char *bridge_program; /* NULL: none */
	unsigned generation; /* of this session's registry: 0, then one more for each restart */
	/* Entry IDs begin anywhere: those of another session at this place are nobody's here. */
	bool ids_begin_anywhere;
	/* Start the provider of SERVER_NAME instead of host_program; SOCKET is taken. Must not call
	 * back into the registry. */
	err_t (*start_provider)(void *context, const char *server_name, uint64_t token, int socket);
	/* NULL, or told of SOCKET, the registry's end of the link with a host that starts. */
	void (*has_link)(void *context, int socket);
	void *start_context;
	const char *console_file;    /* sessions at the console (registry/console.h); NULL: none */
	bool no_administrator;	     /* withhold the administrator privilege from everybody */
	bool all_users;		     /* system session: accept peers of every uid */
	bool hosts_are_children;     /* the process is ours: hosts may be seen by its wait() */
	const struct limits *limits; /* NULL: the defaults */
	unsigned heartbeat_ms;	     /* how often hosts are asked whether they live; 0: as usual */
	/* WIRE_STOP_SESSION has come (may be NULL): the owner ends the loop. */
	void (*stop)(void *context);
	/* WIRE_RESTART_SESSION has come (may be NULL): the owner ends its process, and nothing else. */
	void (*restart)(void *context);
	void *stop_context;
};

/* Everything in CONFIG is copied. Starts matching at once; the loop delivers. -EADDRINUSE: another
 * registry listens at the path. */
err_t registry_new(struct loop *loop, const struct registry_config *config,
		   struct registry **ret_registry);
/* One more peer, as if it had connected; its uid is not checked. Takes SOCKET always. */
err_t registry_add_connection(struct registry *registry, int socket);
/* Ends the session: tells providers, ends the host processes it started (at most 2 s), frees all.
 * NULL is accepted; returns NULL. Not from inside a callback of the loop. */
struct registry *registry_free(struct registry *registry);
