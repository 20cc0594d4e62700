// SPDX-License-Identifier: MIT
/*
 * What clients make a host keep, charged to their connection and user
 * (base/account.h) under one lock, which is taken last and held for nothing
 * else. What is charged for each call and given back soon (asynchronous
 * references) is taken from the user in portions.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/account.h"

struct host_accounts {
	pthread_mutex_t lock;
	struct accounts accounts;
	unsigned n_threads; /* that the process may have; 0: not limited */
};

/* Of one connection. NULL is a connection without limits: for tests of single modules. */
struct host_account {
	struct host_accounts *accounts;
	struct account account;
	char name[64]; /* in log lines */
};

void host_accounts_init(struct host_accounts *accounts, unsigned n_threads);
void host_accounts_fini(struct host_accounts *accounts);
/* What the registry says of them (wire_limits); from now on. -EINVAL: WHY tells (LIMITS_WHY_MAX). */
err_t host_accounts_set(struct host_accounts *accounts, const char *text, char *why);
/* For the status (registry/usage.h): an array of users; NULL: no memory. */
CFArrayRef host_accounts_copy(struct host_accounts *accounts);

/* A connection of a program: one user client, one descriptor. -ENOSPC, -ENOMEM. */
err_t host_account_init(struct host_account *account, struct host_accounts *accounts, uid_t uid,
			int32_t pid, const char *process);
/* Everything else has been refunded. Harmless on a zeroed one. */
void host_account_fini(struct host_account *account);
bool host_account_charge(struct host_account *account, enum limits_resource resource, uint64_t n);
/* What is there already. */
void host_account_add(struct host_account *account, enum limits_resource resource, uint64_t n);
void host_account_refund(struct host_account *account, enum limits_resource resource, uint64_t n);
/* May the client cause one more line of the log? */
/* The same for a thing of any size of a connection that has none yet. */
bool host_account_charge_first(struct host_account *account, enum limits_resource resource,
			       uint64_t n);
bool host_account_may_log(struct host_account *account);
bool host_account_has_room(struct host_account *account, enum limits_resource resource, uint64_t n);
