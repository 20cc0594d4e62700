// SPDX-License-Identifier: MIT
#include "cf/locale_names.h"

#include <stdio.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Copy N characters with their case changed: '+' upper, '-' lower, '^' a capital first. */
static void put(char *to, const char *from, size_t n, char form)
{
	for (size_t i = 0; i < n; i++) {
		char c = from[i];

		if (is_letter(c))
			c = (char)(form == '+' || (form == '^' && i == 0) ? c & ~0x20 : c | 0x20);
		to[i] = c;
	}
	to[n] = '\0';
}

static bool all(const char *text, size_t n, bool (*test)(char))
{
	for (size_t i = 0; i < n; i++)
		if (!test(text[i]))
			return false;
	return n > 0;
}

static bool is_either(char c)
{
	return is_letter(c) || is_digit(c);
}

static void take_part(struct locale_name *name, const char *text, size_t n, bool first)
{
	if (first) {
		if (n >= 2 && n < sizeof(name->language) && all(text, n, is_letter))
			put(name->language, text, n, '-');
	} else if (n == 4 && !name->script[0] && !name->country[0] && all(text, n, is_letter)) {
		put(name->script, text, n, '^');
	} else if (!name->country[0] &&
		   ((n == 2 && all(text, n, is_letter)) || (n == 3 && all(text, n, is_digit)))) {
		put(name->country, text, n, '+');
	} else if (!name->variant[0] && n >= 4 && n < sizeof(name->variant) &&
		   all(text, n, is_either)) {
		put(name->variant, text, n, '+');
	}
}

struct locale_name locale_name_parse(const char *text)
{
	struct locale_name name = { .language = "" };
	size_t n = strcspn(text, ".@");
	const char *at = text, *end = text + n, *keywords = strchr(text, '@');

	while (at <= end) {
		size_t length = strcspn(at, "_-");

		if (length > (size_t)(end - at))
			length = (size_t)(end - at);
		take_part(&name, at, length, at == text);
		at += length + 1;
	}
	if (keywords && strchr(keywords, '=') && strlen(keywords + 1) < sizeof(name.keywords))
		memcpy(name.keywords, keywords + 1, strlen(keywords + 1) + 1);
	return name;
}

void locale_name_format(const struct locale_name *name, bool as_language,
			char text[LOCALE_NAME_SIZE])
{
	const char *separator = as_language ? "-" : "_";

	/* Between language and script it is always a hyphen. */
	snprintf(text, LOCALE_NAME_SIZE, "%s%s%s%s%s%s%s%s%s", name->language,
		 name->script[0] ? "-" : "", name->script, name->country[0] ? separator : "",
		 name->country, name->variant[0] ? separator : "", name->variant,
		 name->keywords[0] && !as_language ? "@" : "", as_language ? "" : name->keywords);
}
