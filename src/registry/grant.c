// SPDX-License-Identifier: MIT
#include "registry/grant.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/text.h"

enum { FILES_MAX = 8, LOOK_UP_ROOM = 16384 };

struct rule {
	bool has_user, has_group;
	uid_t user;
	gid_t group;
	char *executable;	      /* NULL: any */
	CFDictionaryRef entitlements; /* of a grant */
	CFArrayRef services;	      /* of an authorization; NULL: all */
	bool allow;
};

struct file {
	char *path;
	struct stat seen; /* the state that the rules are from; all zero: no file */
	struct rule *grants, *authorizations;
	size_t n_grants, n_authorizations;
};

struct registry_grants {
	struct file files[FILES_MAX];
	size_t n_files;
};

/* --- rules ------------------------------------------------------------------------- */

static void rule_fini(struct rule *rule)
{
	free(rule->executable);
	if (rule->entitlements)
		CFRelease(rule->entitlements);
	if (rule->services)
		CFRelease(rule->services);
}

static struct rule *rules_free(struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule_fini(&rules[i]);
	free(rules);
	return NULL;
}

/* A number, or a name that is known here. */
static bool read_user(CFTypeRef value, struct rule *rule)
{
	char name[256], room[LOOK_UP_ROOM];
	struct passwd entry, *found = NULL;
	int64_t number;

	rule->has_user = true;
	if (registry_number_get(value, &number)) {
		rule->user = (uid_t)number;
		return number >= 0 && number < UINT_MAX;
	}
	if (!registry_text_get(value, name, sizeof(name)) ||
	    getpwnam_r(name, &entry, room, sizeof(room), &found) || !found)
		return false;
	rule->user = found->pw_uid;
	return true;
}

static bool read_group(CFTypeRef value, struct rule *rule)
{
	char name[256], room[LOOK_UP_ROOM];
	struct group entry, *found = NULL;
	int64_t number;

	rule->has_group = true;
	if (registry_number_get(value, &number)) {
		rule->group = (gid_t)number;
		return number >= 0 && number < UINT_MAX;
	}
	if (!registry_text_get(value, name, sizeof(name)) ||
	    getgrnam_r(name, &entry, room, sizeof(room), &found) || !found)
		return false;
	rule->group = found->gr_gid;
	return true;
}

static bool read_executable(CFTypeRef value, struct rule *rule)
{
	char path[PATH_MAX];

	if (!registry_text_get(value, path, sizeof(path)) || path[0] != '/')
		return false;
	rule->executable = strdup(path);
	return rule->executable != NULL;
}

/* A dictionary as it is; an array of names means that each is true. */
static bool read_entitlements(CFTypeRef value, struct rule *rule)
{
	if (registry_is_dictionary(value)) {
		rule->entitlements = CFRetain(value);
		return true;
	}
	if (!registry_is_array(value))
		return false;
	CFMutableDictionaryRef all = registry_dictionary_new();
	rule->entitlements = all;
	for (CFIndex i = 0; all && i < CFArrayGetCount(value); i++) {
		CFTypeRef name = CFArrayGetValueAtIndex(value, i);

		if (!registry_is_string(name))
			return false;
		CFDictionarySetValue(all, name, kCFBooleanTrue);
	}
	return all != NULL;
}

static bool read_services(CFTypeRef value, struct rule *rule)
{
	if (!registry_is_array(value))
		return false;
	rule->services = CFRetain(value);
	return true;
}

static bool read_allow(CFTypeRef value, struct rule *rule)
{
	rule->allow = value == kCFBooleanTrue;
	return rule->allow || value == kCFBooleanFalse;
}

struct reading {
	struct rule rule;
	bool is_grant, is_valid, has_allow;
};

/* A key that is not known could have been meant to narrow the rule. */
static void read_key(const void *key, const void *value, void *context)
{
	struct reading *reading = context;
	bool is_read;

	if (registry_text_equals(key, "User"))
		is_read = read_user(value, &reading->rule);
	else if (registry_text_equals(key, "Group"))
		is_read = read_group(value, &reading->rule);
	else if (registry_text_equals(key, "Executable"))
		is_read = read_executable(value, &reading->rule);
	else if (reading->is_grant)
		is_read = registry_text_equals(key, "Entitlements") &&
			  read_entitlements(value, &reading->rule);
	else if (registry_text_equals(key, "Services"))
		is_read = read_services(value, &reading->rule);
	else
		is_read = registry_text_equals(key, "Allow") &&
			  (reading->has_allow = read_allow(value, &reading->rule));
	reading->is_valid &= is_read;
}

