// SPDX-License-Identifier: MIT
/*
 * The call slots of one connection (wire/slot.h), and calls through them.
 *
 * A connection gets them when it is called more than a few times: a program
 * that opens, calls once and closes need not pay for them.
 *
 * A thread leases one slot of the connection that it called last. With the
 * lease it keeps the handle and the generation of the table of port names: as
 * long as no name has gone since, the handle still means that connection, and
 * a call needs neither the table nor a lock nor a reference. When any name has
 * gone, the next call looks the handle up again.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

struct client_call;
struct client_connection;
struct client_slots;

/* CALL on the lease of this thread. False: it has none for that handle. */
bool client_slots_call_leased(const struct client_call *call, IOReturn *ret_status);
/* The generation of the names, to be read before the handle is looked up. */
uint64_t client_slots_generation(void);
/* The same on a connection that was looked up. False: the call has to go another way. */
bool client_slots_call(struct client_connection *connection, const struct client_call *call,
		       uint64_t names, IOReturn *ret_status);
/* The program has closed the connection. Ends this thread's lease. */
void client_slots_close(struct client_slots *slots);
/* The connection is lost: all callers return. Any thread. */
void client_slots_lose(struct client_slots *slots);
/* The same, because it was closed under calls that do not end. */
void client_slots_abort(struct client_slots *slots);
/* The connection's socket is about to be closed; threads may have slots leased. */
void client_slots_look_away(struct client_slots *slots);
struct client_slots *client_slots_unref(struct client_slots *slots);
/* In a forked child: the lease is the parent's. */
void client_slots_forget(void);
