// SPDX-License-Identifier: MIT
/*
 * One hostile peer on a control or data connection: sends what records say, and holds the other side to
 * its part: what it sends is well-formed, each request is answered once at most.
 */
#pragma once

#include "fuzz.h"
#include "wire/frame.h"

enum {
	FUZZ_ASKED_MAX = 32,
	FUZZ_KEPT_MAX = 32,
	FUZZ_IDS_MAX = 256,
};

/* Bits of a record's flags. */
enum {
	FUZZ_AS_REPLY = 1,    /* to what the other side has asked last */
	FUZZ_WITHOUT_ID = 2,  /* no reply is wanted */
	FUZZ_FD_MORE = 4,     /* than belong to the message */
	FUZZ_FD_LESS = 8,     /* likewise; else, where memory belongs, plain memory */
	FUZZ_BAD_HEADER = 16, /* flags, status, size and ID from the data's first words */
	FUZZ_HANG_UP = 32,    /* instead */
	FUZZ_MEMORY = 64,     /* the payload in a file, whatever its size */
	FUZZ_BAD_STATUS = 128,
};

struct fuzz_peer {
	int socket; /* -1: none */
	uint32_t last_id;
	uint64_t waiting[FUZZ_IDS_MAX / 64]; /* bits of requests that are not answered yet */
	struct wire_header asked[FUZZ_ASKED_MAX];
	size_t n_asked;
};

/* Ends of descriptors that were sent, to be closed at the end. */
struct fuzz_kept {
	int fds[FUZZ_KEPT_MAX];
	size_t count;
};

/* An answer to ID is awaited. */
void fuzz_peer_wait_for(struct fuzz_peer *peer, uint32_t id);
bool fuzz_peer_is_waiting(const struct fuzz_peer *peer);
void fuzz_peer_hang_up(struct fuzz_peer *peer);
/* Everything that has come, through FRAME. */
void fuzz_peer_drain(struct fuzz_peer *peer, struct wire_frame *frame);
/* RECORD as a message of LAYOUT. */
void fuzz_peer_send(struct fuzz_peer *peer, const struct fuzz_record *record,
		    const struct wire_layout *layout, struct fuzz_kept *kept);
void fuzz_kept_close(struct fuzz_kept *kept);
