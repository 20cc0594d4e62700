// SPDX-License-Identifier: MIT
/* Shared inside the folder: the link (session.c) and the mirror (publish.c). */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "provider/provider.h"
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
	struct list entries; /* parents first */
	struct map by_id;
	CFMutableDictionaryRef classes, machine, resources;
	char *machine_name;
};

/* A further parent or a name in a plane, remembered for re-publishing. */
struct provider_link {
	struct list link;
	uint64_t parent; /* attachments */
	char *plane;
	char *name, *location; /* names */
};

struct provider_entry {
	struct provider *provider;
	struct list link;
	void *context;
	void (*published)(void *context, struct provider_entry *entry, uint64_t id);

	/* what was published */
	uint64_t id;		       /* 0: not known yet */
	struct provider_entry *parent; /* only while the parent's ID is unknown */
	uint64_t parent_id;
	uint32_t flags;
	char *plane, *class_name, *name, *location;
	CFMutableDictionaryRef properties;
	CFMutableArrayRef live, removed; /* may be NULL */
	struct list attachments, names;

	/* progress */
	bool sent;  /* WIRE_PUBLISH of a new entry is on its way */
	bool dirty; /* properties changed since */
	bool registered;
	bool forgotten; /* freed when the answer comes */
	bool terminate_wanted;
	uint32_t register_options, terminate_options;
};

/* Send what waits for the connection: everything again after a reconnection. */
void provider_mirror_send(struct provider *provider, bool again);
/* The connection has gone: unanswered publications have to be sent again. */
void provider_mirror_lost(struct provider *provider);
/* The end: who waits for an ID hears that it will not come. */
void provider_mirror_abandon(struct provider *provider);
void provider_mirror_free(struct provider *provider);
/* Send without caring about the answer; 0 when away (the mirror is sent later). */
err_t provider_post(struct provider *provider, const struct wire_layout *layout,
		    const void *message);
