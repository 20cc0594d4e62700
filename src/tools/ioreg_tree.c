// SPDX-License-Identifier: MIT
/* The registry as a drawn tree. */
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLibPrivate.h>

#include "tools/firmware.h"
#include "tools/format.h"
#include "tools/ioreg.h"
#include "tools/text.h"

struct walk {
	const struct ioreg_options *options;
	struct tools_line *line;
	struct tools_branch branch;
	io_registry_entry_t entry;			     /* whose properties are shown */
	unsigned depth_limit;				     /* 0: none; levels of the drawn tree */
	io_registry_entry_t ancestors[TOOLS_LINE_DEPTH_MAX]; /* while searching */
};

/* IONameMatch of -n: the name alone, or with the location when a '@' is asked for. */
static bool name_fits(io_registry_entry_t entry, const struct ioreg_options *options)
{
	io_name_t name, location;
	char full[2 * sizeof(io_name_t) + 2];

	if (IORegistryEntryGetNameInPlane(entry, options->plane, name))
		return false;
	if (!strchr(options->name, '@'))
		return !strcmp(options->name, name);
	if (IORegistryEntryGetLocationInPlane(entry, options->plane, location))
		location[0] = 0;
	snprintf(full, sizeof(full), "%s@%s", name, location);
	return !strcmp(options->name, full);
}

/* A driver's own classes (IOUserClasses), when it lists them, stand for the real class. */
static bool class_fits(io_registry_entry_t entry, const struct ioreg_options *options)
{
	CFTypeRef classes = NULL;
	CFStringRef wanted;
	bool fits;

	if (!options->no_user_classes)
		classes = IORegistryEntryCreateCFProperty(entry, CFSTR("IOUserClasses"),
							  kCFAllocatorDefault, 0);
	if (!classes || CFGetTypeID(classes) != CFArrayGetTypeID()) {
		if (classes)
			CFRelease(classes);
		return _IOObjectConformsTo(entry, options->class_name, kIOClassNameOverrideNone);
	}
	wanted = CFStringCreateWithCString(kCFAllocatorDefault, options->class_name,
					   kCFStringEncodingUTF8);
	fits = wanted &&
	       CFArrayContainsValue(classes, CFRangeMake(0, CFArrayGetCount(classes)), wanted);
	if (wanted)
		CFRelease(wanted);
	CFRelease(classes);
	return fits;
}

static bool key_fits(io_registry_entry_t entry, const struct ioreg_options *options)
{
	CFStringRef key =
		CFStringCreateWithCString(kCFAllocatorDefault, options->key, kCFStringEncodingUTF8);
	CFTypeRef value =
		key ? IORegistryEntryCreateCFProperty(entry, key, kCFAllocatorDefault, 0) : NULL;

	if (key)
		CFRelease(key);
	if (value)
		CFRelease(value);
	return value != NULL;
}

bool ioreg_entry_fits(io_registry_entry_t entry, const struct ioreg_options *options)
{
	if (!options->class_name && !options->key && !options->name)
		return false;
	return (!options->class_name || class_fits(entry, options)) &&
	       (!options->key || key_fits(entry, options)) &&
	       (!options->name || name_fits(entry, options));
}

CFArrayRef ioreg_copy_ancestry(io_registry_entry_t entry)
{
	CFMutableArrayRef ancestry =
		CFArrayCreateMutable(kCFAllocatorDefault, 0, &kCFTypeArrayCallBacks);
	CFStringRef name = _IOObjectCopyClass(entry, kIOClassNameOverrideNone);

	while (name && !CFEqual(name, CFSTR("OSObject"))) {
		CFStringRef super;

		if (ancestry)
			CFArrayInsertValueAtIndex(ancestry, 0, name);
		super = IOObjectCopySuperclassForClass(name);
		CFRelease(name);
		name = super;
	}
	if (name)
		CFRelease(name);
	return ancestry;
}

static void put_class(struct walk *w, io_registry_entry_t entry)
{
	io_name_t name;
	CFArrayRef ancestry;

	if (!w->options->inheritance) {
		if (_IOObjectGetClass(entry, kIOClassNameOverrideNone, name))
			strcpy(name, "<class error>");
		tools_line_put(w->line, name);
		return;
	}
	ancestry = ioreg_copy_ancestry(entry);
	for (CFIndex i = 0; ancestry && i < CFArrayGetCount(ancestry); i++) {
		char *text = tools_text_copy(CFArrayGetValueAtIndex(ancestry, i));

		tools_line_format(w->line, "%s%s", i ? ":" : "", text ? text : "");
		free(text);
	}
	if (ancestry)
		CFRelease(ancestry);
}

static void put_state(struct walk *w, io_registry_entry_t entry)
{
	uint64_t state = 0, busy_ns = 0;
	uint32_t busy = 0;

	if (!_IOObjectConformsTo(entry, "IOService", kIOClassNameOverrideNone))
		return;
	IOServiceGetBusyStateAndTime(entry, &state, &busy, &busy_ns);
	tools_line_format(w->line, ", %sregistered, %smatched, %sactive, busy %u",
			  state & kIOServiceRegisteredState ? "" : "!",
			  state & kIOServiceMatchedState ? "" : "!",
			  state & kIOServiceInactiveState ? "in" : "", busy);
	if (busy_ns)
		tools_line_format(w->line, " (%llu ms)", (unsigned long long)(busy_ns / 1000000));
}

