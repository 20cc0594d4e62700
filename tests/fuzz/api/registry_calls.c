// SPDX-License-Identifier: MIT
/* The registry: names, paths, properties, neighbours, walks. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* The code of a call on an entry; a receive right may count as a wrong object or as none. */
static void expect_entry(struct fuzz *f, const struct model_slot *s, kern_return_t r, uint32_t a,
			 uint32_t b, uint32_t c)
{
	uint32_t bad = model_target(s, MODEL_ENTRIES);

	if (bad)
		fuzz_codes(f, r, bad, model_or_bad(s, bad));
	else
		fuzz_codes(f, r, a, b, c);
}

static void check_text(struct fuzz *f, kern_return_t r, const char *out, size_t size)
{
	if (out && r == 0)
		fuzz_require(f, memchr(out, 0, size) != NULL);
	if (out && r)
		fuzz_require(f, fuzz_is_untouched(out, size));
}

static void root(struct fuzz *f)
{
	fuzz_log(f, "IORegistryGetRootEntry");
	io_registry_entry_t e = IORegistryGetRootEntry(kIOMainPortDefault);

	fuzz_require(f, e != 0);
	model_add(f, e, MODEL_ROOT, 0);
}

static void from_path(struct fuzz *f)
{
	struct model_slot port = model_pick(f, BIT(MODEL_ZERO) | BIT(MODEL_MAIN));
	const char *path = fuzz_text(f);
	CFStringRef string = fuzz_key(f);
	bool by_string = fuzz_one_in(f, 3);
	bool main = port.kind == MODEL_ZERO || port.kind == MODEL_MAIN;

	fuzz_log(f, "IORegistryEntryFromPath(0x%x, \"%.60s\")", port.name, path);
	io_registry_entry_t e = by_string ? IORegistryEntryCopyFromPath(port.name, string)
					  : IORegistryEntryFromPath(port.name, path);
	if (!f->model->shared && !by_string) {
		if (!main || !path || strncmp(path, "IOService:/", 11) ||
		    (path[11] && path[strlen(path) - 1] == '/'))
			fuzz_require(f, e == 0);
		else if (main && !strcmp(path, "IOService:/IOResources/CalculatorDriver"))
			fuzz_require(f, e != 0);
	}
	model_add_entry(f, e);
}

static void names(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);
	char *out = fuzz_out(f, sizeof(io_string_t));
	uint32_t what = fuzz_below(f, 4);
	size_t size = what == 3 ? sizeof(io_string_t) : sizeof(io_name_t);
	kern_return_t r;

	fuzz_log(f, "name %u of 0x%x kind %d in \"%.20s\" to %p", what, s.name, s.kind, plane,
		 (void *)out);
	if (what == 0)
		r = IORegistryEntryGetName(s.name, out);
	else if (what == 1)
		r = IORegistryEntryGetNameInPlane(s.name, plane, out);
	else if (what == 2)
		r = IORegistryEntryGetLocationInPlane(s.name, plane, out);
	else
		r = IORegistryEntryGetPath(s.name, plane, out);
	if (!out || (what == 3 && !plane))
		fuzz_codes(f, r, BAD, NODEST);
	else
		expect_entry(f, &s, r, OK, what == 2 ? (uint32_t)kIOReturnNotFound : OK,
			     what == 3 ? BAD : OK);
	check_text(f, r, out, size);
}

static void copy_path(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);

	fuzz_log(f, "IORegistryEntryCopyPath(0x%x kind %d, \"%.20s\")", s.name, s.kind, plane);
	CFStringRef path = IORegistryEntryCopyPath(s.name, plane);
	if (path && !f->model->shared) {
		fuzz_require(f, s.kind == MODEL_SERVICE);
		io_registry_entry_t e = IORegistryEntryCopyFromPath(kIOMainPortDefault, path);

		fuzz_require(f, e == s.name);
		model_add(f, e, MODEL_SERVICE, s.what);
	}
	if (path)
		CFRelease(path);
}

