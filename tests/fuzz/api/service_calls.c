// SPDX-License-Identifier: MIT
/* Services: look-ups, notifications, interest, busy state, opening. */
#include <string.h>

#include <IOKit/IOKitLibPrivate.h>

#include "model.h"

#define MAIN_PORTS (BIT(MODEL_ZERO) | BIT(MODEL_MAIN))

/* The code for a main port: 0 when it is one. */
static uint32_t main_code(const struct model_slot *port)
{
	if (BIT(port->kind) & MAIN_PORTS)
		return 0;
	return model_target(port, MAIN_PORTS) == BAD || port->kind == MODEL_RECEIVE
		     ? (uint32_t)kIOReturnNotPrivileged
		     : NODEST;
}

static void find_one(struct fuzz *f)
{
	struct model_slot port = model_pick(f, MAIN_PORTS);
	bool good;
	CFDictionaryRef d = fuzz_matching(f, &good);
	CFIndex refs = d ? CFGetRetainCount(d) : 0;

	if (d)
		CFRetain(d);
	fuzz_log(f, "IOServiceGetMatchingService(0x%x, %p)", port.name, (const void *)d);
	io_service_t s = IOServiceGetMatchingService(port.name, d);
	if (!f->model->shared)
		fuzz_require(f, !s || (good && !main_code(&port)));
	if (d && !f->model->shared && refs == 1)
		fuzz_require(f, CFGetRetainCount(d) == 1);
	if (d)
		CFRelease(d);
	if (s)
		model_add(f, s, MODEL_SERVICE, 0);
}

static void find_all(struct fuzz *f)
{
	struct model_slot port = model_pick(f, MAIN_PORTS);
	bool good;
	CFDictionaryRef d = fuzz_matching(f, &good);
	io_iterator_t *out = fuzz_out(f, sizeof(*out)), it = 0;
	uint32_t bad = main_code(&port);

	fuzz_log(f, "IOServiceGetMatchingServices(0x%x kind %d, %p, %p)", port.name, port.kind,
		 (const void *)d, (void *)out);
	kern_return_t r = IOServiceGetMatchingServices(port.name, d, out);
	if (!d || !out)
		fuzz_codes(f, r, BAD);
	else if (!good)
		fuzz_codes(f, r, bad ? bad : BAD, UNREADABLE,
			   port.kind == MODEL_CLOSED ? (uint32_t)kIOReturnNotPrivileged : BAD);
	else
		fuzz_codes(f, r, bad,
			   port.kind == MODEL_CLOSED ? (uint32_t)kIOReturnNotPrivileged : bad);
	if (r || !out)
		return;
	memcpy(&it, out, sizeof(it));
	if (it)
		model_add(f, it, MODEL_SNAPSHOT, 0);
}

static void constructors(struct fuzz *f)
{
	const char *name = fuzz_text(f);
	CFMutableDictionaryRef d = NULL;

	fuzz_log(f, "matching constructors(\"%.40s\")", name);
	switch (fuzz_below(f, 5)) {
	case 0:
		d = IOServiceMatching(name);
		break;
	case 1:
		d = IOServiceNameMatching(name);
		break;
	case 2:
		d = IOBSDNameMatching(fuzz_count(f), fuzz_count(f), name);
		break;
	case 3:
		d = IOOpenFirmwarePathMatching(fuzz_count(f), fuzz_count(f), name);
		fuzz_require(f, !d || CFDictionaryGetCount(d) == 1);
		if (d)
			CFRelease(d);
		return;
	default:
		d = IORegistryEntryIDMatching(fuzz_random(f));
		name = "";
	}
	fuzz_require(f, (d != NULL) == (name != NULL));
	if (d) {
		fuzz_require(f, CFDictionaryGetCount(d) == 1 && CFGetRetainCount(d) == 1);
		CFRelease(d);
	}
}

static void match_table(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	bool good;
	CFDictionaryRef d = fuzz_matching(f, &good);
	boolean_t *out = fuzz_out(f, sizeof(*out));
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceMatchPropertyTable(0x%x kind %d, %p, %p)", s.name, s.kind,
		 (const void *)d, (void *)out);
	kern_return_t r = IOServiceMatchPropertyTable(s.name, d, out);
	if (!d || !out)
		fuzz_codes(f, r, BAD, NODEST);
	else if (!good)
		fuzz_codes(f, r, bad ? bad : BAD, UNREADABLE);
	else
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	if (d)
		CFRelease(d);
}

static void on_match(void *refcon, io_iterator_t iterator)
{
}

void fuzz_on_message(void *refcon, io_service_t service, uint32_t type, void *argument)
{
}

static void on_async(void *refcon, IOReturn result, void **arguments, uint32_t n)
{
}

static const char *notification_type(struct fuzz *f, bool *known)
{
	static const char *const types[] = { kIOPublishNotification, kIOFirstPublishNotification,
					     kIOMatchedNotification, kIOFirstMatchNotification,
					     kIOTerminatedNotification };

	*known = !fuzz_one_in(f, 6);
	return *known ? types[fuzz_below(f, 5)] : fuzz_text(f);
}

