// SPDX-License-Identifier: MIT
/*
 * What stands behind handles. A handle is a send right to an object port;
 * registry entries, iterators and notifiers are objects, connections a kind of
 * their own (connect.h).
 *
 * There is one client_entry for each registry entry that this process knows,
 * found by ID, so that the same service always has the same name. It counts
 * what the registry granted and gives all of it back when nothing here refers
 * to the entry any more.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#include "base/list.h"
#include "base/ref.h"
#include "port/port.h"
#include "wire/message.h"

enum { CLIENT_KIND_OBJECT = 1, CLIENT_KIND_CONNECT = 2, CLIENT_KIND_MAIN = 3 };

enum client_object_type { CLIENT_OBJECT_ENTRY, CLIENT_OBJECT_ITERATOR, CLIENT_OBJECT_WATCH };

struct client_object {
	enum client_object_type type;
	atomic_uint refs;  /* entries: the last one is dropped under the table's lock */
	atomic_bool named; /* not entries: a reference is held for the handles */
	struct port *port; /* NULL until it has a name */
	void (*free)(struct client_object *object); /* not for entries */
};

struct client_entry {
	struct client_object object;
	uint64_t id;
	uint32_t kinds;		/* WIRE_STATE_SERVICE, WIRE_STATE_USER_CLIENT */
	const char *class_name; /* the real class */
	struct client_class_text *class_text;
	/* under the table's lock */
	uint64_t grants, epoch;
	char *name;	/* of no plane; NULL: not known */
	uint64_t names; /* when it was: client_session_name_generation */
	uint64_t
		own_class; /* the same for that no IOClassNameOverride hides the class; 0: not known */
	bool named;	   /* a reference is held for the send rights of this process */
	bool dead;	   /* no longer in the table */
};

/* --- objects --- */

/* TYPE is not an entry. One reference. */
void client_object_init(struct client_object *object, enum client_object_type type,
			void (*free_fn)(struct client_object *object));
/* A first handle for a new object. The object lives as long as there are handles. */
err_t client_object_name(struct client_object *object, io_object_t *ret_name);
struct client_object *client_object_unref(struct client_object *object);
/* Its handles turn into dead names. The caller has a reference. */
void client_object_kill(struct client_object *object);

/* The object behind HANDLE, referenced. -ENOENT, -EINVAL (client_status_of_handle). */
err_t client_handle_object(io_object_t handle, struct client_object **ret_object);
/* -EINVAL also when it is no registry entry, or no service. */
err_t client_handle_entry(io_object_t handle, struct client_entry **ret_entry);
err_t client_handle_service(io_object_t handle, struct client_entry **ret_entry);

/* --- entries --- */

/* Take over the grant that came with ENTRY; the caller gets a reference. */
err_t client_handle_grant(const struct wire_entry *entry, uint64_t epoch,
			  struct client_entry **ret_entry);
/* The same, and its name and that it passes for no other class are remembered for as long as NAMES (client_session_name_generation from
 * before the question) is what that is. */
err_t client_handle_grant_named(const struct wire_entry *entry, uint64_t epoch, uint64_t names,
				struct client_entry **ret_entry);
/* It is known that the entry has no IOClassNameOverride. */
bool client_entry_has_own_class(struct client_entry *entry);
/* The name of no plane, if it is known and still right. */
bool client_entry_copy_known_name(struct client_entry *entry, io_name_t ret_name);
/* The same for a grant that came with other words; CLASS_NAME may be NULL when the entry is known. */
err_t client_handle_grant_id(uint64_t id, uint32_t state, const char *class_name, uint32_t n_grants,
			     uint64_t epoch, struct client_entry **ret_entry);
/* An entry that is known, referenced, or NULL. */
struct client_entry *client_handle_find(uint64_t id);
struct client_entry *client_entry_ref(struct client_entry *entry);
/* Accepts NULL, returns NULL. */
struct client_entry *client_entry_unref(struct client_entry *entry);
/* One more handle for the caller; 0 on failure. */
io_object_t client_entry_name(struct client_entry *entry);
/* Its port, made if need be, referenced; NULL on failure. */
struct port *client_entry_copy_port(struct client_entry *entry);

/* The entry's port is destroyed: handles become dead names. */
void client_handle_kill(uint64_t id);
/* All entries, referenced, in an allocated array (NULL and 0 on failure). What they were granted before
 * EPOCH is void: the registry that granted it has gone. */
struct client_entry **client_handle_reset_grants(uint64_t epoch, size_t *ret_count);
void client_handle_kill_all(void);

/* --- names --- */

/* kIOReturnSuccess when PORT is 0 or the main port. */
IOReturn client_handle_check_main_port(mach_port_t port);
/* TEXT cut to the length of an io_name_t; NULL gives "". */
const char *client_handle_cut_name(io_name_t storage, const char *text);

/* Around fork: object.c's. */
void client_main_port_lock(void);
void client_main_port_unlock(void);

/* Around fork, and in the child. */
void client_handle_lock(void);
void client_handle_unlock(void);
void client_handle_forget(void);
