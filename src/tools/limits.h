// SPDX-License-Identifier: MIT
/* The limits in the answer to the status request, as tables for people. */
#pragma once

#include <stdio.h>

#include <CoreFoundation/CoreFoundation.h>

/* One table for each user (what is kept in hosts is that of all hosts: the sum of what there is now and was
 * refused, the highest of one), and one of what the session keeps for all. */
void tools_limits_show(FILE *out, CFDictionaryRef status);
