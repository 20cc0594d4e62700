// SPDX-License-Identifier: MIT
/* The registry object and its peers, as the files of this folder see them. */
#pragma once

#include <sys/stat.h>

#include <IOKit/IOReturn.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "registry/audience.h"
#include "registry/catalogue.h"
#include "registry/denials.h"
#include "registry/entry.h"
#include "registry/grants.h"
#include "registry/registry.h"
#include "wire/message.h"
#include "wire/peer.h"
#include "wire/tray.h"

/* Of clients and providers, to one that does not answer. */
enum { REGISTRY_QUESTIONS_MAX = 8 * 1024 };

/* Answers to live properties, writes and opens. */
#define REGISTRY_READ_TIMEOUT_NS (5ull * 1000 * 1000 * 1000)
#define REGISTRY_OPEN_TIMEOUT_NS (60ull * 1000 * 1000 * 1000)
/* A stop may take as long as Darwin's synchronous termination waits. */
#define REGISTRY_STOP_TIMEOUT_NS (15ull * 1000 * 1000 * 1000)
/* What met no memory is tried again. */
#define REGISTRY_AGAIN_NS (100ull * 1000 * 1000)
/* After a restart hosts have this long to come back before new ones are started. */
#define REGISTRY_RETURN_NS (1000ull * 1000 * 1000)

enum { REGISTRY_PROOF_KEY = 32 }; /* bytes */

struct registry_server;

enum registry_event {
	REGISTRY_EVENT_PUBLISH,
	REGISTRY_EVENT_FIRST_PUBLISH,
	REGISTRY_EVENT_MATCHED,
	REGISTRY_EVENT_FIRST_MATCH,
	REGISTRY_EVENT_TERMINATED,
	REGISTRY_EVENT_WILL_TERMINATE,
	REGISTRY_EVENTS
};

struct registry {
	struct loop *loop;
	/* configuration */
	char *socket_path, *host_program, *bridge_program, *units_folder;
	unsigned generation, sandbox_tier;
	err_t (*start_provider)(void *context, const char *server_name, uint64_t token, int socket);
	void (*has_link)(void *context, int socket);
	void *start_context;
	void (*stop)(void *context);
	void (*restart)(void *context);
	void *stop_context;
	bool no_administrator, all_users, hosts_are_children, is_ending;
	/* what everybody makes us keep, against the limits */
	struct accounts accounts;
	struct account own; /* what belongs to the session, not to a peer */
	char *limits;	    /* those that are not the defaults, for hosts */
	/* what there is */
	struct registry_tree tree;
	struct registry_catalogue catalogue;
	struct registry_grants *grants; /* the grant files */
	struct registry_denials denials;
	struct list servers;   /* struct registry_server */
	struct list jobs;      /* struct registry_match_job */
	struct map candidates; /* number -> struct registry_candidate */
	uint64_t last_candidate;
	struct list stops;	      /* struct registry_stop_job */
	struct loop_timer owed_timer; /* ends that met no memory (terminate.c) */
	struct list registrations;    /* who waits for the end of a matching (lifecycle.c) */
	uint64_t last_stop;	      /* questions asked for them */
	struct map asked; /* question -> struct registry_stop_job that waits for its answer */
	/* terminations that wait for each other (terminate.c) */
	struct map blocked; /* victim that others stand on -> its struct registry_stop_job */
	struct list woken;  /* those whose others have gone */
	struct loop_timer woken_timer;
	uint64_t n_removed;
	/* peers */
	int listener;
	struct stat place;     /* the socket's, when it was made */
	struct list lingering; /* struct lingering: ended with unread answers (linger.c) */
	struct loop_timer linger_timer;
	struct list
		left; /* what has ended and whoever holds it has not been charged for (peer.c) */
	struct loop_timer left_timer;
	struct list peers, strangers; /* strangers: those of them that have not greeted */
	uint64_t last_session;
	uint64_t last_walk;  /* marks of recursive walks */
	uint64_t last_event; /* of which subscriptions are told */
	/* notifications */
	struct map subscriptions; /* number -> struct registry_subscription */
	struct map orphans;	  /* ID of who has not come back yet -> list of struct orphan */
	uint64_t last_subscription;
	struct registry_audience audiences[REGISTRY_EVENTS]; /* matching subscriptions */
	struct list fired;		/* subscriptions whose notice is still to be sent */
	struct loop_timer notice_timer; /* those that met no memory */
	CFArrayRef console_users;	/* given by root or a file; NULL: logind knows */
	uint32_t console_seed;
	CFArrayRef console_seen; /* what logind said at console_seen_ns; NULL: nothing yet */
	uint64_t console_seen_ns;
	/* status page */
	struct wire_status_page *page;
	int page_fd; /* for reading */
	struct loop_timer return_timer, accept_timer;
	struct loop_timer heartbeat;
	unsigned heartbeat_ms;
	struct loop_timer rematch_timer; /* matching that met no memory (bind.c) */
	struct loop_timer pump_timer; /* matching that waits for a host to hear what it was told */
	bool is_returning;	      /* hosts of the last generation may still come back */
	size_t n_expected;	      /* that have been found and have not said everything (door.h) */
	bool is_awaited;	      /* and somebody waits for what is started after that */
	bool has_home;		      /* the folder for hosts is this registry's (home.h) */
	bool has_proofs;	      /* the key is this session's (proof.h) */
	uint8_t proof_key[REGISTRY_PROOF_KEY];
};

