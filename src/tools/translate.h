// SPDX-License-Identifier: MIT
/*
 * From the command line of a macOS compiler to one for gcc or clang on Linux.
 * Pure: words in, words out.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tools/words.h"

struct tools_translation {
	const char *compiler; /* first word of the result; may hold blanks ("ccache gcc") */
	bool is_clang, is_cxx;
	bool has_blocks_runtime; /* libBlocksRuntime can be linked */
	bool define_apple;	 /* --apple */
	bool is_driver;		 /* --driver: a driver bundle's executable */
	const char *include;	 /* folder of shared/, client/, darwin/, driver/ */
	const char *lib;
	bool lib_is_standard;
};

/* Append the translated command to OUT. ARGV are the compiler's arguments alone. What is left out and
 * matters is said on NOTES. False: the command cannot be translated, NOTES says why. */
bool tools_translate(const struct tools_translation *translation, int argc, char **argv,
		     struct tools_words *out, FILE *notes);
