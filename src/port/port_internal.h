// SPDX-License-Identifier: MIT
/*
 * Ports, names, rights and messages as the files of this folder share them.
 *
 * One lock guards the name table, all ports and all queues; functions called
 * *_locked need it. What must run without it (no_senders and removed
 * callbacks) and what could recurse without end (destroying messages that
 * carry receive rights) is put off and done by port_unlock.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/list.h"
#include "base/ref.h"
#include "port/port.h"

enum {
	PORT_UREFS_MAX = 65535,
	PORT_QUEUE_MAX = 65534,	     /* messages in a queue, whoever sends */
	PORT_MESSAGE_MAX = 64 << 20, /* bytes of one message, without out-of-line memory */
	PORT_RIGHTS_MAX = 65536,     /* in one message */
};

#define PORT_FOREVER UINT64_MAX

/* Kinds of object ports that are the slice's own; its users count from 1. */
enum {
	PORT_KIND_TASK = 0x80000000,
	PORT_KIND_HOST,
	PORT_KIND_BOOTSTRAP,
	PORT_KIND_CLOCK,
	PORT_KIND_SEMAPHORE,
	PORT_KIND_THREAD,
};

struct port {
	struct ref ref;
	struct list all; /* all ports of the process, for fork */
	bool is_set, dead;
	bool has_receive;      /* the receive right (or set) stands under NAME */
	mach_port_name_t name; /* of send right, receive right or set; 0: none */
	uint64_t n_senders;    /* urefs, and send rights in messages */
	uint64_t n_once;       /* send-once rights under names, in messages and requests */
	mach_port_mscount_t mscount;
	struct list once_names;				     /* port_name.once */
	struct port *no_senders_request, *destroyed_request; /* send-once rights */

	/* object ports */
	uint32_t kind; /* 0: an ordinary port */
	void *object;
	const struct port_object_ops *ops;
	struct list pending;	  /* in the list of put-off no_senders calls */
	bool telling, tell_again; /* no_senders runs, on this thread: */
	pthread_t teller;

	/* receiving */
	struct list queue;
	unsigned n_queued, queue_limit;
	mach_port_seqno_t seqno;
	uint64_t epoch;	      /* changes when the receive right goes: waiters give up */
	struct port *carrier; /* the port whose queue holds the message with our receive right */
	struct list inlets;
	unsigned n_inlets, n_busy; /* busy: a callback runs */
	unsigned n_taken;	   /* from inlets' memory, since others were asked */
	bool inlets_next;	   /* whose turn it is */
	bool is_polled;		   /* somebody has the descriptor */
	pthread_cond_t changed;	   /* something may be received, or sent, or the port is dead */
	unsigned n_interruptible;  /* those who wait for the same on CHANGES: signals end that */
	_Atomic uint32_t changes;
	int epoll_fd, event_fd; /* -1 until somebody needs them */
	bool event_is_set;
	mach_port_context_t context;
	/* port_member: the sets of a port, or the members of a set */
	struct list members;
};

struct port_member {
	struct list of_port, of_set;
	struct port *port, *set; /* referenced */
};

struct port_name {
	mach_port_name_t name;
	mach_port_type_t type;	   /* without DNREQUEST */
	unsigned urefs;		   /* of the send right or dead name */
	bool pinned;		   /* the task's own ports: the last uref stays */
	struct port *port;	   /* referenced; NULL for dead names */
	struct list once;	   /* send-once names of a port */
	struct port *dead_request; /* send-once right; told of death, and also: */
	bool wants_possible;	   /* of room, where a send was refused, */
	bool is_armed;		   /* as it was */
};

/* A right that is on its way. Without port: a dead name (DEAD) or no right. */
struct port_right {
	struct port *port;	   /* referenced */
	mach_msg_type_name_t type; /* MOVE_SEND, MOVE_SEND_ONCE, MOVE_RECEIVE; 0: none */
	bool dead;
};

/* A right in the body: at OFFSET of the message, or of its MEMORY. */
struct port_body_right {
	struct port_right right;
	uint32_t offset;
	int memory; /* -1: in the message itself */
};

