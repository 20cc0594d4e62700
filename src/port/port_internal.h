// SPDX-License-Identifier: MIT
/*
 * The port object, names, rights and messages, as the files of this folder
 * share them.
 *
 * One lock guards everything: the name table, all ports, all queues. Functions
 * called *_locked need it. What must run without it (no_senders callbacks,
 * freeing of messages and ports) is put off: port_unlock does it after letting
 * go of the lock.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/list.h"
#include "base/ref.h"
#include "port/port.h"

enum {
	PORT_UREFS_MAX = 65535,
	PORT_KERNEL_QUEUE_MAX = 65534, /* messages, whoever sends */
	PORT_MESSAGE_MAX = 64 * 1024 * 1024, /* bytes */
	PORT_DESCRIPTORS_MAX = 1024, /* in one message */
};

struct port {
	struct ref ref;
	struct list all; /* in the list of all ports, for fork */
	bool dead;
	bool is_set;
	mach_port_name_t name; /* of send and receive right or set, 0: none */

	/* rights */
	bool has_receive; /* the receive right is under NAME */
	uint64_t n_senders; /* urefs and send rights in messages */
	uint64_t n_once;
	mach_port_mscount_t mscount;
	struct list once_names;

	/* object ports */
	uint32_t kind;
	void *object;
	const struct port_object_ops *ops;
	bool no_senders_pending;
	bool telling; /* ops->no_senders runs on thread TELLER */
	pthread_t teller;
	struct list pending; /* in the list of put-off work */

	/* receiving */
	struct list queue;
	unsigned n_queued, queue_limit;
	mach_port_seqno_t seqno;
	struct list inlets;
	bool inlets_next; /* whose turn it is: fairness between queue and inlets */
	pthread_cond_t readable, writable;
	int epoll_fd, event_fd; /* -1 until somebody needs them */
	bool event_is_set;
	struct list memberships; /* struct port_member */
	mach_port_context_t context;

	struct port *no_senders_request; /* send-once right, referenced */
};

/* A receive right in a set. */
struct port_member {
	struct list of_port, of_set; /* of_set hangs in the set's queue field */
	struct port *port, *set;
};

struct port_name {
	mach_port_name_t name;
	mach_port_type_t type; /* SEND, RECEIVE, SEND_ONCE, PORT_SET or DEAD_NAME bits */
	unsigned urefs; /* of the send right or dead name */
	struct port *port; /* referenced; NULL for dead names */
	struct list once; /* in port->once_names */
	struct port *dead_request; /* send-once right for a dead-name notification */
};

/* A right on its way. port NULL: a dead name or no right. */
struct port_right {
	struct port *port;
	mach_msg_type_name_t disposition; /* MOVE_SEND, MOVE_SEND_ONCE, MOVE_RECEIVE or 0 */
	bool dead; /* the sender named a dead right */
	uint32_t offset; /* of the name inside the message */
};

struct port_memory {
	uint32_t offset; /* of the descriptor inside the message */
	void *address;
	size_t size;
};

struct port_message {
	struct list link;
	struct port_right remote; /* reply right */
	struct port_right *rights;
	size_t n_rights;
	struct port_memory *memory;
	size_t n_memory;
	mach_port_seqno_t seqno;
	mach_msg_size_t size;
	unsigned char data[] __attribute__((aligned(8)));
};

struct port_inlet {
	struct list link; /* in port->inlets */
	struct port *port;
	int socket;
	const struct port_inlet_ops *ops;
	void *context;
	bool busy, removed;
};

/* name_table.c */
void port_lock(void);
/* Let go of the lock and do what was put off. */
void port_unlock(void);
/* Until no no_senders callback of PORT runs on another thread. */
void port_await_no_senders_locked(struct port *port);
/* Wait on a condition of a port; UNTIL is CLOCK_MONOTONIC or NULL. 0 or ETIMEDOUT. */
int port_wait_locked(pthread_cond_t *condition, const struct timespec *until);
void port_put_off_message_locked(struct port_message *message);
void port_put_off_unref_locked(struct port *port);
struct port_name *port_name_find_locked(mach_port_name_t name);
/* A new name for PORT (NULL: dead name); -ENOMEM. */
err_t port_name_new_locked(struct port *port, mach_port_type_t type, struct port_name **ret);
void port_name_free_locked(struct port_name *n);
/* One send right more for PORT under its name (makes the name when there is none). */
err_t port_add_send_uref_locked(struct port *port, struct port_name **ret);
bool port_name_is_all_gone_locked(struct port_name *n);
struct port_name *port_name_next_locked(size_t *cursor);
size_t port_name_count_locked(void);

/* object.c */
err_t port_new_locked(struct port **ret);
/* One send right less; the last one is told to the owner. */
void port_drop_sender_locked(struct port *port);
void port_drop_once_locked(struct port *port, bool notify);
void port_kill_locked(struct port *port);

/* right.c: taking rights out of names and putting them back */
/* DISPOSITION applied to NAME. KERN codes: KERN_INVALID_NAME, KERN_INVALID_RIGHT,
 * KERN_INVALID_VALUE (no such disposition). */
kern_return_t port_copyin_locked(mach_port_name_t name, mach_msg_type_name_t disposition,
				 struct port_right *ret);
mach_port_name_t port_copyout_locked(struct port_right *right);
void port_right_release_locked(struct port_right *right);

/* queue.c */
void port_message_release_locked(struct port_message *message);
/* Append; the caller has checked limits. */
void port_enqueue_locked(struct port *port, struct port_message *message);
struct port_message *port_dequeue_locked(struct port *port);
/* A message that the library itself sends about a right: port destroyed, no senders, ... */
void port_notify_locked(struct port *once, mach_msg_id_t id, const void *body, size_t size);

/* descriptor.c */
err_t port_need_descriptor_locked(struct port *port);
void port_update_event_locked(struct port *port);
void port_close_descriptors_locked(struct port *port);

/* inlet.c */
void port_remove_inlets_locked(struct port *port, struct list *removed);
void port_finish_inlets(struct list *removed);
/* Try the inlets of PORT once round. The lock is dropped while a callback runs. NULL: nothing. */
struct port_message *port_receive_inlets_locked(struct port *port);

/* set.c */
void port_leave_sets_locked(struct port *port);
void port_empty_set_locked(struct port *set);

/* receive.c */
/* Wait for a message on a receive right or set. PORT is referenced by the caller. TIMEOUT_NS
 * UINT64_MAX: for ever. MEMBER gets the port it came from (referenced). */
mach_msg_return_t port_receive_locked(struct port *port, uint64_t timeout_ns, size_t room,
				      bool keep_large, struct port_message **ret_message,
				      struct port **ret_member, mach_msg_size_t *ret_large);
