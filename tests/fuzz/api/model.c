// SPDX-License-Identifier: MIT
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- verdicts ------------------------------------------------------------------- */

void fuzz_log(struct fuzz *f, const char *format, ...)
{
	struct model_report *report = f->model->report;
	uint64_t n = __atomic_fetch_add(&report->calls, 1, __ATOMIC_RELAXED);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->log[n % MODEL_LOG], MODEL_LINE, format, arguments);
	va_end(arguments);
	alarm(60); /* for this call */
}

void fuzz_fail(struct fuzz *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	fflush(stdout);
	_exit(1);
}

/* Threads that share handles see them die between choice and use. */
static bool is_of_a_race(uint32_t code)
{
	static const uint32_t codes[] = { OK,
					  BAD,
					  NODEST,
					  KERN_INVALID_NAME,
					  KERN_INVALID_RIGHT,
					  KERN_INVALID_VALUE,
					  (uint32_t)MACH_SEND_INVALID_RIGHT,
					  (uint32_t)kIOReturnOffline };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

void fuzz_expect(struct fuzz *f, uint32_t got, const uint32_t *codes, size_t n, const char *what)
{
	char text[256] = "";

	for (size_t i = 0; i < n; i++)
		if (codes[i] == got)
			return;
	if (f->model->shared && is_of_a_race(got))
		return;
	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " 0x%x", codes[i]);
	fuzz_fail(f, "%s: 0x%x, expected one of%s", what, got, text);
}

/* --- slots ------------------------------------------------------------------------- */

void model_init(struct model *model, bool shared, struct model_report *report)
{
	memset(model, 0, sizeof(*model));
	pthread_mutex_init(&model->lock, NULL);
	model->shared = shared;
	model->report = report;
	model->slots[0] = (struct model_slot){ MACH_PORT_NULL, MODEL_ZERO, 0, 0 };
	model->slots[1] = (struct model_slot){ MACH_PORT_DEAD, MODEL_DEAD_MAX, 0, 0 };
	model->slots[2] = (struct model_slot){ 0x00777777, MODEL_RANDOM, 0, 0 };
	model->slots[3] = (struct model_slot){ mach_task_self(), MODEL_TASK, 0, 0 };
	for (int i = 0; i < MODEL_PORTS && !shared; i++)
		model->ports[i] = IONotificationPortCreate(kIOMainPortDefault);
}

static void give_back(const struct model_slot *slot)
{
	if (slot->kind == MODEL_RECEIVE)
		mach_port_mod_refs(mach_task_self(), slot->name, MACH_PORT_RIGHT_RECEIVE, -1);
	for (uint32_t i = 0; i < slot->urefs && slot->kind != MODEL_RECEIVE; i++) {
		if (slot->kind == MODEL_CONNECT && i == 0)
			IOServiceClose(slot->name);
		else
			mach_port_deallocate(mach_task_self(), slot->name);
	}
}

void model_empty(struct model *model)
{
	for (int i = 0; i < MODEL_PORTS; i++)
		if (model->ports[i])
			IONotificationPortDestroy(model->ports[i]);
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (model->slots[i].kind >= MODEL_DEAD && model->slots[i].kind != MODEL_TASK)
			give_back(&model->slots[i]);
	pthread_mutex_destroy(&model->lock);
}

static struct model_slot *find_locked(struct model *model, mach_port_t name)
{
	for (int i = 4; i < MODEL_SLOTS; i++)
		if (model->slots[i].name == name)
			return &model->slots[i];
	return NULL;
}

/* A free slot, or one whose handle is given back for it. */
static struct model_slot *room_locked(struct fuzz *f)
{
	struct model *model = f->model;
	struct model_slot *slot, old;

	for (int i = 4; i < MODEL_SLOTS; i++)
		if (model->slots[i].name == 0)
			return &model->slots[i];
	do
		slot = &model->slots[4 + fuzz_below(f, MODEL_SLOTS - 4)];
	while (slot->kind == MODEL_ROOT || slot->kind == MODEL_MAIN);
	old = *slot;
	*slot = (struct model_slot){ 0 };
	if (old.kind >= MODEL_DEAD)
		give_back(&old);
	return slot;
}