static void entry_id(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	uint64_t *out = fuzz_out(f, sizeof(*out)), id = 5;

	fuzz_log(f, "IORegistryEntryGetRegistryEntryID(0x%x kind %d)", s.name, s.kind);
	kern_return_t r = IORegistryEntryGetRegistryEntryID(s.name, out);
	if (!out) {
		fuzz_codes(f, r, BAD, NODEST);
		return;
	}
	expect_entry(f, &s, r, OK, OK, OK);
	memcpy(&id, out, sizeof(id));
	fuzz_require(f, r == 0 ? id >= 0x100000100ull : id == 0);
}

static void properties(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	CFMutableDictionaryRef d = NULL;
	bool null = fuzz_one_in(f, 10);

	fuzz_log(f, "IORegistryEntryCreateCFProperties(0x%x kind %d)", s.name, s.kind);
	kern_return_t r =
		IORegistryEntryCreateCFProperties(s.name, null ? NULL : &d, NULL, fuzz_count(f));
	if (null)
		fuzz_codes(f, r, BAD, NODEST);
	else
		expect_entry(f, &s, r, OK, OK, OK);
	fuzz_require(f, (r == 0) == (d != NULL));
	if (d)
		CFRelease(d);
}

static void property(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	CFStringRef key = fuzz_key(f);

	fuzz_log(f, "IORegistryEntryCreate/SearchCFProperty(0x%x kind %d, %p)", s.name, s.kind,
		 (const void *)key);
	CFTypeRef value = fuzz_one_in(f, 2)
				? IORegistryEntryCreateCFProperty(s.name, key, NULL, fuzz_count(f))
				: IORegistryEntrySearchCFProperty(s.name, fuzz_plane(f), key, NULL,
								  fuzz_count(f));
	if (value && !f->model->shared)
		fuzz_require(f, key && BIT(s.kind) & MODEL_ENTRIES);
	if (value)
		CFRelease(value);
}

static void property_bytes(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	static const char *const keys[] = { "IOClass", "IOProbeScore", "Operations", "no such",
					    "" };
	const char *key = fuzz_one_in(f, 12) ? NULL : keys[fuzz_below(f, 5)];
	char *out = fuzz_out(f, 4200);
	uint32_t size = fuzz_count(f), room = size;

	if (size > 4096)
		size = room = 4096;
	fuzz_log(f, "IORegistryEntryGetProperty(0x%x kind %d, \"%s\", %p, %u)", s.name, s.kind,
		 key ? key : "(null)", (void *)out, size);
	kern_return_t r = IORegistryEntryGetProperty(s.name, key, out, &size);
	if (!out || !key)
		fuzz_codes(f, r, BAD, NODEST);
	else if (model_target(&s, MODEL_ENTRIES))
		expect_entry(f, &s, r, OK, OK, OK);
	else
		fuzz_codes(f, r, OK, BAD, kIOReturnNoResources, kIOReturnIPCError);
	if (r == 0)
		fuzz_require(f, size <= room);
	else if (out)
		fuzz_require(f, size == room && fuzz_is_untouched(out, 4200));
}

static void set_properties(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	CFTypeRef value = fuzz_value(f);
	char class_name[128] = "";

	/* What is set on IOResources stays there. */
	if (BIT(s.kind) & MODEL_ENTRIES && !IOObjectGetClass(s.name, class_name) &&
	    !strcmp(class_name, "IOResources"))
		return;
	fuzz_log(f, "IORegistryEntrySetCFProperties(0x%x kind %d, %p)", s.name, s.kind, value);
	kern_return_t r = fuzz_one_in(f, 2)
				? IORegistryEntrySetCFProperties(s.name, value)
				: IORegistryEntrySetCFProperty(s.name, fuzz_key(f), value);
	fuzz_require(f, r != 0);
	if (model_target(&s, MODEL_ENTRIES))
		fuzz_codes(f, r, model_target(&s, MODEL_ENTRIES), BAD, UNSUPPORTED,
			   kIOReturnMessageTooLarge);
	else
		fuzz_codes(f, r, UNSUPPORTED, BAD, kIOReturnMessageTooLarge);
}

