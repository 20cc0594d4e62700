// SPDX-License-Identifier: MIT
/*
 * CF values as text for people and as JSON for programs. Control bytes never
 * reach a terminal as they are.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include <CoreFoundation/CoreFoundation.h>

/* A UTF-8 copy to free(), NULL without memory. */
char *tools_text_copy(CFStringRef text);
/* TEXT with control characters as \n, \t, \xNN. Ends after SIZE bytes. */
void tools_text_put_escaped(FILE *out, const char *text, size_t size);
/* A line on standard error, whatever its arguments hold. */
void tools_text_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tools_text_complain_v(const char *prefix, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
/* One line. */
void tools_text_print(CFStringRef text, FILE *out);
/* VALUE as indented text, DEPTH levels in. Dictionary keys are sorted. */
void tools_text_show(FILE *out, CFTypeRef value, int depth);
/* VALUE as JSON on one line; data is written in base64, sets as arrays. Keys are sorted. */
void tools_text_json(FILE *out, CFTypeRef value);
