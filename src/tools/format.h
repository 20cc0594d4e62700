// SPDX-License-Identifier: MIT
/* Property values in ioreg's notation. Pure: a value in, text out. */
#pragma once

#include <CoreFoundation/CoreFoundation.h>

#include "tools/line.h"

/* "text", <data>, 42, Yes, (a,b), {"key"=value}, [set]. Numbers are printed as unsigned 64-bit
 * ones. IS_HEX: numbers and data in hexadecimal. */
void tools_format_value(struct tools_line *line, CFTypeRef value, bool is_hex);
/* True when the bytes are one or several texts (with more NULs at their end if MAY_BE_PADDED), as firmware properties often are: then they are shown
 * as <"one","two">. */
bool tools_format_is_text(const UInt8 *bytes, CFIndex size, bool may_be_padded);
/* The value of one property and the end of its line, -f: long data as lines of offset, bytes and
 * characters below BRANCH. */
void tools_format_smart(struct tools_line *line, const struct tools_branch *branch, CFTypeRef value,
			bool is_hex);
