// SPDX-License-Identifier: MIT
/*
 * What the libraries above the Mach slice need of it besides the public
 * mach headers: object ports, inlets and kernel-like sending. Exported from
 * the system library for CoreFoundation, libIOKit and the driver library only.
 *
 * A port is reference-counted. Names (mach_port_name_t) live in one table of
 * the process, with generations and user references.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach/mach.h>

#include "base/err.h"

#pragma GCC visibility push(default)

struct port;
struct port_message;

struct port *port_ref(struct port *port);
struct port *port_unref(struct port *port);

/* --- object ports: names for things that live in the registry or a host --- */

struct port_object_ops {
	/* Under the table lock: take a reference for port_copy_object's caller. Must not call back.
	 */
	void (*retain)(void *object);
	/* The last send right of this process has gone. Called without locks. A new one may have
	 * been made meanwhile: look at port_has_senders under your own lock. */
	void (*no_senders)(void *object);
};

/* KIND is a small number of the owner's choice (non-zero). */
err_t port_new_object(uint32_t kind, void *object, const struct port_object_ops *ops,
		      struct port **ret_port);
/* One more send uref in this process; the same port always has the same name.
 * -EPIPE when the port is dead (port_kill). */
err_t port_make_send(struct port *port, mach_port_name_t *ret_name);
bool port_has_senders(struct port *port);
/* The object behind a name, retained. -ENOENT: null, dead, unknown name or no send right
 * (MACH_SEND_INVALID_DEST); -EINVAL: a port of another kind or no object port
 * (kIOReturnBadArgument). */
err_t port_copy_object(mach_port_name_t name, uint32_t kind, void **ret_object);
/* The port dies: names turn into dead names, queued messages are destroyed, receivers wake. After
 * it returns no ops call starts. */
void port_kill(struct port *port);

/* --- receive rights ------------------------------------------------------ */

/* The port for whose receive right NAME stands, with a reference.
 * -EINVAL: the caller holds no receive right under that name. */
err_t port_from_receive_right(mach_port_name_t name, struct port **ret_port);
/* A descriptor that polls readable while a message can be received (receive right or port set).
 * Borrowed: it lives as long as the right. -EINVAL, -EMFILE. */
err_t port_descriptor(mach_port_name_t name, int *ret_fd);

/* As mach_msg to receive without waiting (OPTION: MACH_RCV_LARGE or 0), for a caller that goes on until
 * it is told MACH_RCV_TIMED_OUT: until then the descriptor may poll readable without a message. Cheaper
 * where messages are many. */
mach_msg_return_t port_receive_next(mach_port_name_t name, mach_msg_option_t option, void *buffer,
				    mach_msg_size_t room);

/* A message made by the library. HEADER points at SIZE bytes that start with a mach_msg_header_t
 * (bits, size, id filled in; names ignored). REMOTE, if any, is delivered as a send right in
 * msgh_remote_port; DESCRIPTOR, if any, as a send right in the port descriptor that follows the
 * body (the header must then have MACH_MSGH_BITS_COMPLEX and count 1). Both are borrowed and
 * referenced. */
err_t port_message_new(const void *header, size_t size, struct port *remote,
		       struct port *descriptor, struct port_message **ret_message);
/* Other bytes, at most as many as it was made with, for a message without rights. */
void port_message_refill(struct port_message *message, const void *header, size_t size);
struct port_message *port_message_free(struct port_message *message);
/* Queue a message, ignoring the queue limit (up to 65,534 messages). Takes MESSAGE in every case.
 * -EPIPE: the port is dead; -ENOBUFS. */
err_t port_send(struct port *port, struct port_message *message);
/* The same, but MESSAGE comes before everything that waits, in queue or inlets: for an inlet whose
 * sender put several into one datagram. */
err_t port_send_first(struct port *port, struct port_message *message);

/* --- inlets: the receiving ends of sockets that other processes send into ---- */

struct port_inlet;

enum { PORT_SMALL_MESSAGE = 256 };

struct port_inlet_ops {
	/*
	 * The socket is readable or hung up, and a receiver wants a message. Return 0 with a
	 * message, -EAGAIN when there is nothing (more) to deliver, -ENOMEM, -EPIPE when the sender has gone
	 * and everything was delivered: the inlet is then removed. Called on the receiving thread,
	 * one call at a time for each inlet, without port locks. A wake-up class inlet is drained
	 * whole and gives one message.
	 */
	err_t (*receive)(void *context, int socket, struct port_message **ret_message);
	/* The inlet is no more (sender gone, port destroyed, or port_remove_inlet). Called once, no
	 * receive runs or follows. The socket is closed already. */
	void (*removed)(void *context);
	/*
	 * May be NULL. A message that is in the memory of this process already, without rights: its
	 * bytes go to MESSAGE (of the header only the ID counts), their number, a multiple of 4, is
	 * returned, 0 when there is none. As receive, but under the lock of
	 * this slice: neither blocks nor calls into it. EXACT: after the last message the socket
	 * must not be readable any more; else it may be until a receive has returned -EAGAIN.
	 */
	size_t (*take)(void *context, int socket, bool exact,
		       uint8_t message[static PORT_SMALL_MESSAGE]);
	/* May be NULL. As removed, but before it and before the socket is closed, which takes no more: what
	 * lies there will not be delivered, but may have to be given back. */
	void (*drain)(void *context, int socket);
};

/* Takes SOCKET on success and failure. -EPIPE: the port is dead. */
err_t port_add_inlet(struct port *port, int socket, const struct port_inlet_ops *ops, void *context,
		     struct port_inlet **ret_inlet);
/* Any thread, also from inside receive. The inlet must not be used afterwards. */
void port_remove_inlet(struct port_inlet *inlet);

/* Names in the table of this process: for leak checks. */
size_t port_count_names(void);

/* --- fork ------------------------------------------------------------------ */

/* 0 in the first process, +1 in each forked child (set by an atfork handler of this library, which
 * also empties the name table and closes the inlets' sockets in the child). */
unsigned port_fork_generation(void);
/* Grows whenever a name goes, dies or is forgotten in a forked child: what a name was found to stand for
 * while this was the same, it still stands for. Read it before the look-up. */
const _Atomic uint64_t *port_name_generation(void);

#pragma GCC visibility pop
