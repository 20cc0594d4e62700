// SPDX-License-Identifier: MIT
/*
 * Matching dictionaries against a fixed registry: any bytes as a value. A search
 * finds what asking every service finds, in whatever list it looks; asking twice
 * gives the same answer; a personality is not matched more often than a client's dictionary.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "registry/entry.h"
#include "registry/find.h"
#include "registry/match.h"
#include "registry/text.h"
#include "value_shape.h"
#include "wire/value.h"

enum { SERVICES = 12 };

static struct registry_tree tree;
static struct registry_entry *services[SERVICES];

static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max)
{
	return fuzz_change_value(chance, data, size, max);
}

/* No records: the whole input is one value. */
const struct fuzz_shape fuzz_shape = { .n_kinds = 0, .change = change };

static CFTypeRef parse(const char *xml)
{
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)xml, (CFIndex)strlen(xml));
	CFTypeRef value = CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL);

	CFRelease(data);
	fuzz_require(value != NULL);
	return value;
}

static void add(int i)
{
	static const char *const classes[] = { "FuzzDevice", "FuzzNub", "IOUSBHostDevice",
					       "IOMedia" };
	static const char *const names[] = { "one", "two", "FuzzNub" };
	static const char *const properties[] = {
		"<plist version=\"1.0\"><dict><key>k</key><integer>1</integer>"
		"<key>idVendor</key><integer>1452</integer><key>name</key><data>b25lAA==</data>"
		"<key>compatible</key><data>b25lAHR3bwA=</data></dict></plist>",
		"<plist version=\"1.0\"><dict><key>k</key><string>text</string>"
		"<key>BSD Name</key><string>disk0</string></dict></plist>",
		"<plist version=\"1.0\"><dict><key>IOUserServiceProperties</key><dict><key>k</key>"
		"<real>1</real></dict><key>IOClassNameOverride</key><string>IOMedia</string>"
		"</dict></plist>",
	};
	struct registry_entry *parent = i % 3 ? services[i / 3] : tree.machine, *e;
	struct registry_class *class;
	CFDictionaryRef dictionary = parse(properties[i % 3]);
	const char *location = i % 2 ? "1,2" : "";

	fuzz_require(!registry_class_need(&tree.classes, classes[i % 4], "IOService", &class));
	fuzz_require(!registry_entry_new(&tree, 0, class, dictionary, &e));
	fuzz_require(!registry_entry_rename(e, NULL, names[i % 3], location));
	fuzz_require(!registry_plane_attach(e, i ? parent : tree.machine, tree.planes.service));
	e->state |= WIRE_STATE_REGISTERED | (i % 5 ? WIRE_STATE_MATCHED : 0);
	registry_entry_list(e);
	services[i] = e;
	CFRelease(dictionary);
}

static bool is_ours(const struct registry_entry *entry)
{
	for (int i = 0; i < SERVICES; i++)
		if (services[i] == entry)
			return true;
	return false;
}

static bool is_found(const struct registry_found *found, const struct registry_entry *entry)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i] == entry)
			return true;
	return false;
}

/* FITS: which of ours match. The fixed entries are services as well: what is found besides ours is one
 * of them. */
static void check(CFDictionaryRef matching, uint32_t states, const bool fits[SERVICES])
{
	struct registry_found found;
	size_t n = 0;

	if (registry_find(&tree, matching, states, SIZE_MAX, &found))
		return;
	for (int i = 0; i < SERVICES; i++) {
		bool expected = fits[i] && services[i]->state & states;

		fuzz_require(is_found(&found, services[i]) == expected);
		n += expected;
	}
	for (size_t i = 0; i < found.count; i++)
		fuzz_require(is_ours(found.items[i]) || registry_match(found.items[i], matching));
	fuzz_require(found.count >= n && found.count <= n + 3);
	registry_found_fini(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader in = bytes_reader(data, size);
	CFTypeRef value = NULL;

	if (!services[0]) {
		fuzz_require(!registry_tree_init(&tree, 0, "box"));
		for (int i = 0; i < SERVICES; i++)
			add(i);
	}
	if (wire_value_decode(&in, &value))
		return 0;
	if (CFGetTypeID(value) == CFDictionaryGetTypeID()) {
		struct registry_matching prepared;
		bool fits[SERVICES];
		int32_t score = 0;

		for (int i = 0; i < SERVICES; i++)
			fits[i] = registry_match(services[i], value);
		check(value, WIRE_STATE_REGISTERED, fits);
		check(value, WIRE_STATE_MATCHED, fits);
		registry_matching_init(&prepared, value);
		for (int i = 0; i < SERVICES; i += 5)
			registry_match_personality(services[i], &prepared, &score);
	}
	registry_tree_end_loans(&tree);
	CFRelease(value);
	return 0;
}
