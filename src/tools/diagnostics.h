// SPDX-License-Identifier: MIT
/* The registry's counters (IOKitDiagnostics of the root), which ioclasscount and ioalloccount print. */
#pragma once

#include <stdio.h>

#include <CoreFoundation/CoreFoundation.h>

/* A new dictionary, or NULL after a message on standard error. TOOL: its name, for the message. */
CFDictionaryRef tools_diagnostics_copy(const char *tool);
/* "NAME = count" and END. A name that is not there is "<no such class>". */
void tools_diagnostics_put_class(FILE *out, CFDictionaryRef classes, CFStringRef name,
				 const char *end);
/* A line for every class of the dictionary, sorted without regard to case. False: out of memory. */
bool tools_diagnostics_put_classes(FILE *out, CFDictionaryRef classes);
/* The lines of ioalloccount: those of the four sums that are there. */
void tools_diagnostics_put_sums(FILE *out, CFDictionaryRef diagnostics);
