// SPDX-License-Identifier: MIT
#include "registry/grant.h"

#include <stdlib.h>
#include <string.h>

struct registry_grant_entry {
	const char *name; /* "": opening */
	const struct registry_grant *grant;
};

/* --- the table -------------------------------------------------------------------------- */

void registry_grant_table_init(struct registry_grant_table *table, uid_t owner)
{
	*table = (struct registry_grant_table){ .owner = owner };
}

void registry_grant_table_fini(struct registry_grant_table *table)
{
	for (size_t i = 0; i < table->n_grants; i++)
		free(table->grants[i].words);
	for (size_t i = 0; i < table->n_texts; i++)
		free(table->texts[i]);
	free(table->grants);
	free(table->texts);
	free(table->index);
	registry_grant_table_init(table, table->owner);
}

/* Room for one more of N items, whose room is always a power of two. NULL: no memory. */
static void *grow(void *items, size_t n, size_t size)
{
	return n & (n - 1) || (n == 0 && items) ? items : realloc(items, (n ? 2 * n : 1) * size);
}

char *registry_grant_table_keep(struct registry_grant_table *table, const void *bytes, size_t size)
{
	void **texts = grow(table->texts, table->n_texts, sizeof(*texts));
	char *text = texts ? malloc(size + 1) : NULL;

	if (texts)
		table->texts = texts;
	if (!text)
		return NULL;
	if (size)
		memcpy(text, bytes, size);
	text[size] = 0;
	table->texts[table->n_texts++] = text;
	return text;
}

err_t registry_grant_table_add(struct registry_grant_table *table,
			       struct registry_grant **ret_grant)
{
	if (table->n_grants == REGISTRY_GRANTS_MAX)
		return -E2BIG;
	struct registry_grant *grants = grow(table->grants, table->n_grants, sizeof(*grants));
	if (!grants)
		return -ENOMEM;
	table->grants = grants;
	*ret_grant = &grants[table->n_grants++];
	**ret_grant = (struct registry_grant){ .n_words = 0 };
	return 0;
}

err_t registry_grant_table_add_unread(struct registry_grant_table *table, const char *file,
				      unsigned force)
{
	const char *kept = registry_grant_table_keep(table, file, strlen(file));
	struct registry_grant *grant;
	err_t err = kept ? registry_grant_table_add(table, &grant) : -ENOMEM;

	if (!err)
		*grant = (struct registry_grant){ .name = "(unreadable)",
						  .file = kept,
						  .force = force,
						  .is_bad = true,
						  .is_unread = true };
	return err;
}

static int compare_entries(const void *left, const void *right)
{
	const struct registry_grant_entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->grant > b->grant) - (a->grant < b->grant);
}

static size_t count_words(const struct registry_grant *grant, enum registry_grant_key key)
{
	size_t n = 0;

	for (size_t i = 0; i < grant->n_words; i++)
		n += grant->words[i].key == key;
	return n;
}

/* A grant without an entitlement is for opening. */
static size_t add_entries(struct registry_grant_entry *index, const struct registry_grant *grant)
{
	size_t n = 0;

	for (size_t i = 0; i < grant->n_words; i++)
		if (grant->words[i].key == REGISTRY_GRANT_ENTITLEMENT)
			index[n++] = (struct registry_grant_entry){ grant->words[i].text, grant };
	if (!n || grant->is_for_opening)
		index[n++] = (struct registry_grant_entry){ "", grant };
	return n;
}

err_t registry_grant_table_seal(struct registry_grant_table *table)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n_grants; i++)
		n += count_words(&table->grants[i], REGISTRY_GRANT_ENTITLEMENT) + 1;
	table->index = calloc(n + 1, sizeof(*table->index));
	if (!table->index)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_grants; i++) {
		const struct registry_grant *grant = &table->grants[i];

		table->n_index += add_entries(table->index + table->n_index, grant);
		if (grant->is_unread && (!table->unread || grant->force > table->unread->force))
			table->unread = grant;
	}
	qsort(table->index, table->n_index, sizeof(*table->index), compare_entries);
	return 0;
}

