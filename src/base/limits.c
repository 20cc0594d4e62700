// SPDX-License-Identifier: MIT
#include "base/limits.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"

#define VALUE_MAX (1ull << 48) /* so that no sum of a few overflows */

const struct limits_row limits_table[LIMITS_RESOURCES] = {
#define ROW(id, row_name, row_unit, connection, user, session, what) \
	[LIMITS_##id] = { row_name, row_unit, what, { connection, user, session } },
	LIMITS_OF_REGISTRY(ROW) LIMITS_OF_HOSTS(ROW)
#undef ROW
};

static const char *const prefixes[LIMITS_SCOPES] = { "", "user-", "session-" };

void limits_init(struct limits *limits)
{
	for (int r = 0; r < LIMITS_RESOURCES; r++)
		memcpy(limits->of[r], limits_table[r].defaults, sizeof(limits->of[r]));
}

void limits_name(enum limits_resource resource, enum limits_scope scope, char *name)
{
	snprintf(name, LIMITS_NAME_MAX, "%s%s", prefixes[scope], limits_table[resource].name);
}

void limits_fit(struct limits *limits, enum limits_resource resource, uint64_t n)
{
	uint64_t *limit = &limits->of[resource][LIMITS_USER], most = n / 4 * 3;

	if (*limit > most)
		*limit = most ? most : 1;
}

/* --- one assignment ---------------------------------------------------------------- */

static uint64_t *find(struct limits *limits, const char *name)
{
	char known[LIMITS_NAME_MAX];

	for (int r = 0; r < LIMITS_RESOURCES; r++) {
		for (int s = 0; s < LIMITS_SCOPES; s++) {
			limits_name(r, s, known);
			if (limits_table[r].defaults[s] && !strcmp(name, known))
				return &limits->of[r][s];
		}
	}
	return NULL;
}

static bool read_number(const char *text, uint64_t *ret_number)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > VALUE_MAX)
			return false;
	}
	for (const char *unit = "KMG"; *text && *unit; unit++) {
		n *= 1024;
		if (n > VALUE_MAX)
			return false;
		if (*text == *unit) {
			text++;
			break;
		}
	}
	*ret_number = n;
	return !*text && n;
}

/* Without the blanks around it; cuts TEXT. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text;
}

err_t limits_set(struct limits *limits, const char *assignment, char *why)
{
	char copy[LIMITS_NAME_MAX + 64];
	uint64_t number, *limit;

	if (strlen(assignment) >= sizeof(copy)) {
		snprintf(why, LIMITS_WHY_MAX, "too long for a limit");
		return -EINVAL;
	}
	strcpy(copy, assignment);
	char *equals = strchr(copy, '=');
	if (!equals) {
		snprintf(why, LIMITS_WHY_MAX, "\"%s\" is not of the form NAME=NUMBER", copy);
		return -EINVAL;
	}
	*equals = 0;
	char *name = trim(copy), *value = trim(equals + 1);
	limit = find(limits, name);
	if (!limit) {
		snprintf(why, LIMITS_WHY_MAX,
			 "there is no limit \"%s\" (portico status lists them)", name);
		return -EINVAL;
	}
	if (!read_number(value, &number)) {
		snprintf(why, LIMITS_WHY_MAX,
			 "\"%s\" is no value for %s: a number from 1, with K, M or G behind it or "
			 "without, at most 256 T",
			 value, name);
		return -EINVAL;
	}
	*limit = number;
	return 0;
}

/* --- a list -------------------------------------------------------------------------- */

err_t limits_read_list(struct limits *limits, const char *list, char *why)
{
	scope_free char *copy = strdup(list);
	err_t err = 0;

	if (!copy) {
		snprintf(why, LIMITS_WHY_MAX, "no memory");
		return -ENOMEM;
	}
	for (char *rest = copy, *one; !err && (one = strsep(&rest, " ,\t\n"));)
		if (*one)
			err = limits_set(limits, one, why);
	return err;
}

char *limits_copy_list(const struct limits *limits)
{
	const size_t room = LIMITS_RESOURCES * LIMITS_SCOPES * (LIMITS_NAME_MAX + 24);
	char *list = calloc(1, room), name[LIMITS_NAME_MAX];
	size_t n = 0;

	for (int r = 0; list && r < LIMITS_RESOURCES; r++) {
		for (int s = 0; s < LIMITS_SCOPES; s++) {
			if (limits->of[r][s] == limits_table[r].defaults[s])
				continue;
			limits_name(r, s, name);
			n += (size_t)snprintf(list + n, room - n, "%s%s=%llu", n ? " " : "", name,
					      (unsigned long long)limits->of[r][s]);
		}
	}
	return list;
}

/* --- a file ------------------------------------------------------------------------- */

static err_t read_whole(const char *path, char **ret_text)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t size = 0;

	if (fd < 0)
		return err_from_errno();
	if (fstat(fd, &st) < 0)
		return err_from_errno();
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > LIMITS_FILE_MAX)
		return -EFBIG;
	scope_free char *text = malloc(LIMITS_FILE_MAX + 1);
	if (!text)
		return -ENOMEM;
	while (size < LIMITS_FILE_MAX) {
		ssize_t n = read(fd, text + size, LIMITS_FILE_MAX - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_from_errno();
		if (n == 0)
			break;
		size += (size_t)n;
	}
	text[size] = 0;
	if (strlen(text) != size)
		return -EINVAL; /* a NUL: no text */
	*ret_text = take_ptr(text);
	return 0;
}

/* LINE is trimmed. */
static err_t read_line(struct limits *limits, char *line, bool *in_section, char *why)
{
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		*in_section = !strcmp(line, "[Limits]");
		if (*in_section)
			return 0;
		snprintf(why, LIMITS_WHY_MAX, "unknown section %.64s (there is [Limits])", line);
		return -EINVAL;
	}
	if (!*in_section) {
		snprintf(why, LIMITS_WHY_MAX, "a line before the first section, [Limits]");
		return -EINVAL;
	}
	char *comment = strpbrk(line, "#;");
	if (comment)
		*comment = 0;
	return limits_set(limits, trim(line), why);
}

err_t limits_read(struct limits *limits, const char *path, char *why)
{
	scope_free char *text = NULL;
	char reason[LIMITS_WHY_MAX];
	bool in_section = false;
	unsigned number = 0;

	why[0] = 0;
	err_t err = read_whole(path, &text);
	if (err) {
		if (err != -ENOENT)
			snprintf(why, LIMITS_WHY_MAX, "%s: %s", path,
				 err == -EINVAL	 ? "no text file"
				 : err == -EFBIG ? "larger than 64 KiB"
						 : strerror(-err));
		return err;
	}
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		number++;
		err = read_line(limits, trim(line), &in_section, reason);
		if (err) {
			snprintf(why, LIMITS_WHY_MAX, "%s:%u: %.400s", path, number, reason);
			return err;
		}
	}
	return 0;
}
