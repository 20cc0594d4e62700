// SPDX-License-Identifier: MIT
/* A growing list of words, NULL-terminated: a command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct tools_words {
	char **items; /* owned, like each of them */
	size_t count, capacity;
	bool has_failed; /* out of memory: words are missing */
};

#define TOOLS_WORDS_INIT \
	{ \
		NULL, 0, 0, false \
	}

void tools_words_fini(struct tools_words *words);
/* printf into a new last word. */
void tools_words_add(struct tools_words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool tools_words_has(const struct tools_words *words, const char *word);
