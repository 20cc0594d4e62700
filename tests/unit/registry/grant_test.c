// SPDX-License-Identifier: MIT
/* Decisions: force, denials, what is not known, all entitlements of a subject. */
#include "registry/grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/grant_text.h"
#include "test.h"

static struct registry_grant_table table;
static struct registry_subject subject;

static void report(void *context, const char *file, unsigned line, bool is_error,
		   const char *message)
{
	test_fail(__FILE__, __LINE__, "%s:%u: %s", file, line, message);
}

static void add(unsigned force, const char *text)
{
	struct registry_grant_source source = { .file = "f", .force = force, .report = report };

	test_equal(registry_grant_text_read(&table, &source, text, strlen(text)), 0);
}

static void begin(void)
{
	registry_grant_table_init(&table, 1000);
	subject = (struct registry_subject){ .who = { 4, 1003, 1003 } };
}

static void seal(void)
{
	test_equal(registry_grant_table_seal(&table), 0);
}

static void end(void)
{
	registry_grant_table_fini(&table);
}

static enum registry_verdict decide(const char *entitlement, const struct registry_grant **by)
{
	struct registry_grant_question q = { &subject, "Class", "org.bundle", 2 };

	return registry_grant_decide(&table, &q, entitlement, by);
}

static enum registry_verdict ask(const char *entitlement)
{
	return decide(entitlement, NULL);
}

TEST(the_stronger_wins_and_denial_beats_permission)
{
	const struct registry_grant *by;

	begin();
	add(1, "[Grant a]\nEntitlement=e f g h\nAllow=*\n");
	add(2, "[Grant b]\nEntitlement=e\nDeny=uid:1003\n[Grant c]\nEntitlement=f\nDeny=uid:1003\n"
	       "[Grant d]\nEntitlement=g\nAllow=*\nDeny=uid:1003\n");
	add(3, "[Grant e]\nEntitlement=f\nAllow=uid:1003\n[Grant f]\nEntitlement=f\nAllow=*\n");
	seal();
	test_equal(decide("e", &by), REGISTRY_DENIED);
	test_equal_text(by->name, "b");
	test_equal(decide("f", &by), REGISTRY_GRANTED);
	test_equal_text(by->name, "e"); /* the first of the strongest */
	test_equal(decide("g", &by), REGISTRY_DENIED);
	test_equal_text(by->name, "d");
	test_equal(decide("h", &by), REGISTRY_GRANTED);
	test_equal(decide("none", &by), REGISTRY_NOT_GRANTED);
	test_true(by == NULL);
	test_equal(decide("a", &by), REGISTRY_NOT_GRANTED); /* sorts before all */
	test_equal(decide(NULL, &by), REGISTRY_NOT_GRANTED);
	end();
}

TEST(a_denial_without_any_permission)
{
	begin();
	add(1, "[Grant a]\nEntitlement=e\nDeny=uid:1003\n[Grant b]\nEntitlement=f\nDeny=uid:5\n");
	seal();
	test_equal(ask("e"), REGISTRY_DENIED);
	test_equal(ask("f"), REGISTRY_NOT_GRANTED);
	end();
}

/* One grant whose Allow and Deny have WORD: does it allow (1), deny (2), both? */
static int effect(const char *word)
{
	char text[128];
	int effects;

	registry_grant_table_fini(&table);
	snprintf(text, sizeof(text), "[Grant a]\nEntitlement=e\nAllow=%s\n", word);
	add(1, text);
	seal();
	effects = ask("e") == REGISTRY_GRANTED;
	registry_grant_table_fini(&table);
	snprintf(text, sizeof(text), "[Grant a]\nEntitlement=e\nDeny=%s\n", word);
	add(1, text);
	seal();
	return effects | (ask("e") == REGISTRY_DENIED) << 1;
}

enum { MEANT = 3, NOT_MEANT = 0, NOT_KNOWN = 2 };

TEST(whom_a_word_means)
{
	begin();
	test_equal(effect("*"), MEANT);
	test_equal(effect("owner"), NOT_MEANT);
	test_equal(effect("uid:1003"), MEANT);
	test_equal(effect("uid:1004"), NOT_MEANT);
	test_equal(effect("gid:1003"), MEANT);
	test_equal(effect("gid:44"), NOT_MEANT);
	subject.groups[subject.n_groups++] = 43;
	subject.groups[subject.n_groups++] = 44;
	test_equal(effect("gid:44"), MEANT);
	test_equal(effect("label:*"), NOT_MEANT);
	test_equal(effect("unit:*"), NOT_MEANT);
	test_equal(effect("app:*"), NOT_MEANT);
	subject.label = (char *)"sensor_t";
	subject.unit = (char *)"logger.service";
	subject.app = (char *)"org.example.App";
	test_equal(effect("label:*"), MEANT);
	test_equal(effect("label:sensor_t"), MEANT);
	test_equal(effect("label:sensor"), NOT_MEANT);
	test_equal(effect("label:sensor*"), MEANT);
	test_equal(effect("unit:logger.service"), MEANT);
	test_equal(effect("unit:x*"), NOT_MEANT);
	test_equal(effect("app:org.example.*"), MEANT);
	subject.who.uid = 1000;
	test_equal(effect("owner"), MEANT);
	end();
}