static void neighbours(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);
	io_iterator_t *out = fuzz_out(f, sizeof(*out)), it = 0;
	bool parents = fuzz_one_in(f, 2);

	fuzz_log(f, "%s iterator of 0x%x kind %d in \"%.20s\" to %p", parents ? "parent" : "child",
		 s.name, s.kind, plane, (void *)out);
	kern_return_t r = parents ? IORegistryEntryGetParentIterator(s.name, plane, out)
				  : IORegistryEntryGetChildIterator(s.name, plane, out);
	if (!out || !plane) {
		fuzz_codes(f, r, BAD, NODEST);
		return;
	}
	expect_entry(f, &s, r, OK, OK, OK);
	memcpy(&it, out, sizeof(it));
	if (r == 0 && it)
		model_add(f, it, MODEL_SNAPSHOT, 0);
	if (r == 0 && !strcmp(plane, "Nope"))
		fuzz_require(f, it == 0);
}

static void neighbour(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);
	io_registry_entry_t *out = fuzz_out(f, sizeof(*out)), e = 0;
	bool parent = fuzz_one_in(f, 2);

	fuzz_log(f, "%s entry of 0x%x kind %d in \"%.20s\" to %p", parent ? "parent" : "child",
		 s.name, s.kind, plane, (void *)out);
	kern_return_t r = parent ? IORegistryEntryGetParentEntry(s.name, plane, out)
				 : IORegistryEntryGetChildEntry(s.name, plane, out);
	if (!out || !plane) {
		fuzz_codes(f, r, BAD, NODEST);
		return;
	}
	expect_entry(f, &s, r, OK, kIOReturnNoDevice, OK);
	memcpy(&e, out, sizeof(e));
	if (r == 0)
		model_add_entry(f, e);
	else if (r == (kern_return_t)kIOReturnNoDevice)
		fuzz_require(f, e == 0);
}

static void in_plane(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);

	fuzz_log(f, "IORegistryEntryInPlane(0x%x kind %d, \"%.20s\")", s.name, s.kind, plane);
	boolean_t yes = IORegistryEntryInPlane(s.name, plane);
	if (f->model->shared || !plane)
		return;
	if (model_target(&s, MODEL_ENTRIES))
		fuzz_require(f, !yes);
	else if (s.kind == MODEL_SERVICE && !strcmp(plane, kIOServicePlane))
		fuzz_require(f, yes);
}

static void walk(struct fuzz *f)
{
	struct model_slot s = model_pick(f, MODEL_ENTRIES);
	const char *plane = fuzz_plane(f);
	io_iterator_t *out = fuzz_out(f, sizeof(*out)), it = 0;
	bool from_root = fuzz_one_in(f, 3);
	IOOptionBits options = fuzz_one_in(f, 3) ? fuzz_count(f) : fuzz_below(f, 4);
	bool known = plane && (!strcmp(plane, kIOServicePlane) || !strcmp(plane, kIOUSBPlane));

	fuzz_log(f, "IORegistry%sCreateIterator(0x%x kind %d, \"%.20s\", 0x%x, %p)",
		 from_root ? "" : "Entry", s.name, s.kind, plane, options, (void *)out);
	kern_return_t r = from_root
				? IORegistryCreateIterator(kIOMainPortDefault, plane, options, out)
				: IORegistryEntryCreateIterator(s.name, plane, options, out);
	if (!out || !plane)
		fuzz_codes(f, r, BAD, NODEST);
	else if (from_root)
		fuzz_codes(f, r, known ? OK : BAD, BAD);
	else
		expect_entry(f, &s, r, known ? OK : BAD, BAD, BAD);
	if (!out || r)
		return;
	memcpy(&it, out, sizeof(it));
	model_add(f, it, MODEL_WALK, 0);
}

const struct fuzz_call fuzz_registry_calls[] = {
	{ "root", root },
	{ "from_path", from_path },
	{ "names", names },
	{ "names", names },
	{ "copy_path", copy_path },
	{ "entry_id", entry_id },
	{ "properties", properties },
	{ "property", property },
	{ "property_bytes", property_bytes },
	{ "set_properties", set_properties },
	{ "neighbours", neighbours },
	{ "neighbour", neighbour },
	{ "in_plane", in_plane },
	{ "walk", walk },
	{ NULL, NULL },
};
