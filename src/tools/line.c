// SPDX-License-Identifier: MIT
#include "tools/line.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character at TEXT; a malformed one counts as one byte. */
static size_t character_size(const unsigned char *text, size_t size)
{
	size_t n = text[0] < 0xc2 ? 1
		 : text[0] < 0xe0 ? 2
		 : text[0] < 0xf0 ? 3
		 : text[0] < 0xf5 ? 4
				  : 1;

	if (n > size)
		return 1;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* The character as it is written: itself, or an escape when a terminal would obey it. */
static size_t write_character(const unsigned char *text, size_t size, char out[8],
			      unsigned *ret_columns)
{
	size_t n = character_size(text, size);
	bool is_control = n == 1 && (text[0] < ' ' || text[0] >= 0x7f);
	bool is_c1 = n == 2 && text[0] == 0xc2 && text[1] < 0xa0;

	if (text[0] == '\n' || text[0] == '\t')
		strcpy(out, text[0] == '\n' ? "\\n" : "\\t");
	else if (is_control || is_c1)
		snprintf(out, 8, "\\x%02x", is_c1 ? text[1] : text[0]);
	else
		snprintf(out, 8, "%.*s", (int)n, (const char *)text);
	*ret_columns = out[0] == '\\' && (is_control || is_c1) ? (unsigned)strlen(out) : 1;
	return n;
}

void tools_line_put_size(struct tools_line *line, const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + size;
	char out[8];
	unsigned columns;

	while (at < end) {
		at += write_character(at, (size_t)(end - at), out, &columns);
		/* One column stays free for the mark of a clipped line. */
		if (line->width && line->used + columns > line->width - 1) {
			line->is_clipped = true;
			return;
		}
		if (line->is_clipped)
			return;
		fputs(out, line->out);
		line->used += columns;
	}
}

void tools_line_put(struct tools_line *line, const char *text)
{
	tools_line_put_size(line, text, strlen(text));
}

void tools_line_format(struct tools_line *line, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n >= 0)
		tools_line_put_size(line, text, (size_t)n);
	if (n >= 0)
		free(text);
}

void tools_line_put_bold(struct tools_line *line, const char *text)
{
	if (line->bold)
		fputs(line->bold, line->out);
	tools_line_put(line, text);
	if (line->bold)
		fputs(line->plain, line->out);
}

void tools_line_end(struct tools_line *line)
{
	fputs(line->is_clipped ? "$\n" : "\n", line->out);
	line->is_clipped = false;
	line->used = 0;
}

void tools_line_indent(struct tools_line *line, const struct tools_branch *branch, bool is_node)
{
	for (unsigned i = 0; i < branch->depth; i++)
		tools_line_put(line, branch->has_more[i] ? "| " : "  ");
	if (is_node) {
		tools_line_put(line, "+-o ");
		return;
	}
	tools_line_put(line, branch->has_more[branch->depth] ? "| " : "  ");
	tools_line_put(line, branch->has_children ? "| " : "  ");
}
