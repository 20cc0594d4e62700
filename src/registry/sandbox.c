// SPDX-License-Identifier: MIT
#include "registry/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "registry/catalogue.h"
#include "registry/text.h"
#include "wire/protocol.h"

enum { ELEMENTS_MAX = 64 }; /* of one array */

enum value_kind { PATHS, NAMES, NUMBER, FLAG };

struct key {
	const char *name, *option; /* of portico-host; NULL: not passed on */
	enum value_kind kind;
	int (*number_of)(const char *name); /* NAMES: -1 for an unknown one */
	int64_t min, max;		    /* NUMBER */
};

static const struct key keys[] = {
	{ "MinimumTier", NULL, NUMBER, NULL, SANDBOX_SELF, SANDBOX_TIER_MAX },
	{ "Devices", "--device", PATHS },
	{ "ReadOnlyPaths", "--read", PATHS },
	{ "ReadWritePaths", "--write", PATHS },
	{ "SocketFamilies", "--family", NAMES, sandbox_family },
	{ "Capabilities", "--capability", NAMES, sandbox_capability },
	{ "Processes", "--processes", FLAG },
	{ "ExecutableMemory", "--executable-memory", FLAG },
	{ "MemoryLimit", "--memory", NUMBER, NULL, 16 << 20, INT64_MAX },
	{ "ThreadLimit", "--threads", NUMBER, NULL, 16, 1 << 20 },
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

/* --- checking ------------------------------------------------------------------------------ */

static bool complain(char *why, const char *format, const char *a, const char *b)
{
	snprintf(why, REGISTRY_SANDBOX_WHY_MAX, format, a, b);
	return false;
}

/* Whole and without "..": what is shown to people is what is granted. */
static bool is_plain_path(const char *path)
{
	if (path[0] != '/' || !path[strspn(path, "/.")])
		return false;
	for (const char *at = path; (at = strstr(at, "/..")); at += 3)
		if (!at[3] || at[3] == '/')
			return false;
	return true;
}

static bool check_text(const struct key *key, CFTypeRef value, char *why)
{
	char text[WIRE_PATH_MAX];

	if (!registry_text_get(value, text, sizeof(text)))
		return complain(why, "PorticoSandbox: %s holds something that is no string%s",
				key->name, "");
	if (key->kind == PATHS && !is_plain_path(text))
		return complain(why, "PorticoSandbox: %s: \"%.300s\" is no absolute path below /",
				key->name, text);
	if (key->kind == NAMES && key->number_of(text) < 0)
		return complain(why, "PorticoSandbox: %s: \"%.300s\" is unknown", key->name, text);
	return true;
}

static bool check_value(const struct key *key, CFTypeRef value, char *why)
{
	int64_t number;

	if (key->kind == FLAG)
		return CFGetTypeID(value) == CFBooleanGetTypeID()
			     ? true
			     : complain(why, "PorticoSandbox: %s is no boolean%s", key->name, "");
	if (key->kind == NUMBER)
		return registry_number_get(value, &number) && number >= key->min &&
				       number <= key->max
			     ? true
			     : complain(why, "PorticoSandbox: %s is no number that it may be%s",
					key->name, "");
	if (!registry_is_array(value))
		return complain(why, "PorticoSandbox: %s is no array%s", key->name, "");
	if (CFArrayGetCount(value) > ELEMENTS_MAX)
		return complain(why, "PorticoSandbox: %s has too many elements%s", key->name, "");
	for (CFIndex i = 0; i < CFArrayGetCount(value); i++)
		if (!check_text(key, CFArrayGetValueAtIndex(value, i), why))
			return false;
	return true;
}

static const struct key *find_key(CFTypeRef name)
{
	for (int i = 0; i < N_KEYS; i++)
		if (registry_text_equals(name, keys[i].name))
			return &keys[i];
	return NULL;
}

struct checking {
	bool is_right;
	char *why;
};

static void check_entry(const void *name, const void *value, void *context)
{
	struct checking *c = context;
	char text[128] = "a key";

	if (!c->is_right)
		return;
	const struct key *key = find_key(name);
	registry_text_get(name, text, sizeof(text));
	c->is_right = key ? check_value(key, value, c->why)
			  : complain(c->why, "PorticoSandbox: %s is no key of it%s", text, "");
}

bool registry_sandbox_check(CFTypeRef declaration, char why[REGISTRY_SANDBOX_WHY_MAX])
{
	struct checking c = { true, why };

	if (!declaration)
		return true;
	if (!registry_is_dictionary(declaration))
		return complain(why, "PorticoSandbox is no dictionary%s%s", "", "");
	CFDictionaryApplyFunction(declaration, check_entry, &c);
	return c.is_right;
}

/* --- a host's needs ------------------------------------------------------------------------ */

static err_t add(struct registry_needs *needs, const char *text)
{
	char **more = realloc(needs->arguments, (needs->n_arguments + 2) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	needs->arguments = more;
	more[needs->n_arguments] = strdup(text);
	more[needs->n_arguments + 1] = NULL;
	return more[needs->n_arguments++] ? 0 : -ENOMEM;
}

err_t registry_needs_add(struct registry_needs *needs, const char *option, const char *value)
{
	err_t err = add(needs, option);

	return err ? err : add(needs, value);
}

static err_t add_texts(struct registry_needs *needs, const struct key *key, CFArrayRef values)
{
	char text[WIRE_PATH_MAX];
	err_t err = 0;

	for (CFIndex i = 0; !err && i < CFArrayGetCount(values); i++)
		if (registry_text_get(CFArrayGetValueAtIndex(values, i), text, sizeof(text)))
			err = registry_needs_add(needs, key->option, text);
	return err;
}

static err_t add_number(struct registry_needs *needs, const struct key *key, int64_t number)
{
	char text[32];

	if (!key->option) {
		if (number > needs->minimum)
			needs->minimum = (unsigned)number;
		needs->is_stated = true;
		return 0;
	}
	snprintf(text, sizeof(text), "%lld", (long long)number);
	return registry_needs_add(needs, key->option, text);
}

static err_t add_value(struct registry_needs *needs, const struct key *key, CFTypeRef value)
{
	int64_t number = 0;

	if (key->kind == PATHS || key->kind == NAMES)
		return add_texts(needs, key, value);
	if (key->kind == FLAG)
		return value == kCFBooleanTrue ? add(needs, key->option) : 0;
	registry_number_get(value, &number);
	return add_number(needs, key, number);
}

/* A bundle's program may be a link to where it was built. */
static err_t add_linked_program(struct registry_needs *needs, const struct registry_bundle *bundle)
{
	char path[WIRE_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", bundle->path, bundle->executable) >=
	    (int)sizeof(path))
		return 0;
	scope_free char *program = realpath(path, NULL);
	scope_free char *folder = realpath(bundle->path, NULL);
	if (!program || !folder)
		return 0;
	size_t n = strlen(folder);
	bool is_inside = !strncmp(program, folder, n) && program[n] == '/';
	return is_inside ? 0 : registry_needs_add(needs, "--read", program);
}

static err_t add_bundle(struct registry_needs *needs, const struct registry_bundle *bundle)
{
	err_t err = registry_needs_add(needs, "--bundle", bundle->path);

	if (!err)
		err = add_linked_program(needs, bundle);
	for (int i = 0; bundle->sandbox && !err && i < N_KEYS; i++) {
		scope_cf CFStringRef name = registry_text_new(keys[i].name);
		CFTypeRef value = name ? CFDictionaryGetValue(bundle->sandbox, name) : NULL;

		if (value)
			err = add_value(needs, &keys[i], value);
	}
	return err;
}

static bool has_personality(const struct registry_catalogue *catalogue,
			    const struct registry_bundle *bundle, const char *server)
{
	list_for_each(l, &catalogue->personalities) {
		const struct registry_personality *p =
			container_of(l, struct registry_personality, link);

		if (p->bundle == bundle && !strcmp(p->server, server))
			return true;
	}
	return false;
}

err_t registry_needs_collect(const struct registry_catalogue *catalogue, const char *server,
			     struct registry_needs *ret_needs)
{
	err_t err = 0;

	*ret_needs = (struct registry_needs){ .minimum = SANDBOX_SELF };
	list_for_each(l, &catalogue->bundles) {
		const struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (!err && !b->problem && has_personality(catalogue, b, server))
			err = add_bundle(ret_needs, b);
	}
	return err;
}

void registry_needs_fini(struct registry_needs *needs)
{
	for (size_t i = 0; i < needs->n_arguments; i++)
		free(needs->arguments[i]);
	free(needs->arguments);
}