TEST(what_is_not_known_is_denied_and_never_allowed)
{
	begin();
	subject.unknown = REGISTRY_SUBJECT_GROUPS;
	test_equal(effect("gid:1003"), MEANT); /* the primary one */
	test_equal(effect("gid:44"), NOT_KNOWN);
	test_equal(effect("label:x"), NOT_MEANT);
	subject.unknown = REGISTRY_SUBJECT_LABEL;
	test_equal(effect("gid:44"), NOT_MEANT);
	test_equal(effect("label:x"), NOT_KNOWN);
	test_equal(effect("unit:x"), NOT_MEANT);
	subject.unknown = REGISTRY_SUBJECT_UNIT;
	test_equal(effect("unit:x"), NOT_KNOWN);
	test_equal(effect("app:x"), NOT_KNOWN);
	test_equal(effect("uid:5"), NOT_MEANT);
	end();
}

static bool concerns(const char *lines, const char *class_name, const char *bundle, uint32_t type)
{
	struct registry_grant_question q = { &subject, class_name, bundle, type };
	char text[256];

	registry_grant_table_fini(&table);
	snprintf(text, sizeof(text), "[Grant a]\nEntitlement=e\nAllow=*\n%s", lines);
	add(1, text);
	seal();
	return registry_grant_decide(&table, &q, "e", NULL) == REGISTRY_GRANTED;
}

TEST(which_services_and_types_it_is_for)
{
	begin();
	test_true(concerns("", NULL, NULL, 0));
	test_true(concerns("", "Class", NULL, 9));
	test_true(concerns("Service=Class\n", "Class", NULL, 9));
	test_true(concerns("Service=Other Class\n", "Class", NULL, 9));
	test_true(!concerns("Service=Class\n", "Class2", NULL, 9));
	test_true(concerns("Service=Cl*\n", "Class2", NULL, 9));
	test_true(concerns("Service=org.b\n", "Class", "org.b", 9));
	test_true(!concerns("Service=org.b\n", "Class", "org.c", 9));
	test_true(concerns("Service=*\n", "Class", NULL, 9));
	test_true(!concerns("Service=*\n", NULL, NULL, 9));
	test_true(concerns("Service=*\nType=3 9\n", "Class", NULL, 9));
	test_true(!concerns("Service=*\nType=3 8\n", "Class", NULL, 9));
	test_true(!concerns("Service=No\nType=9\n", "Class", NULL, 9));
	end();
}

static char told[512];

static bool tell(void *context, const char *entitlement, enum registry_verdict verdict,
		 const char *const *values, size_t n_values)
{
	size_t n = strlen(told);

	n += (size_t)snprintf(told + n, sizeof(told) - n, "%s%s", entitlement,
			      verdict == REGISTRY_DENIED ? "=no" : "");
	for (size_t i = 0; i < n_values; i++)
		n += (size_t)snprintf(told + n, sizeof(told) - n, ",%s", values[i]);
	snprintf(told + n, sizeof(told) - n, ";");
	return !context || strcmp(entitlement, context);
}

TEST(all_entitlements_of_a_subject)
{
	struct registry_grant_question q = { &subject, "Class", NULL, 0 };

	begin();
	add(1, "[Grant a]\nEntitlement=list true gone\nValue=x y\nAllow=*\n"
	       "[Grant o]\nService=*\nAllow=*\n");
	add(2,
	    "[Grant b]\nEntitlement=gone\nDeny=*\n[Grant c]\nEntitlement=later\nDeny=uid:1003\n"
	    "[Grant d]\nEntitlement=plain\nAllow=*\n[Grant e]\nEntitlement=others\nAllow=uid:1\n");
	add(3, "[Grant f]\nEntitlement=list\nValue=z\nAllow=*\n"
	       "[Grant g]\nEntitlement=list\nValue=w\nService=Other\nAllow=*\n"
	       "[Grant h]\nEntitlement=list\nValue=v\nAllow=uid:1\n"
	       "[Grant i]\nEntitlement=later\nValue=u\nAllow=*\n");
	seal();
	told[0] = 0;
	test_equal(registry_grant_each(&table, &q, tell, NULL), 0);
	test_equal_text(told, "gone=no;later,u;list,x,y,z;plain;true,x,y;");
	told[0] = 0;
	test_equal(registry_grant_each(&table, &q, tell, (void *)"later"), -ECANCELED);
	test_equal_text(told, "gone=no;later,u;");
	end();
}

/* A denial takes away what weaker files give, with the values. */
TEST(values_above_a_denial)
{
	struct registry_grant_question q = { &subject, "Class", NULL, 0 };

	begin();
	add(1, "[Grant a]\nEntitlement=e\nValue=x\nAllow=*\n");
	add(2, "[Grant b]\nEntitlement=e\nDeny=*\n");
	add(3, "[Grant c]\nEntitlement=e\nValue=y\nAllow=*\n");
	seal();
	told[0] = 0;
	test_equal(registry_grant_each(&table, &q, tell, NULL), 0);
	test_equal_text(told, "e,y;");
	end();
}

TEST_MAIN
