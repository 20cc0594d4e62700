// SPDX-License-Identifier: MIT
#include "registry/grant_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct registry_grant_table *table;
	const struct registry_grant_source *source;
	const char *file; /* the table's copy */
	char *text;	  /* the table's copy, which is cut into words as it is read */
	char *shown;	  /* another one, for messages */
	size_t first;	  /* number of the file's first grant */
	unsigned line, n_reports;
	unsigned spoilt_line; /* reported as a whole: not for each word again */
	bool is_cut;	      /* the file is too large */
	err_t err;
	/* the section that is being read */
	bool is_open;
	struct registry_grant grant;
	size_t capacity;
	unsigned bad_keys; /* bits of keys that had a word that was not understood */
};

static void report(struct reader *r, unsigned line, bool is_error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void report(struct reader *r, unsigned line, bool is_error, const char *format, ...)
{
	char message[512];
	va_list arguments;

	r->grant.is_bad |= is_error;
	if (line == r->spoilt_line || r->n_reports++ >= REGISTRY_GRANT_REPORTS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	r->source->report(r->source->context, r->file, line, is_error, message);
}

/* --- words -------------------------------------------------------------------------------- */

static const char of_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789._-:/@+";

static bool is_name(const char *text, size_t max)
{
	size_t n = strlen(text);

	return n > 0 && n <= max && strspn(text, of_names) == n;
}

bool registry_grant_text_may_name(const char *text)
{
	return is_name(text, REGISTRY_GRANT_NAME_MAX);
}

/* An asterisk stands at the end or nowhere. */
static bool read_prefix(struct registry_grant_word *word, char *text)
{
	char *asterisk = strchr(text, '*');

	word->is_prefix = asterisk != NULL;
	if (asterisk && asterisk[1])
		return false;
	if (asterisk)
		*asterisk = 0;
	word->text = text;
	return true;
}

/* Decimal, or hexadecimal with 0x. */
static bool read_number(const char *text, uint32_t *ret_number)
{
	bool is_hexadecimal = !strncmp(text, "0x", 2);
	const char *digits = is_hexadecimal ? text + 2 : text;
	size_t n = strspn(digits, is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");

	if (!n || n > 10 || digits[n])
		return false;
	unsigned long long number = strtoull(digits, NULL, is_hexadecimal ? 16 : 10);
	if (number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* All ones is no user and no group. */
static bool read_id(const char *text, uint32_t *ret_number)
{
	return read_number(text, ret_number) && *ret_number != UINT32_MAX;
}

/* A name that is not known means nobody: whom it would deny could come to be later. */
static bool read_named(struct reader *r, struct registry_grant_word *word, const char *name,
		       bool is_user)
{
	const struct registry_grant_source *s = r->source;
	uid_t user = 0;
	gid_t group = 0;
	err_t err;

	if (name[strspn(name, "0123456789")] == 0)
		return read_id(name, &word->number);
	err = is_user ? s->find_user(s->context, name, &user)
		      : s->find_group(s->context, name, &group);
	word->number = is_user ? user : group;
	if (err == -ENOENT && word->key == REGISTRY_GRANT_ALLOW) {
		word->who = REGISTRY_WHO_NOBODY;
		report(r, r->line, false, "there is no %s \"%s\": nobody is meant",
		       is_user ? "user" : "group", name);
		return true;
	}
	if (err)
		report(r, r->line, true, "the %s \"%s\" %s", is_user ? "user" : "group", name,
		       err == -ENOENT ? "does not exist" : "cannot be looked up");
	return !err;
}

static bool read_who_text(struct registry_grant_word *word, char *text)
{
	return read_prefix(word, text) && (*text || word->is_prefix);
}

static bool read_who(struct reader *r, struct registry_grant_word *word, char *text)
{
	static const struct {
		const char *prefix;
		uint8_t who;
		bool is_number;
	} kinds[] = {
		{ "uid:", REGISTRY_WHO_USER, true },	 { "gid:", REGISTRY_WHO_GROUP, true },
		{ "user:", REGISTRY_WHO_USER, false },	 { "group:", REGISTRY_WHO_GROUP, false },
		{ "label:", REGISTRY_WHO_LABEL, false }, { "unit:", REGISTRY_WHO_UNIT, false },
		{ "app:", REGISTRY_WHO_APP, false },
	};

	word->who = !strcmp(text, "*") ? REGISTRY_WHO_EVERYBODY : REGISTRY_WHO_OWNER;
	if (!strcmp(text, "*") || !strcmp(text, "owner"))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, n))
			continue;
		word->who = kinds[i].who;
		if (kinds[i].is_number)
			return read_id(text + n, &word->number);
		if (word->who == REGISTRY_WHO_USER || word->who == REGISTRY_WHO_GROUP)
			return is_name(text + n, REGISTRY_GRANT_NAME_MAX) &&
			       read_named(r, word, text + n, word->who == REGISTRY_WHO_USER);
		return read_who_text(word, text + n);
	}
	return false;
}

static bool read_word(struct reader *r, struct registry_grant_word *word, char *text)
{
	word->text = text;
	switch (word->key) {
	case REGISTRY_GRANT_ENTITLEMENT:
	case REGISTRY_GRANT_VALUE:
		return is_name(text, REGISTRY_GRANT_NAME_MAX);
	case REGISTRY_GRANT_SERVICE:
		/* Without any text it had an asterisk. */
		return read_prefix(word, text) &&
		       (!*text || is_name(text, REGISTRY_GRANT_NAME_MAX));
	case REGISTRY_GRANT_TYPE:
		return read_number(text, &word->number);
	default:
		return read_who(r, word, text);
	}
}

/* --- sections --------------------------------------------------------------------------------- */

static bool has_key(const struct registry_grant *grant, unsigned key)
{
	for (size_t i = 0; i < grant->n_words; i++)
		if (grant->words[i].key == key)
			return true;
	return false;
}

static struct registry_grant_word *add_word(struct reader *r, unsigned key)
{
	struct registry_grant *grant = &r->grant;

	if (grant->n_words == r->capacity) {
		size_t capacity = r->capacity ? 2 * r->capacity : 8;
		struct registry_grant_word *more = realloc(grant->words, capacity * sizeof(*more));

		r->err = more ? r->err : -ENOMEM;
		if (!more)
			return NULL;
		grant->words = more;
		r->capacity = capacity;
	}
	grant->words[grant->n_words] = (struct registry_grant_word){ .key = (uint8_t)key };
	return &grant->words[grant->n_words++];
}

static void remove_words(struct registry_grant *grant, unsigned keys)
{
	size_t n = 0;

	for (size_t i = 0; i < grant->n_words; i++)
		if (!(keys & 1u << grant->words[i].key))
			grant->words[n++] = grant->words[i];
	grant->n_words = n;
}

static void check_section(struct reader *r)
{
	const struct registry_grant *g = &r->grant;
	bool has_entitlement = has_key(g, REGISTRY_GRANT_ENTITLEMENT);
	bool has_service = has_key(g, REGISTRY_GRANT_SERVICE);

	if (r->is_cut) {
		r->bad_keys |= 1u << REGISTRY_GRANT_SERVICE;
		report(r, g->line, true, "the file is larger than %d bytes",
		       REGISTRY_GRANT_FILE_MAX);
	}
	if (g->is_bad)
		return;
	if (!has_entitlement && !has_service)
		report(r, g->line, true, "neither Entitlement nor Service is named");
	else if (!has_key(g, REGISTRY_GRANT_ALLOW) && !has_key(g, REGISTRY_GRANT_DENY))
		report(r, g->line, true, "there is neither Allow nor Deny");
	else if (has_key(g, REGISTRY_GRANT_VALUE) && !has_entitlement)
		report(r, g->line, true, "Value without Entitlement");
	else if (has_key(g, REGISTRY_GRANT_TYPE) && !has_service)
		report(r, g->line, true, "Type without Service");
}

/* What was not understood may have been meant more narrowly or more widely: everybody is denied all
 * that is named, for all services unless every one of them is known. */
static void make_denial(struct reader *r)
{
	struct registry_grant *g = &r->grant;
	unsigned keys = 1u << REGISTRY_GRANT_VALUE | 1u << REGISTRY_GRANT_TYPE |
			1u << REGISTRY_GRANT_ALLOW | 1u << REGISTRY_GRANT_DENY;
	struct registry_grant_word *word;

	if (r->bad_keys & 1u << REGISTRY_GRANT_SERVICE && has_key(g, REGISTRY_GRANT_ENTITLEMENT))
		keys |= 1u << REGISTRY_GRANT_SERVICE;
	remove_words(g, keys);
	/* Whatever else is needed to use them. */
	g->is_for_opening = r->bad_keys & 1u << REGISTRY_GRANT_ENTITLEMENT &&
			    has_key(g, REGISTRY_GRANT_SERVICE);
	if (!g->n_words)
		return;
	word = add_word(r, REGISTRY_GRANT_DENY);
	if (!word)
		return;
	word->text = word->shown = "*";
	word->who = REGISTRY_WHO_EVERYBODY;
}

static void end_section(struct reader *r)
{
	struct registry_grant *g = &r->grant, *kept;

	if (r->is_open) {
		check_section(r);
		if (g->is_bad)
			make_denial(r);
		if (g->n_words && !r->err)
			r->err = registry_grant_table_add(r->table, &kept);
		if (g->n_words && !r->err) {
			*kept = *g;
			g->words = NULL;
		}
	}
	free(g->words);
	*g = (struct registry_grant){ .file = r->file, .force = r->source->force };
	r->capacity = 0;
	r->bad_keys = 0;
	r->is_open = false;
}

/* --- lines --------------------------------------------------------------------------------------- */

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && strchr(" \t", text[n - 1]))
		n--;
	text[n] = 0;
	return text;
}

