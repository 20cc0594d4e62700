// SPDX-License-Identifier: MIT
/*
 * References that drivers hold. Who gives back one too many ends the process, and is told which kind of object it was
 * and in which file the code is that did it. A count stands behind the first 16 bytes of its object, in which free()
 * writes: so it is found to be 0 for as long as nobody else has got the memory.
 */
#pragma once

#include "base/ref.h"

/* Of the public function that a driver has called. */
#define HOST_CALLER __builtin_return_address(0)

void host_reference_get(struct ref *ref, const char *kind, const void *caller);
/* True when it was the last one. */
bool host_reference_put(struct ref *ref, const char *kind, const void *caller);
/* Ends the process. WHAT: "was released too often" or the like. */
void host_reference_end(const char *kind, const char *what, const void *caller)
	__attribute__((noreturn));
