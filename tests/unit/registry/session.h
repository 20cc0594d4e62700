// SPDX-License-Identifier: MIT
/*
 * A real registry on a thread of its own, and hand-made peers that talk to it
 * message by message: clients, and providers in place of driver hosts.
 */
#pragma once

#include <pthread.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>
#include <mach/message.h>

#include "base/fd.h"
#include "base/loop.h"
#include "registry/registry.h"
#include "test.h"
#include "wire/browse.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/notice.h"
#include "wire/open.h"
#include "wire/publish.h"
#include "wire/query.h"

struct session {
	unsigned heartbeat_ms; /* 0: none */
	struct loop *loop;
	struct registry *registry;
	pthread_t thread;
	int starts[2]; /* what start_provider was asked for */
	char socket[256];
	const char *folders[2];
	err_t start_error; /* what start_provider answers instead */
	bool all_users;
	const struct limits *limits; /* NULL: the defaults */
};

/* DRIVERS: a folder of bundles or NULL. */
void session_start(struct session *s, const char *drivers);
void session_start_generation(struct session *s, const char *drivers, unsigned generation);
/* Without drivers; LIMITS: "NAME=N", ends with NULL. */
void session_start_limited(struct session *s, const char *const *limits);
/* FN on the registry's own thread, between its messages. */
void session_run(struct session *s, void (*fn)(struct registry *registry));
/* Fails the test when an account was wrong. */
void session_end(struct session *s);

enum { BACKLOG_MAX = 64 };

struct end {
	int socket;
	uint32_t last_id;
	struct wire_frame frame;		/* the last message */
	struct wire_frame backlog[BACKLOG_MAX]; /* requests that came before an answer */
	size_t n_backlog;
};

void end_connect(struct end *e, const struct session *s, uint32_t role, const char *name);
/* As the host that the registry has asked for next; NAME gets its server name (128 bytes). */
void end_serve(struct end *e, const struct session *s, char *name);
/* Greet on SOCKET; the status. */
IOReturn end_greet(struct end *e, int socket, uint32_t role, const char *name, uint64_t token);
void end_close(struct end *e);
/* Ask and wait for the answer; REPLY is decoded on success (NULL: none). */
IOReturn end_call(struct end *e, const struct wire_layout *layout, const void *request,
		  const int *fds, const struct wire_layout *reply_layout, void *reply);
/* Send a request; its number. */
uint32_t end_ask(struct end *e, const struct wire_layout *layout, const void *request,
		 const int *fds);
/* Wait for the answer to that one. */
IOReturn end_answer(struct end *e, uint32_t id, const struct wire_layout *reply_layout,
		    void *reply);
/* The next request of the registry, but for WIRE_INACTIVE, which must be LAYOUT's; decoded. The header is in e->frame. */
void end_expect(struct end *e, const struct wire_layout *layout, void *message);
/* Answer the request that was expected last. */
void end_reply(struct end *e, const struct wire_layout *layout, IOReturn status,
	       const void *message);
/* WIRE_WILL_TERMINATE or WIRE_DID_TERMINATE (which the message "is terminated" comes before) of ID
 * about PROVIDER; answered, the latter with LETS_GO. */
void end_expect_will(struct end *e, uint64_t id, uint64_t provider);
void end_expect_message_of_end(struct end *e, uint64_t id, uint64_t provider);
void end_expect_did(struct end *e, uint64_t id, uint64_t provider, bool lets_go);
void end_expect_stop(struct end *e, uint64_t id);
/* Wait until the registry has closed the connection. */
void end_await_close(struct end *e);

/* Shorthands. */
CFDictionaryRef matching_new(const char *key, const char *value); /* one string pair */
CFDictionaryRef plist_new(const char *xml_body); /* what is inside <plist>...</plist> */
uint64_t publish(struct end *provider, uint64_t parent, const char *class_name, const char *name,
		 const char *location, uint32_t flags, CFDictionaryRef properties);
/* IDs of what FIND finds, at most MAX; each granted once. */
size_t find(struct end *client, const char *class_name, uint64_t *ids, size_t max);
void wait_quiet(struct end *client);
/* An inlet of the class; the client's end. */
int open_inlet(struct end *client, uint32_t number, uint32_t inlet_class);
/* The next message on it. */
void inlet_expect(int inlet, const struct wire_layout *layout, void *message,
		  struct wire_frame *frame);
bool inlet_is_empty(int inlet);
uint64_t subscribe(struct end *client, uint32_t inlet, const char *type, const char *class_name,
		   struct wire_notify_reply *reply);
/* Drain once: IDs, latest first. */
size_t next(struct end *client, uint64_t subscription, uint64_t *ids, size_t max);
/* A bundle NAME.dext with PLIST (the inside of <dict>) in FOLDER. */
void write_bundle(const char *folder, const char *name, const char *plist);
