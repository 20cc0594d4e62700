// SPDX-License-Identifier: MIT
/* Handles of every kind: references, classes, iterators, the calls of Mach on the same names. */
#include <string.h>

#include <IOKit/IOKitLibPrivate.h>

#include "model.h"

/* Kinds whose references are counted as send rights or dead names. */
#define COUNTED (MODEL_ALIVE | BIT(MODEL_CLOSED) | BIT(MODEL_DEAD) | BIT(MODEL_MAIN))

static void release(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);

	if (BIT(s.kind) & (BIT(MODEL_ROOT) | BIT(MODEL_MAIN) | BIT(MODEL_TASK)))
		return;
	fuzz_log(f, "IOObjectRelease(0x%x kind %d urefs %u)", s.name, s.kind, s.urefs);
	kern_return_t r = IOObjectRelease(s.name);
	if (BIT(s.kind) & COUNTED)
		fuzz_codes(f, r, OK);
	else if (s.kind == MODEL_RECEIVE)
		fuzz_codes(f, r, KERN_INVALID_RIGHT);
	else if (s.kind == MODEL_ZERO || s.kind == MODEL_DEAD_MAX)
		fuzz_codes(f, r, OK);
	else
		fuzz_codes(f, r, KERN_INVALID_NAME);
	if (r == 0)
		model_count(f, s.name, -1);
}

static void retain(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);

	if (BIT(s.kind) & (BIT(MODEL_TASK) | BIT(MODEL_MAIN)) || s.urefs > 60000)
		return;
	fuzz_log(f, "IOObjectRetain(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = IOObjectRetain(s.name);
	if (BIT(s.kind) & (COUNTED | BIT(MODEL_ZERO) | BIT(MODEL_DEAD_MAX)))
		fuzz_codes(f, r, OK);
	else if (s.kind == MODEL_RECEIVE)
		fuzz_codes(f, r, KERN_INVALID_RIGHT);
	else
		fuzz_codes(f, r, KERN_INVALID_NAME);
	if (r == 0)
		model_count(f, s.name, 1);
}

static void user_count(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);

	fuzz_log(f, "IOObjectGetUserRetainCount(0x%x kind %d urefs %u)", s.name, s.kind, s.urefs);
	uint32_t n = IOObjectGetUserRetainCount(s.name);
	if (f->model->shared)
		return;
	if (s.kind == MODEL_ZERO)
		fuzz_codes(f, n, 1);
	else if (BIT(s.kind) & MODEL_ALIVE)
		fuzz_codes(f, n, s.urefs);
	else if (BIT(s.kind) &
		 (BIT(MODEL_STALE) | BIT(MODEL_RANDOM) | BIT(MODEL_DEAD) | BIT(MODEL_RECEIVE)))
		fuzz_codes(f, n, 0);
}

static void kernel_count(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);

	fuzz_log(f, "IOObjectGetKernelRetainCount(0x%x kind %d)", s.name, s.kind);
	uint32_t n = IOObjectGetKernelRetainCount(s.name);
	if (BIT(s.kind) & MODEL_ENTRIES)
		fuzz_require(f, n >= 1 || f->model->shared);
	else if (model_target(&s, MODEL_ALIVE) == NODEST)
		fuzz_require(f, n == 0 || f->model->shared);
}

static void get_class(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	char *out = fuzz_out(f, sizeof(io_name_t));
	uint32_t bad = model_target(&s, MODEL_ENTRIES | MODEL_ITERATORS);

	fuzz_log(f, "IOObjectGetClass(0x%x kind %d, %p)", s.name, s.kind, (void *)out);
	kern_return_t r = IOObjectGetClass(s.name, out);
	if (!out)
		fuzz_codes(f, r, BAD, NODEST);
	else if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, OK);
	if (out && r == 0)
		fuzz_require(f, memchr(out, 0, sizeof(io_name_t)) && out[0]);
	if (out && r)
		fuzz_require(f, fuzz_is_untouched(out, sizeof(io_name_t)));
}

