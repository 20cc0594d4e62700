// SPDX-License-Identifier: MIT
/* Forms of IEEE 1275's properties. They come from drivers, so every cell is looked for before it is read. */
#include "tools/firmware.h"

#include <string.h>

struct view {
	struct tools_line *line;
	const struct tools_branch *branch;
	io_registry_entry_t entry;
	const UInt8 *bytes;
	CFIndex n_cells, n_bytes;
};

static uint32_t cell(const struct view *v, CFIndex i)
{
	uint32_t value = 0;

	if (i < v->n_cells)
		memcpy(&value, v->bytes + 4 * i, sizeof(value));
	return value;
}

static void begin_line(const struct view *v)
{
	tools_line_indent(v->line, v->branch, false);
}

/* "#address-cells" and the like, of ENTRY or the nearest entry above that has it. */
static CFIndex count_cells(io_registry_entry_t entry, CFStringRef key)
{
	CFTypeRef value = IORegistryEntrySearchCFProperty(
		entry, kIODeviceTreePlane, key, kCFAllocatorDefault,
		kIORegistryIterateParents | kIORegistryIterateRecursively);
	int32_t count = 0;

	if (value && CFGetTypeID(value) == CFDataGetTypeID() && CFDataGetLength(value) >= 4)
		memcpy(&count, CFDataGetBytePtr(value), sizeof(count));
	if (value)
		CFRelease(value);
	return count > 0 && count < 16 ? count : 0;
}

static bool is_on_pci(io_registry_entry_t entry)
{
	io_registry_entry_t parent;
	io_name_t name;
	bool is_pci;

	if (IORegistryEntryGetParentEntry(entry, kIODeviceTreePlane, &parent))
		return false;
	is_pci = !IORegistryEntryGetNameInPlane(parent, kIODeviceTreePlane, name) &&
		 !strncmp(name, "pci", 3);
	IOObjectRelease(parent);
	return is_pci;
}

/* --- the properties ------------------------------------------------------------- */

enum { ADDRESS_CELLS = 5 };

static void put_addresses(const struct view *v)
{
	static const char *const spaces[] = { "Config", "I/O", "Mem", "64-bit" };

	tools_line_end(v->line);
	for (CFIndex i = 0; i < v->n_cells / ADDRESS_CELLS; i++) {
		const CFIndex at = i * ADDRESS_CELLS;
		const uint32_t high = cell(v, at);

		begin_line(v);
		tools_line_format(v->line, "    %02ld: phys.hi: %08x phys.mid: %08x phys.lo: %08x",
				  (long)i, high, cell(v, at + 1), cell(v, at + 2));
		tools_line_end(v->line);
		begin_line(v);
		tools_line_format(v->line, "        size.hi: %08x size.lo: %08x", cell(v, at + 3),
				  cell(v, at + 4));
		tools_line_end(v->line);
		begin_line(v);
		tools_line_format(v->line, "        bus: %u dev: %u func: %u reg: %u",
				  high >> 16 & 0xff, high >> 11 & 0x1f, high >> 8 & 7, high & 0xff);
		tools_line_end(v->line);
		begin_line(v);
		tools_line_format(v->line, "        type: %s flags: %s%s%s", spaces[high >> 24 & 3],
				  high >> 31 ? "abs" : "rel", high >> 30 & 1 ? ", prefetch" : "",
				  high >> 29 & 1 ? ", alias" : "");
		tools_line_end(v->line);
	}
}

/* A mask of slots, and a text for each. */
static void put_slots(const struct view *v)
{
	const uint32_t mask = cell(v, 0);
	CFIndex at = 4;

	if (!mask)
		tools_line_put(v->line, "<>");
	tools_line_end(v->line);
	for (unsigned slot = 0; slot < 32 && mask; slot++) {
		size_t n;

		if (!(mask >> slot & 1))
			continue;
		n = at < v->n_bytes
			  ? strnlen((const char *)v->bytes + at, (size_t)(v->n_bytes - at))
			  : 0;
		begin_line(v);
		tools_line_format(v->line, "    %02u: ", slot);
		tools_line_put_size(v->line, (const char *)v->bytes + at, n);
		tools_line_end(v->line);
		at += (CFIndex)n + 1;
	}
}

static void put_cells(const struct view *v, CFIndex at, CFIndex n)
{
	for (CFIndex i = 0; i < n && at + i < v->n_cells; i++)
		tools_line_format(v->line, "%08x ", cell(v, at + i));
}

static void put_title(const struct view *v, const char *title, CFIndex n)
{
	tools_line_put(v->line, title);
	if (n < 2) {
		tools_line_put(v->line, " ");
		return;
	}
	tools_line_put(v->line, "-");
	for (CFIndex i = 2; i <= n; i++)
		tools_line_put(v->line, i == n ? "-------- " : "---------");
}

static void put_ranges(const struct view *v)
{
	CFIndex child = count_cells(v->entry, CFSTR("#address-cells"));
	CFIndex size = count_cells(v->entry, CFSTR("#size-cells")), above = 0, all;
	io_registry_entry_t parent;

	if (!IORegistryEntryGetParentEntry(v->entry, kIODeviceTreePlane, &parent)) {
		above = count_cells(parent, CFSTR("#address-cells"));
		IOObjectRelease(parent);
	}
	tools_line_end(v->line);
	begin_line(v);
	tools_line_put(v->line, "    ");
	put_title(v, "-child--", child);
	put_title(v, "-parent-", above);
	put_title(v, "-size---", size);
	tools_line_end(v->line);
	all = child + above + size;
	for (CFIndex at = 0; all && at + all <= v->n_cells; at += all) {
		begin_line(v);
		tools_line_put(v->line, "    ");
		put_cells(v, at, all);
		tools_line_end(v->line);
	}
}