/* A line that is not understood spoils the section it stands in. */
static void begin_bad(struct reader *r)
{
	/* What was not read may have named more services. */
	r->bad_keys |= 1u << REGISTRY_GRANT_SERVICE;
	r->grant.is_bad = true;
	if (r->is_open)
		return;
	r->is_open = true;
	r->grant.name = "?";
	r->grant.line = r->line;
}

static bool is_taken(const struct reader *r, const char *name)
{
	for (size_t i = r->first; i < r->table->n_grants; i++)
		if (!strcmp(r->table->grants[i].name, name))
			return true;
	return false;
}

static void read_header(struct reader *r, char *text)
{
	size_t n = strlen(text);
	char *name = NULL;

	if (n > 8 && !strncmp(text, "[Grant", 6) && strchr(" \t", text[6]) && text[n - 1] == ']') {
		text[n - 1] = 0;
		name = trim(text + 6);
	}
	if (!name || !is_name(name, REGISTRY_GRANT_NAME_MAX)) {
		/* It may have been to narrow what stands above, or have named what follows. */
		begin_bad(r);
		report(r, r->line, true, "a section begins with \"[Grant NAME]\"");
		end_section(r);
		begin_bad(r);
		return;
	}
	end_section(r);
	r->is_open = true;
	r->grant.name = name;
	r->grant.line = r->line;
	r->grant.is_bad = r->line == r->spoilt_line;
	if (is_taken(r, name))
		report(r, r->line, true, "there is another grant \"%s\" in this file", name);
}

