// SPDX-License-Identifier: MIT
#include "host/account.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/foreign.h"
#include "base/scope.h"

static void fit(const struct host_accounts *accounts, struct limits *limits)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		limits_fit(limits, LIMITS_DESCRIPTORS, files.rlim_cur / 3 * 2);
		/* A memory that somebody has mapped has a descriptor of its own. */
		limits_fit(limits, LIMITS_MEMORIES, files.rlim_cur / 3);
		/* The kernel counts these by our user, whose other hosts have some, too. */
		limits_fit(limits, LIMITS_UNREAD_FILES, files.rlim_cur / 16);
	}
	if (accounts->n_threads)
		limits_fit(limits, LIMITS_THREADS, accounts->n_threads);
}

void host_accounts_init(struct host_accounts *accounts, unsigned n_threads)
{
	accounts->n_threads = n_threads;
	pthread_mutex_init(&accounts->lock, NULL);
	accounts_init(&accounts->accounts, NULL, geteuid());
	fit(accounts, &accounts->accounts.limits);
}

void host_accounts_fini(struct host_accounts *accounts)
{
	accounts_fini(&accounts->accounts);
	pthread_mutex_destroy(&accounts->lock);
}

err_t host_accounts_set(struct host_accounts *accounts, const char *text, char *why)
{
	struct limits limits;

	limits_init(&limits);
	err_t err = limits_read_list(&limits, text, why);
	if (err)
		return err;
	fit(accounts, &limits);
	scope_lock(&accounts->lock);
	accounts_set_limits(&accounts->accounts, &limits);
	return 0;
}

/* --- one connection ------------------------------------------------------------------ */

err_t host_account_init(struct host_account *account, struct host_accounts *accounts, uid_t uid,
			int32_t pid, const char *process)
{
	snprintf(account->name, sizeof(account->name), "client %d, %.40s", pid, process);
	scope_lock(&accounts->lock);
	err_t err = account_init(&account->account, &accounts->accounts, uid, account->name);
	if (err)
		return err;
	account->accounts = accounts;
	if (!foreign_is_crowded(uid) && account_charge(&account->account, LIMITS_OPENS, 1)) {
		if (account_charge(&account->account, LIMITS_DESCRIPTORS, 1))
			return 0;
		account_refund(&account->account, LIMITS_OPENS, 1);
	}
	account_fini(&account->account);
	account->accounts = NULL;
	return -ENOSPC;
}

void host_account_fini(struct host_account *account)
{
	if (!account->accounts)
		return;
	scope_lock(&account->accounts->lock);
	account_refund(&account->account, LIMITS_OPENS, 1);
	account_refund(&account->account, LIMITS_DESCRIPTORS, 1);
	account_fini(&account->account);
}

bool host_account_charge(struct host_account *account, enum limits_resource resource, uint64_t n)
{
	if (!account)
		return true;
	scope_lock(&account->accounts->lock);
	return account_charge(&account->account, resource, n);
}

void host_account_add(struct host_account *account, enum limits_resource resource, uint64_t n)
{
	if (!account)
		return;
	scope_lock(&account->accounts->lock);
	account_add(&account->account, resource, n);
}

void host_account_refund(struct host_account *account, enum limits_resource resource, uint64_t n)
{
	if (!account)
		return;
	scope_lock(&account->accounts->lock);
	account_refund(&account->account, resource, n);
}

bool host_account_has_room(struct host_account *account, enum limits_resource resource, uint64_t n)
{
	if (!account)
		return true;
	scope_lock(&account->accounts->lock);
	return account_has_room(&account->account, resource, n);
}

bool host_account_charge_first(struct host_account *account, enum limits_resource resource,
			       uint64_t n)
{
	if (!account)
		return true;
	scope_lock(&account->accounts->lock);
	return account_count(&account->account, resource)
		     ? account_charge(&account->account, resource, n)
		     : account_charge_large(&account->account, resource, n);
}

bool host_account_may_log(struct host_account *account)
{
	if (!account)
		return true;
	scope_lock(&account->accounts->lock);
	return account_may_log(&account->account);
}

/* --- for the status --------------------------------------------------------------------- */

static void set_number(CFMutableDictionaryRef d, CFStringRef key, uint64_t n)
{
	int64_t value = (int64_t)n;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);

	if (number)
		CFDictionarySetValue(d, key, number);
	if (number)
		CFRelease(number);
}

static CFMutableDictionaryRef dictionary_new(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static void add_row(CFMutableDictionaryRef use, const struct account_user *user, int resource)
{
	CFMutableDictionaryRef d = dictionary_new();
	CFStringRef name =
		CFStringCreateWithCString(NULL, limits_table[resource].name, kCFStringEncodingUTF8);

	if (d && name) {
		set_number(d, CFSTR("Now"), user->counts[resource]);
		set_number(d, CFSTR("Highest"), user->highest[resource]);
		set_number(d, CFSTR("Refused"), user->refusals[resource]);
		CFDictionarySetValue(use, name, d);
	}
	if (d)
		CFRelease(d);
	if (name)
		CFRelease(name);
}

static void add_user(CFMutableArrayRef all, const struct account_user *user)
{
	CFMutableDictionaryRef d = dictionary_new(), use = dictionary_new();

	for (int r = 0; d && use && r < LIMITS_RESOURCES; r++)
		if (user->highest[r] || user->refusals[r])
			add_row(use, user, r);
	if (d && use) {
		set_number(d, CFSTR("UID"), user->uid);
		set_number(d, CFSTR("Connections"), user->n_accounts);
		CFDictionarySetValue(d, CFSTR("Use"), use);
		CFArrayAppendValue(all, d);
	}
	if (d)
		CFRelease(d);
	if (use)
		CFRelease(use);
}

CFArrayRef host_accounts_copy(struct host_accounts *accounts)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	if (!all)
		return NULL;
	scope_lock(&accounts->lock);
	list_for_each(l, &accounts->accounts.users)
		add_user(all, container_of(l, struct account_user, link));
	return all;
}
