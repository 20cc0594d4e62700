// SPDX-License-Identifier: MIT
/* Connections: methods with every kind of count, memory, ports, properties, traps, closing. */
#include <string.h>

#include <mach/mig_errors.h>

#include "model.h"

static char structure[16384 + 16];

/* Codes of a call whose connection is not open. */
static bool refused(struct fuzz *f, const struct model_slot *c, kern_return_t r)
{
	uint32_t bad = model_target(c, BIT(MODEL_CONNECT));

	if (!bad)
		return false;
	/* Arguments may be refused first. */
	fuzz_codes(f, r, bad, BAD, NODEST, MIG_ARRAY_TOO_LARGE, UNSUPPORTED, model_or_bad(c, bad),
		   MACH_SEND_INVALID_RIGHT);
	fuzz_require(f, r != 0);
	return true;
}

static void close_connection(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT) | BIT(MODEL_CLOSED));

	if (BIT(c.kind) & (BIT(MODEL_ROOT) | BIT(MODEL_MAIN) | BIT(MODEL_TASK)))
		return;
	fuzz_log(f, "IOServiceClose(0x%x kind %d urefs %u)", c.name, c.kind, c.urefs);
	kern_return_t r = IOServiceClose(c.name);
	if (c.kind == MODEL_CONNECT)
		fuzz_codes(f, r, OK);
	else if (c.kind == MODEL_CLOSED)
		fuzz_codes(f, r, OK, NODEST, BAD);
	else
		fuzz_codes(f, r, model_target(&c, 0), model_or_bad(&c, NODEST), BAD);
	if (c.kind == MODEL_CONNECT)
		model_set_kind(f, c.name, MODEL_CLOSED);
	/* One reference goes in any case. */
	if (BIT(c.kind) & (MODEL_ALIVE | BIT(MODEL_CLOSED) | BIT(MODEL_DEAD)))
		model_count(f, c.name, -1);
}

static void references(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	bool add = fuzz_one_in(f, 2);

	if (BIT(c.kind) & (BIT(MODEL_ROOT) | BIT(MODEL_MAIN) | BIT(MODEL_TASK)) || c.urefs > 60000)
		return;
	fuzz_log(f, "IOConnect%s(0x%x kind %d urefs %u)", add ? "AddRef" : "Release", c.name,
		 c.kind, c.urefs);
	kern_return_t r = add ? IOConnectAddRef(c.name) : IOConnectRelease(c.name);
	if (BIT(c.kind) & MODEL_ALIVE)
		fuzz_codes(f, r, OK);
	else if (BIT(c.kind) & (BIT(MODEL_ZERO) | BIT(MODEL_DEAD_MAX)))
		fuzz_codes(f, r, OK);
	else if (BIT(c.kind) & (BIT(MODEL_DEAD) | BIT(MODEL_RECEIVE)))
		fuzz_codes(f, r, KERN_INVALID_RIGHT);
	else if (c.kind == MODEL_CLOSED)
		fuzz_codes(f, r, OK, KERN_INVALID_RIGHT);
	else
		fuzz_codes(f, r, KERN_INVALID_NAME);
	if (r == 0)
		model_count(f, c.name, add ? 1 : -1);
}

struct arguments {
	uint64_t scalars[20];
	const uint64_t *input;
	uint32_t n_input;
	const void *bytes;
	size_t n_bytes;
	uint64_t *output;
	uint32_t n_output, *ret_output;
	void *structure;
	size_t n_structure, *ret_structure;
};