struct port_memory {
	void *address; /* pages of our own, or NULL when SIZE is 0 */
	size_t size;
	uint32_t offset; /* of the descriptor */
};

struct port_message {
	struct list link;
	struct port_right destination, reply;
	struct port_body_right *rights, first_right[1];
	struct port_memory *memory;
	unsigned n_rights, n_memory;
	mach_port_seqno_t seqno;
	bool from_library; /* like a message of the kernel: no sender */
	bool returned;	   /* taken and put back: comes before all others */
	mach_msg_size_t size;
	unsigned char data[] __attribute__((aligned(8)));
};

/* The owner knows it by its number, so that a late port_remove_inlet is harmless. */
struct inlet {
	struct list link;
	uint64_t number;
	struct port *port; /* referenced */
	int socket;
	const struct port_inlet_ops *ops;
	void *context;
	bool busy, removed;
};

/* --- lock.c ---------------------------------------------------------------- */

void port_lock(void);
void port_unlock(void);
/* Wait on PORT->changed until DEADLINE_NS (CLOCK_MONOTONIC). False: it has passed. If something was
 * put off, that is done instead: the lock was free meanwhile, so look again. */
bool port_wait_locked(struct port *port, uint64_t deadline_ns);
/* The same, but false: a signal handler ran. The time may have passed. */
bool port_wait_interruptibly_locked(struct port *port, uint64_t deadline_ns);
/* Whoever waits on PORT looks again. */
void port_broadcast_locked(struct port *port);
void port_put_off_no_senders_locked(struct port *port);
void port_put_off_message_locked(struct port_message *message);
void port_put_off_inlet_locked(struct inlet *inlet);

/* --- name_table.c ---------------------------------------------------------- */

struct port_name *port_name_find_locked(mach_port_name_t name);
/* A name for PORT (NULL: a dead name) with no urefs yet. WANTED 0: any. -ENOMEM. */
err_t port_name_new_locked(struct port *port, mach_port_type_t type, mach_port_name_t wanted,
			   struct port_name **ret);
/* Its rights are gone already. */
void port_name_generation_grow(void);
void port_name_free_locked(struct port_name *n);
/* The name turns into a dead name. */
void port_name_die_locked(struct port_name *n);
struct port_name *port_name_next_locked(size_t *cursor);
size_t port_name_count_locked(void);
/* Names that outlive fork (the task's own). 0 on failure. */
mach_port_name_t port_name_pin(struct port *port);
void port_names_forget_locked(void);

/* --- object.c -------------------------------------------------------------- */

extern struct list port_all;
err_t port_new_locked(struct port **ret);
void port_unref_locked(struct port *port);
void port_drop_sender_locked(struct port *port);
/* A send-once right goes: used by a message (false) or unused (true: its receiver is told). The
 * reference goes with it. */
void port_drop_once_locked(struct port *port, bool unused);
void port_kill_locked(struct port *port);
/* The receive right under its name goes: to a port-destroyed request, else the port dies. */
void port_destroy_receive_locked(struct port *port);
/* The name stops to stand for the receive right, which lives on. */
void port_detach_receive_locked(struct port *port);
/* Somebody who waits on PORT, or on a set with it, looks again. */
void port_wake_locked(struct port *port);

/* --- request.c --------------------------------------------------------------- */

/* PORT's queue has room: whoever asked and was refused hears of it. */
void port_tell_possible_locked(struct port *port);

/* --- right.c --------------------------------------------------------------- */

/* Would port_right_copyin_locked work? KERN_INVALID_NAME, KERN_INVALID_RIGHT. */
kern_return_t port_right_check_locked(mach_port_name_t name, mach_msg_type_name_t disposition);
kern_return_t port_right_copyin_locked(mach_port_name_t name, mach_msg_type_name_t disposition,
				       struct port_right *ret);
/* The right as a name of this process; RIGHT is empty then. MACH_PORT_NULL or DEAD without a right.
 * -ENOMEM: the right was released. */
err_t port_right_copyout_locked(struct port_right *right, mach_port_name_t *ret_name);
void port_right_release_locked(struct port_right *right);
/* -ENOMEM. At the limit the urefs stay. */
err_t port_add_send_uref_locked(struct port *port, mach_port_name_t *ret_name);
bool port_right_is_disposition(mach_msg_type_name_t disposition);

