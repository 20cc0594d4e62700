/* SPDX-License-Identifier: MIT */
/* What the kill campaigns' driver offers its programs. */
#pragma once

enum {
	KILL_ADD,    /* a, b -> sum */
	KILL_ECHO,   /* structure -> the same */
	KILL_SLEEP,  /* ns */
	KILL_KEEP,   /* asynchronous: is never completed */
	KILL_COUNTS, /* -> KILL_N numbers, of this run of the host */
	KILL_SELECTORS
};

enum {
	KILL_OPENS,
	KILL_CLOSES,  /* clientClose */
	KILL_FREES,   /* user clients that are gone */
	KILL_DOUBLES, /* clientClose of one that was closed already */
	KILL_LATE,    /* methods that began after clientClose */
	KILL_N
};

enum { KILL_MEMORY = 0, KILL_MEMORY_SIZE = 64 * 1024 };
