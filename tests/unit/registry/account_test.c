// SPDX-License-Identifier: MIT
#include "registry/account.h"

#include "test.h"

TEST(charges_up_to_the_limit)
{
	struct registry_account a = { { 0 } };
	uint64_t limit = registry_account_limit(REGISTRY_CHARGE_INLETS);

	test_equal(limit, 1024);
	test_equal(registry_account_limit(REGISTRY_CHARGE_SUBSCRIPTIONS), 65536);
	test_equal(registry_account_limit(REGISTRY_CHARGE_GRANTS), 4 * 1024 * 1024);
	test_equal(registry_account_limit(REGISTRY_CHARGE_ENTRIES), 2 * 1024 * 1024);
	test_true(registry_account_is_clear(&a));
	test_true(registry_account_charge(&a, REGISTRY_CHARGE_INLETS, limit));
	test_true(!registry_account_charge(&a, REGISTRY_CHARGE_INLETS, 1));
	test_true(!registry_account_charge(&a, REGISTRY_CHARGE_GRANTS, UINT64_MAX));
	test_true(!registry_account_is_clear(&a));
	registry_account_refund(&a, REGISTRY_CHARGE_INLETS, limit);
	test_true(registry_account_is_clear(&a));
}

TEST_MAIN
