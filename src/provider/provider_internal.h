// SPDX-License-Identifier: MIT
/* Shared inside the folder: the link (session.c) and the mirror (publish.c). */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "provider/provider.h"
#include "wire/bag.h"
#include "wire/peer.h"

enum provider_state {
	PROVIDER_GREETING, /* WIRE_HELLO is on its way */
	PROVIDER_CONNECTED,
	PROVIDER_AWAY, /* the registry has gone; trying again */
	PROVIDER_ENDED,
};

struct provider {
	/* identity */
	struct loop *loop;
	char *name, *socket_path;
	int listener; /* -1: none */
	uid_t registry_uid;
	const struct wire_confined *confined;
	uint64_t token;
	const struct provider_ops *ops;
	void *context;

	/* link */
	enum provider_state state;
	struct wire_peer *peer;
	bool was_connected;
	uint64_t epoch;
	uint64_t give_up_ns;
	struct loop_timer retry;
	err_t end_reason;

	/* mirror */
	struct list entries;   /* parents first */
	struct list forgotten; /* entries that only wait for their turn, or for an answer */
	struct map by_id;
	CFMutableDictionaryRef classes, machine, resources;
	CFMutableArrayRef hooked; /* of the classes; may be NULL */
	char *machine_name;

	/* traffic: few requests at a time are on their way, the others wait here */
	struct list waiting;	 /* by turn: whose next message is to be sent */
	struct list in_flight;	 /* first publications without an answer */
	struct list to_retire;	 /* by turn: whose end is to be asked for */
	struct loop_timer again; /* for turns that met no memory */
	size_t n_retiring;	 /* that are on their way through it: few, their host does it */
	struct list settling;	 /* who wants to know when nobody waits any more */
	size_t n_awaited;	 /* answers */
	bool is_returning;	 /* after a reconnection: registrations wait for all publications */
	bool owes_returned;	 /* and the registry waits to hear that they are over, too */
};

/* The turns that are left, in a while. */
void provider_turns_again(void *provider);

/* A further parent or a name in a plane, remembered for re-publishing. */
struct provider_link {
	struct list link;
	uint64_t parent; /* attachments */
	char *plane;
	char *name, *location; /* names */
};

enum { PROVIDER_WINDOW = 512 }; /* requests that wait for their answers */

struct provider_entry {
	struct provider *provider;
	struct list link;	       /* entries, or forgotten */
	struct list turn;	       /* waiting, or in_flight */
	struct list children, sibling; /* that wait for this one's ID; among them */
	void *context;
	void (*published)(void *context, struct provider_entry *entry, uint64_t id);

	/* what was published */
	uint64_t id;		       /* 0: not known yet */
	uint64_t proof;		       /* that it is ours */
	struct provider_entry *parent; /* only while the parent's ID is unknown */
	uint64_t parent_id;
	uint32_t flags;
	const char *plane, *class_name, *name, *location; /* in texts */
	struct provider_opener opener;			  /* its text in texts, too */
	struct wire_bag properties;
	CFMutableArrayRef live, removed; /* may be NULL */
	struct list attachments, names;
	int32_t busy; /* as the registry counts it */

	/* progress */
	bool unpublished; /* the registry of this connection has not been told of it */
	bool sent;	  /* WIRE_PUBLISH of a new entry is on its way */
	bool dirty;	  /* properties changed since */
	bool registered, register_sent;
	bool forgotten;
	bool terminate_wanted;
	bool retiring;	  /* the registry has been asked to lead it through its end */
	bool retire_sent; /* on this connection */
	uint32_t register_options, terminate_options;
	char texts[];
};

bool provider_is_online(const struct provider *provider);
void provider_link_free(struct provider_link *link);
/* Without a word to anybody. NULL is accepted. */
void provider_entry_free(struct provider_entry *entry);
/* What waits for its ID hears that it will not come, then it is freed. */
void provider_entry_remove(struct provider_entry *entry);
/* Nobody refers to ENTRY any more; it stays until its last message or answer. */
void provider_entry_set_forgotten(struct provider_entry *entry);
/* The encoded properties: as they are kept, or made in ROOM. -EMSGSIZE, -ENOMEM. */
err_t provider_entry_pack(const struct provider_entry *entry, struct bytes *room,
			  struct wire_bytes *ret);
/* True when messages about ENTRY can be sent now; else what they say is part of its publication. */
bool provider_entry_is_known(const struct provider_entry *entry);
/* Its publication or, once forgotten, termination is sent when the window allows. */
void provider_entry_wait_turn(struct provider_entry *entry);
void provider_entry_send_register(struct provider_entry *entry);
/* Its end is asked for when the window allows. */
void provider_entry_retire(struct provider_entry *entry);
/* Send what waits for the connection: everything again after a reconnection. */
void provider_mirror_send(struct provider *provider, bool again);
/* Nobody waits for a turn any more: ask for those who want to know when that is done. */
void provider_settle_waiting(struct provider *provider);
/* The connection has gone: unanswered publications have to be sent again. */
void provider_mirror_lost(struct provider *provider);
/* The end: who waits for an ID hears that it will not come. */
void provider_mirror_abandon(struct provider *provider);
void provider_mirror_free(struct provider *provider);
/* Send without caring about the answer; 0 when away (the mirror is sent later). */
err_t provider_post(struct provider *provider, const struct wire_layout *layout,
		    const void *message);
