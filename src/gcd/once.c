// SPDX-License-Identifier: MIT
/*
 * The predicate is 0 before, all ones after the run. In between its low half
 * is the runner's thread ID, with the top bit set once somebody waits.
 */
#include "gcd/gcd_internal.h"

#include <limits.h>
#include <unistd.h>

#define ONCE_DONE ((intptr_t)-1)
#define ONCE_WAITED 0x80000000u

/* The half that threads sleep on. */
static _Atomic uint32_t *once_word(_Atomic intptr_t *state)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (_Atomic uint32_t *)state;
#else
	return (_Atomic uint32_t *)((char *)state + sizeof *state - 4);
#endif
}

static void once_wait(_Atomic intptr_t *state, uint32_t self)
{
	for (;;) {
		intptr_t value = atomic_load_explicit(state, memory_order_acquire);

		if (value == ONCE_DONE)
			return;
		if (((uint32_t)value & ~ONCE_WAITED) == self)
			gcd_object_trap("dispatch_once called from inside its own function");
		if (!((uint32_t)value & ONCE_WAITED) &&
		    !atomic_compare_exchange_strong(state, &value, value | (intptr_t)ONCE_WAITED))
			continue;
		gcd_clock_wait(once_word(state), (uint32_t)value | ONCE_WAITED,
			       DISPATCH_TIME_FOREVER);
	}
}

void dispatch_once_f(dispatch_once_t *predicate, void *context, dispatch_function_t function)
{
	_Atomic intptr_t *state = (_Atomic intptr_t *)predicate;
	uint32_t self;
	intptr_t before = 0;

	if (atomic_load_explicit(state, memory_order_acquire) == ONCE_DONE)
		return;
	self = (uint32_t)gettid();
	if (!atomic_compare_exchange_strong(state, &before, (intptr_t)self)) {
		once_wait(state, self);
		return;
	}
	function(context);
	before = atomic_exchange_explicit(state, ONCE_DONE, memory_order_acq_rel);
	if ((uint32_t)before & ONCE_WAITED)
		gcd_clock_wake(once_word(state), INT_MAX);
}
