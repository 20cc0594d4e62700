// SPDX-License-Identifier: MIT
/*
 * The Info.plist of a driver bundle, through the catalogue: read, taken in, matched against, thrown out.
 * A bundle is in order or has a problem in words.
 */
#include <elf.h>

#include "audit.h"
#include "files.h"
#include "registry/catalogue.h"
#include "registry/entry.h"
#include "registry/match.h"

/* What looks like the program that the stored inputs name. */
static const uint8_t program[] = ELFMAG;
static struct fuzz_file files[] = {
	{ .name = "Fuzz.dext", .is_folder = true },
	{ .name = "Fuzz.dext/Kit.so", .data = program, .size = SELFMAG },
	{ .name = "Fuzz.dext/Info.plist" },
};
static struct registry_tree tree;

static void try_personalities(struct registry_catalogue *catalogue)
{
	list_for_each(l, &catalogue->personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);
		int32_t score = 0;

		registry_match_personality(tree.resources, &p->prepared, &score);
		registry_match_personality(tree.machine, &p->prepared, &score);
	}
	registry_tree_end_loans(&tree);
}

static void run(const uint8_t *data, size_t size)
{
	struct registry_catalogue catalogue;
	struct registry_bundle *bundle = NULL;
	const char *path = FUZZ_FILES "/Fuzz.dext";
	unsigned long n_opened = fuzz_files_n_opened();
	size_t added = 0;

	files[2].data = data;
	files[2].size = size;
	registry_catalogue_init(&catalogue);
	if (!registry_catalogue_add(&catalogue, path, &added, &bundle)) {
		fuzz_require(!bundle->problem == !!bundle->personalities || bundle->problem);
		fuzz_require(!bundle->problem || !added);
		try_personalities(&catalogue);
		/* Once more: the same again replaces it. */
		registry_catalogue_add(&catalogue, path, &added, &bundle);
	}
	registry_catalogue_fini(&catalogue);
	fuzz_require(fuzz_files_n_opened() > n_opened && !fuzz_files_n_open());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!tree.resources) {
		fuzz_require(!registry_tree_init(&tree, 0, "box"));
		fuzz_files_set(files, sizeof(files) / sizeof(*files));
	}
	fuzz_audited(run, data, size);
	return 0;
}
