// SPDX-License-Identifier: MIT
/* The registry as a property list (-a). */
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLibPrivate.h>

#include "tools/ioreg.h"

struct archive {
	const struct ioreg_options *options;
	io_registry_entry_t ancestors[TOOLS_LINE_DEPTH_MAX];
};

/* Property lists know no sets: arrays take their place, at every depth. A new object. */
static CFTypeRef copy_without_sets(CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(value);
	bool is_dictionary = type == CFDictionaryGetTypeID(), is_set = type == CFSetGetTypeID();
	CFMutableArrayRef array;
	CFIndex n;
	const void **items;

	if (!is_dictionary && !is_set && type != CFArrayGetTypeID())
		return CFRetain(value);
	n = is_dictionary ? CFDictionaryGetCount(value)
	  : is_set	  ? CFSetGetCount(value)
			  : CFArrayGetCount(value);
	items = calloc((size_t)n + 1, sizeof(*items));
	if (!items)
		return NULL;
	if (is_dictionary) {
		CFMutableDictionaryRef copy =
			CFDictionaryCreateMutableCopy(kCFAllocatorDefault, 0, value);

		CFDictionaryGetKeysAndValues(value, items, NULL);
		for (CFIndex i = 0; copy && i < n; i++) {
			CFTypeRef member = copy_without_sets(CFDictionaryGetValue(value, items[i]));

			if (member) {
				CFDictionarySetValue(copy, items[i], member);
				CFRelease(member);
			}
		}
		free(items);
		return copy;
	}
	if (is_set)
		CFSetGetValues(value, items);
	else
		CFArrayGetValues(value, CFRangeMake(0, n), items);
	array = CFArrayCreateMutable(kCFAllocatorDefault, n, &kCFTypeArrayCallBacks);
	for (CFIndex i = 0; array && i < n; i++) {
		CFTypeRef member = copy_without_sets(items[i]);

		if (member) {
			CFArrayAppendValue(array, member);
			CFRelease(member);
		}
	}
	free(items);
	return array;
}

static void set(CFMutableDictionaryRef dictionary, CFStringRef key, CFTypeRef value)
{
	if (value) {
		CFDictionarySetValue(dictionary, key, value);
		CFRelease(value);
	}
}

static void set_text(CFMutableDictionaryRef dictionary, CFStringRef key, const char *text)
{
	set(dictionary, key,
	    CFStringCreateWithCString(kCFAllocatorDefault, text, kCFStringEncodingUTF8));
}

static void set_number(CFMutableDictionaryRef dictionary, CFStringRef key, uint64_t number,
		       bool is_wide)
{
	int32_t narrow = (int32_t)number;

	set(dictionary, key,
	    is_wide ? CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &number)
		    : CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt32Type, &narrow));
}

static CFMutableDictionaryRef copy_properties(struct archive *a, io_registry_entry_t entry)
{
	CFMutableDictionaryRef properties = NULL, clean = NULL;

	if ((a->options->list || ioreg_entry_fits(entry, a->options)) &&
	    !IORegistryEntryCreateCFProperties(entry, &properties, kCFAllocatorDefault, 0)) {
		clean = (CFMutableDictionaryRef)copy_without_sets(properties);
		CFRelease(properties);
	}
	if (!clean)
		clean = CFDictionaryCreateMutable(kCFAllocatorDefault, 0,
						  &kCFTypeDictionaryKeyCallBacks,
						  &kCFTypeDictionaryValueCallBacks);
	return clean;
}

/* One entry without its children. */
static CFMutableDictionaryRef describe(struct archive *a, io_registry_entry_t entry)
{
	CFMutableDictionaryRef d = copy_properties(a, entry);
	uint64_t id = 0, state = 0, busy_ns = 0;
	uint32_t busy = 0;
	io_name_t name;

	if (!d)
		return NULL;
	if (!IORegistryEntryGetNameInPlane(entry, a->options->plane, name))
		set_text(d, CFSTR("IORegistryEntryName"), name);
	if (!IORegistryEntryGetLocationInPlane(entry, a->options->plane, name))
		set_text(d, CFSTR("IORegistryEntryLocation"), name);
	IORegistryEntryGetRegistryEntryID(entry, &id);
	set_number(d, CFSTR("IORegistryEntryID"), id, true);
	if (!_IOObjectGetClass(entry, kIOClassNameOverrideNone, name))
		set_text(d, CFSTR("IOObjectClass"), name);
	if (a->options->inheritance)
		set(d, CFSTR("IOObjectInheritance"), ioreg_copy_ancestry(entry));
	set_number(d, CFSTR("IOObjectRetainCount"), IOObjectGetKernelRetainCount(entry), false);
	if (_IOObjectConformsTo(entry, "IOService", kIOClassNameOverrideNone)) {
		IOServiceGetBusyStateAndTime(entry, &state, &busy, &busy_ns);
		set_number(d, CFSTR("IOServiceState"), state, true);
		set_number(d, CFSTR("IOServiceBusyState"), busy, false);
		set_number(d, CFSTR("IOServiceBusyTime"), busy_ns, true);
	}
	return d;
}

