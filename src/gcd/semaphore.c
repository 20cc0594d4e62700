// SPDX-License-Identifier: MIT
#include "gcd/gcd_internal.h"

#include <stdlib.h>

struct dispatch_semaphore_s {
	struct dispatch_object_s object;
	intptr_t initial;
	/* Below zero: so many threads wait for a token. */
	_Atomic intptr_t value;
	_Atomic uint32_t tokens;
	atomic_uint sleepers; /* who waits for a token and no longer looks */
};

static void semaphore_free(struct dispatch_object_s *object)
{
	struct dispatch_semaphore_s *s = (struct dispatch_semaphore_s *)object;

	if (atomic_load(&s->value) < s->initial)
		gcd_object_trap("release of a semaphore that is in use");
	free(s);
}

static const struct gcd_object_ops semaphore_ops = { .free = semaphore_free };

dispatch_semaphore_t dispatch_semaphore_create(intptr_t value)
{
	struct dispatch_semaphore_s *s;

	if (value < 0 || !(s = calloc(1, sizeof *s)))
		return NULL;
	gcd_object_init(&s->object, &semaphore_ops);
	s->initial = value;
	atomic_init(&s->value, value);
	return s;
}

static bool semaphore_take_token(struct dispatch_semaphore_s *s)
{
	uint32_t tokens = atomic_load(&s->tokens);

	while (tokens)
		if (atomic_compare_exchange_weak(&s->tokens, &tokens, tokens - 1))
			return true;
	return false;
}

/* Take back our claim; false when a signal counted on us meanwhile. */
static bool semaphore_give_up(struct dispatch_semaphore_s *s)
{
	intptr_t value = atomic_load(&s->value);

	while (value < 0)
		if (atomic_compare_exchange_weak(&s->value, &value, value + 1))
			return true;
	return false;
}

intptr_t dispatch_semaphore_wait(dispatch_semaphore_t s, dispatch_time_t timeout)
{
	bool in_time;

	if (atomic_fetch_sub_explicit(&s->value, 1, memory_order_acquire) > 0)
		return 0;
	for (;;) {
		if (semaphore_take_token(s))
			return 0;
		if (timeout != DISPATCH_TIME_NOW && gcd_clock_look(&s->tokens, 0))
			continue;
		/* Who signals adds a token and then looks for sleepers; one of us sees the other. */
		atomic_fetch_add(&s->sleepers, 1);
		in_time = gcd_clock_wait(&s->tokens, 0, timeout);
		atomic_fetch_sub(&s->sleepers, 1);
		if (in_time)
			continue;
		if (semaphore_give_up(s))
			return 1;
		timeout = DISPATCH_TIME_FOREVER; /* the token is on its way */
	}
}

intptr_t dispatch_semaphore_signal(dispatch_semaphore_t s)
{
	if (atomic_fetch_add_explicit(&s->value, 1, memory_order_release) >= 0)
		return 0;
	/* The waiter may return and release the semaphore between the two. */
	gcd_object_ref(&s->object);
	atomic_fetch_add(&s->tokens, 1);
	if (atomic_load(&s->sleepers))
		gcd_clock_wake(&s->tokens, 1);
	gcd_object_unref(&s->object);
	return 1;
}
