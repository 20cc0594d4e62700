// SPDX-License-Identifier: MIT
#include "registry/account.h"

#include <assert.h>

static const uint64_t limits[REGISTRY_CHARGES] = {
	/* a client may hold, and a provider publish, a million and what belongs to them */
	[REGISTRY_CHARGE_GRANTS] = 4 * 1024 * 1024, [REGISTRY_CHARGE_SUBSCRIPTIONS] = 64 * 1024,
	[REGISTRY_CHARGE_INLETS] = 1024,	    [REGISTRY_CHARGE_REQUESTS] = 512,
	[REGISTRY_CHARGE_ENTRIES] = 2 * 1024 * 1024,
};

uint64_t registry_account_limit(enum registry_charge charge)
{
	return limits[charge];
}

bool registry_account_charge(struct registry_account *account, enum registry_charge charge,
			     uint64_t amount)
{
	uint64_t *count = &account->counts[charge];

	if (amount > limits[charge] - *count)
		return false;
	*count += amount;
	return true;
}

void registry_account_refund(struct registry_account *account, enum registry_charge charge,
			     uint64_t amount)
{
	assert(account->counts[charge] >= amount);
	account->counts[charge] -= amount;
}

bool registry_account_is_clear(const struct registry_account *account)
{
	for (int i = 0; i < REGISTRY_CHARGES; i++)
		if (account->counts[i])
			return false;
	return true;
}