/* For a second after a restart no host is started. Not quiet before that is over: what was asked for now is
 * started then. */
void registry_await_return(struct registry *registry);

/* One connection: a client, or a provider. */
struct registry_peer {
	struct registry *registry;
	struct list link;
	struct list in_strangers;	/* until it has greeted */
	bool is_late;			/* with its greeting */
	bool is_expected;		/* the door stays closed until it has returned, for a moment */
	char title[WIRE_NAME_MAX + 16]; /* in log lines */
	struct loop_timer greeting_timer;
	struct wire_peer *wire;
	struct registry_subject subject;
	pid_t shown_pid; /* what it says itself where the socket pair is of our own making */
	uint64_t session;
	uint32_t role; /* enum wire_role; 0: has not greeted */
	char name[WIRE_NAME_MAX + 1];
	struct account account;
	struct list deferred; /* requests that are answered later */
	/* client */
	struct map grants;     /* entry ID -> its holds (peer.c) */
	struct map authorized; /* entry ID -> not NULL: IOServiceAuthorize has succeeded */
	struct map inlets;     /* number -> struct registry_inlet */
	struct list subscriptions;
	uint64_t event, event_steps; /* left of its dictionaries' steps (match.h) at that event */
	struct list rests;	     /* struct registry_rest */
	struct wire_tray_reader tray;
	/* provider */
	bool keeps_accounts;		  /* it answers WIRE_LIMITS */
	struct registry_server *server;	  /* NULL: not started by us */
	struct registry_server *starting; /* whom the connection was made for; NULL once greeted */
	char *waits_as;	     /* we have connected to it: the server it was to an earlier registry */
	struct list entries; /* owned */
	uint64_t told;	     /* mark of what it was told last (terminate.c) */
	int64_t resource_bytes; /* that it has added to IOResources, without a server */
	int32_t busy_lent;	/* what it has made the machine busier, and owes back */
	/* its end */
	struct loop_timer end_timer;
	size_t end_cursor; /* in the grants */
};

/* --- peers (peer.c) -- */

