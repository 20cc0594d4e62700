// SPDX-License-Identifier: MIT
/*
 * Formatting. The format is read once into a list of pieces, so that arguments
 * named by position can be fetched in their order before anything is written.
 */
#include "cf/string_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

enum argument_type {
	ARGUMENT_NONE,
	ARGUMENT_INT,
	ARGUMENT_LONG, /* also size_t, ptrdiff_t, intmax_t, long long: all 64 bits */
	ARGUMENT_DOUBLE,
	ARGUMENT_LONG_DOUBLE,
	ARGUMENT_POINTER,
};

union argument {
	int64_t integer;
	long double real;
	void *pointer;
};

/* One conversion, or literal text when conversion is 0. */
struct piece {
	CFIndex start, length; /* literal */
	char conversion;
	char flags[6];
	enum argument_type type;
	int bits;				/* of integers: 8, 16, 32, 64 */
	int argument;				/* -1: none */
	int width, precision;			/* -1: none */
	int width_argument, precision_argument; /* -1: not from an argument */
};

/* Positions and fields in formats beyond this are taken as errors in the format. */
#define MAX_ARGUMENTS 256
#define MAX_FIELD 1000000

struct format {
	struct cf_text text;
	struct piece *pieces;
	size_t n_pieces, capacity;
	enum argument_type types[MAX_ARGUMENTS];
	int n_arguments, next_argument;
};

/* --- reading the format ---------------------------------------------------------------------- */

static struct piece *add_piece(struct format *f)
{
	struct piece *p;

	if (f->n_pieces == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 8;
		struct piece *pieces = realloc(f->pieces, capacity * sizeof(*pieces));

		if (!pieces)
			return NULL;
		f->pieces = pieces;
		f->capacity = capacity;
	}
	p = &f->pieces[f->n_pieces++];
	*p = (struct piece){ .argument = -1,
			     .width = -1,
			     .precision = -1,
			     .width_argument = -1,
			     .precision_argument = -1 };
	return p;
}

/* Note that argument AT (-1: the next) has TYPE; its number, or -1 when there are too many. */
static int use_argument(struct format *f, int at, enum argument_type type)
{
	if (at < 0)
		at = f->next_argument++;
	if (at >= MAX_ARGUMENTS)
		return -1;
	f->types[at] = type;
	if (at >= f->n_arguments)
		f->n_arguments = at + 1;
	return at;
}

static UniChar peek(const struct format *f, CFIndex i)
{
	return i < f->text.length ? cf_text_at(&f->text, i) : 0;
}

/* Digits at *I, -1 when there are none. */
static int read_number(const struct format *f, CFIndex *i)
{
	int n = -1;

	for (; peek(f, *i) >= '0' && peek(f, *i) <= '9'; ++*i) {
		n = (n < 0 ? 0 : n) * 10 + (peek(f, *i) - '0');
		if (n > MAX_FIELD)
			n = MAX_FIELD;
	}
	return n;
}

/* "12$": the zero-based position; -1 and *I unchanged when it is something else. */
static int read_position(const struct format *f, CFIndex *i)
{
	CFIndex at = *i;
	int n = read_number(f, &at);

	if (n < 1 || peek(f, at) != '$')
		return -1;
	*i = at + 1;
	return n - 1;
}

/* A number, or '*' with or without a position. */
static void read_field(struct format *f, CFIndex *i, int *ret_value, int *ret_argument)
{
	if (peek(f, *i) == '*') {
		++*i;
		*ret_argument = use_argument(f, read_position(f, i), ARGUMENT_INT);
		return;
	}
	*ret_value = read_number(f, i);
}

static void read_flags(const struct format *f, CFIndex *i, struct piece *p)
{
	size_t n = 0;

	for (; peek(f, *i) && peek(f, *i) < 0x80 && strchr("-+ #0'", peek(f, *i)); ++*i)
		if (n < sizeof(p->flags) - 1 && !strchr(p->flags, peek(f, *i)) &&
		    peek(f, *i) != '\'')
			p->flags[n++] = (char)peek(f, *i);
}