static void notify(struct fuzz *f)
{
	IONotificationPortRef port = model_port(f);
	bool good, known;
	const char *type = notification_type(f, &known);
	CFDictionaryRef d = fuzz_matching(f, &good);
	io_iterator_t *out = fuzz_out(f, sizeof(*out)), it = 0;

	fuzz_log(f, "IOServiceAddMatchingNotification(%p, \"%.30s\", %p, %p)", (void *)port, type,
		 (const void *)d, (void *)out);
	kern_return_t r = IOServiceAddMatchingNotification(
		port, type, d, fuzz_one_in(f, 4) ? NULL : on_match, NULL, out);
	if (!port || !d || !out || !type || !good || !known)
		fuzz_codes(f, r, UNREADABLE);
	else
		fuzz_codes(f, r, OK);
	if (out && r)
		fuzz_require(f, fuzz_is_untouched(out, sizeof(*out)));
	if (r)
		return;
	memcpy(&it, out, sizeof(it));
	model_add(f, it, MODEL_NOTIFICATION, 0);
}

static void notify_raw(struct fuzz *f)
{
	struct model_slot wake = model_pick(f, BIT(MODEL_RECEIVE));
	bool good, known;
	const char *type = notification_type(f, &known);
	CFDictionaryRef d = fuzz_matching(f, &good);
	io_iterator_t it = 0;

	fuzz_log(f, "IOServiceAddNotification(\"%.30s\", %p, 0x%x kind %d)", type, (const void *)d,
		 wake.name, wake.kind);
	kern_return_t r = IOServiceAddNotification(kIOMainPortDefault, type, d, wake.name, 7, &it);
	if (!d || !type || !good || !known)
		fuzz_codes(f, r, UNREADABLE, MACH_SEND_INVALID_RIGHT);
	else if (wake.kind == MODEL_RECEIVE)
		fuzz_codes(f, r, OK);
	else
		fuzz_codes(f, r, MACH_SEND_INVALID_RIGHT, BAD, OK);
	if (r == 0)
		model_add(f, it, MODEL_NOTIFICATION, 0);
}

static void interest(struct fuzz *f)
{
	IONotificationPortRef port = model_port(f);
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	bool known = !fuzz_one_in(f, 5);
	const char *type = !known	     ? fuzz_text(f)
			 : fuzz_one_in(f, 2) ? kIOGeneralInterest
					     : kIOBusyInterest;
	io_object_t *out = fuzz_out(f, sizeof(*out)), it = 0;
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceAddInterestNotification(%p, 0x%x kind %d, \"%.30s\", %p)",
		 (void *)port, s.name, s.kind, type, (void *)out);
	kern_return_t r =
		IOServiceAddInterestNotification(port, s.name, type, fuzz_on_message, NULL, out);
	if (!port || !out || !type)
		fuzz_codes(f, r, BAD, UNSUPPORTED, NODEST);
	else if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad), known ? bad : UNSUPPORTED);
	else
		fuzz_codes(f, r, known ? OK : UNSUPPORTED);
	if (r)
		return;
	memcpy(&it, out, sizeof(it));
	model_add(f, it, MODEL_INTEREST, 0);
}

static void ports(struct fuzz *f)
{
	if (f->model->shared)
		return; /* not to be used from several threads at once */
	uint32_t i = fuzz_below(f, MODEL_PORTS);
	IONotificationPortRef *port = &f->model->ports[i];

	fuzz_log(f, "notification port %u: %p", i, (void *)*port);
	switch (fuzz_below(f, 5)) {
	case 0:
		if (*port)
			IONotificationPortDestroy(*port);
		*port = fuzz_one_in(f, 4) ? NULL : IONotificationPortCreate(kIOMainPortDefault);
		break;
	case 1:
		if (*port)
			fuzz_require(f, IONotificationPortGetMachPort(*port) != 0);
		break;
	case 2:
		IONotificationPortSetDispatchQueue(
			*port, fuzz_one_in(f, 2) ? NULL : dispatch_get_global_queue(0, 0));
		break;
	case 3:
		if (IONotificationPortGetRunLoopSource(*port))
			CFRunLoopAddSource(CFRunLoopGetCurrent(),
					   IONotificationPortGetRunLoopSource(*port),
					   kCFRunLoopDefaultMode);
		break;
	default:
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true);
	}
}

static void strange_messages(struct fuzz *f)
{
	union {
		mach_msg_header_t header;
		char bytes[256];
	} m;
	uint32_t type = 0;
	uintptr_t reference = 0;
	void *content = NULL;
	vm_size_t size = 0;

	for (size_t i = 0; i < sizeof(m.bytes); i++)
		m.bytes[i] = 0;
	m.header.msgh_size = fuzz_one_in(f, 2) ? fuzz_below(f, 256) & ~3u : 96;
	m.header.msgh_id = fuzz_one_in(f, 3) ? (int)fuzz_count(f) : kOSNotificationMessageID;
	fuzz_log(f, "OSGetNotificationFromMessage(id %d, size %u)", m.header.msgh_id,
		 m.header.msgh_size);
	kern_return_t r = OSGetNotificationFromMessage(&m.header, fuzz_one_in(f, 4), &type,
						       &reference, &content, &size);
	fuzz_codes(f, r, OK, kIOReturnBadMessageID, kIOReturnNoResources);
	if (m.header.msgh_id != kOSNotificationMessageID)
		fuzz_codes(f, r, kIOReturnBadMessageID);
	IODispatchCalloutFromMessage(NULL, &m.header, NULL); /* no callback in it */
}

