// SPDX-License-Identifier: MIT
#include "life.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/mach.h>

#include "../drivers/Life.dext/Life.h"
#include "test.h"
#include "world.h"

struct life life_begin(void)
{
	const char *const more[] = { "Life.dext", NULL };
	struct life l = { .stage = stage_begin_with(more) };

	l.life = world_open("Life", 0);
	test_reset_baseline();
	return l;
}

void life_end(struct life *l)
{
	IOServiceClose(l->life);
	stage_end(l->stage);
}

CFMutableDictionaryRef life_named(const char *name)
{
	return stage_dictionary("LifeName", stage_text(name), NULL);
}

uint64_t life_publish(struct life *l, const char *key, const char *name, const char *flags)
{
	CFMutableDictionaryRef properties = life_named(name);
	char words[256], line[128];
	uint64_t id;

	snprintf(words, sizeof(words), "%s", flags);
	for (char *rest = words, *word; (word = strtok_r(rest, " ", &rest));) {
		CFStringRef flag = stage_text(word);

		CFDictionarySetValue(properties, flag, kCFBooleanTrue);
		CFRelease(flag);
	}
	id = stage_do(l->stage, properties, "publish key=%s register", key);
	CFRelease(properties);
	snprintf(line, sizeof(line), "start %s", name);
	life_await(l, line);
	if (!strstr(flags, "LifeHold"))
		test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	return id;
}

uint64_t life_do(struct life *l, const char *format, ...)
{
	char line[256];
	uint64_t out = 0;
	uint32_t n = 1;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	test_equal_error(IOConnectCallMethod(l->life, LIFE_COMMAND, NULL, 0, line, strlen(line) + 1,
					     &out, &n, NULL, NULL),
			 0);
	return out;
}

char *life_read(struct life *l)
{
	enum { SIZE = 64 * 1024 };
	char *text = calloc(1, SIZE);
	size_t size = SIZE;

	test_true(text != NULL);
	/* More than a page comes as an object of its own: ask for what fits, twice if need be. */
	void *data = NULL;
	size = kIOConnectMethodVarOutputSize;
	test_equal_error(
		IOConnectCallMethod(l->life, LIFE_READ, NULL, 0, NULL, 0, NULL, NULL, &data, &size),
		0);
	test_true(size <= SIZE);
	memcpy(text, data, size);
	vm_deallocate(mach_task_self(), (vm_address_t)data, size);
	return text;
}

/* Where LINE stands in TEXT as a whole line, or NULL. */
static const char *find_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[n] == '\n')
			return at;
	return NULL;
}

bool life_has(struct life *l, const char *line)
{
	char *text = life_read(l);
	bool found = find_line(text, line) != NULL;

	free(text);
	return found;
}

int life_count(struct life *l, const char *line)
{
	char *text = life_read(l);
	int n = 0;

	for (const char *at = text; (at = find_line(at, line)); at++)
		n++;
	free(text);
	return n;
}

void life_await(struct life *l, const char *line)
{
	for (int i = 0; i < 3000 && !life_has(l, line); i++)
		poll(NULL, 0, 2);
	if (!life_has(l, line)) {
		char *text = life_read(l);

		printf("# events:\n%s", text);
		fflush(stdout);
		free(text);
		test_fail(__FILE__, __LINE__, "no event \"%s\"", line);
	}
}

void life_expect_order(struct life *l, const char *earlier, const char *later)
{
	char *text = life_read(l);
	const char *a = find_line(text, earlier), *b = find_line(text, later);

	if (!a || !b || a > b)
		printf("# events:\n%s", text);
	fflush(stdout);
	free(text);
	if (!a || !b || a > b)
		test_fail(__FILE__, __LINE__, "\"%s\" does not come before \"%s\"", earlier, later);
}
