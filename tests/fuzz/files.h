// SPDX-License-Identifier: MIT
/*
 * Files in memory, which cost no system call. The calls that the code under test makes are linked to files.c
 * (fuzz_files_wraps of meson.build): what lies below FUZZ_FILES is here, everything else is the kernel's.
 */
#pragma once

#include "fuzz.h"

#define FUZZ_FILES "/fuzz-files"

struct fuzz_file {
	const char *name; /* below FUZZ_FILES */
	const uint8_t *data;
	size_t size;
	bool is_folder;
};

/* These are all. Whoever reads sees them as they are at that time; they are the caller's. */
void fuzz_files_set(const struct fuzz_file *files, size_t n_files);
int fuzz_files_n_open(void);
/* How often one has been opened. */
unsigned long fuzz_files_n_opened(void);
