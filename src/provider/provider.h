// SPDX-License-Identifier: MIT
/*
 * The link of one provider (driver host, bridge, fixture) to the registry, and
 * the mirror of what it has published.
 *
 * Single-threaded: everything is called on the loop's thread, callbacks come
 * from the loop. Nothing here blocks. When the registry goes and a socket path
 * is known, the link reconnects (for PROVIDER_RECONNECT_NS); with a listener
 * it waits for the next registry to connect. Then it publishes the mirror again under the same entry IDs; changes made meanwhile are part of
 * the mirror, so callers need not care whether the registry is there.
 *
 * A child may be published before its parent's ID is known: it is sent when
 * the ID arrives. Any number may be published or terminated at once: what the
 * registry has not answered for is limited, the rest waits its turn here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/err.h"
#include "base/loop.h"
#include "wire/frame.h"
#include "wire/publish.h"

#define PROVIDER_RECONNECT_NS (10ull * 1000 * 1000 * 1000)

struct provider;
struct provider_entry;

struct provider_ops {
	/* A request of the registry (WIRE_PROBE, WIRE_START, WIRE_OPEN_CLIENT, ...). The frame is
	 * borrowed; take its descriptors and keep its header for provider_reply. A negative errno
	 * ends the connection as malformed. NULL: every request is answered unsupported. */
	err_t (*request)(void *context, struct wire_frame *frame);
	/* Greeting done; AGAIN after a reconnection (the mirror has been sent). May be NULL. */
	void (*connected)(void *context, bool again);
	/* Once: WIRE_SHUTDOWN came (ERR 0), or the registry went and did not come back, or
	 * refused us. Called from the loop; the provider may be freed in it. */
	void (*ended)(void *context, err_t err);
};

struct provider_config {
	struct loop *loop;
	const char *name;	 /* IOUserServerName, "bridge", ... (copied) */
	uint64_t token;		 /* as the registry gave it on the command line; else 0 */
	int socket;		 /* taken; -1: connect to socket_path */
	const char *socket_path; /* copied; NULL: no reconnection */
	/* Borrowed; 0: none. Where the next registry connects, to a provider that may not connect itself.
	 * Only the uid that the first one had, or root, is listened to. */
	int listener;
	const struct wire_confined
		*confined; /* said after each greeting (borrowed); NULL: nothing */
	const struct provider_ops *ops;
	void *context;
};

/* Greets at once; later calls are queued behind the greeting. Takes config->socket on success and
 * failure. */
err_t provider_new(const struct provider_config *config, struct provider **ret_provider);
/* Frees all entries. NULL is accepted; returns NULL. Not from inside `request` or `connected`. */
struct provider *provider_free(struct provider *provider);
bool provider_is_connected(const struct provider *provider);

/* Who opened a user client: each registry after the one that knows it is told. */
struct provider_opener {
	uint32_t pid, uid;
	const char *process; /* NULL: nobody did, or it is not known */
};

struct provider_description {
	struct provider_entry *parent; /* NULL: parent_id says where */
	uint64_t parent_id;	       /* 0: the machine node */
	uint32_t flags;		       /* WIRE_PUBLISH_* */
	const char *plane;	       /* NULL or "": IOService */
	const char *class_name;
	const char *name;	       /* NULL or "": the class name */
	const char *location;	       /* NULL or "": none */
	CFDictionaryRef properties;    /* copied; may be NULL */
	struct provider_opener opener; /* copied */
	void *context;		       /* for provider_entry_context */
	/* The registry has answered (may be NULL): ID, or 0 when it refused. Once, from the loop.
	 */
	void (*published)(void *context, struct provider_entry *entry, uint64_t id);
};

/* Publish a new entry; texts and properties are copied. -ENOMEM; -EMSGSIZE: the properties are more
 * than one message carries. */
err_t provider_publish(struct provider *provider, const struct provider_description *description,
		       struct provider_entry **ret_entry);