/* The entry that other properties call HANDLE, with a reference; 0: there is none. */
static io_service_t copy_by_handle(uint32_t handle)
{
	CFDataRef data = CFDataCreate(kCFAllocatorDefault, (const UInt8 *)&handle, sizeof(handle));
	CFMutableDictionaryRef properties =
		CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					  &kCFTypeDictionaryValueCallBacks);
	CFMutableDictionaryRef matching =
		CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					  &kCFTypeDictionaryValueCallBacks);
	io_service_t service = IO_OBJECT_NULL;

	if (data && properties && matching) {
		CFDictionarySetValue(properties, CFSTR("AAPL,phandle"), data);
		CFDictionarySetValue(matching, CFSTR(kIOPropertyMatchKey), properties);
		service = IOServiceGetMatchingService(kIOMainPortDefault, matching);
		matching = NULL; /* consumed */
	}
	if (data)
		CFRelease(data);
	if (properties)
		CFRelease(properties);
	if (matching)
		CFRelease(matching);
	return service;
}

/* Its path, without the plane. */
static void read_path(io_service_t service, io_string_t path)
{
	const char *colon;

	if (!service || IORegistryEntryGetPath(service, kIODeviceTreePlane, path) ||
	    !(colon = strchr(path, ':')))
		path[0] = 0;
	else
		memmove(path, colon + 1, strlen(colon + 1) + 1);
}

static void put_interrupt_map(const struct view *v)
{
	CFIndex child = count_cells(v->entry, CFSTR("#address-cells")) +
			count_cells(v->entry, CFSTR("#interrupt-cells"));
	CFIndex at = 0;

	tools_line_end(v->line);
	for (unsigned i = 0; at < v->n_cells; i++) {
		io_service_t parent;
		io_string_t path;
		CFIndex above = 0;

		begin_line(v);
		tools_line_format(v->line, "    %02u:   child: ", i);
		put_cells(v, at, child);
		tools_line_end(v->line);
		at += child;
		parent = copy_by_handle(cell(v, at));
		read_path(parent, path);
		if (parent) {
			above = count_cells(parent, CFSTR("#address-cells")) +
				count_cells(parent, CFSTR("#interrupt-cells"));
			IOObjectRelease(parent);
		}
		begin_line(v);
		tools_line_format(v->line, "        phandle: %08x (%s)", cell(v, at), path);
		tools_line_end(v->line);
		begin_line(v);
		tools_line_put(v->line, "         parent: ");
		put_cells(v, at + 1, above);
		tools_line_end(v->line);
		at += 1 + above;
	}
}

/* Pairs of a specifier and how it is sensed; a cell that is left over is an index. */
static void put_interrupts(const struct view *v)
{
	CFIndex at = 0;

	tools_line_end(v->line);
	for (unsigned i = 0; at < v->n_cells; i++) {
		const uint32_t first = cell(v, at), sense = cell(v, at + 1);

		begin_line(v);
		tools_line_format(v->line, "    %02u: ", i);
		if (at + 1 < v->n_cells) {
			tools_line_format(v->line, "specifier: %08x (vector: %02x) sense: %08x (",
					  first, first & 0xff, sense);
			if (sense & 2)
				tools_line_format(v->line, "HyperTransport vector: %04x, ",
						  sense >> 16);
			tools_line_put(v->line, sense & 1 ? "level)" : "edge)");
			at += 2;
		} else {
			tools_line_format(v->line, "parent interrupt-map entry: %08x", first);
			at++;
		}
		tools_line_end(v->line);
	}
}

static void put_interrupt_parent(const struct view *v)
{
	io_service_t parent = copy_by_handle(cell(v, 0));
	io_string_t path;

	read_path(parent, path);
	tools_line_format(v->line, "<%08x>", cell(v, 0));
	if (path[0])
		tools_line_format(v->line, " (%s)", path);
	tools_line_end(v->line);
	if (parent)
		IOObjectRelease(parent);
}

/* --- public --------------------------------------------------------------------- */

bool tools_firmware_put(struct tools_line *line, const struct tools_branch *branch,
			io_registry_entry_t entry, CFStringRef key, CFTypeRef value)
{
	/* Those that stand empty are <>. */
	static const struct {
		const char *key;
		bool is_address, may_be_empty;
		void (*put)(const struct view *view);
	} forms[] = {
		{ "reg", true, true, put_addresses },
		{ "assigned-addresses", false, true, put_addresses },
		{ "slot-names", false, true, put_slots },
		{ "ranges", false, true, put_ranges },
		{ "interrupt-map", false, false, put_interrupt_map },
		{ "interrupts", false, false, put_interrupts },
		{ "interrupt-parent", false, false, put_interrupt_parent },
	};
	char name[32];
	struct view v = { line, branch, entry, NULL, 0, 0 };

	if (CFGetTypeID(value) != CFDataGetTypeID() ||
	    !CFStringGetCString(key, name, sizeof(name), kCFStringEncodingUTF8))
		return false;
	v.bytes = CFDataGetBytePtr(value);
	v.n_bytes = CFDataGetLength(value);
	v.n_cells = v.n_bytes / 4;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (strcmp(forms[i].key, name) != 0)
			continue;
		if (forms[i].is_address && !is_on_pci(entry))
			return false;
		if (!v.n_bytes && forms[i].may_be_empty) {
			tools_line_put(line, "<>");
			tools_line_end(line);
		} else {
			forms[i].put(&v);
		}
		return true;
	}
	return false;
}