static bool read_rule(CFTypeRef value, bool is_grant, struct rule *ret_rule)
{
	struct reading reading = { .is_grant = is_grant, .is_valid = true };
	struct rule *rule = &reading.rule;

	if (!registry_is_dictionary(value))
		return false;
	CFDictionaryApplyFunction(value, read_key, &reading);
	if (reading.is_valid && (rule->has_user || rule->has_group || rule->executable) &&
	    (is_grant ? rule->entitlements != NULL : reading.has_allow)) {
		*ret_rule = *rule;
		return true;
	}
	rule_fini(rule);
	return false;
}

static void read_rules(const struct file *file, CFDictionaryRef plist, CFStringRef key,
		       bool is_grant, struct rule **ret_rules, size_t *ret_count)
{
	CFTypeRef list = CFDictionaryGetValue(plist, key);
	CFIndex count = registry_is_array(list) ? CFArrayGetCount(list) : 0;
	struct rule *rules = NULL;
	size_t n = 0;

	if (list && !registry_is_array(list))
		log_warning("%s: a list of rules is no array", file->path);
	if (count > REGISTRY_GRANT_RULES_MAX) {
		log_warning("%s: more than %d rules", file->path, REGISTRY_GRANT_RULES_MAX);
		count = 0;
	}
	if (count)
		rules = calloc((size_t)count, sizeof(*rules));
	for (CFIndex i = 0; rules && i < count; i++) {
		if (read_rule(CFArrayGetValueAtIndex(list, i), is_grant, &rules[n]))
			n++;
		else
			log_warning("%s: %s %ld cannot be understood and counts for nothing",
				    file->path, is_grant ? "grant" : "authorization", (long)i);
	}
	*ret_rules = rules;
	*ret_count = n;
}

/* --- files -------------------------------------------------------------------------- */

static const char *find_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "it is no regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "neither root nor the session's owner owns it";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "others may write it";
	if (st->st_size > REGISTRY_GRANT_FILE_MAX)
		return "it is too large";
	return NULL;
}

static CFDictionaryRef parse(int fd, size_t size)
{
	scope_free UInt8 *bytes = malloc(size + 1);
	ssize_t n = bytes ? pread(fd, bytes, size, 0) : -1;
	scope_cf CFDataRef data = n > 0 ? CFDataCreate(NULL, bytes, n) : NULL;
	CFTypeRef plist = data ? CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable,
							      NULL, NULL)
			       : NULL;

	if (plist && !registry_is_dictionary(plist)) {
		CFRelease(plist);
		plist = NULL;
	}
	return plist;
}

