// SPDX-License-Identifier: MIT
#include "base/account.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"

enum { IDLE_USERS_MAX = 256 }; /* users without an account whose figures are kept */
#define MINUTE_NS (60ull * 1000 * 1000 * 1000)

static _Atomic uint64_t n_errors; /* of all in this process */

/* --- users ----------------------------------------------------------------------- */

static uint64_t or_none(uint64_t limit)
{
	return limit ? limit : UINT64_MAX;
}

static void set_limits(struct account_user *user)
{
	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		const uint64_t *of = user->accounts->limits.of[r];

		user->of_user[r] = or_none(of[user->scope]);
		user->of_connection[r] =
			user->scope == LIMITS_USER ? or_none(of[LIMITS_CONNECTION]) : UINT64_MAX;
	}
}

static void init_user(struct account_user *user, struct accounts *accounts, uid_t uid,
		      enum limits_scope scope)
{
	*user = (struct account_user){ .accounts = accounts, .uid = uid, .scope = scope };
	list_init(&user->link);
	user->is_shared = scope == LIMITS_USER && uid != accounts->owner && uid != 0;
	set_limits(user);
}

void accounts_init(struct accounts *accounts, const struct limits *limits, uid_t owner)
{
	*accounts = (struct accounts){ .owner = owner };
	if (limits)
		accounts->limits = *limits;
	else
		limits_init(&accounts->limits);
	list_init(&accounts->users);
	init_user(&accounts->session, accounts, owner, LIMITS_SESSION);
}

void accounts_set_limits(struct accounts *accounts, const struct limits *limits)
{
	accounts->limits = *limits;
	set_limits(&accounts->session);
	list_for_each(l, &accounts->users)
		set_limits(container_of(l, struct account_user, link));
}

void accounts_fini(struct accounts *accounts)
{
	list_for_each_safe(l, &accounts->users) {
		list_remove(l);
		free(container_of(l, struct account_user, link));
	}
}

uint64_t accounts_count_errors(void)
{
	return atomic_load(&n_errors);
}

bool accounts_are_right(const struct accounts *accounts)
{
	return !accounts->n_errors;
}

/* Users come and go; who went long ago is forgotten. */
static void forget_idle(struct accounts *accounts)
{
	struct account_user *oldest = NULL;
	size_t n = 0;

	list_for_each(l, &accounts->users) {
		struct account_user *user = container_of(l, struct account_user, link);

		if (user->n_accounts)
			continue;
		n++;
		if (!oldest)
			oldest = user;
	}
	if (n <= IDLE_USERS_MAX)
		return;
	list_remove(&oldest->link);
	free(oldest);
}

static struct account_user *need_user(struct accounts *accounts, uid_t uid)
{
	struct account_user *user;

	list_for_each(l, &accounts->users) {
		user = container_of(l, struct account_user, link);
		if (user->uid == uid)
			return user;
	}
	user = malloc(sizeof(*user));
	if (!user)
		return NULL;
	init_user(user, accounts, uid, LIMITS_USER);
	list_add(&accounts->users, &user->link);
	return user;
}

/* --- accounts ---------------------------------------------------------------------- */

err_t account_init(struct account *account, struct accounts *accounts, uid_t uid, const char *name)
{
	struct account_user *user = need_user(accounts, uid);

	if (!user)
		return -ENOMEM;
	if (user->n_accounts++ == 0 && user->is_shared)
		accounts->n_shared++;
	*account = (struct account){ .user = user, .name = name };
	return 0;
}

void account_init_session(struct account *account, struct accounts *accounts, const char *name)
{
	*account = (struct account){ .user = &accounts->session, .name = name };
	accounts->session.n_accounts++;
}

static void report(struct accounts *accounts, const char *whose, enum limits_resource resource,
		   const char *what, uint64_t n)
{
	accounts->n_errors++;
	atomic_fetch_add(&n_errors, 1);
	log_error("the account of %s is wrong: %llu %s %s", whose, (unsigned long long)n,
		  limits_table[resource].name, what);
}

static void end_user(struct account_user *user)
{
	struct accounts *accounts = user->accounts;

	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		if (!user->counts[r])
			continue;
		report(accounts, "a user without connections", r, "left", user->counts[r]);
		if (user->is_shared)
			accounts->shared[r] -= user->counts[r];
		user->counts[r] = 0;
	}
	if (user->is_shared)
		accounts->n_shared--;
	/* The latest at the end. */
	if (user->scope == LIMITS_USER) {
		list_remove(&user->link);
		list_add(&accounts->users, &user->link);
		forget_idle(accounts);
	}
}