static bool find_key(const char *text, unsigned *ret_key)
{
	static const char *const keys[REGISTRY_GRANT_KEYS] = {
		[REGISTRY_GRANT_ENTITLEMENT] = "Entitlement",
		[REGISTRY_GRANT_VALUE] = "Value",
		[REGISTRY_GRANT_SERVICE] = "Service",
		[REGISTRY_GRANT_TYPE] = "Type",
		[REGISTRY_GRANT_ALLOW] = "Allow",
		[REGISTRY_GRANT_DENY] = "Deny",
	};

	for (unsigned i = 0; i < REGISTRY_GRANT_KEYS; i++)
		if (!strcmp(text, keys[i])) {
			*ret_key = i;
			return true;
		}
	return false;
}

/* WORD as it was written: a part of the other copy. */
static char *show(struct reader *r, const char *word)
{
	char *shown = r->shown + (word - r->text);

	shown[strlen(word)] = 0;
	return shown;
}

/* What there is of names in WORD, as it was written, is denied with the others: the rest may be a comma,
 * or the end of a line as other systems have it. */
static void take_parts(struct reader *r, unsigned key, char *word)
{
	for (char *end; *(word += strcspn(word, of_names)); word = end) {
		end = word + strspn(word, of_names);
		bool is_prefix = *end == '*' && key == REGISTRY_GRANT_SERVICE;
		if (*end)
			*end++ = 0;
		if (!is_name(word, REGISTRY_GRANT_NAME_MAX) ||
		    r->grant.n_words == REGISTRY_GRANT_WORDS_MAX)
			continue;
		struct registry_grant_word *part = add_word(r, key);
		if (!part)
			return;
		part->text = part->shown = word;
		part->is_prefix = is_prefix;
	}
}