static void copy_class(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);

	fuzz_log(f, "IOObjectCopyClass(0x%x kind %d)", s.name, s.kind);
	CFStringRef name = IOObjectCopyClass(s.name);
	if (BIT(s.kind) & MODEL_ENTRIES)
		fuzz_require(f, name || f->model->shared);
	else if (model_target(&s, MODEL_ALIVE) == NODEST)
		fuzz_require(f, !name || f->model->shared);
	if (name)
		CFRelease(name);
}

static void conforms(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *name = fuzz_text(f);

	fuzz_log(f, "IOObjectConformsTo(0x%x kind %d, \"%.40s\")", s.name, s.kind, name);
	boolean_t yes = IOObjectConformsTo(s.name, name);
	if (f->model->shared)
		return;
	if (!name || model_target(&s, MODEL_ENTRIES | MODEL_ITERATORS))
		fuzz_require(f, !yes);
	else if (BIT(s.kind) & MODEL_ENTRIES && !strcmp(name, "IORegistryEntry"))
		fuzz_require(f, yes);
	else if (s.kind == MODEL_ROOT)
		fuzz_require(f, !yes);
	else if (s.kind == MODEL_SERVICE && !strcmp(name, "IOService"))
		fuzz_require(f, yes);
}

static void is_equal(struct fuzz *f)
{
	struct model_slot a = model_pick_any(f), b = model_pick_any(f);

	fuzz_log(f, "IOObjectIsEqualTo(0x%x, 0x%x)", a.name, b.name);
	fuzz_require(f, IOObjectIsEqualTo(a.name, b.name) == (a.name == b.name));
}

static void class_facts(struct fuzz *f)
{
	CFStringRef key = fuzz_key(f);

	fuzz_log(f, "IOObjectCopySuperclassForClass(%p)", (const void *)key);
	CFStringRef super = IOObjectCopySuperclassForClass(key);
	CFStringRef bundle = IOObjectCopyBundleIdentifierForClass(key);
	if (super)
		CFRelease(super);
	if (bundle)
		CFRelease(bundle);
}

static void next(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ITERATORS);

	for (uint32_t i = fuzz_below(f, 4) + 1; i > 0; i--) {
		fuzz_log(f, "IOIteratorNext(0x%x kind %d)", s.name, s.kind);
		io_object_t o = IOIteratorNext(s.name);

		if (!o)
			return;
		fuzz_require(f, BIT(s.kind) & (BIT(MODEL_SNAPSHOT) | BIT(MODEL_WALK) |
					       BIT(MODEL_NOTIFICATION)) ||
					f->model->shared);
		model_add_entry(f, o);
	}
}

static void reset(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ITERATORS);

	fuzz_log(f, "IOIteratorReset(0x%x kind %d)", s.name, s.kind);
	IOIteratorReset(s.name);
}

static void is_valid(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ITERATORS);

	fuzz_log(f, "IOIteratorIsValid(0x%x kind %d)", s.name, s.kind);
	boolean_t valid = IOIteratorIsValid(s.name);
	if (f->model->shared || s.kind == MODEL_WALK)
		return;
	fuzz_require(f, !valid == !(BIT(s.kind) & MODEL_ITERATORS));
}

static void levels(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_WALK));
	uint32_t bad = model_target(&s, BIT(MODEL_WALK));

	fuzz_log(f, "IORegistryIteratorEnter/ExitEntry(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = fuzz_one_in(f, 2) ? IORegistryIteratorEnterEntry(s.name)
					    : IORegistryIteratorExitEntry(s.name);
	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, OK, kIOReturnNoDevice);
}

static void receive_port(struct fuzz *f)
{
	uint32_t type = fuzz_one_in(f, 3) ? fuzz_count(f) : fuzz_one_in(f, 2) ? 53 : 57;
	mach_port_t *out = fuzz_out(f, sizeof(*out)), name = 0;

	fuzz_log(f, "IOCreateReceivePort(%u, %p)", type, (void *)out);
	kern_return_t r = IOCreateReceivePort(type, out);
	if (!out || (type != 53 && type != 57)) {
		fuzz_codes(f, r, BAD);
		return;
	}
	fuzz_codes(f, r, OK);
	memcpy(&name, out, sizeof(name));
	model_add(f, name, MODEL_RECEIVE, 0);
}

