/* SPDX-License-Identifier: MIT */
/*
 * The record that clients read, and what the driver asks of a source of
 * process events. All source functions and callbacks run inside the work
 * loop's gate.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOWorkLoop.h>

enum { KIND_FORK = 1, KIND_EXEC = 2, KIND_EXIT = 3, KIND_SELF_TEST = 100 };
enum { SOURCE_CONNECTOR = 1, SOURCE_SCAN = 2 };

/* 48 bytes, little endian, no padding. */
struct ProcessRecord {
	uint32_t version; /* 1 */
	uint32_t kind;	  /* KIND_* */
	uint32_t pid;
	uint32_t parentOrStatus; /* fork, exec: parent; exit: wait status (0 when the source cannot
				    know) */
	uint64_t time;		 /* CLOCK_MONOTONIC, ns */
	uint64_t sequence;	 /* from 1 */
	char comm[16];		 /* NUL-padded */
};
_Static_assert(sizeof(struct ProcessRecord) == 48, "part of the contract");

/* TIME 0: now. COMM NULL: read it from /proc. */
typedef void (*ProcessEvent)(void *context, uint32_t kind, uint32_t pid, uint32_t parentOrStatus,
			     uint64_t time, const char *comm);

uint64_t processNow(void);
/* Command name and parent; false when the process is gone. Any thread. */
bool processRead(uint32_t pid, char comm[16], uint32_t *parent, uint64_t *startTime);

struct Connector;
/* Does the kernel send us process events? (It must acknowledge; see README.) Any thread. */
bool connectorWorks(void);
struct Connector *connectorStart(IOWorkLoop *loop, ProcessEvent event, void *context);
void connectorStop(struct Connector *connector);

struct Scan;
struct Scan *scanStart(IOWorkLoop *loop, ProcessEvent event, void *context);
void scanStop(struct Scan *scan);
