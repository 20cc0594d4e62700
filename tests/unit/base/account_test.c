// SPDX-License-Identifier: MIT
#include "base/account.h"

#include <string.h>

#include "test.h"

enum { OWNER = 1000, FOREIGN = 2000, OTHER = 2001, THIRD = 2002 };

static struct accounts accounts;

static void begin(const char *const *assignments)
{
	struct limits limits;
	char why[LIMITS_WHY_MAX];

	limits_init(&limits);
	for (; *assignments; assignments++)
		test_equal_error(limits_set(&limits, *assignments, why), 0);
	accounts_init(&accounts, &limits, OWNER);
}

static void expect_right(void)
{
	test_true(accounts_are_right(&accounts));
	accounts_fini(&accounts);
}

/* Every resource that is limited for a connection or a user: up to the limit, not beyond, and again
 * when something has gone. Another user never notices. */
TEST(every_resource_up_to_its_limit)
{
	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		const struct limits_row *row = &limits_table[r];
		uint64_t of_connection = row->defaults[LIMITS_CONNECTION];
		uint64_t limit = of_connection ? of_connection : row->defaults[LIMITS_USER];
		struct account a, b, other;

		if (!limit)
			continue;
		accounts_init(&accounts, NULL, OWNER);
		test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
		test_equal_error(account_init(&b, &accounts, OWNER, "b"), 0);
		test_equal_error(account_init(&other, &accounts, 0, "root"), 0);
		test_true(account_charge(&a, r, limit));
		test_true(!account_has_room(&a, r, 1));
		test_true(!account_charge(&a, r, 1));
		test_true(!account_charge(&a, r, UINT64_MAX));
		test_equal(a.user->refusals[r], 2);
		test_equal(account_count(&a, r), limit);
		/* The second connection of the user has what is left of the user's. */
		test_equal(account_charge(&b, r, 1),
			   row->defaults[LIMITS_USER] > limit || !row->defaults[LIMITS_USER]);
		test_true(account_charge(&other, r, limit));
		account_refund(&a, r, 1);
		test_true(account_charge(&a, r, 1));
		test_equal(a.user->highest[r], limit + account_count(&b, r));
		account_refund(&a, r, limit);
		account_refund(&b, r, account_count(&b, r));
		account_refund(&other, r, limit);
		account_fini(&a);
		account_fini(&b);
		account_fini(&other);
		expect_right();
	}
}

TEST(connections_of_a_user_are_bounded_together)
{
	struct account a[4];

	begin((const char *const[]){ "grants=10", "user-grants=25", NULL });
	for (int i = 0; i < 4; i++)
		test_equal_error(account_init(&a[i], &accounts, OWNER, "a"), 0);
	for (int i = 0; i < 4; i++)
		test_equal(account_charge(&a[i], LIMITS_GRANTS, 10), i < 2);
	test_true(account_charge(&a[3], LIMITS_GRANTS, 5));
	test_true(!account_charge(&a[2], LIMITS_GRANTS, 1));
	account_refund(&a[0], LIMITS_GRANTS, 10);
	test_true(account_charge(&a[2], LIMITS_GRANTS, 10));
	test_equal(a[0].user->counts[LIMITS_GRANTS], 25);
	for (int i = 0; i < 4; i++) {
		account_refund(&a[i], LIMITS_GRANTS, account_count(&a[i], LIMITS_GRANTS));
		account_fini(&a[i]);
	}
	expect_right();
}

/* All foreign users together never have more than one user may; each leaves something to the next. */
TEST(foreign_users_share_one_limit)
{
	const uid_t uids[] = { FOREIGN, OTHER, THIRD };
	struct account owner, foreign[3];
	uint64_t had[3], total = 0;

	begin((const char *const[]){ "grants=1K", "user-grants=1000", NULL });
	test_equal_error(account_init(&owner, &accounts, OWNER, "owner"), 0);
	for (int i = 0; i < 3; i++) {
		test_equal_error(account_init(&foreign[i], &accounts, uids[i], "foreign"), 0);
		for (had[i] = 0; account_charge(&foreign[i], LIMITS_GRANTS, 1);)
			had[i]++;
		total += had[i];
		test_true(had[i] > 0);
	}
	test_equal(had[0], 500); /* alone: half of it */
	test_true(total < 1000);
	test_true(account_charge(&owner, LIMITS_GRANTS, 1000));
	for (int i = 0; i < 3; i++) {
		account_refund(&foreign[i], LIMITS_GRANTS, had[i]);
		account_fini(&foreign[i]);
	}
	account_refund(&owner, LIMITS_GRANTS, 1000);
	account_fini(&owner);
	test_equal(accounts.shared[LIMITS_GRANTS], 0);
	test_equal(accounts.n_shared, 0);
	expect_right();
}

