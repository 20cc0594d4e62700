// SPDX-License-Identifier: MIT
#include "tools/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tools_words_fini(struct tools_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct tools_words)TOOLS_WORDS_INIT;
}

void tools_words_add(struct tools_words *words, const char *format, ...)
{
	va_list arguments;
	char *word = NULL;

	if (words->count + 2 > words->capacity) {
		size_t capacity = words->capacity ? words->capacity * 2 : 32;
		char **items = realloc(words->items, capacity * sizeof(*items));

		if (!items) {
			words->has_failed = true;
			return;
		}
		words->items = items;
		words->capacity = capacity;
	}
	va_start(arguments, format);
	if (vasprintf(&word, format, arguments) < 0)
		word = NULL;
	va_end(arguments);
	if (!word) {
		words->has_failed = true;
		return;
	}
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

bool tools_words_has(const struct tools_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->items[i], word))
			return true;
	return false;
}
