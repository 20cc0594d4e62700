// SPDX-License-Identifier: MIT
#include "choose.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool concerns_us(uint64_t key)
{
	uint32_t objects = atomic_load(&control->objects);
	int32_t pid = atomic_load(&control->pid);

	if (objects && !(objects >> fault_key_object(key) & 1))
		return false;
	if (pid)
		return pid == (int32_t)syscall(SYS_getpid);
	return !control->program[0] || !strcmp(control->program, program_invocation_short_name);
}

static int count_errors(const struct fault_call *call)
{
	int n = 0;

	while (n < FAULT_ERRORS && call->errors[n])
		n++;
	return n;
}

static _Atomic int32_t hit_in;
static _Atomic uint64_t hit_ns;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool is_each_process(uint32_t mode)
{
	return mode == FAULT_EACH_PROCESS || mode == FAULT_EACH_PROCESS_FROM;
}

/* Of all processes, or of this one. */
static bool is_first_hit(uint32_t mode)
{
	uint64_t none = 0;

	if (!is_each_process(mode))
		return atomic_compare_exchange_strong(&control->hits, &none, 1);
	int32_t self = (int32_t)syscall(SYS_getpid);
	if (atomic_exchange(&hit_in, self) == self)
		return false;
	atomic_fetch_add(&control->hits, 1);
	return true;
}

static bool has_begun(uint32_t mode)
{
	return is_each_process(mode) ? atomic_load(&hit_in) == (int32_t)syscall(SYS_getpid)
				     : atomic_load(&control->hits) != 0;
}

static uint32_t number_of(const struct fault_site *place)
{
	return (uint32_t)(place - table->places) + 1;
}

static struct fault_pair *pair_of(uint32_t mode)
{
	static struct fault_pair own;

	return is_each_process(mode) ? &own : &control->pair;
}

/* Whether SITE leads there depends on more than its failure: not for ever. */
enum { TRIES = 24 };

/* A place that only the failure of this one leads to, and that has not failed itself; 0: none. */
static uint32_t take_behind(const struct fault_site *site,
			    bool (*is_due)(const struct fault_site *))
{
	if (!table || !atomic_load(&site->leads))
		return 0;
	for (uint32_t i = 0; i < table->n_places; i++) {
		struct fault_site *other = &table->places[i];

		if (atomic_load(&other->behind) == number_of(site) &&
		    !atomic_load(&other->is_plain) && is_due(other) &&
		    atomic_fetch_add(&other->tries, 1) < TRIES)
			return i + 1;
	}
	return 0;
}

static bool is_due_once(const struct fault_site *site)
{
	return !atomic_load(&site->failed);
}

static bool is_due_for_good(const struct fault_site *site)
{
	return !atomic_load(&site->begun) && !(atomic_load(&site->failed) & FAULT_SAFE) &&
	       fault_calls[fault_key_call(atomic_load(&site->key))].lasting;
}

static int note_failure(const struct fault_site *site, int error)
{
	uint32_t n = atomic_fetch_add(&control->n_failures, 1) % FAULT_FAILURES;

	atomic_store(&control->keys[n], atomic_load(&site->key));
	atomic_store(&control->errors[n], (uint64_t)error);
	return error;
}

/* Its errors in turn. */
static int take_error(struct fault_site *site, const struct fault_call *call)
{
	uint32_t n = atomic_fetch_add(&site->failed, 1) % (uint32_t)count_errors(call);

	return note_failure(site, call->errors[n]);
}

/* The first that fails in this run, or in this process, with what is to fail behind it. */
static bool is_cause(const struct fault_site *site, uint32_t wanted, uint32_t mode)
{
	if (!is_first_hit(mode))
		return false;
	atomic_store(&pair_of(mode)->wanted, wanted);
	atomic_store(&pair_of(mode)->cause, table ? number_of(site) : 0);
	return true;
}

static bool is_wanted(const struct fault_site *site, uint32_t mode)
{
	return table && atomic_load(&pair_of(mode)->wanted) == number_of(site);
}

