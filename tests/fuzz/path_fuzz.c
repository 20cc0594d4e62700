// SPDX-License-Identifier: MIT
/*
 * Registry paths. What is found has a path, and that path finds it again; names and locations are the
 * input's as well: whatever entries are called, the writer and the parser agree.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "registry/entry.h"

enum { ENTRIES = 6, NAME_SIZE = 160 };

static void take_text(struct bytes_reader *in, char *text, size_t size)
{
	const uint8_t *rest = in->data + in->position;
	size_t left = bytes_left(in), n = 0;

	while (n < left && n + 1 < size && rest[n] && rest[n] != '\n')
		n++;
	memcpy(text, rest, n);
	text[n] = 0;
	bytes_get(in, n < left ? n + 1 : n);
}

/* The rename refuses what does not fit. */
static struct registry_entry *add(struct registry_tree *tree, struct bytes_reader *in,
				  struct registry_entry *parent, struct registry_plane *plane)
{
	char name[NAME_SIZE], location[NAME_SIZE];
	struct registry_entry *e;

	take_text(in, name, sizeof(name));
	take_text(in, location, sizeof(location));
	fuzz_require(!registry_entry_new(tree, 0, registry_class_find(&tree->classes, "IOService"),
					 NULL, &e));
	registry_entry_rename(e, NULL, name, location);
	if (location[0] == 'p')
		registry_entry_rename(e, plane, location, name);
	fuzz_require(!registry_plane_attach(e, parent, plane));
	return e;
}

/* Two siblings may have one name: then the path finds the first. */
static void check(struct registry_tree *tree, const struct registry_entry *entry,
		  const struct registry_plane *plane)
{
	struct bytes path = BYTES_INIT, again = BYTES_INIT;
	struct registry_entry *found;

	if (!registry_path_write(entry, plane, &path)) {
		found = registry_path_find(tree, (char *)path.data);
		if (found && !registry_path_write(found, plane, &again))
			fuzz_require(!strcmp((char *)path.data, (char *)again.data) ||
				     plane == tree->planes.device_tree);
	}
	bytes_fini(&path);
	bytes_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader in = bytes_reader(data, size);
	struct registry_entry *entries[ENTRIES], *found;
	static struct registry_tree tree;
	char path[512];

	if (!tree.root)
		fuzz_require(!registry_tree_init(&tree, 0, "box"));
	struct registry_plane *planes[] = { tree.planes.service, tree.planes.device_tree };
	take_text(&in, path, sizeof(path));
	for (int i = 0; i < ENTRIES; i++)
		entries[i] =
			add(&tree, &in, i < 2 ? (i ? tree.root : tree.machine) : entries[i - 2],
			    planes[i % 2]);
	found = registry_path_find(&tree, path);
	if (found)
		for (int i = 0; i < 2; i++)
			check(&tree, found, planes[i]);
	for (int i = 0; i < ENTRIES; i++)
		check(&tree, entries[i], planes[i % 2]);
	registry_location_equal((char *)data, size / 2, (char *)data + size / 2, size - size / 2);
	for (int i = ENTRIES - 1; i >= 0; i--) {
		registry_plane_detach_all(entries[i]);
		registry_entry_unref(entries[i]);
	}
	registry_tree_end_loans(&tree);
	return 0;
}