/* --- whom and what a grant means ---------------------------------------------------------- */

enum answer { NO, YES, UNKNOWN };

static bool matches(const struct registry_grant_word *word, const char *text)
{
	size_t n = strlen(word->text);

	return word->is_prefix ? !strncmp(text, word->text, n) : !strcmp(text, word->text);
}

static enum answer is_in_group(const struct registry_subject *subject, gid_t group)
{
	for (size_t i = 0; i < subject->n_groups; i++)
		if (subject->groups[i] == group)
			return YES;
	if (subject->who.gid == group)
		return YES;
	return subject->unknown & REGISTRY_SUBJECT_GROUPS ? UNKNOWN : NO;
}

static enum answer has_text(const struct registry_grant_word *word, const char *text,
			    bool is_unknown)
{
	if (is_unknown)
		return UNKNOWN;
	return text && matches(word, text) ? YES : NO;
}

static enum answer is_meant(const struct registry_grant_table *table,
			    const struct registry_grant_word *word,
			    const struct registry_subject *subject)
{
	switch (word->who) {
	case REGISTRY_WHO_EVERYBODY:
		return YES;
	case REGISTRY_WHO_OWNER:
		return subject->who.uid == table->owner ? YES : NO;
	case REGISTRY_WHO_USER:
		return subject->who.uid == word->number ? YES : NO;
	case REGISTRY_WHO_GROUP:
		return is_in_group(subject, word->number);
	case REGISTRY_WHO_LABEL:
		return has_text(word, subject->label, subject->unknown & REGISTRY_SUBJECT_LABEL);
	case REGISTRY_WHO_UNIT:
		return has_text(word, subject->unit, subject->unknown & REGISTRY_SUBJECT_UNIT);
	case REGISTRY_WHO_APP:
		return has_text(word, subject->app, subject->unknown & REGISTRY_SUBJECT_UNIT);
	default:
		return NO;
	}
}

bool registry_grant_means(const struct registry_grant_table *table,
			  const struct registry_grant *grant, enum registry_grant_key key,
			  const struct registry_subject *subject)
{
	for (size_t i = 0; i < grant->n_words; i++) {
		enum answer answer = NO;

		if (grant->words[i].key == key)
			answer = is_meant(table, &grant->words[i], subject);
		if (answer == YES || (answer == UNKNOWN && key == REGISTRY_GRANT_DENY))
			return true;
	}
	return false;
}

static bool is_service(const struct registry_grant_word *word,
		       const struct registry_grant_question *question)
{
	return matches(word, question->class_name) ||
	       (question->bundle && matches(word, question->bundle));
}

bool registry_grant_concerns(const struct registry_grant *grant,
			     const struct registry_grant_question *question)
{
	bool is_for_service = true, is_for_type = true, fits_service = false, fits_type = false;

	for (size_t i = 0; i < grant->n_words; i++) {
		const struct registry_grant_word *word = &grant->words[i];

		if (word->key == REGISTRY_GRANT_SERVICE) {
			is_for_service = false;
			fits_service |= question->class_name && is_service(word, question);
		} else if (word->key == REGISTRY_GRANT_TYPE) {
			is_for_type = false;
			fits_type |= question->class_name && word->number == question->type;
		}
	}
	return (is_for_service || fits_service) && (is_for_type || fits_type);
}

/* --- decisions ---------------------------------------------------------------------------- */

struct range {
	const struct registry_grant_entry *first, *end;
};

/* The entries from FIRST on that have its name. */
static struct range range_from(const struct registry_grant_table *table,
			       const struct registry_grant_entry *first)
{
	const struct registry_grant_entry *end = first, *last = table->index + table->n_index;

	while (end < last && !strcmp(end->name, first->name))
		end++;
	return (struct range){ first, end };
}

static struct range find_range(const struct registry_grant_table *table, const char *name)
{
	size_t low = 0, high = table->n_index;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->index[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->n_index || strcmp(table->index[low].name, name))
		return (struct range){ NULL, NULL };
	return range_from(table, &table->index[low]);
}