static void draw(struct fuzz *f, struct arguments *a)
{
	memset(a, 0, sizeof(*a));
	for (int i = 0; i < 20; i++)
		a->scalars[i] = fuzz_one_in(f, 4) ? fuzz_random(f) : fuzz_below(f, 100);
	a->n_input = fuzz_one_in(f, 5) ? fuzz_count(f) : fuzz_below(f, 4);
	a->input = fuzz_one_in(f, 10) ? NULL : a->scalars;
	if (a->n_input <= 16 && fuzz_one_in(f, 5)) /* misaligned */
		a->input = memcpy((char *)f->memory + 8193, a->scalars, sizeof(a->scalars));
	a->n_bytes = fuzz_size(f);
	a->bytes = fuzz_one_in(f, 10) ? NULL : structure + fuzz_below(f, 16);
	a->n_output = fuzz_one_in(f, 5) ? fuzz_count(f) : fuzz_below(f, 5);
	a->output = a->n_output <= 16 ? fuzz_out(f, 16 * 8 + 8) : fuzz_out(f, 160);
	a->ret_output = fuzz_one_in(f, 6) ? NULL : &a->n_output;
	a->n_structure = fuzz_one_in(f, 20) ? (size_t)1 << 33 : fuzz_size(f);
	if (a->n_structure > 8192)
		a->structure = a->n_structure > 16384 ? (char *)f->memory : structure;
	else
		a->structure =
			fuzz_one_in(f, 10) ? NULL : (char *)f->memory + 4096 + fuzz_below(f, 8);
	a->ret_structure = fuzz_one_in(f, 6) ? NULL : &a->n_structure;
}

/* Methods of the Calculator that return at once; the others get refused in many ways. */
static uint32_t method(struct fuzz *f)
{
	static const uint32_t methods[] = { 0, 1, 2, 3, 8, 4, 5, 6, 9, 0x7fffffff, 0xffffffff };

	return methods[fuzz_below(f, sizeof(methods) / sizeof(*methods))];
}

static const uint32_t call_codes[] = { OK,
				       BAD,
				       UNSUPPORTED,
				       (uint32_t)MIG_ARRAY_TOO_LARGE,
				       (uint32_t)kIOReturnIPCError,
				       (uint32_t)kIOReturnMessageTooLarge,
				       (uint32_t)kIOReturnNoMemory };

static void call(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	struct arguments a;
	uint32_t selector = method(f);

	draw(f, &a);
	uint32_t asked_output = a.n_output;
	size_t asked_structure = a.n_structure;
	fuzz_log(f, "IOConnectCallMethod(0x%x kind %d, %u, %p/%u, %p/%zu, %p/%u, %p/%zu)", c.name,
		 c.kind, selector, (const void *)a.input, a.n_input, a.bytes, a.n_bytes,
		 (void *)a.output, a.n_output, a.structure, a.n_structure);
	kern_return_t r =
		IOConnectCallMethod(c.name, selector, a.input, a.n_input, a.bytes, a.n_bytes,
				    a.output, a.ret_output, a.structure, a.ret_structure);
	if (!refused(f, &c, r))
		fuzz_expect(f, (uint32_t)r, call_codes, sizeof(call_codes) / sizeof(*call_codes),
			    "call");
	if (a.n_input > 16 && c.kind == MODEL_CONNECT)
		fuzz_codes(f, r, MIG_ARRAY_TOO_LARGE);
	if (r)
		fuzz_require(f, a.n_output == asked_output && a.n_structure == asked_structure);
	else
		fuzz_require(f, a.n_output <= asked_output && a.n_structure <= asked_structure);
}

static void call_scalar(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	uint64_t in[2] = { fuzz_random(f), fuzz_random(f) }, out = 0;
	uint32_t n = 1;

	fuzz_log(f, "add on 0x%x kind %d", c.name, c.kind);
	kern_return_t r = IOConnectCallScalarMethod(c.name, 0, in, 2, &out, &n);
	if (refused(f, &c, r) || c.what != 'C')
		return;
	fuzz_codes(f, r, OK);
	fuzz_require(f, r || (n == 1 && out == in[0] + in[1]));
}