static void destroy_port(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_RECEIVE));

	if (s.kind != MODEL_RECEIVE)
		return;
	fuzz_log(f, "mach_port_mod_refs(0x%x, RECEIVE, -1)", s.name);
	fuzz_codes(f, mach_port_mod_refs(mach_task_self(), s.name, MACH_PORT_RIGHT_RECEIVE, -1),
		   OK);
	model_count(f, s.name, -1);
}

static void make_dead_name(struct fuzz *f)
{
	mach_port_t name = 0;

	fuzz_log(f, "a dead name");
	fuzz_codes(f, mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), OK);
	fuzz_codes(f, mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND),
		   OK);
	fuzz_codes(f, mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1), OK);
	model_add(f, name, MODEL_DEAD, 0);
}

static void main_port(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);
	mach_port_t *out = fuzz_out(f, sizeof(*out)), name = 0;

	fuzz_log(f, "IOMainPort(0x%x, %p)", s.name, (void *)out);
	kern_return_t r = fuzz_one_in(f, 2) ? IOMainPort(s.name, out) : IOMasterPort(s.name, out);
	fuzz_codes(f, r, out ? OK : BAD);
	if (!out)
		return;
	memcpy(&name, out, sizeof(name));
	model_add(f, name, MODEL_MAIN, 0);
}

static void port_facts(struct fuzz *f)
{
	struct model_slot s = model_pick_any(f);
	mach_port_type_t type = 0;
	mach_port_urefs_t n = 0;

	fuzz_log(f, "mach_port_type, _get_refs(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = mach_port_type(mach_task_self(), s.name, &type);
	if (f->model->shared || s.kind == MODEL_TASK || s.kind == MODEL_CLOSED)
		return;
	if (BIT(s.kind) & (BIT(MODEL_ZERO) | BIT(MODEL_STALE) | BIT(MODEL_RANDOM))) {
		fuzz_codes(f, r, KERN_INVALID_NAME);
		return;
	}
	fuzz_codes(f, r, OK);
	if (s.kind == MODEL_DEAD || s.kind == MODEL_DEAD_MAX)
		fuzz_require(f, type & MACH_PORT_TYPE_DEAD_NAME);
	else
		fuzz_require(f, type & (s.kind == MODEL_RECEIVE ? MACH_PORT_TYPE_RECEIVE
								: MACH_PORT_TYPE_SEND));
	if (BIT(s.kind) & MODEL_ALIVE) {
		fuzz_codes(f,
			   mach_port_get_refs(mach_task_self(), s.name, MACH_PORT_RIGHT_SEND, &n),
			   OK);
		/* A message that is just being delivered has its notifier's right as well. */
		if (BIT(s.kind) & (BIT(MODEL_INTEREST) | BIT(MODEL_NOTIFICATION)))
			fuzz_require(f, n >= s.urefs);
		else
			fuzz_require(f, n == s.urefs);
	}
}

const struct fuzz_call fuzz_handle_calls[] = {
	{ "release", release },
	{ "release", release },
	{ "retain", retain },
	{ "user_count", user_count },
	{ "kernel_count", kernel_count },
	{ "get_class", get_class },
	{ "copy_class", copy_class },
	{ "conforms", conforms },
	{ "is_equal", is_equal },
	{ "class_facts", class_facts },
	{ "next", next },
	{ "next", next },
	{ "reset", reset },
	{ "is_valid", is_valid },
	{ "levels", levels },
	{ "receive_port", receive_port },
	{ "destroy_port", destroy_port },
	{ "make_dead_name", make_dead_name },
	{ "main_port", main_port },
	{ "port_facts", port_facts },
	{ NULL, NULL },
};
