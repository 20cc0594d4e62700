// SPDX-License-Identifier: MIT
#include "host/account.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "crowd.h"
#include "test.h"

static struct host_accounts accounts;

static void begin(const char *limits)
{
	char why[LIMITS_WHY_MAX];

	host_accounts_init(&accounts, 0);
	test_equal_error(host_accounts_set(&accounts, limits, why), 0);
}

static void finish(void)
{
	test_true(accounts_are_right(&accounts.accounts));
	host_accounts_fini(&accounts);
}

TEST(connections_are_charged_themselves)
{
	struct host_account a = { 0 }, b = { 0 }, c = { 0 };

	begin("user-opens=2");
	test_equal_error(host_account_init(&a, &accounts, 7, 1, "a"), 0);
	test_equal_error(host_account_init(&b, &accounts, 0, 1, "b"), 0);
	test_equal_error(host_account_init(&c, &accounts, 0, 1, "c"), 0);
	host_account_fini(&c);
	memset(&c, 0, sizeof(c));
	test_equal_error(host_account_init(&c, &accounts, 0, 2, "c"), 0);
	struct host_account d = { 0 };
	test_equal_error(host_account_init(&d, &accounts, 0, 3, "d"), -ENOSPC);
	host_account_fini(&d);
	host_account_fini(&a);
	host_account_fini(&b);
	host_account_fini(&c);
	finish();
}

TEST(each_connection_has_a_descriptor)
{
	struct host_account a = { 0 }, b = { 0 };

	begin("user-descriptors=2");
	test_equal_error(host_account_init(&a, &accounts, 0, 1, "a"), 0);
	test_true(host_account_charge(&a, LIMITS_DESCRIPTORS, 1));
	test_equal_error(host_account_init(&b, &accounts, 0, 1, "b"), -ENOSPC);
	host_account_refund(&a, LIMITS_DESCRIPTORS, 1);
	host_account_fini(&a);
	finish();
}

TEST(who_has_left_too_many_descriptors_behind_opens_no_more)
{
	struct host_account a = { 0 }, b = { 0 };

	begin("");
	crowd(7);
	test_equal_error(host_account_init(&a, &accounts, 7, 1, "a"), -ENOSPC);
	test_equal_error(host_account_init(&b, &accounts, 8, 1, "b"), 0);
	uncrowd(7);
	test_equal_error(host_account_init(&a, &accounts, 7, 1, "a"), 0);
	host_account_fini(&a);
	host_account_fini(&b);
	finish();
}

TEST(one_user_cannot_take_all_threads)
{
	struct host_account a = { 0 };

	host_accounts_init(&accounts, 8);
	test_equal_error(host_account_init(&a, &accounts, 0, 1, "a"), 0);
	for (int i = 0; i < 6; i++)
		test_true(host_account_charge(&a, LIMITS_THREADS, 1));
	test_true(!host_account_charge(&a, LIMITS_THREADS, 1));
	host_account_refund(&a, LIMITS_THREADS, 6);
	host_account_fini(&a);
	finish();
}

/* Connections, ports and mapped memories have one each, and drivers need some. */
TEST(one_user_cannot_take_all_descriptors)
{
	struct rlimit before, files = { 120, 120 };
	struct host_account a = { 0 };

	test_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	files.rlim_max = before.rlim_max;
	test_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	begin("");
	test_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	test_equal_error(host_account_init(&a, &accounts, 0, 1, "a"), 0);
	test_true(host_account_has_room(&a, LIMITS_DESCRIPTORS, 59));
	test_true(!host_account_has_room(&a, LIMITS_DESCRIPTORS, 60));
	test_true(host_account_has_room(&a, LIMITS_MEMORIES, 30));
	test_true(!host_account_has_room(&a, LIMITS_MEMORIES, 31));
	host_account_fini(&a);
	finish();
}

TEST(nobody_pays_nothing)
{
	test_true(host_account_charge(NULL, LIMITS_PORTS, UINT64_MAX));
	test_true(host_account_has_room(NULL, LIMITS_PORTS, UINT64_MAX));
	host_account_add(NULL, LIMITS_PORTS, 1);
	host_account_refund(NULL, LIMITS_PORTS, 1);
}

TEST(bad_limits_change_nothing)
{
	char why[LIMITS_WHY_MAX];
	struct host_account a = { 0 };

	begin("ports=1");
	test_equal_error(host_accounts_set(&accounts, "ports=5 nonsense=1", why), -EINVAL);
	test_equal_error(host_account_init(&a, &accounts, 0, 1, "a"), 0);
	test_true(host_account_charge(&a, LIMITS_PORTS, 1));
	test_true(!host_account_charge(&a, LIMITS_PORTS, 1));
	/* New ones hold from then on. */
	test_equal_error(host_accounts_set(&accounts, "ports=2", why), 0);
	test_true(host_account_charge(&a, LIMITS_PORTS, 1));
	host_account_refund(&a, LIMITS_PORTS, 2);
	host_account_fini(&a);
	finish();
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *charge_and_refund(void *context)
{
	for (int i = 0; i < ROUNDS; i++)
		if (host_account_charge(context, LIMITS_ASYNC_CALLS, 1))
			host_account_refund(context, LIMITS_ASYNC_CALLS, 1);
	return NULL;
}

TEST(threads_share_an_account)
{
	pthread_t threads[THREADS];
	struct host_account a = { 0 };

	begin("async-calls=2");
	test_equal_error(host_account_init(&a, &accounts, 0, 1, "a"), 0);
	for (int i = 0; i < THREADS; i++)
		test_equal(pthread_create(&threads[i], NULL, charge_and_refund, &a), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	test_equal(account_count(&a.account, LIMITS_ASYNC_CALLS), 0);
	test_true(a.account.user->highest[LIMITS_ASYNC_CALLS] <= 2);
	host_account_fini(&a);
	finish();
}

static int64_t number_at(CFTypeRef dictionary, CFStringRef key)
{
	int64_t n = -1;

	CFNumberGetValue(CFDictionaryGetValue(dictionary, key), kCFNumberSInt64Type, &n);
	return n;
}

TEST(what_is_used_is_told)
{
	struct host_account a = { 0 };

	begin("ports=3");
	test_equal_error(host_account_init(&a, &accounts, 77, 1, "a"), 0);
	test_true(host_account_charge(&a, LIMITS_PORTS, 1));
	host_account_charge(&a, LIMITS_PORTS, 9);
	CFArrayRef users = host_accounts_copy(&accounts);
	test_equal(CFArrayGetCount(users), 1);
	CFDictionaryRef user = CFArrayGetValueAtIndex(users, 0);
	test_equal(number_at(user, CFSTR("UID")), 77);
	test_equal(number_at(user, CFSTR("Connections")), 1);
	CFDictionaryRef use = CFDictionaryGetValue(user, CFSTR("Use"));
	CFDictionaryRef ports = CFDictionaryGetValue(use, CFSTR("ports"));
	test_equal(number_at(ports, CFSTR("Now")), 1);
	test_equal(number_at(ports, CFSTR("Highest")), 1);
	test_equal(number_at(ports, CFSTR("Refused")), 1);
	test_true(!CFDictionaryContainsKey(use, CFSTR("memories")));
	CFRelease(users);
	host_account_refund(&a, LIMITS_PORTS, 1);
	host_account_fini(&a);
	finish();
}

TEST_MAIN