static void call_struct(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	size_t size = fuzz_size(f), n = size;

	if (c.kind == MODEL_CONNECT && c.what != 'C')
		return;
	fuzz_log(f, "reverse of %zu bytes on 0x%x kind %d", size, c.name, c.kind);
	kern_return_t r = IOConnectCallStructMethod(c.name, 3, structure, size, f->memory, &n);
	if (refused(f, &c, r))
		return;
	fuzz_codes(f, r, OK);
	fuzz_require(f, n == size);
}

static void call_async(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	struct model_slot wake = model_pick(f, BIT(MODEL_RECEIVE));
	struct arguments a;
	uint64_t reference[16] = { 0 };
	uint32_t n_reference = fuzz_one_in(f, 3) ? fuzz_count(f) : 3;
	uint64_t *ref = fuzz_one_in(f, 6) ? NULL : reference;
	uint32_t selector = fuzz_one_in(f, 2) ? 4 : fuzz_below(f, 5);

	draw(f, &a);
	fuzz_log(f, "IOConnectCallAsyncMethod(0x%x kind %d, %u, wake 0x%x kind %d, %p/%u)", c.name,
		 c.kind, selector, wake.name, wake.kind, (void *)ref, n_reference);
	kern_return_t r = IOConnectCallAsyncMethod(c.name, selector, wake.name, ref, n_reference,
						   a.input, a.n_input, a.bytes, a.n_bytes, a.output,
						   a.ret_output, a.structure, a.ret_structure);
	if (refused(f, &c, r))
		return;
	fuzz_codes(f, r, OK, BAD, UNSUPPORTED, MIG_ARRAY_TOO_LARGE, kIOReturnIPCError,
		   kIOReturnMessageTooLarge, kIOReturnNoMemory, MACH_SEND_INVALID_RIGHT);
	if (ref && n_reference == 0)
		fuzz_require(f, r != 0);
	if (n_reference > 8 && n_reference != 0)
		fuzz_require(f, r != 0);
}

static void variable_output(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	void *out = (void *)1;
	size_t n = (size_t)-3;

	fuzz_log(f, "variable output on 0x%x kind %d", c.name, c.kind);
	kern_return_t r = IOConnectCallStructMethod(c.name, 3, structure, 100,
						    fuzz_one_in(f, 8) ? NULL : &out, &n);
	fuzz_require(f, r != 0); /* none of these drivers supports it */
	refused(f, &c, r);
}

static void map(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	uint32_t type = fuzz_one_in(f, 3) ? fuzz_count(f) : fuzz_below(f, 2);
	task_port_t task = fuzz_one_in(f, 8) ? fuzz_count(f) : mach_task_self();
	mach_vm_address_t address = fuzz_one_in(f, 3) ? fuzz_random(f) : 0;
	mach_vm_size_t size = 0;
	IOOptionBits options = kIOMapAnywhere | (fuzz_one_in(f, 3) ? fuzz_count(f) : 0);
	bool no_address = fuzz_one_in(f, 10), no_size = fuzz_one_in(f, 10);

	fuzz_log(f, "IOConnectMapMemory64(0x%x kind %d %c, %u, 0x%x, 0x%x)", c.name, c.kind,
		 c.what ? c.what : '-', type, task, options);
	kern_return_t r = IOConnectMapMemory64(c.name, type, task, no_address ? NULL : &address,
					       no_size ? NULL : &size, options);
	if (refused(f, &c, r))
		return;
	fuzz_codes(f, r, OK, BAD);
	if (no_address || no_size || task != mach_task_self() || c.what == 'C')
		fuzz_codes(f, r, BAD);
	else if (c.what == 'M' && type < 2)
		fuzz_codes(f, r, OK);
	if (r == 0 && !f->model->shared) {
		fuzz_require(f, size > 0 && address % 4096 == 0);
		volatile uint8_t sink = *(volatile uint8_t *)(uintptr_t)(address + size - 1);
		(void)sink;
	}
}