static io_iterator_t children_of(struct archive *a, io_registry_entry_t entry)
{
	io_iterator_t children = IO_OBJECT_NULL;

	if (IORegistryEntryGetChildIterator(entry, a->options->plane, &children))
		return IO_OBJECT_NULL;
	return children;
}

/* ENTRY with everything below it; DEPTH counts from the subtree's root. */
static CFMutableDictionaryRef scan(struct archive *a, io_registry_entry_t entry, unsigned depth)
{
	CFMutableDictionaryRef d = describe(a, entry);
	CFMutableArrayRef array;
	io_iterator_t children;
	io_registry_entry_t child;

	if (!d || (a->options->depth && depth + 1 >= a->options->depth) ||
	    depth + 1 >= TOOLS_LINE_DEPTH_MAX)
		return d;
	array = CFArrayCreateMutable(kCFAllocatorDefault, 0, &kCFTypeArrayCallBacks);
	children = children_of(a, entry);
	while ((child = IOIteratorNext(children))) {
		CFMutableDictionaryRef below = scan(a, child, depth + 1);

		if (below && array)
			CFArrayAppendValue(array, below);
		if (below)
			CFRelease(below);
		IOObjectRelease(child);
	}
	if (children)
		IOObjectRelease(children);
	if (array && CFArrayGetCount(array) > 0)
		CFDictionarySetValue(d, CFSTR("IORegistryEntryChildren"), array);
	if (array)
		CFRelease(array);
	return d;
}

/* -t: wrap the subtree into its ancestors. */
static CFMutableDictionaryRef wrap(struct archive *a, CFMutableDictionaryRef subtree,
				   unsigned depth)
{
	while (depth-- > 0 && subtree) {
		CFMutableDictionaryRef above = describe(a, a->ancestors[depth]);

		if (above)
			CFDictionarySetValue(above, CFSTR("IORegistryEntryChildren"), subtree);
		CFRelease(subtree);
		subtree = above;
	}
	return subtree;
}

static void search(struct archive *a, io_registry_entry_t entry, unsigned depth,
		   unsigned shown_depth, CFMutableArrayRef found)
{
	io_iterator_t children;
	io_registry_entry_t child;

	if (shown_depth < depth + 1 && ioreg_entry_fits(entry, a->options)) {
		CFMutableDictionaryRef subtree = scan(a, entry, 0);

		shown_depth = a->options->depth ? depth + a->options->depth : UINT32_MAX;
		if (a->options->tree)
			subtree = wrap(a, subtree, depth);
		if (subtree) {
			CFArrayAppendValue(found, subtree);
			CFRelease(subtree);
		}
	}
	if (depth + 1 >= TOOLS_LINE_DEPTH_MAX)
		return;
	a->ancestors[depth] = entry;
	children = children_of(a, entry);
	while ((child = IOIteratorNext(children))) {
		search(a, child, depth + 1, shown_depth, found);
		IOObjectRelease(child);
	}
	if (children)
		IOObjectRelease(children);
}

/* Bytes of the control character that BYTES begin with, 0: none. A terminal would obey it. */
static size_t control_size(const UInt8 *bytes, size_t size)
{
	if ((bytes[0] < 0x20 && bytes[0] != '\n' && bytes[0] != '\t') || bytes[0] == 0x7f)
		return 1;
	/* U+0080 to U+009F */
	return size > 1 && bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 2 : 0;
}

/* XML has no form for most control characters, and a reference for the rest. */
static bool write_plain(const UInt8 *bytes, size_t size, FILE *out)
{
	while (size) {
		size_t n = 0, n_control = 0;

		while (n < size && !(n_control = control_size(bytes + n, size - n)))
			n++;
		if (fwrite(bytes, 1, n, out) != n ||
		    (n_control == 1 && fputs("\xef\xbf\xbd", out) == EOF) ||
		    (n_control == 2 && fprintf(out, "&#%u;", bytes[n + 1]) < 0))
			return false;
		n += n_control;
		bytes += n;
		size -= n;
	}
	return true;
}

static bool write_list(CFTypeRef object, FILE *out)
{
	CFDataRef data = CFPropertyListCreateData(kCFAllocatorDefault, object,
						  kCFPropertyListXMLFormat_v1_0, 0, NULL);
	bool is_written;

	if (!data)
		return false;
	is_written = write_plain(CFDataGetBytePtr(data), (size_t)CFDataGetLength(data), out);
	CFRelease(data);
	return is_written;
}

bool ioreg_archive_print(io_registry_entry_t root, const struct ioreg_options *options, FILE *out)
{
	struct archive *a = calloc(1, sizeof(*a));
	CFTypeRef object = NULL;
	bool is_good = true;

	if (!a)
		return false;
	a->options = options;
	if (options->root) {
		CFMutableArrayRef found =
			CFArrayCreateMutable(kCFAllocatorDefault, 0, &kCFTypeArrayCallBacks);

		if (found)
			search(a, root, 0, 0, found);
		object = found;
	} else {
		object = scan(a, root, 0);
	}
	free(a);
	if (!object)
		return false;
	/* As the original: nothing at all when no entry fits. */
	if (!options->root || CFArrayGetCount(object) > 0)
		is_good = write_list(object, out);
	CFRelease(object);
	return is_good;
}
