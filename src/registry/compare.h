// SPDX-License-Identifier: MIT
/* When is a value that a dictionary wants equal to a property? Pure (spec 6.8). */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CoreFoundation.h>

/* Numbers by value, strings and data by bytes, collections member by member. False when one of them is
 * NULL. */
bool registry_compare_values(CFTypeRef wanted, CFTypeRef have);
