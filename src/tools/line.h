// SPDX-License-Identifier: MIT
/*
 * Output of ioreg, line by line: clipped to a width, with an indentation that
 * draws the tree. Text is counted in characters, not in bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TOOLS_LINE_DEPTH_MAX = 512 };

struct tools_line {
	FILE *out;
	unsigned width;		  /* 0: unlimited */
	unsigned used;		  /* characters of the current line */
	bool is_clipped;	  /* something of the current line was left out */
	const char *bold, *plain; /* NULL: names are not set off */
};

/* Where a node is in the drawn tree: has the node on each level further siblings, has the last one
 * children. */
struct tools_branch {
	unsigned depth;
	bool has_children;
	bool has_more[TOOLS_LINE_DEPTH_MAX];
};

/* Append text; control characters come out escaped (\n, \t, \xNN). */
void tools_line_put(struct tools_line *line, const char *text);
void tools_line_put_size(struct tools_line *line, const char *text, size_t size);
void tools_line_format(struct tools_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tools_line_put_bold(struct tools_line *line, const char *text);
/* End the line; one that was clipped ends in '$'. */
void tools_line_end(struct tools_line *line);
/* The beginning of a node's line ("| +-o "), or of a line that belongs to the node. */
void tools_line_indent(struct tools_line *line, const struct tools_branch *branch, bool is_node);