/* The strongest of RANGE that has a word of KEY for the subject; NULL: none. */
static const struct registry_grant *find_strongest(const struct registry_grant_table *table,
						   const struct registry_grant_question *question,
						   struct range range, enum registry_grant_key key)
{
	const struct registry_grant *found = key == REGISTRY_GRANT_DENY ? table->unread : NULL;

	for (const struct registry_grant_entry *e = range.first; e < range.end; e++)
		if ((!found || e->grant->force > found->force) &&
		    registry_grant_concerns(e->grant, question) &&
		    registry_grant_means(table, e->grant, key, question->subject))
			found = e->grant;
	return found;
}

static enum registry_verdict decide(const struct registry_grant_table *table,
				    const struct registry_grant_question *question,
				    struct range range, const struct registry_grant **ret_grant)
{
	const struct registry_grant *deny =
		find_strongest(table, question, range, REGISTRY_GRANT_DENY);
	const struct registry_grant *allow =
		find_strongest(table, question, range, REGISTRY_GRANT_ALLOW);

	if (deny && (!allow || deny->force >= allow->force)) {
		*ret_grant = deny;
		return REGISTRY_DENIED;
	}
	*ret_grant = allow;
	return allow ? REGISTRY_GRANTED : REGISTRY_NOT_GRANTED;
}

enum registry_verdict registry_grant_decide(const struct registry_grant_table *table,
					    const struct registry_grant_question *question,
					    const char *entitlement,
					    const struct registry_grant **ret_grant)
{
	const struct registry_grant *by;
	enum registry_verdict verdict =
		decide(table, question, find_range(table, entitlement ? entitlement : ""), &by);

	if (ret_grant)
		*ret_grant = by;
	return verdict;
}

/* --- all entitlements ----------------------------------------------------------------------- */

/* Values of those grants that no denial of at least their force takes back. Returns how many there
 * are; stores them unless VALUES is NULL. */
static size_t list_values(const struct registry_grant_table *table,
			  const struct registry_grant_question *question, struct range range,
			  const char **values)
{
	const struct registry_grant *deny =
		find_strongest(table, question, range, REGISTRY_GRANT_DENY);
	size_t n = 0;

	for (const struct registry_grant_entry *e = range.first; e < range.end; e++) {
		const struct registry_grant *g = e->grant;

		if ((deny && deny->force >= g->force) || !registry_grant_concerns(g, question) ||
		    !registry_grant_means(table, g, REGISTRY_GRANT_ALLOW, question->subject))
			continue;
		for (size_t i = 0; i < g->n_words; i++) {
			if (g->words[i].key != REGISTRY_GRANT_VALUE)
				continue;
			if (values)
				values[n] = g->words[i].text;
			n++;
		}
	}
	return n;
}

static err_t tell_one(const struct registry_grant_table *table,
		      const struct registry_grant_question *question, struct range range,
		      registry_grant_fn fn, void *context)
{
	const struct registry_grant *by;
	enum registry_verdict verdict = decide(table, question, range, &by);
	const char **values = NULL;
	size_t n = 0;

	if (verdict == REGISTRY_NOT_GRANTED)
		return 0;
	if (verdict == REGISTRY_GRANTED)
		n = list_values(table, question, range, NULL);
	if (n) {
		values = calloc(n, sizeof(*values));
		if (!values)
			return -ENOMEM;
		list_values(table, question, range, values);
	}
	bool goes_on = fn(context, range.first->name, verdict, values, n);
	free(values);
	return goes_on ? 0 : -ECANCELED;
}

err_t registry_grant_each(const struct registry_grant_table *table,
			  const struct registry_grant_question *question, registry_grant_fn fn,
			  void *context)
{
	const struct registry_grant_entry *end = table->index + table->n_index;
	err_t err = 0;

	for (const struct registry_grant_entry *e = table->index; e < end && !err;) {
		struct range range = range_from(table, e);

		if (*e->name)
			err = tell_one(table, question, range, fn, context);
		e = range.end;
	}
	return err;
}
