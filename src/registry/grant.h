// SPDX-License-Identifier: MIT
/*
 * A table of grants: which subjects hold which entitlements for which services,
 * and who may open what. Filled by registry_grant_text_read (grant_text.h),
 * sealed, then only read. Decisions are pure: they look at the table and at the
 * question, at nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "registry/subject.h"

enum {
	REGISTRY_GRANTS_MAX = 4096,	 /* sections of one table */
	REGISTRY_GRANT_WORDS_MAX = 1024, /* of one section */
	REGISTRY_GRANT_NAME_MAX = 255,	 /* bytes of an entitlement's name */
};

/* Keys of a section. */
enum registry_grant_key {
	REGISTRY_GRANT_ENTITLEMENT,
	REGISTRY_GRANT_VALUE,
	REGISTRY_GRANT_SERVICE,
	REGISTRY_GRANT_TYPE,
	REGISTRY_GRANT_ALLOW,
	REGISTRY_GRANT_DENY,
	REGISTRY_GRANT_KEYS
};

/* What a word of Allow and Deny looks at. */
enum registry_grant_who {
	REGISTRY_WHO_EVERYBODY,
	REGISTRY_WHO_OWNER,  /* of the session */
	REGISTRY_WHO_NOBODY, /* a user or group that does not exist */
	REGISTRY_WHO_USER,
	REGISTRY_WHO_GROUP,
	REGISTRY_WHO_LABEL,
	REGISTRY_WHO_UNIT,
	REGISTRY_WHO_APP,
};

struct registry_grant_word {
	const char *text;  /* as it is compared; in the table's texts */
	const char *shown; /* as it was written */
	uint32_t number;   /* of a user, group or type */
	uint8_t key;	   /* enum registry_grant_key */
	uint8_t who;	   /* enum registry_grant_who */
	bool is_prefix;	   /* TEXT was followed by an asterisk */
};

struct registry_grant {
	const char *name, *file; /* in the table's texts */
	unsigned line, force;	 /* the larger force wins */
	bool is_bad;		 /* could not be understood: denies what it names */
	bool is_for_opening;	 /* as well as for the entitlements that it names */
	bool is_unread;		 /* stands for a file that could not be read: denies everything */
	struct registry_grant_word *words;
	size_t n_words;
};

struct registry_grant_entry; /* an entitlement's name and a grant that names it */

struct registry_grant_table {
	uid_t owner; /* of the session */
	struct registry_grant *grants;
	size_t n_grants;
	void **texts; /* copies of the files; what all texts are part of */
	size_t n_texts;
	struct registry_grant_entry *index; /* sorted by name; those without one first */
	size_t n_index;
	const struct registry_grant *unread; /* the strongest of that kind; NULL: none */
};

/* No grants. Accepts what fini has left. */
void registry_grant_table_init(struct registry_grant_table *table, uid_t owner);
void registry_grant_table_fini(struct registry_grant_table *table);
/* A copy of SIZE bytes and a NUL that lives as long as the table; NULL: no memory. */
char *registry_grant_table_keep(struct registry_grant_table *table, const void *bytes, size_t size);
/* One more, all zero, valid until the next call. NULL: over REGISTRY_GRANTS_MAX (-E2BIG) or no
 * memory. */
err_t registry_grant_table_add(struct registry_grant_table *table,
			       struct registry_grant **ret_grant);
/* FILE of FORCE cannot be read and may say anything: everybody is denied everything that no stronger
 * grant allows. */
err_t registry_grant_table_add_unread(struct registry_grant_table *table, const char *file,
				      unsigned force);
/* Nothing is added any more: decisions may be asked for. */
err_t registry_grant_table_seal(struct registry_grant_table *table);

struct registry_grant_question {
	const struct registry_subject *subject;
	const char *class_name, *bundle; /* of the service; NULL: no service, no bundle */
	uint32_t type;			 /* of the user client */
};

enum registry_verdict {
	REGISTRY_NOT_GRANTED,
	REGISTRY_GRANTED,
	REGISTRY_DENIED, /* by a grant at least as strong as any that allows */
};

/* Does QUESTION's subject hold ENTITLEMENT; NULL: may it open the service at all. RET_GRANT (may be
 * NULL): which one decided, if any did. */
enum registry_verdict registry_grant_decide(const struct registry_grant_table *table,
					    const struct registry_grant_question *question,
					    const char *entitlement,
					    const struct registry_grant **ret_grant);

/* Does GRANT speak of the service and type of QUESTION? */
bool registry_grant_concerns(const struct registry_grant *grant,
			     const struct registry_grant_question *question);
/* Does a word of KEY (ALLOW or DENY) mean the subject? What is not known of it is never allowed and
 * always denied. */
bool registry_grant_means(const struct registry_grant_table *table,
			  const struct registry_grant *grant, enum registry_grant_key key,
			  const struct registry_subject *subject);

/* Each entitlement that is named anywhere and that the subject holds or is denied, in the order of
 * names. VALUES, N_VALUES: the values of all grants that give it, doubles included; none: it is just
 * true. Return false to stop. */
typedef bool (*registry_grant_fn)(void *context, const char *entitlement,
				  enum registry_verdict verdict, const char *const *values,
				  size_t n_values);
/* -ENOMEM, or -ECANCELED when FN said stop. */
err_t registry_grant_each(const struct registry_grant_table *table,
			  const struct registry_grant_question *question, registry_grant_fn fn,
			  void *context);
