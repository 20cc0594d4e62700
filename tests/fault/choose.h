/* SPDX-License-Identifier: MIT */
/* Inside the preloaded library: which call fails, and how. */
#pragma once

#include "inject.h"

extern struct fault_control *control; /* NULL: nothing fails */
extern struct fault_table *table;     /* NULL: no campaign, sites are CONTROL's */

/* The call of this site, with that key, is about to be made: the error that it is to fail with, 0: it is let
 * through. */
int choose_error(struct fault_site *site, uint64_t key);
