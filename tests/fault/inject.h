/* SPDX-License-Identifier: MIT */
/*
 * What the preloaded library (inject.c) and whoever steers it share: one page
 * file that all processes of a test map. A *site* is a place in Portico's code
 * that calls a function of calls.h; libc's own calls are none. The steering
 * side arms a fault for one process or program; the next site that fits gets
 * it instead of its call, until nothing is hit any more: the scenario has
 * then seen every fault that it can meet.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* Environment. */
#define FAULT_CONTROL "PORTICO_FAULT_CONTROL" /* path of the file */
#define FAULT_TABLE "PORTICO_FAULT_TABLE"     /* path of a campaign's places */
#define FAULT_PROGRAM "PORTICO_FAULT_PROGRAM" /* the program itself is Portico's code, too */

enum fault_kind { FAULT_ALLOCATIONS = 1, FAULT_CALLS = 2 };

enum fault_mode {
	FAULT_OFF,
	FAULT_NTH,	    /* call number AT fails */
	FAULT_FROM_NTH,	    /* and all that follow it */
	FAULT_NEXT_SITE,    /* the first whose site has not failed yet, in this way */
	FAULT_EACH_PROCESS, /* the same, once in each process */
	FAULT_FROM_SITE,    /* the first that no lasting fault began at, and all that follow it */
	FAULT_EACH_PROCESS_FROM, /* the same in each process */
};

enum { FAULT_SITES = 1 << 16, FAULT_ERRORS = 6, FAULT_OBJECTS = 24 };
enum { FAULT_SHORTAGE_NS = 500000000 };
enum { FAULT_FAILURES = 8 };
enum { FAULT_TRACES = 64, FAULT_TRACE_SIZE = 2048 };

struct fault_site {
	/* (object + 1) << 56 | call << 48 | program << 32 | offset of the return address; 0: free.
	 * The program tells unit tests apart, whose objects are themselves. */
	_Atomic uint64_t key;
	_Atomic uint32_t reached, failed; /* failed: FAULT_SAFE where it cannot */
	_Atomic uint32_t begun;		  /* lasting faults that began here */
	/* In a table alone: whether it has been reached where nothing had failed; if not, the number
	 * (from 1) of a place behind whose failure it was, and how often that one has failed for it;
	 * whether any is behind this one. */
	_Atomic uint32_t is_plain, behind, tries, leads, reserved;
};

#define FAULT_SAFE 0x80000000u

/*
 * The places of a campaign, in a file that scripts/faults makes and all its programs map: one for each
 * call in the source, whatever objects contain it, so that what one program has met need not be met
 * by the next. Which returns belong to which, each object has a list of, in order.
 */
struct fault_return {
	uint32_t offset, place;
};

struct fault_list {
	char name[104]; /* of the object */
	uint32_t first, n;
};

struct fault_table {
	uint32_t n_places, n_lists, n_returns, reserved;
	struct fault_site places[]; /* then the lists, then the returns */
};

/* Two failures: of a place, then of one that only this leads to. Numbers from 1, 0: none. */
struct fault_pair {
	_Atomic uint32_t cause, wanted;
};

struct fault_control {
	_Atomic uint32_t mode, kinds, objects; /* objects: bits, 0 for all */
	_Atomic int32_t pid;		       /* 0: any process of PROGRAM */
	char program[64];		       /* empty: any */
	_Atomic uint32_t own;		       /* the unit test's number, for keys */
	_Atomic uint64_t at, count, hits;
	/* For people: the calls that have failed, or that a shortage began with. */
	_Atomic uint32_t n_failures;
	_Atomic uint64_t keys[FAULT_FAILURES], errors[FAULT_FAILURES];
	_Atomic uint32_t variant; /* which of a call's errors, for FAULT_NTH */
	struct fault_pair pair;	  /* of the process that is hit */
	char table[256];	  /* path of the campaign's places; empty: SITES */
	struct fault_site sites[FAULT_SITES];
	/* Where processes died: object+offset, innermost first. Here, as a sandbox lets nobody write a
	 * file. */
	_Atomic uint32_t wants_traces, n_traces;
	char traces[FAULT_TRACES][FAULT_TRACE_SIZE];
};

static inline int fault_key_object(uint64_t key)
{
	return (int)(key >> 56) - 1;
}

static inline unsigned fault_key_call(uint64_t key)
{
	return (unsigned)(key >> 48 & 0xff);
}

static inline unsigned fault_key_program(uint64_t key)
{
	return (unsigned)(key >> 32 & 0xffff);
}

static inline unsigned fault_key_offset(uint64_t key)
{
	return (unsigned)key;
}

/* In fault_objects' order: bits and numbers of the objects whose calls are sites. */
enum fault_object {
	FAULT_IOKIT,
	FAULT_COREFOUNDATION,
	FAULT_SYSTEM,
	FAULT_DRIVER,
	FAULT_EMBEDDED,
	FAULT_PORTICOD,
	FAULT_HOST,
	FAULT_BRIDGE,
	FAULT_PORTICO,
	FAULT_IOREG,
	FAULT_IOCLASSCOUNT,
	FAULT_IOALLOCCOUNT,
	FAULT_UNISTRING,   /* called for CoreFoundation only */
	FAULT_OWN_PROGRAM, /* a unit test, which has the code under test inside */
};

struct fault_call {
	const char *name;
	uint32_t kind;
	int errors[FAULT_ERRORS]; /* 0 ends */
	int lasting;		  /* the error that stays, 0: this call fails in passing only */
};

extern const struct fault_call fault_calls[];
extern const char *const fault_objects[]; /* how their names begin; NULL ends */
