// SPDX-License-Identifier: MIT
/*
 * A registry for one driver host, without any rules: the test says what is
 * probed, started, opened and stopped, over real wire messages. The host runs
 * on a thread of the test.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "wire/channel.h"
#include "wire/frame.h"

enum { FAKE_PROVIDER_ID = 7, FAKE_TYPES_MAX = 0x1000 };

struct fake_registry {
	int socket;
	pthread_t host;
	int host_result;
	uint32_t last_id;
	uint64_t last_entry;
	unsigned seen[FAKE_TYPES_MAX]; /* messages of each type that the host sent by itself */
	uint64_t last_update_id, last_terminated;
	uint32_t last_options; /* of WIRE_RETIRE */
	uint32_t stopping;     /* the question with which WIRE_RETIRE was followed last */
	unsigned stopped;      /* of them are answered */
	uint32_t last_message; /* of WIRE_MESSAGE */
	CFTypeRef last_set;    /* of WIRE_UPDATE */
	uint32_t keeps; /* type: the first question of it has no answer before fake_answer_kept */
	struct wire_header kept; /* of that */
	bool is_stranger;	 /* openings are by who may not open what demands nothing */
};

/* Start a host and answer its greeting. */
void fake_start(struct fake_registry *fake);
/* End the session and join the host: it must have ended without error. */
void fake_finish(struct fake_registry *fake);
/* Ask and wait for the answer; RET_FRAME may be NULL. Returns its status. */
int32_t fake_call(struct fake_registry *fake, const struct wire_layout *layout, const void *message,
		  int fd, struct wire_frame *ret_frame);
/* The two halves of it. No other answer comes in between but those of fake->stopping. */
uint32_t fake_ask(struct fake_registry *fake, const struct wire_layout *layout, const void *message,
		  int fd);
int32_t fake_await(struct fake_registry *fake, uint32_t id, struct wire_frame *ret_frame);
void fake_answer_kept(struct fake_registry *fake);
/* Receive what the host sends by itself until a message of TYPE has been seen COUNT times. */
void fake_expect(struct fake_registry *fake, uint32_t type, unsigned count);
/* Receive and answer what has come, without waiting. */
void fake_serve(struct fake_registry *fake);

/* Probe class CLS of BUNDLE (a path). */
int32_t fake_probe(struct fake_registry *fake, uint64_t candidate, const char *bundle,
		   const char *cls);
int32_t fake_start_driver(struct fake_registry *fake, uint64_t candidate, uint64_t id);
/* Probe and start; both must succeed. */
void fake_load(struct fake_registry *fake, uint64_t id, const char *bundle, const char *cls);
/* Open TYPE of service ID as a user; RET_SOCKET is the client's end. */
int32_t fake_open(struct fake_registry *fake, uint64_t service, uint32_t type, uint32_t flags,
		  uint32_t uid, uint64_t *ret_client, int *ret_socket);
struct wire_channel *fake_connect(struct fake_registry *fake, uint64_t service, uint32_t type,
				  uint64_t *ret_client);
int32_t fake_stop(struct fake_registry *fake, uint64_t id);

/* A scalar call on a connection: the status; RET may be NULL. */
int32_t fake_scalar(struct wire_channel *channel, uint32_t selector, const uint64_t *in,
		    uint32_t n_in, uint64_t *ret, uint32_t n_ret);
/* A call without arguments that is not a method: close, get service ... */
int32_t fake_plain(struct wire_channel *channel, const struct wire_layout *layout);
