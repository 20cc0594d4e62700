// SPDX-License-Identifier: MIT
#include "stage.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mach/mach.h>

#include "../drivers/Stage.dext/Stage.h"
#include "test.h"
#include "world.h"

/* --- sessions ------------------------------------------------------------------ */

void world_start_bundles(const char *const *names)
{
	char folder[512], link[1024], target[1024];

	snprintf(folder, sizeof(folder), "%s/bundles", test_folder());
	test_equal(mkdir(folder, 0700), 0);
	for (; *names; names++) {
		snprintf(link, sizeof(link), "%s/%s", folder, *names);
		snprintf(target, sizeof(target), "tests/drivers/%s", *names);
		if (access(test_built(target), F_OK))
			snprintf(target, sizeof(target), "drivers/%s", *names);
		test_equal(symlink(test_built(target), link), 0);
	}
	world_start_with(folder);
}

io_connect_t stage_begin_with(const char *const *more)
{
	const char *names[16] = { "Stage.dext" };
	size_t n = 1;

	while (more && *more && n < 15)
		names[n++] = *more++;
	world_start_bundles(names);
	io_connect_t stage = stage_open();
	test_reset_baseline(); /* what the first connection makes for good */
	return stage;
}

io_connect_t stage_begin(void)
{
	return stage_begin_with(NULL);
}

io_connect_t stage_open(void)
{
	return world_open("Stage", 0);
}

void stage_end(io_connect_t stage)
{
	IOServiceClose(stage);
	world_stop();
}

/* --- commands ---------------------------------------------------------------------- */

static IOReturn command(io_connect_t stage, CFTypeRef value, uint64_t *ret_out, const char *verb,
			const char *format, va_list arguments)
{
	char line[4096];
	uint64_t out = 0;
	uint32_t n = 1;
	size_t length = (size_t)snprintf(line, sizeof(line), "%s", verb);
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
	CFDataRef list = NULL;

	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, arguments);
	test_true(length < sizeof(line));
	CFDataAppendBytes(data, (const UInt8 *)line, (CFIndex)length + 1);
	if (value) {
		list = CFPropertyListCreateData(NULL, value, kCFPropertyListBinaryFormat_v1_0, 0,
						NULL);
		test_true(list != NULL);
		CFDataAppendBytes(data, CFDataGetBytePtr(list), CFDataGetLength(list));
		CFRelease(list);
	}
	IOReturn status = IOConnectCallMethod(stage, STAGE_COMMAND, NULL, 0, CFDataGetBytePtr(data),
					      (size_t)CFDataGetLength(data), &out, &n, NULL, NULL);
	CFRelease(data);
	if (ret_out)
		*ret_out = out;
	return status;
}

IOReturn stage_try(io_connect_t stage, CFTypeRef value, uint64_t *ret_out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	IOReturn status = command(stage, value, ret_out, "", format, arguments);
	va_end(arguments);
	return status;
}

uint64_t stage_do(io_connect_t stage, CFTypeRef value, const char *format, ...)
{
	va_list arguments;
	uint64_t out;

	va_start(arguments, format);
	IOReturn status = command(stage, value, &out, "", format, arguments);
	va_end(arguments);
	if (status)
		test_fail(__FILE__, __LINE__, "\"%s\" gives 0x%08x", format, (unsigned)status);
	return out;
}

static uint64_t publish(io_connect_t stage, CFTypeRef properties, const char *format,
			va_list arguments)
{
	uint64_t id;
	IOReturn status = command(stage, properties, &id, "publish ", format, arguments);

	if (status)
		test_fail(__FILE__, __LINE__, "publish %s gives 0x%08x", format, (unsigned)status);
	if (strstr(format, "register"))
		test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	return id;
}

uint64_t stage_publish(io_connect_t stage, CFTypeRef properties, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	uint64_t id = publish(stage, properties, format, arguments);
	va_end(arguments);
	return id;
}

io_service_t stage_service(uint64_t id)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IORegistryEntryIDMatching(id));

	test_true(service != 0);
	return service;
}

io_service_t stage_publish_service(io_connect_t stage, CFTypeRef properties, const char *format,
				   ...)
{
	va_list arguments;

	va_start(arguments, format);
	uint64_t id = publish(stage, properties, format, arguments);
	va_end(arguments);
	return stage_service(id);
}

char *stage_read(io_connect_t stage)
{
	void *text = NULL;
	size_t size = kIOConnectMethodVarOutputSize;

	test_equal_error(
		IOConnectCallMethod(stage, STAGE_READ, NULL, 0, NULL, 0, NULL, NULL, &text, &size),
		0);
	char *copy = strdup(text);
	vm_deallocate(mach_task_self(), (vm_address_t)text, size);
	return copy;
}

void stage_await(io_connect_t stage, const char *line)
{
	for (int i = 0; i < 1000; i++) {
		char *text = stage_read(stage);
		const char *at = strstr(text, line);
		bool found = at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';

		free(text);
		if (found)
			return;
		poll(NULL, 0, 5);
	}
	test_fail(__FILE__, __LINE__, "no event \"%s\"", line);
}

/* --- values -------------------------------------------------------------------------- */

CFStringRef stage_text(const char *text)
{
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

CFNumberRef stage_number(int64_t value)
{
	return CFNumberCreate(NULL, kCFNumberSInt64Type, &value);
}

CFNumberRef stage_number32(int32_t value)
{
	return CFNumberCreate(NULL, kCFNumberSInt32Type, &value);
}

CFMutableDictionaryRef stage_dictionary(const char *key, ...)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	va_list arguments;

	va_start(arguments, key);
	for (; key; key = va_arg(arguments, const char *)) {
		CFTypeRef value = va_arg(arguments, CFTypeRef);
		CFStringRef name = stage_text(key);

		CFDictionarySetValue(d, name, value);
		CFRelease(name);
		CFRelease(value);
	}
	va_end(arguments);
	return d;
}

CFArrayRef stage_texts(const char *first, ...)
{
	CFMutableArrayRef a = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	va_list arguments;

	va_start(arguments, first);
	for (; first; first = va_arg(arguments, const char *)) {
		CFStringRef text = stage_text(first);

		CFArrayAppendValue(a, text);
		CFRelease(text);
	}
	va_end(arguments);
	return a;
}