/* "client NAME (pid N)" for log lines. */
const char *registry_peer_name(const struct registry_peer *peer);
/* Takes SOCKET. STARTING: the server that is to greet on it, or NULL. -ENOSPC: over a limit. */
err_t registry_peer_new(struct registry *registry, int socket, struct registry_server *starting);
/* As log_warning, unless the peer has caused too many lines already. */
void registry_peer_warn(struct registry_peer *peer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void registry_peers_init(struct registry *registry);
void registry_peer_free(struct registry_peer *peer);
/* A message waits for PEER to read, through its connection or one of its inlets; IS_ALONE: nothing else
 * waits there, so that it may be larger than the limit. False: over the limit. */
bool registry_peer_keep(struct registry_peer *peer, size_t bytes, size_t n_fds, bool is_alone);
/* May a message of BYTES go to PEER because somebody else wants it to? Half of what may wait for it is for
 * what the registry has to say itself: others are refused in time, before it would be cut off for them. */
bool registry_peer_takes(const struct registry_peer *peer, uint64_t bytes);
/* May it also be asked something? What is asked is kept until it answers, however long that takes and whether
 * the one who wanted to know is still there. */
bool registry_peer_may_be_asked(const struct registry_peer *peer, uint64_t bytes);
/* It has been sent or dropped. */
void registry_peer_kept(struct registry_peer *peer, size_t bytes, size_t n_fds);
/* The same for a host of an earlier registry, to which it was SERVER. */
err_t registry_peer_new_waiting(struct registry *registry, int socket, const char *server);
/* Give CLIENT one hold on ENTRY. False: over the limit or no memory. */
bool registry_peer_grant(struct registry_peer *client, struct registry_entry *entry);
/* The next entry that CLIENT holds; CURSOR begins with 0. NULL: that was all. */
struct registry_entry *registry_peer_next_held(const struct registry_peer *client, size_t *cursor);
/* Take COUNT holds back; more than there are is -EINVAL and takes none. */
err_t registry_peer_release(struct registry_peer *client, uint64_t id, uint64_t count);
/* The entry ID, which CLIENT need not hold; NULL when unknown. */
struct registry_entry *registry_peer_find(struct registry_peer *peer, uint64_t id);
/* The status when ENTRY, that a client has asked about, is not what it should be: NULL is one that an earlier
 * registry had, or another session. */
IOReturn registry_peer_refusal(const struct registry_entry *entry);
/* Answer without a message. */
err_t registry_peer_status(struct registry_peer *peer, const struct wire_header *request,
			   IOReturn status);
/* Make PEER the owner of ENTRY, with a reference. False: over the limit. */
bool registry_peer_own(struct registry_peer *peer, struct registry_entry *entry);
extern const struct registry_tree_ops registry_peer_tree_ops;
/* May as many BYTES be added to the properties of ENTRY, by PEER? A single message may take more than it
 * says: what there is then counts. */
bool registry_peer_may_store(struct registry_peer *peer, const struct registry_entry *entry,
			     uint64_t bytes);
/* The class or plane of that name, which PEER may make: -ENOSPC: it has made enough, and what else
 * registry_class_need and registry_plane_need say. */
err_t registry_peer_need_class(struct registry_peer *peer, const char *name, const char *fallback,
			       struct registry_class **ret_class);
err_t registry_peer_need_plane(struct registry_peer *peer, const char *name,
			       struct registry_plane **ret_plane);
/* As registry_class_declare_all. */
err_t registry_peer_declare(struct registry_peer *peer, CFTypeRef classes);
/* Drop the owner's reference. */
void registry_peer_disown(struct registry_entry *entry);

/* One request message and who handles it. MESSAGE is decoded and cleared by the caller. */
struct registry_handler {
	const struct wire_layout *layout;
	err_t (*handle)(struct registry_peer *peer, struct wire_frame *frame, void *message);
};
/* Find, decode, handle, clear. -EBADMSG: not in the table, or malformed. */
err_t registry_peer_dispatch(struct registry_peer *peer, struct wire_frame *frame,
			     const struct registry_handler *handlers, size_t n);

/* What the faces offer (client_face.c and friends, provider_face.c, control_face.c). */
err_t registry_client_message(struct registry_peer *peer, struct wire_frame *frame);
err_t registry_provider_message(struct registry_peer *peer, struct wire_frame *frame);
extern const struct registry_handler registry_browse_handlers[];
extern const size_t registry_n_browse_handlers;
extern const struct registry_handler registry_query_handlers[];
extern const size_t registry_n_query_handlers;
extern const struct registry_handler registry_control_handlers[];
extern const size_t registry_n_control_handlers;
extern const struct registry_handler registry_catalogue_handlers[];
extern const size_t registry_n_catalogue_handlers;
extern const struct registry_handler registry_policy_handlers[];
extern const size_t registry_n_policy_handlers;
/* Property dictionary of the root with everything that is computed at each read; NULL: no memory. */
CFDictionaryRef registry_root_copy_properties(struct registry *registry);
