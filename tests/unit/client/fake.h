// SPDX-License-Identifier: MIT
/*
 * A registry and a driver host made in the test's process: a socket at the
 * path of PORTICO_SESSION, one thread for each connection, a small tree of
 * entries. A test's hook sees every message first and may answer it otherwise.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/frame.h"
#include "wire/protocol.h"

enum {
	FAKE_MACHINE = 1, /* + WIRE_ROOT_ID */
	FAKE_SERVICE,	  /* class FixtureDriver, name fixture@5, matched */
	FAKE_SECOND,	  /* class FixtureDriver, name second, matched */
	FAKE_NUB,	  /* class IORegistryEntry: no service */
	FAKE_USER_CLIENT,
	FAKE_ENTRIES,
};
#define FAKE_ID(n) (WIRE_ROOT_ID + (uint64_t)(n))

struct fake;
/* FRAME came in on SOCKET. True: answered. */
typedef bool (*fake_hook_fn)(struct fake *fake, int socket, struct wire_frame *frame);

struct fake {
	char path[100];
	_Atomic(fake_hook_fn) hook; /* any message */
	int listener;
	int page_fd;
	struct wire_status_page *page;
	pthread_t acceptor;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	pthread_t threads[32];
	int sockets[32];
	unsigned n_threads;
	int inlets[8];			  /* registry's ends by class */
	int host_inlets[8];		  /* the host's */
	int host_socket;		  /* of the last connection; -1 */
	bool hidden[FAKE_ENTRIES];	  /* not found any more */
	_Atomic uint64_t list_generation; /* of every list */
	_Atomic unsigned n_children;	  /* WIRE_CHILDREN so far */
	_Atomic unsigned n_names;	  /* WIRE_NAME so far */
	_Atomic unsigned n_properties;	  /* WIRE_PROPERTY so far */
	_Atomic uint32_t most_children;	  /* of one answer; 0: as many as were asked for */
	uint64_t released[FAKE_ENTRIES];  /* grants given back */
	uint64_t granted[FAKE_ENTRIES];
	_Atomic uint64_t last_token;
	_Atomic uint64_t subscription;
	_Atomic unsigned n_next;  /* WIRE_NOTIFY_NEXT so far */
	_Atomic unsigned n_armed; /* by WIRE_NOTIFY_ARM so far */
	uint64_t pending[8];	  /* entries for it */
	unsigned n_pending;
	_Atomic unsigned closes; /* WIRE_CLOSE so far */
	int memory_fd;
	void *memory; /* 8192 bytes, mapped by the "driver" */
};

/* Start at a path in the test's folder and point PORTICO_SESSION at it. */
void fake_start(struct fake *fake, fake_hook_fn hook);
/* Everything down, as if the registry and all hosts were killed; starts again with fake_restart. */
void fake_stop(struct fake *fake);
void fake_restart(struct fake *fake);
/* End the library's session too and check that all grants came back. */
void fake_end(struct fake *fake);
/* The second half of it, after fake_stop. */
void fake_free(struct fake *fake);

/* Wait until CONDITION (evaluated under the lock) holds. */
#define fake_wait(fake, condition) \
	do { \
		pthread_mutex_lock(&(fake)->lock); \
		while (!(condition)) \
			pthread_cond_wait(&(fake)->changed, &(fake)->lock); \
		pthread_mutex_unlock(&(fake)->lock); \
	} while (0)

/* Send something on the registry's (or host's) end of an inlet. */
void fake_send_notice(struct fake *fake, uint32_t type);
/* WIRE_NOTICES for N subscriptions, each with the entries A and B. */
void fake_send_notices(struct fake *fake, const uint64_t *subscriptions, size_t n, uint32_t type,
		       unsigned a, unsigned b);
void fake_send_interest(struct fake *fake, unsigned entry, uint32_t message_type, uint64_t argument,
			const void *data, uint32_t size);
void fake_send_dead(struct fake *fake, unsigned entry);
void fake_send_completion(struct fake *fake, uint64_t token, int32_t result,
			  const uint64_t *arguments, size_t n);
void fake_send_wake(struct fake *fake);
/* The host goes away: its sockets are closed. */
void fake_kill_host(struct fake *fake);
void fake_reply_status(int socket, struct wire_frame *frame, int32_t status);