void account_fini(struct account *account)
{
	struct account_user *user = account->user;

	if (!user)
		return;
	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		uint64_t left = account->counts[r];

		if (!left)
			continue;
		account_refund(account, r, left);
		report(user->accounts, account->name, r, "left", left);
	}
	account->user = NULL;
	if (--user->n_accounts == 0)
		end_user(user);
}

/* --- charging ------------------------------------------------------------------------ */

static uint64_t limit_of_user(const struct account_user *user, enum limits_resource resource)
{
	const struct accounts *a = user->accounts;
	uint64_t limit = user->of_user[resource];

	if (!user->is_shared || limit == UINT64_MAX)
		return limit;
	uint64_t others = a->shared[resource] - user->counts[resource];
	return others < limit ? (limit - others) / (a->n_shared + 1) : 0;
}

static uint64_t limit_of_connection(const struct account *account, enum limits_resource resource)
{
	return account->user->of_connection[resource];
}

static bool fits(uint64_t count, uint64_t n, uint64_t limit)
{
	return count <= limit && n <= limit - count;
}

bool account_has_room(const struct account *account, enum limits_resource resource, uint64_t n)
{
	return fits(account->counts[resource], n, limit_of_connection(account, resource)) &&
	       fits(account->user->counts[resource], n, limit_of_user(account->user, resource));
}

/* One line for each overrun: it is over when half of the limit is free again. */
static void refuse(struct account *account, enum limits_resource resource, uint64_t n)
{
	struct account_user *user = account->user;
	bool is_own = fits(user->counts[resource], n, limit_of_user(user, resource));
	uint64_t limit =
		is_own ? limit_of_connection(account, resource) : limit_of_user(user, resource);
	char name[LIMITS_NAME_MAX];

	user->refusals[resource]++;
	if (user->calm[resource])
		return;
	user->calm[resource] = limit / 2 + 1;
	limits_name(resource, is_own ? LIMITS_CONNECTION : user->scope, name);
	if (account_may_log(account))
		log_warning("%s (uid %u): more than %llu %s (%s): %s", account->name,
			    (unsigned)user->uid, (unsigned long long)limit,
			    limits_table[resource].unit, name, limits_table[resource].consequence);
}

static void add(struct account *account, enum limits_resource resource, uint64_t n)
{
	struct account_user *user = account->user;

	account->counts[resource] += n;
	user->counts[resource] += n;
	if (user->counts[resource] > user->highest[resource])
		user->highest[resource] = user->counts[resource];
	if (user->is_shared)
		user->accounts->shared[resource] += n;
}

bool account_charge_slowly(struct account *account, enum limits_resource resource, uint64_t n)
{
	if (!account_has_room(account, resource, n)) {
		refuse(account, resource, n);
		return false;
	}
	add(account, resource, n);
	return true;
}

bool account_charge_large(struct account *account, enum limits_resource resource, uint64_t n)
{
	struct account_user *user = account->user;

	if (!fits(user->counts[resource], n, limit_of_user(user, resource))) {
		refuse(account, resource, n);
		return false;
	}
	add(account, resource, n);
	return true;
}

bool account_add(struct account *account, enum limits_resource resource, uint64_t n)
{
	bool has_room = account_has_room(account, resource, n);

	if (!has_room)
		refuse(account, resource, n);
	add(account, resource, n);
	return has_room;
}

void account_refund_slowly(struct account *account, enum limits_resource resource, uint64_t n)
{
	struct account_user *user = account->user;

	if (n > account->counts[resource]) {
		report(user->accounts, account->name, resource, "refunded twice",
		       n - account->counts[resource]);
		n = account->counts[resource];
	}
	account->counts[resource] -= n;
	user->counts[resource] -= n;
	if (user->is_shared)
		user->accounts->shared[resource] -= n;
	if (user->counts[resource] < user->calm[resource])
		user->calm[resource] = 0;
}

uint64_t account_count(const struct account *account, enum limits_resource resource)
{
	return account->counts[resource];
}

/* --- log lines --------------------------------------------------------------------------- */

bool account_may_log(struct account *account)
{
	struct account_user *user = account->user;
	uint64_t limit = user->accounts->limits.of[LIMITS_LOG_LINES][user->scope];
	uint64_t now = loop_now_ns();

	if (!limit)
		return true;
	if (!user->n_lines || now - user->minute_ns >= MINUTE_NS) {
		if (user->n_omitted)
			log_warning("uid %u: %u lines were left out", (unsigned)user->uid,
				    user->n_omitted);
		user->minute_ns = now;
		user->n_lines = user->n_omitted = 0;
	}
	if (user->n_lines >= limit) {
		user->n_omitted++;
		user->refusals[LIMITS_LOG_LINES]++;
		return false;
	}
	if (++user->n_lines > user->highest[LIMITS_LOG_LINES])
		user->highest[LIMITS_LOG_LINES] = user->n_lines;
	return true;
}