static void put_property(const void *key, const void *value, void *context)
{
	struct walk *w = context;

	tools_line_indent(w->line, &w->branch, false);
	tools_line_put(w->line, "  ");
	tools_format_value(w->line, key, false);
	tools_line_put(w->line, " = ");
	if (w->options->smart) {
		if (!tools_firmware_put(w->line, &w->branch, w->entry, key, value))
			tools_format_smart(w->line, &w->branch, value, w->options->hex);
		return;
	}
	tools_format_value(w->line, value, w->options->hex);
	tools_line_end(w->line);
}

static void put_properties(struct walk *w, io_registry_entry_t entry)
{
	CFMutableDictionaryRef properties = NULL;

	w->entry = entry;
	IORegistryEntryCreateCFProperties(entry, &properties, kCFAllocatorDefault, 0);
	tools_line_indent(w->line, &w->branch, false);
	tools_line_put(w->line, "{");
	tools_line_end(w->line);
	if (properties) {
		CFDictionaryApplyFunction(properties, put_property, w);
		CFRelease(properties);
	}
	tools_line_indent(w->line, &w->branch, false);
	tools_line_put(w->line, "}");
	tools_line_end(w->line);
	tools_line_indent(w->line, &w->branch, false);
	tools_line_end(w->line);
}

/* The line of an entry at w->branch, and its properties where they are asked for. */
static void show(struct walk *w, io_registry_entry_t entry)
{
	io_name_t name, location;
	uint64_t id;

	if (IORegistryEntryGetNameInPlane(entry, w->options->plane, name))
		strcpy(name, "<name error>");
	tools_line_indent(w->line, &w->branch, true);
	tools_line_put_bold(w->line, name);
	if (!IORegistryEntryGetLocationInPlane(entry, w->options->plane, location))
		tools_line_format(w->line, "@%s", location);
	tools_line_put(w->line, "  <class ");
	put_class(w, entry);
	if (!IORegistryEntryGetRegistryEntryID(entry, &id))
		tools_line_format(w->line, ", id 0x%llx", (unsigned long long)id);
	put_state(w, entry);
	tools_line_format(w->line, ", retain %u>", IOObjectGetKernelRetainCount(entry));
	tools_line_end(w->line);
	if (w->options->list || ioreg_entry_fits(entry, w->options))
		put_properties(w, entry);
}

static io_iterator_t children_of(struct walk *w, io_registry_entry_t entry)
{
	io_iterator_t children = IO_OBJECT_NULL;

	if (IORegistryEntryGetChildIterator(entry, w->options->plane, &children))
		return IO_OBJECT_NULL;
	return children;
}

/* ENTRY at DEPTH and everything below it. */
static void scan(struct walk *w, io_registry_entry_t entry, unsigned depth, bool has_more)
{
	bool may_descend =
		(!w->depth_limit || depth + 1 < w->depth_limit) && depth + 1 < TOOLS_LINE_DEPTH_MAX;
	io_iterator_t children = children_of(w, entry);
	io_registry_entry_t child = IOIteratorNext(children), next;

	w->branch.depth = depth;
	w->branch.has_more[depth] = has_more;
	w->branch.has_children = may_descend && child;
	show(w, entry);
	for (; child && may_descend; child = next) {
		next = IOIteratorNext(children);
		scan(w, child, depth + 1, next != IO_OBJECT_NULL);
		IOObjectRelease(child);
	}
	if (child)
		IOObjectRelease(child);
	if (children)
		IOObjectRelease(children);
}

/* -t: the way from the root down to the subtree, each with one child. */
static void show_ancestors(struct walk *w, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		memset(w->branch.has_more, 0, sizeof(w->branch.has_more));
		w->branch.depth = i;
		w->branch.has_children = true;
		show(w, w->ancestors[i]);
	}
}

/* Print every subtree whose root fits, but not those inside one that was printed (as deep as it was). */
static void search(struct walk *w, io_registry_entry_t entry, unsigned depth, unsigned shown_depth)
{
	io_iterator_t children;
	io_registry_entry_t child;

	if (shown_depth < depth + 1 && ioreg_entry_fits(entry, w->options)) {
		unsigned level = w->options->tree ? depth : 0;

		shown_depth = w->options->depth ? depth + w->options->depth : UINT32_MAX;
		if (w->options->tree)
			show_ancestors(w, depth);
		memset(w->branch.has_more, 0, sizeof(w->branch.has_more));
		w->depth_limit = w->options->depth ? w->options->depth + level : 0;
		scan(w, entry, level, false);
		tools_line_end(w->line);
	}
	if (depth + 1 >= TOOLS_LINE_DEPTH_MAX)
		return;
	w->ancestors[depth] = entry;
	children = children_of(w, entry);
	while ((child = IOIteratorNext(children))) {
		search(w, child, depth + 1, shown_depth);
		IOObjectRelease(child);
	}
	if (children)
		IOObjectRelease(children);
}

bool ioreg_tree_print(io_registry_entry_t root, const struct ioreg_options *options,
		      struct tools_line *line)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	w->options = options;
	w->line = line;
	w->depth_limit = options->depth;
	if (options->root)
		search(w, root, 0, 0);
	else
		scan(w, root, 0, false);
	free(w);
	return true;
}