/* --- queue.c --------------------------------------------------------------- */

struct port_message *port_message_alloc(size_t size);
void port_message_destroy_locked(struct port_message *message);
/* Append. Queue limits are the caller's affair. */
void port_enqueue_locked(struct port *port, struct port_message *message);
void port_put_back_locked(struct port *port, struct port_message *message);
struct port_message *port_dequeue_locked(struct port *port);
/* Messages of the system about rights. The send-once right ONCE is used up. */
void port_notify_locked(struct port *once, mach_msg_id_t id, uint32_t value);
void port_notify_destroyed_locked(struct port *once, struct port *destroyed);

/* --- descriptor.c ---------------------------------------------------------- */

err_t port_need_descriptor_locked(struct port *port);
void port_update_event_locked(struct port *port);
err_t port_watch_locked(struct port *port, int fd, void *data);
void port_unwatch_locked(struct port *port, int fd);
void port_close_descriptors_locked(struct port *port);

/* --- inlet.c --------------------------------------------------------------- */

void port_remove_inlets_locked(struct port *port);
/* Try the inlets of PORT. The lock is dropped while a callback runs. NULL: nothing. */
struct port_message *port_receive_inlets_locked(struct port *port);
/* A message that an inlet of PORT has in memory: its bytes into BUFFER, their number; 0: nothing, or
 * others shall have their turn. COMES_AGAIN: as for port_receive_next. The lock is held throughout. */
size_t port_take_from_memory_locked(struct port *port, bool comes_again,
				    uint8_t buffer[static PORT_SMALL_MESSAGE]);
void port_inlet_finish(struct inlet *inlet);
void port_inlets_forget_locked(struct port *port);

/* --- port_set.c ------------------------------------------------------------ */

void port_leave_sets_locked(struct port *port);
void port_empty_set_locked(struct port *set);
unsigned port_count_sets_locked(const struct port *port);
kern_return_t port_set_add_locked(struct port *set, struct port *port);
kern_return_t port_set_remove_locked(struct port *set, struct port *port);

/* --- message_copy.c -------------------------------------------------------- */

/* A message of the user's with its rights taken. On failure nothing is left to release. */
mach_msg_return_t port_message_copyin_locked(const mach_msg_header_t *msg, mach_msg_size_t size,
					     struct port_message **ret);
/* Rights and memory of the body become names and addresses inside message->data. */
mach_msg_return_t port_message_copyout_body_locked(struct port_message *message);

/* --- receive.c ------------------------------------------------------------- */

struct port_reception {
	struct port_message *message;
	struct port *port; /* where it was queued; referenced */
};

/* Wait for a message on a receive right or set until DEADLINE_NS. MACH_RCV_INVALID_NAME, TIMED_OUT,
 * PORT_CHANGED, INTERRUPTED (only with INTERRUPTIBLE). */
mach_msg_return_t port_receive_locked(mach_port_name_t name, uint64_t deadline_ns,
				      bool interruptible, struct port_reception *ret);

/* --- thread.c, task.c, clock.c ------------------------------------------------------- */

/* Does NAME hold a send right to a living object port of that kind? */
bool port_is_kind(mach_port_name_t name, uint32_t kind);
/* A pinned name for a port of the task's own, which outlives fork. 0 without memory. */
mach_port_name_t port_make_pinned(uint32_t kind, void *object, struct port **ret_port);
/* Linux's ID of the thread behind NAME, 0: it is none, or has ended. RET_HANDLE may be NULL. */
pid_t port_thread_id(mach_port_name_t name, pthread_t *ret_handle);
uint64_t port_now_ns(void);
uint64_t port_deadline_ns(mach_msg_timeout_t timeout_ms);
/* Pages, zero-filled; NULL on failure. */
void *port_pages_new(size_t size);
/* A copy that fails (-EFAULT) where a plain one would fault: FROM may be unmapped. */
err_t port_copy_from(void *to, const void *from, size_t size);
void port_pages_free(void *address, size_t size);