static const uint32_t unknown_kinds = BIT(MODEL_STALE) | BIT(MODEL_ZERO);

void model_add(struct fuzz *f, mach_port_t name, enum model_kind kind, char what)
{
	fuzz_require(f, name != MACH_PORT_NULL && name != MACH_PORT_DEAD);
	pthread_mutex_lock(&f->model->lock);
	struct model_slot *slot = find_locked(f->model, name);
	bool known = slot && !(BIT(slot->kind) & unknown_kinds);
	if (known && slot->kind != kind && !f->model->shared) {
		pthread_mutex_unlock(&f->model->lock);
		fuzz_fail(f, "name 0x%x was of kind %d, is %d", name, slot->kind, kind);
	}
	if (!slot)
		slot = room_locked(f);
	*slot = (struct model_slot){ name, kind, known ? slot->urefs + 1 : 1, what };
	pthread_mutex_unlock(&f->model->lock);
}

void model_count(struct fuzz *f, mach_port_t name, int delta)
{
	pthread_mutex_lock(&f->model->lock);
	struct model_slot *slot = find_locked(f->model, name);
	bool known = slot && !(BIT(slot->kind) & unknown_kinds);
	if (known) {
		slot->urefs = (uint32_t)((int)slot->urefs + delta);
		if ((int)slot->urefs <= 0) {
			slot->kind = MODEL_STALE;
			slot->urefs = 0;
		}
	}
	pthread_mutex_unlock(&f->model->lock);
	/* Another thread has given back all that was known of while this one took one more. */
	if (!known && delta > 0)
		mach_port_deallocate(mach_task_self(), name);
}

void model_set_kind(struct fuzz *f, mach_port_t name, enum model_kind kind)
{
	pthread_mutex_lock(&f->model->lock);
	struct model_slot *slot = find_locked(f->model, name);
	if (slot && slot->kind != MODEL_STALE)
		slot->kind = kind;
	pthread_mutex_unlock(&f->model->lock);
}

struct model_slot model_pick_any(struct fuzz *f)
{
	struct model_slot slot;

	pthread_mutex_lock(&f->model->lock);
	do
		slot = f->model->slots[fuzz_below(f, MODEL_SLOTS)];
	while (slot.name == 0 && slot.kind != MODEL_ZERO);
	pthread_mutex_unlock(&f->model->lock);
	if (slot.name == 0 && !fuzz_one_in(f, 4))
		return model_pick(f, MODEL_ALIVE);
	return slot;
}

struct model_slot model_pick(struct fuzz *f, uint32_t kinds)
{
	struct model_slot slot = { 0 };
	unsigned n = 0;

	if (fuzz_one_in(f, 5))
		kinds = ~0u;
	pthread_mutex_lock(&f->model->lock);
	for (int i = 0; i < MODEL_SLOTS; i++) {
		const struct model_slot *s = &f->model->slots[i];

		if ((s->name || i == 0) && (BIT(s->kind) & kinds) && fuzz_below(f, ++n) == 0)
			slot = *s;
	}
	pthread_mutex_unlock(&f->model->lock);
	return slot;
}

IONotificationPortRef model_port(struct fuzz *f)
{
	return f->model->ports[fuzz_below(f, MODEL_PORTS)];
}

uint32_t model_target(const struct model_slot *slot, uint32_t kinds)
{
	if (BIT(slot->kind) & kinds)
		return 0;
	if (BIT(slot->kind) & (MODEL_ALIVE | BIT(MODEL_MAIN) | BIT(MODEL_TASK)))
		return BAD;
	return NODEST;
}

uint32_t model_or_bad(const struct model_slot *slot, uint32_t bad_code)
{
	return slot->kind == MODEL_RECEIVE || slot->kind == MODEL_CLOSED ? BAD : bad_code;
}

void model_add_entry(struct fuzz *f, io_registry_entry_t entry)
{
	io_name_t class_name;

	if (!entry)
		return;
	if (IOObjectGetClass(entry, class_name) || strstr(class_name, "UserClient"))
		IOObjectRelease(entry);
	else
		model_add(f, entry,
			  IOObjectConformsTo(entry, "IOService") ? MODEL_SERVICE : MODEL_ROOT, 0);
}