static void busy(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	uint32_t *out = fuzz_out(f, sizeof(*out)), n = 1;
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceGetBusyState(0x%x kind %d, %p)", s.name, s.kind, (void *)out);
	kern_return_t r = IOServiceGetBusyState(s.name, out);
	if (!out) {
		fuzz_codes(f, r, BAD, NODEST);
		return;
	}
	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, OK);
	memcpy(&n, out, sizeof(n));
	fuzz_require(f, n < 1024 && (r == 0 || n == 0));
}

static void wait_quiet(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	mach_timespec_t time = { .tv_sec = fuzz_below(f, 2), .tv_nsec = (int)fuzz_below(f, 1000) };
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceWaitQuiet(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = IOServiceWaitQuiet(s.name, &time);
	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, OK, kIOReturnTimeout);
}

static void state(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	uint64_t bits = 5, ns = 5;
	uint32_t n = 5;
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceGetBusyStateAndTime(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = IOServiceGetBusyStateAndTime(s.name, &bits, &n, &ns);
	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, OK);
	fuzz_require(f, r == 0 || (bits == 0 && n == 0 && ns == 0));
}

static void probe(struct fuzz *f)
{
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));

	fuzz_log(f, "IOServiceRequestProbe(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = IOServiceRequestProbe(s.name, fuzz_count(f));
	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else
		fuzz_codes(f, r, UNSUPPORTED);
}

static void open_service(struct fuzz *f)
{
	static const char *const classes[] = { "CalculatorDriver", "MirrorDriver",
					       "ProcessMonitor" };
	struct model_slot s = model_pick(f, BIT(MODEL_SERVICE));
	task_port_t task = fuzz_one_in(f, 8) ? fuzz_count(f) : mach_task_self();
	uint32_t type = fuzz_one_in(f, 4) ? fuzz_count(f) : 0;
	io_connect_t *out = fuzz_out(f, sizeof(*out)), c = 0;
	uint32_t bad = model_target(&s, BIT(MODEL_SERVICE));
	char what = 0;

	fuzz_log(f, "IOServiceOpen(0x%x kind %d, 0x%x, %u, %p)", s.name, s.kind, task, type,
		 (void *)out);
	for (int i = 0; i < 3 && s.kind == MODEL_SERVICE; i++)
		if (IOObjectConformsTo(s.name, classes[i]))
			what = classes[i][0];
	kern_return_t r = IOServiceOpen(s.name, task, type, out);
	if (!out || task != mach_task_self())
		fuzz_codes(f, r, BAD, NODEST);
	else if (bad)
		fuzz_codes(f, r, bad, model_or_bad(&s, bad));
	else if (what == 0)
		fuzz_codes(f, r, UNSUPPORTED);
	else
		fuzz_codes(f, r, OK, type ? UNSUPPORTED : OK,
			   type == 1 ? (uint32_t)kIOReturnNotPrivileged : OK);
	if (r)
		return;
	memcpy(&c, out, sizeof(c));
	model_add(f, c, MODEL_CONNECT, what);
}

static void async_callback(struct fuzz *f)
{
	/* A real completion through a real port, delivered whenever the port is served. */
	struct model_slot c = model_pick(f, BIT(MODEL_CONNECT));
	IONotificationPortRef port = model_port(f);
	uint64_t reference[8] = { 0, (uint64_t)(uintptr_t)on_async, 0 }, in[3] = { 1, 2, 1000 };

	if (c.kind != MODEL_CONNECT || c.what != 'C' || !port)
		return;
	fuzz_log(f, "an asynchronous call on 0x%x", c.name);
	kern_return_t r = IOConnectCallAsyncScalarMethod(
		c.name, 4, IONotificationPortGetMachPort(port), reference, 3, in, 3, NULL, NULL);
	fuzz_codes(f, r, OK);
}

const struct fuzz_call fuzz_service_calls[] = {
	{ "find_one", find_one },
	{ "find_all", find_all },
	{ "constructors", constructors },
	{ "match_table", match_table },
	{ "notify", notify },
	{ "notify_raw", notify_raw },
	{ "interest", interest },
	{ "ports", ports },
	{ "strange_messages", strange_messages },
	{ "busy", busy },
	{ "wait_quiet", wait_quiet },
	{ "state", state },
	{ "probe", probe },
	{ "open_service", open_service },
	{ "open_service", open_service },
	{ "async_callback", async_callback },
	{ NULL, NULL },
};