/* Each of its errors, and then again with what they lead to. */
static int fail_once(struct fault_site *site, const struct fault_call *call, uint32_t mode)
{
	bool is_done = atomic_load(&site->failed) >= (uint32_t)count_errors(call);

	if (has_begun(mode))
		return is_wanted(site, mode) && is_due_once(site) ? take_error(site, call) : 0;
	uint32_t wanted = is_done ? take_behind(site, is_due_once) : 0;
	return (!is_done || wanted) && is_cause(site, wanted, mode) ? take_error(site, call) : 0;
}

static int begin_shortage(struct fault_site *site, const struct fault_call *call)
{
	atomic_store(&hit_ns, now_ns());
	atomic_fetch_add(&site->begun, 1);
	return note_failure(site, call->lasting);
}

/* Of many processes each has its own shortage, which ends: some code waits for that. */
static int fail_on(struct fault_site *site, const struct fault_call *call, uint32_t mode)
{
	if (!call->lasting)
		return 0;
	if (is_wanted(site, mode)) {
		atomic_store(&pair_of(mode)->wanted, 0);
		return begin_shortage(site, call);
	}
	if (atomic_load(&pair_of(mode)->wanted) ||
	    (is_each_process(mode) && now_ns() - atomic_load(&hit_ns) > FAULT_SHORTAGE_NS))
		return 0;
	return call->lasting;
}

static int fail_from_here(struct fault_site *site, const struct fault_call *call, uint32_t mode)
{
	bool begins = call->lasting && !atomic_load(&site->begun);

	if (has_begun(mode))
		return fail_on(site, call, mode);
	uint32_t wanted = begins ? 0 : take_behind(site, is_due_for_good);
	if ((!begins && !wanted) || !is_cause(site, wanted, mode))
		return 0;
	return begins ? begin_shortage(site, call) : take_error(site, call);
}

static int fail_by_number(const struct fault_site *site, const struct fault_call *call,
			  uint32_t mode)
{
	uint64_t n = atomic_fetch_add(&control->count, 1) + 1, at = atomic_load(&control->at);

	if (n < at || (mode == FAULT_NTH && n > at))
		return 0;
	int error = mode == FAULT_FROM_NTH
			  ? call->lasting
			  : call->errors[atomic_load(&control->variant) % count_errors(call)];
	if (error)
		atomic_fetch_add(&control->hits, 1);
	return error && n == at ? note_failure(site, error) : error;
}

static int choose(struct fault_site *site, const struct fault_call *call, uint32_t mode)
{
	if (mode == FAULT_FROM_SITE || mode == FAULT_EACH_PROCESS_FROM)
		return fail_from_here(site, call, mode);
	if (mode == FAULT_NEXT_SITE || mode == FAULT_EACH_PROCESS)
		return fail_once(site, call, mode);
	return fail_by_number(site, call, mode);
}

/* It is reached: where nothing has failed, or behind something that has, once. */
static void note_reached(struct fault_site *site, uint32_t mode)
{
	uint32_t cause = 0;

	atomic_fetch_add(&site->reached, 1);
	if (!table || atomic_load(&site->is_plain))
		return;
	if (mode == FAULT_OFF || !has_begun(mode))
		atomic_store(&site->is_plain, 1);
	else if (mode == FAULT_NEXT_SITE || mode == FAULT_EACH_PROCESS)
		cause = atomic_load(&pair_of(mode)->cause);
	if (cause && cause != number_of(site)) {
		atomic_store(&site->behind, cause);
		atomic_store(&table->places[cause - 1].leads, 1);
	}
}

int choose_error(struct fault_site *site, uint64_t key)
{
	uint32_t mode = atomic_load(&control->mode);

	note_reached(site, mode);
	const struct fault_call *call = &fault_calls[fault_key_call(key)];
	if (mode == FAULT_OFF || !concerns_us(key) ||
	    (!(atomic_load(&control->kinds) & call->kind) && !is_wanted(site, mode)))
		return 0;
	return choose(site, call, mode);
}