static void read_file(struct file *file, int fd, const struct stat *st)
{
	const char *fault = find_fault(st);

	if (fault) {
		log_warning("policy %s counts for nothing: %s", file->path, fault);
		return;
	}
	scope_cf CFDictionaryRef plist = parse(fd, (size_t)st->st_size);
	if (!plist) {
		log_warning("policy %s counts for nothing: it is no property list with a "
			    "dictionary",
			    file->path);
		return;
	}
	read_rules(file, plist, CFSTR("Grants"), true, &file->grants, &file->n_grants);
	read_rules(file, plist, CFSTR("Authorizations"), false, &file->authorizations,
		   &file->n_authorizations);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_uid == b->st_uid && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Look whether the file has changed and read it again if so. */
static void refresh(struct file *file)
{
	struct stat st = { 0 };

	if (stat(file->path, &st))
		st = (struct stat){ 0 };
	if (is_same(&st, &file->seen))
		return;
	file->grants = rules_free(file->grants, file->n_grants);
	file->authorizations = rules_free(file->authorizations, file->n_authorizations);
	file->n_grants = file->n_authorizations = 0;
	file->seen = (struct stat){ 0 };
	/* Not blocked by a FIFO; what is opened is what is judged. */
	scope_fd int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return;
	file->seen = st;
	read_file(file, fd, &st);
}

static void add_file(struct registry_grants *grants, const char *path)
{
	if (grants->n_files == FILES_MAX)
		return;
	grants->files[grants->n_files].path = strdup(path);
	if (grants->files[grants->n_files].path)
		grants->n_files++;
}

static void add_default_files(struct registry_grants *grants, bool system)
{
	const char *own = getenv("PORTICO_POLICY"), *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	if (own && *own) {
		add_file(grants, own);
		return;
	}
	add_file(grants, "/etc/portico/policy.plist");
	if (system)
		return;
	if (config && *config == '/')
		snprintf(path, sizeof(path), "%s/portico/policy.plist", config);
	else if (home && *home == '/')
		snprintf(path, sizeof(path), "%s/.config/portico/policy.plist", home);
	else
		return;
	add_file(grants, path);
}

err_t registry_grants_new(const char *const *paths, bool system,
			  struct registry_grants **ret_grants)
{
	struct registry_grants *grants = calloc(1, sizeof(*grants));

	if (!grants)
		return -ENOMEM;
	if (!paths)
		add_default_files(grants, system);
	for (; paths && *paths; paths++)
		add_file(grants, *paths);
	*ret_grants = grants;
	return 0;
}

struct registry_grants *registry_grants_free(struct registry_grants *grants)
{
	for (size_t i = 0; grants && i < grants->n_files; i++) {
		struct file *file = &grants->files[i];

		rules_free(file->grants, file->n_grants);
		rules_free(file->authorizations, file->n_authorizations);
		free(file->path);
	}
	free(grants);
	return NULL;
}

/* --- decisions ------------------------------------------------------------------------- */

/* It is the file at PATH that runs, and nobody but root or the owner can have put it there. */
static bool is_executable(const struct registry_subject *subject, const char *path)
{
	struct stat st;

	return subject->has_executable && !stat(path, &st) && S_ISREG(st.st_mode) &&
	       (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       st.st_dev == subject->device && st.st_ino == subject->inode;
}

static bool is_in_group(const struct registry_subject *subject, gid_t group)
{
	for (size_t i = 0; i < subject->n_groups; i++)
		if (subject->groups[i] == group)
			return true;
	return subject->who.gid == group;
}

static bool applies(const struct rule *rule, const struct registry_subject *subject)
{
	return (!rule->has_user || rule->user == subject->who.uid) &&
	       (!rule->has_group || is_in_group(subject, rule->group)) &&
	       (!rule->executable || is_executable(subject, rule->executable));
}

static void add_entitlement(const void *name, const void *value, void *context)
{
	if (registry_is_string(name) && !CFDictionaryContainsKey(context, name))
		CFDictionarySetValue(context, name, value);
}

CFMutableDictionaryRef registry_grants_copy(struct registry_grants *grants,
					    const struct registry_subject *subject)
{
	CFMutableDictionaryRef all = registry_dictionary_new();

	for (size_t i = 0; all && i < grants->n_files; i++) {
		struct file *file = &grants->files[i];

		refresh(file);
		for (size_t k = 0; k < file->n_grants; k++)
			if (applies(&file->grants[k], subject))
				CFDictionaryApplyFunction(file->grants[k].entitlements,
							  add_entitlement, all);
	}
	return all;
}

static bool is_meant(const struct rule *rule, CFStringRef class_name, CFTypeRef identifier)
{
	CFRange all = { 0, rule->services ? CFArrayGetCount(rule->services) : 0 };

	if (!rule->services)
		return true;
	return CFArrayContainsValue(rule->services, all, class_name) ||
	       (registry_is_string(identifier) &&
		CFArrayContainsValue(rule->services, all, identifier));
}

IOReturn registry_grants_authorize(struct registry_grants *grants,
				   const struct registry_subject *subject, CFStringRef class_name,
				   CFTypeRef identifier)
{
	for (size_t i = 0; i < grants->n_files; i++) {
		struct file *file = &grants->files[i];

		refresh(file);
		for (size_t k = 0; k < file->n_authorizations; k++) {
			const struct rule *rule = &file->authorizations[k];

			if (applies(rule, subject) && is_meant(rule, class_name, identifier))
				return rule->allow ? kIOReturnSuccess : kIOReturnNotPermitted;
		}
	}
	return kIOReturnNotPrivileged;
}
