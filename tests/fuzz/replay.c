// SPDX-License-Identifier: MIT
/*
 * Runs a fuzz target over the files of a folder, and over each of them cut at
 * every length: what was found once is tested for ever, with any compiler.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int replay(const char *folder, const char *name)
{
	static uint8_t data[64 * 1024];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	size_t size = fread(data, 1, sizeof(data), file);
	fclose(file);
	for (size_t n = 0; n <= size; n++)
		LLVMFuzzerTestOneInput(data, n);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0, n = 0;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;

	if (!folder) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		failed += replay(argv[1], entry->d_name);
		n++;
	}
	closedir(folder);
	printf("%d files\n", n);
	return failed || !n;
}
