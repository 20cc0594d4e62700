// SPDX-License-Identifier: MIT
/* Names of locales: language[_script][_country][_variant][.codeset][@keywords]. */
#pragma once

#include "cf/string_internal.h"

#define LOCALE_NAME_SIZE 128

struct locale_name {
	char language[CF_LANGUAGE_SIZE]; /* lower case */
	char script[5];			 /* Latn */
	char country[4];		 /* US, 419 */
	char variant[32];		 /* POSIX */
	char keywords[64];		 /* "calendar=gregorian;currency=EUR" */
};

/* What does not fit the form is left out. */
struct locale_name locale_name_parse(const char *text);
/* "en_US", or "en-US" for languages (without keywords). */
void locale_name_format(const struct locale_name *name, bool as_language,
			char text[LOCALE_NAME_SIZE]);

/* --- locale.c --------------------------------------------------------------------------- */

/* The system's locale of that name, to be freed; 0 when it is not installed. */
locale_t cf_locale_system(CFLocaleRef locale);
