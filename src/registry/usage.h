// SPDX-License-Identifier: MIT
/* The limits and what of them is used, as values for the status command. */
#pragma once

#include <CoreFoundation/CoreFoundation.h>

#include "base/account.h"

/* Array of { Name, Unit, "When Exceeded", "In Hosts" (a boolean: charged by driver hosts) } with the numbers "Per Connection", "Per User" and "Per
 * Session" as far as there are such limits. NULL: no memory. */
CFArrayRef registry_usage_copy_limits(const struct limits *limits);
/* Array of { UID, Connections, Use }; Use: name of a resource -> { Now, Highest, Refused }, as far as one of
 * them is not 0. NULL: no memory. */
CFArrayRef registry_usage_copy_users(const struct accounts *accounts);
/* Use of one account: name of a resource -> number, as far as it is not 0. NULL: no memory. */
CFDictionaryRef registry_usage_copy_account(const struct account *account);
/* As Use above: of the session itself. */
CFDictionaryRef registry_usage_copy_session(const struct accounts *accounts);
