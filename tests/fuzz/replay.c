// SPDX-License-Identifier: MIT
/*
 * Runs a fuzz target over the files of a folder, and over each of the short ones cut at every length:
 * what was found once is tested for ever, with any compiler. With "name" and files it says what to call
 * each: what its records are, or how it begins.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { CUT_MAX = 512, NAME_MAX_SIZE = 56 };

static uint8_t data[64 * 1024];

static bool load(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		return false;
	}
	*ret_size = fread(data, 1, sizeof(data), file);
	fclose(file);
	return true;
}

/* Lists of records are cut between them: elsewhere one byte more or less makes no difference. */
static bool is_cut_at(size_t n, size_t size)
{
	if (n == size)
		return true;
	return &fuzz_shape && fuzz_shape.n_kinds ? n % 64 == 0 : size <= CUT_MAX || n % 64 == 0;
}

static int replay(const char *folder, const char *name)
{
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!load(path, &size))
		return 1;
	for (size_t n = 0; n <= size; n++)
		if (is_cut_at(n, size)) {
			/* Its own memory: a look behind the end is seen. */
			uint8_t *copy = malloc(n + !n);

			fuzz_require(copy != NULL);
			memcpy(copy, data, n);
			LLVMFuzzerTestOneInput(copy, n);
			free(copy);
		}
	return 0;
}

static int replay_all(const char *path)
{
	int failed = 0, n = 0;
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		failed += replay(path, entry->d_name);
		n++;
	}
	closedir(folder);
	printf("%d files\n", n);
	return failed || !n;
}

/* --- names -------------------------------------------------------------------- */

static void add_word(char *name, const char *word)
{
	size_t n = strlen(name);

	if (n + strlen(word) + 2 < NAME_MAX_SIZE)
		sprintf(name + n, "%s%s", n ? "-" : "", word);
}

static void name_records(size_t size, char *name)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record;
	uint16_t last = UINT16_MAX;

	while (fuzz_next(&in, &record)) {
		if (record.kind != last)
			add_word(name, fuzz_shape.name(record.kind));
		last = record.kind;
	}
}

static void name_bytes(size_t size, char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < size && n < NAME_MAX_SIZE / 2; i++)
		if (isalnum(data[i]))
			name[n++] = (char)tolower(data[i]);
		else if (n && name[n - 1] != '-')
			name[n++] = '-';
	while (n && name[n - 1] == '-')
		n--;
	name[n] = 0;
}

static int name_all(int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		char name[NAME_MAX_SIZE] = "";
		size_t size;

		if (!load(paths[i], &size))
			return 1;
		if (&fuzz_shape && fuzz_shape.name)
			name_records(size, name);
		else
			name_bytes(size, name);
		printf("%s\n", name[0] ? name : size ? "bytes" : "empty");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "name"))
		return name_all(argc - 2, argv + 2);
	if (argc == 2)
		return replay_all(argv[1]);
	fprintf(stderr, "usage: replay FOLDER | replay name FILE...\n");
	return 2;
}