/* The length modifier: how wide an integer is. */
static bool read_modifier(const struct format *f, CFIndex *i, struct piece *p)
{
	bool long_double = false;

	p->bits = 32;
	for (;; ++*i) {
		switch (peek(f, *i)) {
		case 'h':
			p->bits = p->bits == 16 ? 8 : 16;
			continue;
		case 'L':
			long_double = true;
			p->bits = 64;
			continue;
		case 'l':
		case 'q':
		case 'j':
		case 'z':
		case 't':
			p->bits = 64;
			continue;
		}
		return long_double;
	}
}

static enum argument_type conversion_type(struct piece *p, bool long_double)
{
	switch (p->conversion) {
	case 'D':
	case 'U':
	case 'O':
		p->bits = 64;
		p->conversion = (char)(p->conversion + 'a' - 'A');
		return ARGUMENT_LONG;
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		return p->bits == 64 ? ARGUMENT_LONG : ARGUMENT_INT;
	case 'c':
	case 'C':
		return ARGUMENT_INT;
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		return long_double ? ARGUMENT_LONG_DOUBLE : ARGUMENT_DOUBLE;
	case '@':
	case 's':
	case 'S':
	case 'p':
		return ARGUMENT_POINTER;
	case 'n':
		/* Takes its argument, writes nothing: a format must not change memory. */
		return ARGUMENT_POINTER;
	}
	return ARGUMENT_NONE;
}

/* One conversion after its '%'. An unknown one stands for itself. */
static bool read_conversion(struct format *f, CFIndex *i)
{
	CFIndex start = *i - 1;
	struct piece *p = add_piece(f);
	bool long_double;
	int position;
	UniChar c;

	if (!p)
		return false;
	position = read_position(f, i);
	read_flags(f, i, p);
	read_field(f, i, &p->width, &p->width_argument);
	if (peek(f, *i) == '.') {
		++*i;
		read_field(f, i, &p->precision, &p->precision_argument);
		if (p->precision < 0 && p->precision_argument < 0)
			p->precision = 0;
	}
	long_double = read_modifier(f, i, p);
	c = peek(f, *i);
	if (c)
		++*i;
	p->conversion = c < 0x80 ? (char)c : 0;
	p->type = conversion_type(p, long_double);
	if (p->type != ARGUMENT_NONE) {
		p->argument = use_argument(f, position, p->type);
		return true;
	}
	p->conversion = 0;
	p->start = c == '%' ? *i - 1 : start;
	p->length = *i - p->start;
	return true;
}

static bool read_format(struct format *f)
{
	CFIndex i = 0;

	while (i < f->text.length) {
		CFIndex start = i;
		struct piece *p;

		while (i < f->text.length && cf_text_at(&f->text, i) != '%')
			i++;
		if (i > start) {
			p = add_piece(f);
			if (!p)
				return false;
			p->start = start;
			p->length = i - start;
		}
		if (i < f->text.length) {
			i++;
			if (!read_conversion(f, &i))
				return false;
		}
	}
	return true;
}

static void fetch_arguments(const struct format *f, union argument *values, va_list arguments)
{
	for (int i = 0; i < f->n_arguments; i++) {
		switch (f->types[i]) {
		case ARGUMENT_NONE: /* a gap in the positions */
		case ARGUMENT_INT:
			values[i].integer = va_arg(arguments, int);
			break;
		case ARGUMENT_LONG:
			values[i].integer = va_arg(arguments, long);
			break;
		case ARGUMENT_DOUBLE:
			values[i].real = va_arg(arguments, double);
			break;
		case ARGUMENT_LONG_DOUBLE:
			values[i].real = va_arg(arguments, long double);
			break;
		case ARGUMENT_POINTER:
			values[i].pointer = va_arg(arguments, void *);
			break;
		}
	}
}

/* --- writing ---------------------------------------------------------------------------------- */

static void append_ascii(CFMutableStringRef out, const char *text, size_t n)
{
	cf_string_splice(out, CFRangeMake(CFStringGetLength(out), 0),
			 (struct cf_text){ text, (CFIndex)n, false });
}

static void append_spaces(CFMutableStringRef out, CFIndex n)
{
	static const char spaces[] = "                                ";

	for (; n > 0; n -= 32)
		append_ascii(out, spaces, n < 32 ? (size_t)n : 32);
}

