// SPDX-License-Identifier: MIT
#include "registry/notes.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/home.h"
#include "registry/spawn.h"

/* Links, named after what they are about as its own name may be longer than names in folders. */
#define MARK REGISTRY_NOTES_MARK
#define GENERATION MARK "generation" /* to the number */
#define BUNDLE MARK "%016llx"	     /* of an identifier, to the path or UNLOADED */
#define QUARANTINE MARK "!%016llx"   /* of a server, to its name */
#define UNLOADED "-"
enum { LINK_MAX = 32 };

static unsigned long long hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

static bool read_link(int folder, const char *link, char *text, size_t size)
{
	ssize_t n = readlinkat(folder, link, text, size - 1);

	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* --- generations ------------------------------------------------------------------------------ */

unsigned registry_notes_next_generation(const char *socket_path)
{
	scope_fd int folder = -1;
	char text[16];
	unsigned last;

	if (registry_home_open(socket_path, &folder) ||
	    !read_link(folder, GENERATION, text, sizeof(text)) || sscanf(text, "%u", &last) != 1 ||
	    last >= INT_MAX)
		return 0;
	return last + 1;
}

static void note_generation(const struct registry *r)
{
	scope_fd int folder = -1;
	char text[16];

	if (registry_home_open(r->socket_path, &folder))
		return;
	snprintf(text, sizeof(text), "%u", r->generation);
	err_t err = registry_home_link(folder, GENERATION, text);
	if (err)
		log_warning("another registry will not know that it is one: %s", strerror(-err));
}

/* --- bundles ------------------------------------------------------------------------------------ */

void registry_notes_bundle(const struct registry *r, const char *identifier, const char *path)
{
	scope_fd int folder = -1;
	char link[LINK_MAX];

	if (registry_home_open(r->socket_path, &folder))
		return;
	snprintf(link, sizeof(link), BUNDLE, hash_of(identifier));
	err_t err = registry_home_link(folder, link, path ? path : UNLOADED);
	if (err)
		log_warning("another registry will not know that %s was %s: %s", identifier,
			    path ? "loaded" : "unloaded", strerror(-err));
}

/* The bundle of that identifier from elsewhere makes room. */
static void recall_bundle(struct registry *r, unsigned long long hash, const char *path)
{
	list_for_each_safe(l, &r->catalogue.bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);

		if (hash_of(b->identifier) == hash && strcmp(b->path, path))
			registry_catalogue_remove(&r->catalogue, b);
	}
	if (strcmp(path, UNLOADED))
		registry_catalogue_add(&r->catalogue, path, NULL, NULL);
}

/* --- quarantines -------------------------------------------------------------------------------- */

void registry_notes_quarantine(const struct registry *r, const char *server, bool is_quarantined)
{
	scope_fd int folder = -1;
	char link[LINK_MAX];
	err_t err = 0;

	if (registry_home_open(r->socket_path, &folder))
		return;
	snprintf(link, sizeof(link), QUARANTINE, hash_of(server));
	if (is_quarantined)
		err = registry_home_link(folder, link, server);
	else
		unlinkat(folder, link, 0);
	if (err)
		log_warning("another registry will start the host of %s again: %s", server,
			    strerror(-err));
}

/* --- all of them -------------------------------------------------------------------------------- */

/* Is NAME a link that FORMAT makes? */
static bool is_link(const char *name, const char *format, unsigned long long *ret_hash)
{
	int end = 0;

	return sscanf(name, format, ret_hash, &end) == 1 && !name[end];
}

static void recall_link(struct registry *r, int folder, const char *name)
{
	char text[PATH_MAX];
	unsigned long long hash;

	if (!read_link(folder, name, text, sizeof(text)))
		return;
	if (is_link(name, BUNDLE "%n", &hash))
		recall_bundle(r, hash, text);
	else if (is_link(name, QUARANTINE "%n", &hash) && hash_of(text) == hash)
		registry_server_quarantine(r, text);
}

static void remove_link(struct registry *r, int folder, const char *name)
{
	if (!strncmp(name, MARK, strlen(MARK)))
		unlinkat(folder, name, 0);
}

void registry_notes_recall(struct registry *r)
{
	registry_home_each(r, r->generation ? recall_link : remove_link);
	note_generation(r);
}

void registry_notes_forget(struct registry *r)
{
	registry_home_each(r, remove_link);
}
