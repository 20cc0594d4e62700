/* SPDX-License-Identifier: MIT */
/*
 * The API fuzzer: random sequences of public calls, and a model that knows for
 * every handle what it is, so that for every call the documented codes are
 * known. A call that answers with another code, writes where it must not,
 * crashes or hangs fails the run, which then tells its seed and its last calls.
 *
 * Several threads may share one model ("shared"): a handle can then change
 * between its choice and its use, so any documented code of the function's
 * family is accepted; crashes, hangs and leaks are still found.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

enum model_kind {
	MODEL_ZERO,	/* MACH_PORT_NULL */
	MODEL_DEAD_MAX, /* MACH_PORT_DEAD */
	MODEL_RANDOM,	/* never given out */
	MODEL_STALE,	/* given out and released */
	MODEL_DEAD,	/* a dead name */
	MODEL_RECEIVE,	/* a receive right */
	MODEL_MAIN,	/* the main port */
	MODEL_TASK,
	MODEL_ROOT,	    /* registry root: an entry, no service */
	MODEL_SERVICE,	    /* a service that stays for the whole run */
	MODEL_SNAPSHOT,	    /* iterator of a look-up, of children or parents */
	MODEL_WALK,	    /* registry iterator */
	MODEL_NOTIFICATION, /* iterator of a matching notification */
	MODEL_INTEREST,	    /* interest notifier */
	MODEL_CONNECT,	    /* open connection */
	MODEL_CLOSED,	    /* connection after IOServiceClose, with references left */
	MODEL_KINDS
};

struct model_slot {
	mach_port_t name;
	enum model_kind kind;
	uint32_t urefs;
	char what; /* connections: 'C'alculator, 'P'rocessMonitor, 'M'irror */
};

enum { MODEL_SLOTS = 96, MODEL_PORTS = 4, MODEL_LOG = 24, MODEL_LINE = 160 };

/* What the parent shows when the worker dies: shared memory. */
struct model_report {
	uint64_t seed, calls;
	char log[MODEL_LOG][MODEL_LINE];
};

struct model {
	pthread_mutex_t lock; /* slots and ports */
	struct model_slot slots[MODEL_SLOTS];
	IONotificationPortRef ports[MODEL_PORTS];
	bool shared;
	struct model_report *report;
};

/* One thread of calls. */
struct fuzz {
	struct model *model;
	uint64_t random;
	uint64_t memory[2048]; /* for outputs */
};

struct fuzz_call {
	const char *name;
	void (*run)(struct fuzz *f);
};
extern const struct fuzz_call fuzz_handle_calls[], fuzz_registry_calls[], fuzz_service_calls[],
	fuzz_connect_calls[], fuzz_other_calls[]; /* each ends with NULL */

/* --- chance -------------------------------------------------------------------- */

uint64_t fuzz_random(struct fuzz *f);
uint32_t fuzz_below(struct fuzz *f, uint32_t n);
static inline bool fuzz_one_in(struct fuzz *f, uint32_t n)
{
	return fuzz_below(f, n) == 0;
}
/* Counts and sizes around every limit, and huge ones. */
uint32_t fuzz_count(struct fuzz *f);
size_t fuzz_size(struct fuzz *f);
/* Names, planes, paths, types: good, empty, long, no UTF-8, NULL. */
const char *fuzz_text(struct fuzz *f);
const char *fuzz_plane(struct fuzz *f);
/* A dictionary, or what is none; +1 or NULL. *GOOD: the registry can read it. */
CFDictionaryRef fuzz_matching(struct fuzz *f, bool *good);
/* A property list or something else; borrowed, may be NULL. */
CFTypeRef fuzz_value(struct fuzz *f);
CFStringRef fuzz_key(struct fuzz *f);
/* Aligned, misaligned or (rarely) NULL memory for SIZE bytes, filled with 0xa5. */
void *fuzz_out(struct fuzz *f, size_t size);
bool fuzz_is_untouched(const void *out, size_t size);
/* Hears what services say. */
void fuzz_on_message(void *refcon, io_service_t service, uint32_t type, void *argument);
void fuzz_make_values(void);
void fuzz_free_values(void);

/* --- the model -------------------------------------------------------------------- */

void model_init(struct model *model, bool shared, struct model_report *report);
/* Give back everything the model holds. */
void model_empty(struct model *model);
/* A copy of a slot: mostly of one of the KINDS (bits), sometimes of any. */
struct model_slot model_pick(struct fuzz *f, uint32_t kinds);
struct model_slot model_pick_any(struct fuzz *f);
/* One reference more for NAME, which is new or known as KIND. */
void model_add(struct fuzz *f, mach_port_t name, enum model_kind kind, char what);
/* References change by DELTA; at 0 the slot is stale. */
void model_count(struct fuzz *f, mach_port_t name, int delta);
void model_set_kind(struct fuzz *f, mach_port_t name, enum model_kind kind);
IONotificationPortRef model_port(struct fuzz *f); /* NULL in shared models */

/* The code of a call whose target must be one of KINDS (bits), 0 when it is. */
uint32_t model_target(const struct model_slot *slot, uint32_t kinds);
/* Another code that is right as well: a receive right without a send right and a closed connection
 * may count as a name of the wrong kind or as none. Else BAD_CODE. */
uint32_t model_or_bad(const struct model_slot *slot, uint32_t bad_code);
/* An entry that a call returned: its kind is asked for. User clients come and go with connections
 * and are given back at once. */
void model_add_entry(struct fuzz *f, io_registry_entry_t entry);

/* --- verdicts ------------------------------------------------------------------------ */

void fuzz_log(struct fuzz *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* GOT must be one of the N codes. */
void fuzz_expect(struct fuzz *f, uint32_t got, const uint32_t *codes, size_t n, const char *what);
_Noreturn void fuzz_fail(struct fuzz *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#define fuzz_require(f, condition) \
	do { \
		if (!(condition)) \
			fuzz_fail(f, "not true: %s", #condition); \
	} while (0)
#define fuzz_codes(f, got, ...) \
	do { \
		const uint32_t codes_[] = { __VA_ARGS__ }; \
		fuzz_expect(f, (uint32_t)(got), codes_, sizeof(codes_) / sizeof(*codes_), \
			    __func__); \
	} while (0)

#define BIT(kind) (1u << (kind))
#define MODEL_ENTRIES (BIT(MODEL_ROOT) | BIT(MODEL_SERVICE))
#define MODEL_ITERATORS \
	(BIT(MODEL_SNAPSHOT) | BIT(MODEL_WALK) | BIT(MODEL_NOTIFICATION) | BIT(MODEL_INTEREST))
#define MODEL_ALIVE (MODEL_ENTRIES | MODEL_ITERATORS | BIT(MODEL_CONNECT))
/* short names of codes, as unsigned */
#define OK ((uint32_t)kIOReturnSuccess)
#define BAD ((uint32_t)kIOReturnBadArgument)
#define NODEST ((uint32_t)MACH_SEND_INVALID_DEST)
#define UNSUPPORTED ((uint32_t)kIOReturnUnsupported)
/* A value that cannot be sent, or that the registry cannot read. */
#define UNREADABLE BAD, UNSUPPORTED, (uint32_t)kIOReturnMessageTooLarge