/* Text cut to the precision and filled to the width. */
static void append_field(CFMutableStringRef out, const struct piece *p, CFStringRef text)
{
	CFIndex length = CFStringGetLength(text), fill;
	scope_cf CFStringRef part = NULL;

	if (p->precision >= 0 && p->precision < length) {
		length = p->precision;
		text = part = CFStringCreateWithSubstring(NULL, text, CFRangeMake(0, length));
		if (!part)
			return;
	}
	fill = p->width - length;
	if (!strchr(p->flags, '-'))
		append_spaces(out, fill);
	CFStringAppend(out, text);
	if (strchr(p->flags, '-'))
		append_spaces(out, fill);
}

/* Bytes in the system encoding, or taken as Mac OS Roman when they are not valid there. */
static CFStringRef copy_bytes(const char *bytes, int max)
{
	CFIndex n;
	CFStringRef text;

	if (!bytes)
		return CFRetain(CFSTR("(null)"));
	n = (CFIndex)(max >= 0 ? strnlen(bytes, (size_t)max) : strlen(bytes));
	text = CFStringCreateWithBytes(NULL, (const UInt8 *)bytes, n, kCFStringEncodingUTF8, FALSE);
	return text ? text
		    : CFStringCreateWithBytes(NULL, (const UInt8 *)bytes, n,
					      kCFStringEncodingMacRoman, FALSE);
}

static CFStringRef copy_units(const UniChar *units, int max)
{
	CFIndex n = 0;

	if (!units)
		return CFRetain(CFSTR("(null)"));
	while ((max < 0 || n < max) && units[n])
		n++;
	return CFStringCreateWithCharacters(NULL, units, n);
}

static CFStringRef copy_argument_text(const struct piece *p, const union argument *value)
{
	UniChar unit = (UniChar)value->integer;

	switch (p->conversion) {
	case '@':
		return value->pointer ? cf_copy_text(value->pointer) : CFRetain(CFSTR("(null)"));
	case 's':
		return copy_bytes(value->pointer, p->precision);
	case 'S':
		return copy_units(value->pointer, p->precision);
	case 'c':
		unit &= 0xff;
		/* fall through */
	default:
		return CFStringCreateWithCharacters(NULL, &unit, 1);
	}
}

