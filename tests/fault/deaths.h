/* SPDX-License-Identifier: MIT */
/*
 * Where processes have died under faults. What a test's own code does with a
 * failed call, or hands to a function that may not be given nothing, is no
 * finding: the place of death and its caller tell.
 */
#pragma once

/* Of all since the last question: those that are findings, each told about. */
int count_deaths(const char *name);