/* Mirror an entry that the registry has made itself for us (a started driver, a user client), with the PROOF
 * that it came with. */
err_t provider_adopt(struct provider *provider, uint64_t id, uint64_t proof,
		     const struct provider_description *description,
		     struct provider_entry **ret_entry);
/* Drop the mirror of an entry (the registry has terminated it); children of it are kept, their
 * parent stays known by its ID. NULL is accepted. */
void provider_forget(struct provider_entry *entry);
/* NULL when unknown. */
struct provider_entry *provider_find(struct provider *provider, uint64_t id);
uint64_t provider_entry_id(const struct provider_entry *entry); /* 0: not known yet */
void *provider_entry_context(const struct provider_entry *entry);

err_t provider_register(struct provider_entry *entry, uint32_t options);
/* Terminate and forget. */
void provider_terminate(struct provider_entry *entry, uint32_t options);
/* Remember that the entry is registered, for a reconnection, without telling the registry. */
void provider_note_registered(struct provider_entry *entry, uint32_t options);
/* Have the registry terminate the entry and lead us through the phases (WIRE_RETIRE); the entry stays until
 * provider_forget. -ENOTCONN: there is no registry. */
err_t provider_retire(struct provider_entry *entry, uint32_t options);
/* SET: dictionary; REMOVE, LIVE: arrays of keys; each may be NULL. */
err_t provider_update(struct provider_entry *entry, CFDictionaryRef set, CFArrayRef remove,
		      CFArrayRef live);
err_t provider_rename(struct provider_entry *entry, const char *plane, const char *name,
		      const char *location);
/* A further parent, in any plane; or undo it. PARENT's ID must be known. DONE (may be NULL) hears the
 * registry's status, once, perhaps before this returns; not on a returned error. */
typedef void (*provider_done_fn)(void *context, int32_t status);
err_t provider_attach(struct provider_entry *entry, uint64_t parent, const char *plane, bool detach,
		      provider_done_fn done, void *context);
/* messageClients of an entry. SIZE 0: the value ARGUMENT itself. EXCEPT: a client that is not told, or 0. */
err_t provider_message(struct provider_entry *entry, uint32_t type, uint64_t argument,
		       const void *data, size_t size, uint64_t except);
err_t provider_adjust_busy(struct provider_entry *entry, int32_t delta);

/* The machine node "IOService:/" (the bridge only). Remembered for a reconnection. */
err_t provider_update_machine(struct provider *provider, CFDictionaryRef set, CFArrayRef remove);
err_t provider_rename_machine(struct provider *provider, const char *name);
/* Class name -> superclass name, and those that answer WIRE_MATCH_TABLE (or NULL); remembered for a
 * reconnection. */
err_t provider_declare_classes(struct provider *provider, CFDictionaryRef classes,
			       CFArrayRef hooked);
err_t provider_publish_resource(struct provider *provider, const char *key, CFTypeRef value);

/* Send a message that is no request. 0 when away. */
err_t provider_send(struct provider *provider, const struct wire_layout *layout,
		    const void *message);
/* Ask the registry. FN is called once, from the loop, with -EPIPE when it goes without an answer; not on
 * a returned error (-ENOTCONN: it is not there). */
err_t provider_ask(struct provider *provider, const struct wire_layout *layout, const void *message,
		   void (*fn)(void *context, err_t err, struct wire_frame *frame), void *context);
/* FN is called once the registry has handled everything that was sent until now, or has gone. */
err_t provider_settle(struct provider *provider, void (*fn)(void *context), void *context);

/* Answer a request. After a reconnection the old requests are gone: the answer is dropped. */
err_t provider_reply(struct provider *provider, const struct wire_header *request,
		     const struct wire_layout *layout, int32_t status, const void *message,
		     const int *fds, size_t n_fds);
/* Counts connections: lets a caller that answers later see that its request is gone. */
uint64_t provider_epoch(const struct provider *provider);
