// SPDX-License-Identifier: MIT
/*
 * Driver host processes, one for each IOUserServerName: started when a
 * candidate needs them, watched, restarted with back-off, quarantined when they
 * crash too often.
 */
#pragma once

#include <sys/types.h>

#include "registry/deadline.h"
#include "registry/registry_internal.h"
#include "wire/publish.h"

enum registry_server_state {
	REGISTRY_SERVER_IDLE,	  /* not started, or ended in order */
	REGISTRY_SERVER_STARTING, /* started, has not greeted */
	REGISTRY_SERVER_UP,
	REGISTRY_SERVER_RESTING, /* crashed: waits before the next start */
	REGISTRY_SERVER_QUARANTINED,
	REGISTRY_SERVER_REFUSED, /* its sandbox would be less than a bundle demands */
};

/* Of one that is up (heartbeat.h). */
enum registry_pulse { REGISTRY_PULSE_GOOD, REGISTRY_PULSE_SILENT, REGISTRY_PULSE_STOPPED };

enum { REGISTRY_CRASHES_MAX = 10 };
#define REGISTRY_CRASH_WINDOW_NS (60ull * 1000 * 1000 * 1000)
/* Each of them takes a minute to be noticed, in which matching waits. */
enum { REGISTRY_HANGS_MAX = 3 };
#define REGISTRY_HANG_WINDOW_NS (600ull * 1000 * 1000 * 1000)

struct registry_server {
	struct list link;
	struct registry *registry;
	char name[WIRE_NAME_MAX + 1];
	enum registry_server_state state;
	bool is_bridge;
	bool is_unit;	  /* of systemd: no process of ours, and it knows no token */
	bool has_unit;	  /* systemd has or had one for it */
	bool is_retiring; /* its end is wanted: not a crash */
	bool is_awaited;  /* something waits for its end, and the machine is busy meanwhile */
	bool is_ending;	  /* its connection is gone, its process is not */
	uint64_t token;
	pid_t pid; /* 0: no process of ours, or reaped */
	int pidfd; /* -1: none */
	struct registry_peer *peer;
	enum registry_pulse pulse;
	/* Looks since the question that it has not answered, that one too; 0: it owes nothing. */
	unsigned n_beats;
	/* its sandbox, as the host itself has said; what of it is missing or why it is refused, in words */
	unsigned tier;
	int64_t resource_bytes; /* that it has added to IOResources, in all of its lives */
	bool is_crowded;	/* matching waits until it has heard what it was told */
	unsigned n_shortages; /* answers that there is no memory, since it last started a driver */
	char *missing, *refusal;
	CFArrayRef bundles; /* those that it can read; NULL: any */
	/* crashes, newest last */
	uint64_t crashes[REGISTRY_CRASHES_MAX];
	unsigned n_crashes;
	unsigned n_short_starts; /* in a row that something was missing for */
	unsigned total_crashes;
	/* how often it was ended because it hung, each time soon after the last */
	unsigned n_hangs;
	uint64_t last_hang_ns;
	struct registry_deadline check_in; /* while it starts */
	struct loop_timer timer;	   /* for its end, or end of the rest */
	/* services to be matched when it may start again: entry IDs */
	uint64_t *rematch;
	size_t n_rematch, rematch_capacity;
	struct map is_rematched; /* ID -> not NULL: it is among them */
};

/* Find or make. NULL: no memory. */
struct registry_server *registry_server_need(struct registry *registry, const char *name);
struct registry_server *registry_server_find(const struct registry *registry, const char *name);
/* Start it when it is idle. The state tells the outcome: STARTING or UP; or why not. */
void registry_server_start(struct registry_server *server);
/* A provider greeted as NAME with TOKEN. kIOReturnExclusiveAccess: another one is that server.
 * RET_SERVER is NULL for providers that are none of ours. */
IOReturn registry_server_check_in(struct registry_peer *peer, const char *name, uint64_t token,
				  struct registry_server **ret_server);
/* The host of a server has confined itself. Below what its bundles demand it is not used. */
void registry_server_confined(struct registry_server *server, const struct wire_confined *confined);
/* False: the host of SERVER was started before that bundle was there and cannot read it. It is told to
 * end, and another one is started for what is remembered. */
bool registry_server_can_read(struct registry_server *server, const char *bundle);
/* The connection of its process has ended. */
void registry_server_lost(struct registry_server *server);
/* The connection made for a provider that was being started ended before it greeted. */
void registry_server_unstarted(struct registry_server *server);
/* Match the service again when the server may start again. */
void registry_server_remember(struct registry_server *server, uint64_t service);
/* Kill its process, which hangs: one that does so often is quarantined. */
void registry_server_end_hung(struct registry_server *server);
/* End its process: politely (WIRE_SHUTDOWN) or by force. */
void registry_server_retire(struct registry_server *server);
void registry_server_kill(struct registry_server *server);
/* The last registry has quarantined the host NAME. */
void registry_server_quarantine(struct registry *registry, const char *name);
/* Forget crashes and quarantine. */
void registry_server_pardon(struct registry_server *server);
/* End all processes and free all servers. */
void registry_servers_fini(struct registry *registry);
const char *registry_server_state_name(const struct registry_server *server);

/* Start PROGRAM with "--server NAME --token N --registry-fd 3 [--socket PATH] [MORE...]" (the bridge:
 * without --server; MORE may be NULL). SOCKET is taken. It has a constructed environment and no other descriptors. DETACHED:
 * it is no child of this process, whose own waiting and SIGCHLD never see it. */
err_t registry_spawn(const char *program, const char *server, uint64_t token, int socket,
		     const char *socket_path, char *const *more, bool detached, pid_t *ret_pid,
		     int *ret_pidfd);