static void unmap(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	uint32_t type = fuzz_one_in(f, 3) ? fuzz_count(f) : fuzz_below(f, 2);
	task_port_t task = fuzz_one_in(f, 8) ? fuzz_count(f) : mach_task_self();

	fuzz_log(f, "IOConnectUnmapMemory64(0x%x kind %d, %u, 0x%x)", c.name, c.kind, type, task);
	kern_return_t r = IOConnectUnmapMemory64(c.name, type, task, fuzz_random(f));
	if (!refused(f, &c, r))
		fuzz_codes(f, r, OK, BAD, UNSUPPORTED);
}

static void set_port(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	struct model_slot port = model_pick(f, BIT(MODEL_RECEIVE) | BIT(MODEL_ZERO));

	fuzz_log(f, "IOConnectSetNotificationPort(0x%x kind %d, 0x%x kind %d)", c.name, c.kind,
		 port.name, port.kind);
	kern_return_t r = IOConnectSetNotificationPort(c.name, fuzz_below(f, 3), port.name,
						       (uintptr_t)fuzz_random(f));
	if (refused(f, &c, r))
		return;
	if (port.kind == MODEL_RECEIVE || port.kind == MODEL_ZERO)
		fuzz_codes(f, r, OK, UNSUPPORTED, BAD);
	else
		fuzz_codes(f, r, MACH_SEND_INVALID_RIGHT, f->model->shared ? OK : BAD);
}

static void set_properties(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));

	fuzz_log(f, "IOConnectSetCFProperties(0x%x kind %d)", c.name, c.kind);
	kern_return_t r = fuzz_one_in(f, 2)
				? IOConnectSetCFProperties(c.name, fuzz_value(f))
				: IOConnectSetCFProperty(c.name, fuzz_key(f), fuzz_value(f));
	fuzz_codes(f, r, UNSUPPORTED, BAD, NODEST, kIOReturnMessageTooLarge);
}

static void others(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT)),
			  d = model_pick(f, BIT(MODEL_CONNECT));
	io_service_t *out = fuzz_out(f, sizeof(*out)), s = 0;

	fuzz_log(f, "IOConnectGetService, AddClient(0x%x kind %d, 0x%x kind %d)", c.name, c.kind,
		 d.name, d.kind);
	kern_return_t r = IOConnectAddClient(c.name, d.name);
	fuzz_codes(f, r, UNSUPPORTED, BAD, NODEST);
	r = IOConnectGetService(c.name, out);
	if (refused(f, &c, r))
		return;
	fuzz_codes(f, r, out ? OK : BAD, UNSUPPORTED, BAD);
	if (r)
		return;
	memcpy(&s, out, sizeof(s));
	model_add(f, s, MODEL_SERVICE, c.what);
}

static void trap(struct fuzz *f)
{
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	uintptr_t p = (uintptr_t)fuzz_random(f);

	fuzz_log(f, "IOConnectTrap(0x%x kind %d)", c.name, c.kind);
	kern_return_t r = fuzz_one_in(f, 2)
				? IOConnectTrap0(c.name, fuzz_count(f))
				: IOConnectTrap6(c.name, fuzz_count(f), p, p, p, p, p, p);
	/* No trap of that index is success. */
	fuzz_codes(f, r, c.kind == MODEL_CONNECT ? OK : BAD, BAD);
}

const struct fuzz_call fuzz_connect_calls[] = {
	{ "close_connection", close_connection },
	{ "references", references },
	{ "call", call },
	{ "call", call },
	{ "call", call },
	{ "call_scalar", call_scalar },
	{ "call_struct", call_struct },
	{ "call_async", call_async },
	{ "call_async", call_async },
	{ "variable_output", variable_output },
	{ "map", map },
	{ "map", map },
	{ "unmap", unmap },
	{ "set_port", set_port },
	{ "set_properties", set_properties },
	{ "others", others },
	{ "trap", trap },
	{ NULL, NULL },
};
