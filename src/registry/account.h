// SPDX-License-Identifier: MIT
/*
 * What one peer makes the registry keep. Each thing is charged before it is
 * kept and refunded when it goes; at the end of the connection all counts must
 * be back at zero.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum registry_charge {
	REGISTRY_CHARGE_GRANTS, /* holds on entries */
	REGISTRY_CHARGE_SUBSCRIPTIONS,
	REGISTRY_CHARGE_INLETS,
	REGISTRY_CHARGE_REQUESTS, /* answered later; few, since they wait in line before others' */
	REGISTRY_CHARGE_ENTRIES,  /* published */
	REGISTRY_CHARGES
};

struct registry_account {
	uint64_t counts[REGISTRY_CHARGES];
};

uint64_t registry_account_limit(enum registry_charge charge);
/* False when AMOUNT more would exceed the limit: nothing is charged then. */
bool registry_account_charge(struct registry_account *account, enum registry_charge charge,
			     uint64_t amount);
void registry_account_refund(struct registry_account *account, enum registry_charge charge,
			     uint64_t amount);
bool registry_account_is_clear(const struct registry_account *account);
