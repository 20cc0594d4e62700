// SPDX-License-Identifier: MIT
#include "registry/account.h"

#include <assert.h>

static const uint64_t limits[REGISTRY_CHARGES] = {
	[REGISTRY_CHARGE_GRANTS] = 1000 * 1000,	 [REGISTRY_CHARGE_SUBSCRIPTIONS] = 64 * 1024,
	[REGISTRY_CHARGE_INLETS] = 1024,	 [REGISTRY_CHARGE_REQUESTS] = 512,
	[REGISTRY_CHARGE_ENTRIES] = 1000 * 1000,
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
