// SPDX-License-Identifier: MIT
/*
 * Grant files, each record one of them (its kind is the force), and decisions over all of them. What is
 * decided by the index is what looking at every section decides; a section that is not understood
 * grants nothing; all entitlements at once are the same as each by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "registry/grant_text.h"

enum { FORCES = 5, OWNER = 1000, SUBJECTS = 4 };

static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max);

static const char *name_of(uint16_t kind)
{
	static const char *const names[FORCES] = { "force1", "force2", "force3", "force4",
						   "force5" };

	return names[kind % FORCES];
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = FORCES,
	.n_who = 1,
	.data_max = 3000,
	.name = name_of,
	.change = change,
};

static struct registry_grant_table table;

/* What each grant says to the question that is being asked: the same for all entitlements. */
struct said {
	bool allows, denies;
};
static struct said *said;

/* --- reading ---------------------------------------------------------------------------- */

static err_t find_id(void *context, const char *name, uint32_t *ret_id)
{
	if (!strcmp(name, "broken"))
		return -EIO;
	*ret_id = 500;
	return strcmp(name, "lab") ? -ENOENT : 0;
}

static void report(void *context, const char *file, unsigned line, bool is_error,
		   const char *message)
{
	fuzz_require(file && message && message[0]);
}

static void read_file(const struct fuzz_record *record)
{
	struct registry_grant_source source = {
		.file = "fuzz",
		.force = 1 + record->kind % FORCES,
		.find_user = find_id,
		.find_group = find_id,
		.report = report,
	};
	err_t err = registry_grant_text_read(&table, &source, record->data, record->size);

	fuzz_require(!err || err == -E2BIG || err == -ENOMEM);
}

/* --- deciding ----------------------------------------------------------------------------- */

static bool names(const struct registry_grant *grant, const char *entitlement)
{
	bool has_any = false;

	for (size_t i = 0; i < grant->n_words; i++) {
		const struct registry_grant_word *word = &grant->words[i];

		if (word->key != REGISTRY_GRANT_ENTITLEMENT)
			continue;
		has_any = true;
		if (entitlement && !strcmp(word->text, entitlement))
			return true;
	}
	return !entitlement && (!has_any || grant->is_for_opening);
}

static void hear_all(const struct registry_grant_question *question)
{
	for (size_t i = 0; i < table.n_grants; i++) {
		const struct registry_grant *g = &table.grants[i];
		bool concerns = registry_grant_concerns(g, question);

		said[i].allows =
			concerns && !g->is_bad &&
			registry_grant_means(&table, g, REGISTRY_GRANT_ALLOW, question->subject);
		said[i].denies = concerns &&
				 (g->is_bad || registry_grant_means(&table, g, REGISTRY_GRANT_DENY,
								    question->subject));
	}
}

static enum registry_verdict decide_slowly(const char *entitlement)
{
	unsigned allowed = 0, denied = 0;

	for (size_t i = 0; i < table.n_grants; i++) {
		const struct registry_grant *g = &table.grants[i];

		if ((!said[i].denies && !said[i].allows) || !names(g, entitlement))
			continue;
		if (said[i].denies)
			denied = g->force > denied ? g->force : denied;
		if (said[i].allows)
			allowed = g->force > allowed ? g->force : allowed;
	}
	return denied && denied >= allowed ? REGISTRY_DENIED
	     : allowed			   ? REGISTRY_GRANTED
					   : REGISTRY_NOT_GRANTED;
}

static enum registry_verdict check(const struct registry_grant_question *question,
				   const char *entitlement)
{
	const struct registry_grant *by = NULL;
	enum registry_verdict verdict = registry_grant_decide(&table, question, entitlement, &by);

	fuzz_require(verdict == decide_slowly(entitlement));
	fuzz_require((verdict == REGISTRY_NOT_GRANTED) == (by == NULL));
	fuzz_require(verdict != REGISTRY_GRANTED || !by->is_bad);
	return verdict;
}

static bool check_one(void *context, const char *entitlement, enum registry_verdict verdict,
		      const char *const *values, size_t n_values)
{
	const struct registry_grant_question *question = context;

	fuzz_require(verdict == check(question, entitlement) && verdict != REGISTRY_NOT_GRANTED);
	for (size_t i = 0; i < n_values; i++)
		fuzz_require(values[i] != NULL);
	return true;
}

static void ask(const struct registry_subject *subject)
{
	static const char *const services[][2] = { { "FuzzDevice", "org.example.fuzz" },
						   { "Meter", NULL },
						   { NULL, NULL } };

	for (int s = 0; s < 3; s++)
		for (uint32_t type = 0; type < 2; type++) {
			struct registry_grant_question question = { subject, services[s][0],
								    services[s][1], type };

			hear_all(&question);
			check(&question, NULL);
			check(&question, "org.example.read");
			fuzz_require(!registry_grant_each(&table, &question, check_one, &question));
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char label[] = "lab_t", unit[] = "logger.service", app[] = "org.app";
	static const struct registry_subject subjects[SUBJECTS] = {
		{ .who = { 1, OWNER, OWNER } },
		{ .who = { 2, 1003, 500 }, .label = label, .unit = unit },
		{ .who = { 3, 1, 1 }, .groups = { 500 }, .n_groups = 1, .app = app },
		{ .who = { 4, 2, 2 }, .unknown = ~0u },
	};
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record;

	registry_grant_table_init(&table, OWNER);
	while (fuzz_next(&in, &record))
		read_file(&record);
	said = calloc(table.n_grants + 1, sizeof(*said));
	if (said && !registry_grant_table_seal(&table))
		for (int i = 0; i < SUBJECTS; i++)
			ask(&subjects[i]);
	free(said);
	registry_grant_table_fini(&table);
	return 0;
}

/* --- lines of a grant file ------------------------------------------------------------------- */

static const char *const lines[] = {
	"[Grant a]\n",
	"[Grant b c]\n",
	"[grant]\n",
	"[Grant \"]\n",
	"Entitlement = org.example.read\n",
	"Entitlement = org.example.read org.example.write\n",
	"Entitlement = org.*\n",
	"Value = one two\n",
	"Service = FuzzDevice\n",
	"Service = Fuzz*\n",
	"Service = org.example.* Meter # comment\n",
	"Type = 0\n",
	"Type = 0x1 2\n",
	"Type = -1\n",
	"Allow = *\n",
	"Allow = owner\n",
	"Allow = group:lab uid:1003\n",
	"Allow = user:nobody-there gid:500\n",
	"Allow = unit:logger.service label:lab_*\n",
	"Deny = app:*\n",
	"Deny = uid:1003\n",
	"Deny = user:broken\n",
	"Deny = user:nobody-there\n",
	"Deny = *\n",
	"Unknown = x\n",
	"# comment\n",
	"; comment\n",
	"Allow=*",
	"\n",
};

/* A line goes in, or out, at the beginning of another. */
static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max)
{
	const char *line = lines[fuzz_below(chance, sizeof(lines) / sizeof(*lines))];
	size_t at = fuzz_below(chance, (uint32_t)size + 1), n = strlen(line), end;

	if (fuzz_below(chance, 5) == 0)
		return fuzz_change_bytes(chance, data, size, max);
	while (at && data[at - 1] != '\n')
		at--;
	if (fuzz_below(chance, 4)) {
		if (size + n > max)
			return size;
		memmove(data + at + n, data + at, size - at);
		memcpy(data + at, line, n);
		return size + n;
	}
	for (end = at; end < size && data[end] != '\n';)
		end++;
	end += end < size;
	memmove(data + at, data + end, size - end);
	return size - (end - at);
}
