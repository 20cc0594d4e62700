// SPDX-License-Identifier: MIT
/*
 * The Info.plist of a driver bundle, through the catalogue: read, taken in, matched against, thrown out.
 * A bundle is in order or has a problem in words.
 */
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "registry/catalogue.h"
#include "registry/entry.h"
#include "registry/match.h"

static char folder[64];
static int file = -1;
static struct registry_tree tree;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_file(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/Fuzz.dext/%s", folder, name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fuzz_require(fd >= 0);
	return fd;
}

static void make_folder(void)
{
	char path[96];

	/* Files in memory, where there is such a place. */
	snprintf(folder, sizeof(folder), "%s/portico-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fuzz_require(mkdtemp(folder) != NULL);
	atexit(remove_folder);
	snprintf(path, sizeof(path), "%s/Fuzz.dext", folder);
	fuzz_require(!mkdir(path, 0700));
	/* What looks like the program that the stored inputs name. */
	int program = make_file("Kit.so");
	fuzz_require(write(program, ELFMAG, SELFMAG) == SELFMAG);
	close(program);
	file = make_file("Info.plist");
}

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
	char path[96];
	size_t added = 0;

	fuzz_require(pwrite(file, data, size, 0) == (ssize_t)size && !ftruncate(file, (off_t)size));
	snprintf(path, sizeof(path), "%s/Fuzz.dext", folder);
	registry_catalogue_init(&catalogue);
	if (!registry_catalogue_add(&catalogue, path, &added, &bundle)) {
		fuzz_require(!bundle->problem == !!bundle->personalities || bundle->problem);
		fuzz_require(!bundle->problem || !added);
		try_personalities(&catalogue);
		/* Once more: the same again replaces it. */
		registry_catalogue_add(&catalogue, path, &added, &bundle);
	}
	registry_catalogue_fini(&catalogue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (file < 0) {
		make_folder();
		fuzz_require(!registry_tree_init(&tree, 0, "box"));
	}
	fuzz_audited(run, data, size);
	return 0;
}
