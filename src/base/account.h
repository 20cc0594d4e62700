// SPDX-License-Identifier: MIT
/*
 * What peers make us keep, charged to the connection that caused it and to its
 * user, against base/limits.h. Each thing is charged before it is kept and
 * refunded when it goes; when an account ends, and when the last one of a user
 * does, everything must be back at zero.
 *
 * The users of a system session that neither own it nor are root count as one
 * user, of whose limit one of them may have 1/(n+1) of what the others leave.
 *
 * No locks: one thread, or the caller's lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "base/list.h"

struct account_user {
	struct list link;
	struct accounts *accounts;
	uid_t uid;
	enum limits_scope scope; /* which column is its own */
	bool is_shared;		 /* one of those that count as one */
	unsigned n_accounts;
	uint64_t counts[LIMITS_RESOURCES], highest[LIMITS_RESOURCES], refusals[LIMITS_RESOURCES];
	/* Of each of its connections, and of itself unless it is shared; UINT64_MAX: none. */
	uint64_t of_connection[LIMITS_RESOURCES], of_user[LIMITS_RESOURCES];
	/* An overrun is under way until the count falls below this; 0: none. */
	uint64_t calm[LIMITS_RESOURCES];
	uint64_t minute_ns; /* when the minute of log lines began */
	unsigned n_lines, n_omitted;
};

struct accounts {
	struct limits limits;
	uid_t owner;
	struct list users; /* also some that have no account now, for what they did */
	struct account_user session;
	uint64_t shared[LIMITS_RESOURCES]; /* of all users that count as one */
	unsigned n_shared;		   /* of them with accounts */
	uint64_t n_errors;		   /* charges that were not refunded, or refunded twice */
};

/* Zeroed: no account; nothing may be charged to it. */
struct account {
	struct account_user *user;
	const char *name; /* of the peer in log lines; borrowed */
	uint64_t counts[LIMITS_RESOURCES];
};

/* LIMITS is copied; NULL: the defaults. */
void accounts_init(struct accounts *accounts, const struct limits *limits, uid_t owner);
/* From now on; what is charged already stays so. */
void accounts_set_limits(struct accounts *accounts, const struct limits *limits);
/* All accounts have ended. */
void accounts_fini(struct accounts *accounts);
/* No charge has been left over or refunded twice so far. */
bool accounts_are_right(const struct accounts *accounts);
/* How many have, in this process: for tests. Any thread. */
uint64_t accounts_count_errors(void);

/* -ENOMEM. */
err_t account_init(struct account *account, struct accounts *accounts, uid_t uid, const char *name);
/* What the session itself keeps for everybody. */
void account_init_session(struct account *account, struct accounts *accounts, const char *name);
/* Everything has been refunded; if not, that is logged, counted and put right. Harmless twice. */
void account_fini(struct account *account);

bool account_charge_slowly(struct account *account, enum limits_resource resource, uint64_t n);
void account_refund_slowly(struct account *account, enum limits_resource resource, uint64_t n);

/* False when N more would exceed a limit: nothing is charged then, the refusal is counted, and the
 * first one of an overrun is logged. */
static inline bool account_charge(struct account *account, enum limits_resource resource,
				  uint64_t n)
{
	struct account_user *user = account->user;
	uint64_t own = account->counts[resource] + n, all = user->counts[resource] + n;

	if (user->is_shared || n > UINT32_MAX || own > user->of_connection[resource] ||
	    all > user->of_user[resource])
		return account_charge_slowly(account, resource, n);
	account->counts[resource] = own;
	user->counts[resource] = all;
	if (all > user->highest[resource])
		user->highest[resource] = all;
	return true;
}
/* The same for a single thing that may be larger than the connection's limit. */
bool account_charge_large(struct account *account, enum limits_resource resource, uint64_t n);
/* Charge what is there already; false when that exceeds a limit (counted and logged likewise). */
bool account_add(struct account *account, enum limits_resource resource, uint64_t n);
static inline void account_refund(struct account *account, enum limits_resource resource,
				  uint64_t n)
{
	struct account_user *user = account->user;

	if (user->is_shared || n > account->counts[resource] || user->calm[resource]) {
		account_refund_slowly(account, resource, n);
		return;
	}
	account->counts[resource] -= n;
	user->counts[resource] -= n;
}
/* Would N more be charged? Counts and logs nothing. */
bool account_has_room(const struct account *account, enum limits_resource resource, uint64_t n);
/* How much there is now. */
uint64_t account_count(const struct account *account, enum limits_resource resource);
/* May the peer cause one more line of the log? Counts it. */
bool account_may_log(struct account *account);
