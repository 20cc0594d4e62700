// SPDX-License-Identifier: MIT
#include "tools/diagnostics.h"

#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>

#include "tools/silence.h"
#include "tools/text.h"

CFDictionaryRef tools_diagnostics_copy(const char *tool)
{
	io_registry_entry_t root;
	CFTypeRef diagnostics;

	tools_silence_watch(tool);
	root = IORegistryGetRootEntry(kIOMainPortDefault);
	if (!root) {
		fprintf(stderr,
			"%s: the registry cannot be reached: `portico status` says more, "
			"`portico run -- %s` makes a session of its own\n",
			tool, tool);
		return NULL;
	}
	diagnostics = IORegistryEntryCreateCFProperty(root, CFSTR(kIOKitDiagnosticsKey),
						      kCFAllocatorDefault, 0);
	IOObjectRelease(root);
	if (diagnostics && CFGetTypeID(diagnostics) == CFDictionaryGetTypeID())
		return diagnostics;
	fprintf(stderr, "%s: the registry publishes no counters\n", tool);
	if (diagnostics)
		CFRelease(diagnostics);
	return NULL;
}

static void put_name(FILE *out, CFStringRef name)
{
	char *text = tools_text_copy(name);

	tools_text_put_escaped(out, text ? text : "?", text ? strlen(text) : 1);
	free(text);
}

void tools_diagnostics_put_class(FILE *out, CFDictionaryRef classes, CFStringRef name,
				 const char *end)
{
	CFTypeRef value = CFDictionaryGetValue(classes, name);
	int32_t count;

	put_name(out, name);
	if (!value)
		fputs(" = <no such class>", out);
	else if (CFGetTypeID(value) == CFNumberGetTypeID() &&
		 CFNumberGetValue(value, kCFNumberSInt32Type, &count))
		fprintf(out, " = %lu", (unsigned long)count);
	else
		fputs(" = ?? (error reading/converting value)", out);
	fputs(end, out);
}

static int compare_names(const void *left, const void *right)
{
	return (int)CFStringCompare(*(const CFStringRef *)left, *(const CFStringRef *)right,
				    kCFCompareCaseInsensitive);
}

bool tools_diagnostics_put_classes(FILE *out, CFDictionaryRef classes)
{
	size_t n = (size_t)CFDictionaryGetCount(classes);
	const void **names = calloc(n + 1, sizeof(*names));

	if (!names)
		return false;
	CFDictionaryGetKeysAndValues(classes, names, NULL);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		tools_diagnostics_put_class(out, classes, names[i], "\n");
	free(names);
	return true;
}

void tools_diagnostics_put_sums(FILE *out, CFDictionaryRef diagnostics)
{
	const char *const names[] = { "Instance allocation", "Container allocation",
				      "IOMalloc allocation", "Pageable allocation" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CFStringRef key = CFStringCreateWithCString(kCFAllocatorDefault, names[i],
							    kCFStringEncodingUTF8);
		CFTypeRef value = key ? CFDictionaryGetValue(diagnostics, key) : NULL;
		long long number;

		if (key)
			CFRelease(key);
		if (!value)
			continue;
		if (CFGetTypeID(value) == CFNumberGetTypeID() &&
		    CFNumberGetValue(value, kCFNumberSInt64Type, &number))
			fprintf(out, "%22s = 0x%08llx = %4llu K\n", names[i],
				(unsigned long long)number, (unsigned long long)number / 1024);
		else
			fprintf(out, "%22s = ?? (error reading/converting value)\n", names[i]);
	}
}
