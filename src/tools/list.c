// SPDX-License-Identifier: MIT
/* portico list: the drivers of the session, as the registry reports them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

/* The text under KEY, or "-". */
static void print_field(CFDictionaryRef entry, CFStringRef key, int width)
{
	CFTypeRef value = CFDictionaryGetValue(entry, key);
	char *text = NULL;
	char number[32];

	if (value && CFGetTypeID(value) == CFStringGetTypeID()) {
		text = tools_text_copy(value);
	} else if (value && CFGetTypeID(value) == CFNumberGetTypeID()) {
		long long n = 0;

		CFNumberGetValue(value, kCFNumberLongLongType, &n);
		snprintf(number, sizeof(number), "%lld", n);
		text = strdup(number);
	}
	if (text && *text) {
		int n = width - (int)strlen(text);

		tools_text_put_escaped(stdout, text, strlen(text));
		printf("%*s", n > 0 ? n + 1 : 1, "");
	} else {
		printf("%-*s ", width, "-");
	}
	free(text);
}

static CFArrayRef array_of(CFDictionaryRef status, CFStringRef key)
{
	CFTypeRef value = CFDictionaryGetValue(status, key);

	return value && CFGetTypeID(value) == CFArrayGetTypeID() ? value : NULL;
}

/* Why a bundle is not used. */
static void print_problem(CFDictionaryRef entry)
{
	const CFStringRef keys[] = { CFSTR("Problem"), CFSTR("Host Problem") };

	for (int i = 0; i < 2; i++)
		if (CFDictionaryContainsKey(entry, keys[i])) {
			printf(" not used: ");
			print_field(entry, keys[i], 0);
		}
}

static void print_table(CFArrayRef rows, const CFStringRef *keys, const char *const *titles,
			const int *widths, int n_columns)
{
	for (int c = 0; c < n_columns; c++)
		printf("%-*s ", widths[c], titles[c]);
	printf("\n");
	for (CFIndex i = 0; i < CFArrayGetCount(rows); i++) {
		CFTypeRef row = CFArrayGetValueAtIndex(rows, i);

		if (CFGetTypeID(row) != CFDictionaryGetTypeID())
			continue;
		for (int c = 0; c < n_columns; c++)
			print_field(row, keys[c], widths[c]);
		print_problem(row);
		printf("\n");
	}
}

static void print_bundles(CFDictionaryRef status)
{
	const CFStringRef keys[] = { CFSTR("CFBundleIdentifier"), CFSTR("CFBundleVersion"),
				     CFSTR("Path") };
	static const char *const titles[] = { "BUNDLE", "VERSION", "PATH" };
	static const int widths[] = { 32, 8, 0 };
	CFArrayRef rows = array_of(status, CFSTR("Bundles"));

	if (rows && CFArrayGetCount(rows) > 0)
		print_table(rows, keys, titles, widths, 3);
	else
		printf("no driver bundles are loaded; `portico load PATH` loads one\n");
}

static void print_hosts(CFDictionaryRef status)
{
	const CFStringRef keys[] = { CFSTR("IOUserServerName"), CFSTR("PID"), CFSTR("State") };
	static const char *const titles[] = { "SERVER", "PID", "STATE" };
	static const int widths[] = { 32, 8, 0 };
	CFArrayRef rows = array_of(status, CFSTR("Hosts"));

	if (rows && CFArrayGetCount(rows) > 0) {
		printf("\n");
		print_table(rows, keys, titles, widths, 3);
	}
}

static int list(int argc, char **argv)
{
	CFDictionaryRef status;
	kern_return_t kr;

	if (argc > 1)
		return tools_misuse(&tools_list, "unexpected argument %s", argv[1]);
	kr = portico_session_copy_status(NULL, &status);
	if (kr)
		return tools_complain_session(&tools_list, NULL, kr);
	print_bundles(status);
	print_hosts(status);
	CFRelease(status);
	return 0;
}

const struct tools_command tools_list = {
	.name = "list",
	.usage = "",
	.summary = "list the driver bundles and driver hosts of the session",
	.run = list,
};