/* False: without memory, or over the limit. */
static bool take_word(struct reader *r, unsigned key, char *text)
{
	struct registry_grant_word *word;
	unsigned n_reports = r->n_reports;
	char *shown;

	if (r->grant.n_words == REGISTRY_GRANT_WORDS_MAX) {
		report(r, r->line, true, "more than %d words in a section",
		       REGISTRY_GRANT_WORDS_MAX);
		r->bad_keys |= 1u << key;
		return false;
	}
	word = add_word(r, key);
	if (!word)
		return false;
	word->shown = shown = show(r, text);
	if (read_word(r, word, text))
		return true;
	if (n_reports == r->n_reports)
		report(r, r->line, true, "\"%s\" cannot be understood", shown);
	r->grant.n_words--;
	r->bad_keys |= 1u << key;
	if (key == REGISTRY_GRANT_ENTITLEMENT || key == REGISTRY_GRANT_SERVICE)
		take_parts(r, key, shown);
	return !r->err;
}

static void read_words(struct reader *r, unsigned key, char *text)
{
	char *rest = text, *word;
	size_t n = 0;

	while ((word = strtok_r(NULL, " \t", &rest)) && *word != '#') {
		n++;
		if (!take_word(r, key, word))
			return;
	}
	if (!n) {
		report(r, r->line, true, "nothing is said");
		r->bad_keys |= 1u << key;
	}
}

static void read_pair(struct reader *r, char *text)
{
	char *equals = strchr(text, '=');
	unsigned key;

	if (!r->is_open) {
		begin_bad(r);
		report(r, r->line, true, "this stands in no section");
	}
	if (!equals) {
		begin_bad(r);
		report(r, r->line, true, "a line is a section, \"KEY = WORD...\" or a comment");
		return;
	}
	*equals = 0;
	if (find_key(trim(text), &key)) {
		read_words(r, key, equals + 1);
	} else {
		begin_bad(r);
		report(r, r->line, true, "there is no key \"%s\"", trim(text));
	}
}

/* Something in it is not text; what it was to say is unknown. */
static bool is_text(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
			return false;
	return true;
}

/* A line that is no text, or not whole, is read as far as it can be, for what its section is to deny. */
static void read_line(struct reader *r, char *line, size_t size, bool is_ended)
{
	bool is_comment = strchr("#;", line[strspn(line, " \t")]) && line[strspn(line, " \t")];
	const char *problem = NULL;
	char *text;

	if (size > REGISTRY_GRANT_LINE_MAX)
		problem = "the line is too long";
	else if (is_comment)
		return; /* may have any bytes */
	else if (!is_text(line, size))
		problem = "the line has bytes that are no printable ASCII";
	else if (!is_ended)
		problem = "the last line has no end: is the file whole?";
	if (problem) {
		begin_bad(r);
		report(r, r->line, true, "%s", problem);
		r->spoilt_line = r->line;
	}
	if (is_comment)
		return;
	for (char *nul = line; (nul = memchr(nul, 0, size - (size_t)(nul - line)));)
		*nul = r->shown[nul - r->text] = '?';
	text = trim(line);
	if (*text == '[')
		read_header(r, text);
	else if (*text)
		read_pair(r, text);
}

static void read_lines(struct reader *r, char *text, size_t size)
{
	while (size && !r->err) {
		char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;

		if (end)
			*end = 0;
		r->line++;
		read_line(r, text, n, end != NULL || r->is_cut);
		text += n + (end != NULL);
		size -= n + (end != NULL);
	}
	end_section(r);
}

err_t registry_grant_text_read(struct registry_grant_table *table,
			       const struct registry_grant_source *source, const void *bytes,
			       size_t size)
{
	struct reader r = { .table = table, .source = source, .first = table->n_grants };

	r.is_cut = size > REGISTRY_GRANT_FILE_MAX;
	if (r.is_cut)
		size = REGISTRY_GRANT_FILE_MAX;
	r.file = registry_grant_table_keep(table, source->file, strlen(source->file));
	r.text = registry_grant_table_keep(table, bytes, size);
	r.shown = registry_grant_table_keep(table, bytes, size);
	if (!r.file || !r.text || !r.shown)
		return -ENOMEM;
	r.grant = (struct registry_grant){ .file = r.file, .force = source->force };
	read_lines(&r, r.text, size);
	return r.err;
}
