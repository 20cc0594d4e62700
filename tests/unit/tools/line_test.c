// SPDX-License-Identifier: MIT
/* Lines of ioreg: the drawn tree, clipping, escaping. */
#include "tools/line.h"

#include <stdlib.h>

#include "test.h"

static char *text;
static size_t size;

static struct tools_line begin(unsigned width)
{
	return (struct tools_line){ .out = open_memstream(&text, &size), .width = width };
}

static void ends_as(struct tools_line *line, const char *expected)
{
	fclose(line->out);
	test_equal_text(text, expected);
	free(text);
}

TEST(a_line_without_width_is_not_clipped)
{
	struct tools_line line = begin(0);

	tools_line_put(&line, "0123456789");
	tools_line_end(&line);
	ends_as(&line, "0123456789\n");
}

TEST(a_clipped_line_ends_in_a_dollar)
{
	struct tools_line line = begin(6);

	tools_line_put(&line, "0123456789");
	tools_line_put(&line, "more");
	tools_line_end(&line);
	tools_line_put(&line, "01234");
	tools_line_end(&line);
	ends_as(&line, "01234$\n01234\n");
}

TEST(width_counts_characters_not_bytes)
{
	struct tools_line line = begin(4);

	tools_line_put(&line, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f");
	tools_line_end(&line);
	ends_as(&line, "\xc3\xa4\xc3\xb6\xc3\xbc$\n");
}

TEST(control_bytes_are_escaped)
{
	struct tools_line line = begin(0);

	tools_line_put(&line, "a\nb\tc\033[1m\x7f\xc2\x9b\xff");
	tools_line_end(&line);
	ends_as(&line, "a\\nb\\tc\\x1b[1m\\x7f\\x9b\\xff\n");
}

TEST(a_backslash_is_itself)
{
	struct tools_line line = begin(4);

	tools_line_put(&line, "\\ab");
	tools_line_end(&line);
	ends_as(&line, "\\ab\n");
}

TEST(nodes_and_their_lines_are_indented_as_on_macos)
{
	struct tools_line line = begin(0);
	struct tools_branch branch = { .depth = 0, .has_children = true };

	tools_line_indent(&line, &branch, true);
	tools_line_put(&line, "Root");
	tools_line_end(&line);
	tools_line_indent(&line, &branch, false);
	tools_line_put(&line, "{");
	tools_line_end(&line);
	branch.depth = 1;
	branch.has_more[1] = true;
	branch.has_children = false;
	tools_line_indent(&line, &branch, true);
	tools_line_put(&line, "A");
	tools_line_end(&line);
	tools_line_indent(&line, &branch, false);
	tools_line_put(&line, "{");
	tools_line_end(&line);
	branch.depth = 2;
	branch.has_more[2] = false;
	tools_line_indent(&line, &branch, true);
	tools_line_put(&line, "B");
	tools_line_end(&line);
	ends_as(&line, "+-o Root\n"
		       "  | {\n"
		       "  +-o A\n"
		       "  |   {\n"
		       "  | +-o B\n");
}

TEST(bold_surrounds_the_name_only)
{
	struct tools_line line = begin(0);

	line.bold = "<";
	line.plain = ">";
	tools_line_put_bold(&line, "name");
	tools_line_put(&line, "@1");
	tools_line_end(&line);
	ends_as(&line, "<name>@1\n");
}

TEST_MAIN
