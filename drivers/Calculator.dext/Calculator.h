/* SPDX-License-Identifier: MIT */
/* What the files of this driver share. */
#pragma once

#include <stdatomic.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>

struct CalculatorDriver {
	IOService service;
	atomic_uint_fast64_t opens, closes, inFlight, outstanding;
};

struct Later;

struct CalculatorUserClient {
	IOUserClient client;
	struct CalculatorDriver *driver;
	struct Later *later; /* guarded by the work loop's gate */
};

/* Methods on structures (Structures.c). */
IOReturn statistics(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn reverse(OSObject *target, void *reference, IOExternalMethodArguments *arguments);

/* The asynchronous methods (Later.c); REFERENCE is unused. */
IOReturn laterAdd(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn laterRepeat(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn laterFail(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
/* Complete all that is outstanding with kIOReturnAborted. */
void laterAbortAll(struct CalculatorUserClient *self);