TEST(what_is_there_already_is_charged_all_the_same)
{
	struct account a;

	begin((const char *const[]){ "remains=10", NULL });
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_true(account_add(&a, LIMITS_REMAINS, 10));
	test_true(!account_add(&a, LIMITS_REMAINS, 5));
	test_equal(account_count(&a, LIMITS_REMAINS), 15);
	test_true(!account_has_room(&a, LIMITS_REMAINS, 0));
	account_refund(&a, LIMITS_REMAINS, 15);
	account_fini(&a);
	expect_right();
}

TEST(the_session_has_limits_of_its_own)
{
	struct account s;

	begin((const char *const[]){ "session-property-bytes=100", "property-bytes=1", NULL });
	account_init_session(&s, &accounts, "session");
	test_true(account_charge(&s, LIMITS_PROPERTY_BYTES, 100));
	test_true(!account_charge(&s, LIMITS_PROPERTY_BYTES, 1));
	test_true(account_charge(&s, LIMITS_GRANTS, 1)); /* not limited there */
	account_refund(&s, LIMITS_GRANTS, 1);
	account_refund(&s, LIMITS_PROPERTY_BYTES, 100);
	account_fini(&s);
	expect_right();
}

TEST(what_is_left_at_the_end_is_noticed)
{
	struct account a;

	begin((const char *const[]){ NULL });
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_true(account_charge(&a, LIMITS_INLETS, 3));
	account_fini(&a);
	test_true(!accounts_are_right(&accounts));
	test_equal(accounts.n_errors, 1);
	/* And put right. */
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_equal(a.user->counts[LIMITS_INLETS], 0);
	account_fini(&a);
	account_fini(&a);
	test_equal(accounts.n_errors, 1);
	accounts_fini(&accounts);
}

TEST(what_is_refunded_twice_is_noticed)
{
	struct account a;

	begin((const char *const[]){ NULL });
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_true(account_charge(&a, LIMITS_INLETS, 1));
	account_refund(&a, LIMITS_INLETS, 2);
	test_equal(accounts.n_errors, 1);
	test_equal(account_count(&a, LIMITS_INLETS), 0);
	account_fini(&a);
	test_equal(accounts.n_errors, 1);
	accounts_fini(&accounts);
}

/* One for each overrun: until half of the limit is free again. */
TEST(an_overrun_is_one_episode)
{
	struct account a;

	begin((const char *const[]){ "inlets=8", NULL });
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_true(account_charge(&a, LIMITS_INLETS, 8));
	for (int i = 0; i < 5; i++)
		test_true(!account_charge(&a, LIMITS_INLETS, 1));
	test_equal(a.user->n_lines, 1);
	account_refund(&a, LIMITS_INLETS, 3);
	test_true(!account_charge(&a, LIMITS_INLETS, 4));
	test_equal(a.user->n_lines, 1);
	account_refund(&a, LIMITS_INLETS, 1);
	test_true(!account_charge(&a, LIMITS_INLETS, 5));
	test_equal(a.user->n_lines, 2);
	test_equal(a.user->refusals[LIMITS_INLETS], 7);
	account_refund(&a, LIMITS_INLETS, 4);
	account_fini(&a);
	expect_right();
}

TEST(log_lines_of_a_user_are_counted)
{
	struct account a, b;

	begin((const char *const[]){ "user-log-lines=3", NULL });
	test_equal_error(account_init(&a, &accounts, OWNER, "a"), 0);
	test_equal_error(account_init(&b, &accounts, 0, "b"), 0);
	for (int i = 0; i < 10; i++)
		test_equal(account_may_log(&a), i < 3);
	test_true(account_may_log(&b));
	test_equal(a.user->refusals[LIMITS_LOG_LINES], 7);
	account_fini(&a);
	account_fini(&b);
	expect_right();
}

TEST(users_who_have_gone_are_forgotten_in_the_end)
{
	size_t n = 0;

	begin((const char *const[]){ NULL });
	for (uid_t uid = 5000; uid < 6000; uid++) {
		struct account a;

		test_equal_error(account_init(&a, &accounts, uid, "a"), 0);
		account_fini(&a);
	}
	list_for_each(l, &accounts.users)
		n++;
	test_equal(n, 256);
	expect_right();
}

TEST_MAIN