static int64_t cut_integer(const struct piece *p, int64_t v)
{
	bool is_signed = p->conversion == 'd' || p->conversion == 'i';

	switch (p->bits) {
	case 8:
		return is_signed ? (int64_t)(int8_t)v : (int64_t)(uint8_t)v;
	case 16:
		return is_signed ? (int64_t)(int16_t)v : (int64_t)(uint16_t)v;
	case 32:
		return is_signed ? (int64_t)(int32_t)v : (int64_t)(uint32_t)v;
	}
	return v;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Numbers and pointers through libc, in the C locale. */
static int print_number(char *buffer, size_t size, const struct piece *p,
			const union argument *value)
{
	char spec[32];
	const char *modifier = "j";
	int precision = p->precision;

	if (p->type == ARGUMENT_DOUBLE || p->type == ARGUMENT_LONG_DOUBLE)
		modifier = "L";
	else if (p->conversion == 'p')
		return snprintf(buffer, size, "0x%" PRIxPTR, (uintptr_t)value->pointer);
	snprintf(spec, sizeof(spec), "%%%s*%s%s%c", p->flags, precision >= 0 ? ".*" : "", modifier,
		 p->conversion);
	if (*modifier == 'L')
		return precision >= 0 ? snprintf(buffer, size, spec, p->width < 0 ? 0 : p->width,
						 precision, value->real)
				      : snprintf(buffer, size, spec, p->width < 0 ? 0 : p->width,
						 value->real);
	return precision >= 0 ? snprintf(buffer, size, spec, p->width < 0 ? 0 : p->width, precision,
					 (intmax_t)cut_integer(p, value->integer))
			      : snprintf(buffer, size, spec, p->width < 0 ? 0 : p->width,
					 (intmax_t)cut_integer(p, value->integer));
}

#pragma GCC diagnostic pop

static void append_number(CFMutableStringRef out, const struct piece *p,
			  const union argument *value)
{
	locale_t c = cf_c_locale(), before = c ? uselocale(c) : (locale_t)0;
	scope_free char *large = NULL;
	char small[128];
	int n = print_number(small, sizeof(small), p, value);

	if (n >= (int)sizeof(small)) {
		large = malloc((size_t)n + 1);
		if (large)
			print_number(large, (size_t)n + 1, p, value);
	}
	if (before)
		uselocale(before);
	if (n >= 0 && (large || n < (int)sizeof(small))) {
		if (p->conversion == 'p') {
			scope_cf CFStringRef text = copy_bytes(large ? large : small, n);

			append_field(out, p, text);
		} else {
			append_ascii(out, large ? large : small, (size_t)n);
		}
	}
}

static int field_value(const struct format *f, const union argument *values, int argument,
		       int fixed)
{
	int64_t v;

	if (argument < 0)
		return fixed;
	v = values[argument].integer;
	return v > MAX_FIELD ? MAX_FIELD : v < -MAX_FIELD ? -MAX_FIELD : (int)v;
}

static void append_piece(CFMutableStringRef out, const struct format *f, struct piece *p,
			 const union argument *values)
{
	if (!p->conversion) {
		cf_string_splice(out, CFRangeMake(CFStringGetLength(out), 0),
				 cf_text_part(f->text, CFRangeMake(p->start, p->length)));
		return;
	}
	if (p->argument < 0 || p->conversion == 'n')
		return;
	p->width = field_value(f, values, p->width_argument, p->width);
	p->precision = field_value(f, values, p->precision_argument, p->precision);
	if (p->width < 0 && p->width_argument >= 0) {
		p->width = -p->width;
		if (!strchr(p->flags, '-'))
			p->flags[strlen(p->flags) < 5 ? strlen(p->flags) : 0] = '-';
	}
	if (strchr("@sScC", p->conversion)) {
		scope_cf CFStringRef text = copy_argument_text(p, &values[p->argument]);

		if (p->conversion == 's')
			p->precision = -1; /* counted bytes, and is done */
		if (text)
			append_field(out, p, text);
		return;
	}
	append_number(out, p, &values[p->argument]);
}

static void append_format(CFMutableStringRef out, CFStringRef format, va_list arguments)
{
	scope_free struct format *f = calloc(1, sizeof(*f));
	union argument values[MAX_ARGUMENTS];

	if (!f)
		return;
	f->text = cf_text_of(format);
	if (read_format(f)) {
		fetch_arguments(f, values, arguments);
		for (size_t i = 0; i < f->n_pieces; i++)
			append_piece(out, f, &f->pieces[i], values);
	}
	free(f->pieces);
}

/* --- public ------------------------------------------------------------------------------------- */

void CFStringAppendFormatAndArguments(CFMutableStringRef theString, CFDictionaryRef formatOptions,
				      CFStringRef format, va_list arguments)
{
	scope_cf CFMutableStringRef out = NULL;

	if (!cf_string_is_mutable(theString) || !cf_string_is(format))
		return;
	/* Apart, because the string may be its own argument. */
	out = CFStringCreateMutable(NULL, 0);
	if (!out)
		return;
	append_format(out, format, arguments);
	CFStringAppend(theString, out);
}

void CFStringAppendFormat(CFMutableStringRef theString, CFDictionaryRef formatOptions,
			  CFStringRef format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CFStringAppendFormatAndArguments(theString, formatOptions, format, arguments);
	va_end(arguments);
}

CFStringRef CFStringCreateWithFormatAndArguments(CFAllocatorRef alloc,
						 CFDictionaryRef formatOptions, CFStringRef format,
						 va_list arguments)
{
	scope_cf CFMutableStringRef out = NULL;

	if (!cf_string_is(format))
		return NULL;
	out = CFStringCreateMutable(NULL, 0);
	if (!out)
		return NULL;
	append_format(out, format, arguments);
	return CFStringCreateCopy(alloc, out);
}

CFStringRef CFStringCreateWithFormat(CFAllocatorRef alloc, CFDictionaryRef formatOptions,
				     CFStringRef format, ...)
{
	CFStringRef string;
	va_list arguments;

	va_start(arguments, format);
	string = CFStringCreateWithFormatAndArguments(alloc, formatOptions, format, arguments);
	va_end(arguments);
	return string;
}
