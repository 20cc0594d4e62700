// SPDX-License-Identifier: MIT
/* Session control: load, unload, status, stop. For the session's own uid and root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/bind.h"
#include "registry/lifecycle.h"
#include "registry/notes.h"
#include "registry/policy.h"
#include "registry/spawn.h"
#include "registry/status.h"
#include "registry/text.h"
#include "registry/tray.h"
#include "wire/publish.h"

enum { WORDS_MAX = 10240 }; /* of an answer, that may name two paths */

/* Reply with a text: what was done, or why not. */
static err_t reply_words(struct registry_peer *peer, const struct wire_header *request,
			 IOReturn status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static err_t reply_words(struct registry_peer *peer, const struct wire_header *request,
			 IOReturn status, const char *format, ...)
{
	char text[WORDS_MAX];
	struct wire_text_reply reply = { text };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (wire_peer_reply(peer->wire, request, &wire_text_reply_layout, status, &reply, NULL,
			    0) == -ENOMEM)
		registry_peer_status(peer, request, kIOReturnNoMemory);
	return 0;
}

static bool is_allowed(struct registry_peer *peer)
{
	return registry_policy_may_provide(peer->registry, &peer->subject.who);
}

/* Loading is also how a quarantined driver gets another chance. */
static void pardon_servers(struct registry *r, const struct registry_bundle *bundle)
{
	list_for_each(l, &r->catalogue.personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);
		struct registry_server *s = registry_server_find(r, p->server);

		if (s && p->bundle == bundle)
			registry_server_pardon(s);
	}
}

static bool is_bundle_path(const char *path)
{
	char file[WIRE_PATH_MAX + 32];
	struct stat st;

	for (int i = 0; i < 2; i++) {
		snprintf(file, sizeof(file), i ? "%s/Contents/Info.plist" : "%s/Info.plist", path);
		if (!stat(file, &st))
			return true;
	}
	size_t n = strlen(path);
	return n > 5 && !strcmp(path + n - 5, ".dext");
}

static void remove_bundle(struct registry *r, struct registry_bundle *bundle);

/* Whether what is at PATH now can take the place of OLD; if not, WHY, of WORDS_MAX bytes. */
static bool can_replace(const struct registry *r, const char *path,
			const struct registry_bundle *old, char *why)
{
	struct registry_bundle *b;

	why[0] = 0;
	if (registry_bundle_read(path, &b)) {
		snprintf(why, WORDS_MAX, "%s", strerror(ENOMEM));
		return false;
	}
	const struct registry_bundle *other = registry_catalogue_find(&r->catalogue, b->identifier);
	if (b->problem)
		snprintf(why, WORDS_MAX, "%s", b->problem);
	else if (other && other != old && !other->problem)
		snprintf(why, WORDS_MAX, "%s is loaded from %s", b->identifier, other->path);
	registry_bundle_free(b);
	return !why[0];
}

/* Load the bundle at PATH, which is a real one. If it is there but its files are others by now, the old version
 * ends with its hosts, which start again with the new one. WORDS: what was loaded, or why not. */
static IOReturn load_bundle(struct registry *r, const char *path, size_t *ret_added, char *words)
{
	struct registry_bundle *bundle = registry_catalogue_find_path(&r->catalogue, path);

	*ret_added = 0;
	if (bundle && !bundle->problem && registry_bundle_is_changed(bundle)) {
		char why[WORDS_MAX];

		if (!can_replace(r, path, bundle, why)) {
			snprintf(words, WORDS_MAX,
				 "%s: the new version cannot be used (%s); the old one stays", path,
				 why);
			return kIOReturnError;
		}
		log_info("%s: another version takes the place of %s", path, bundle->version);
		remove_bundle(r, bundle);
	}
	err_t err = registry_catalogue_add(&r->catalogue, path, ret_added, &bundle);
	if (err) {
		snprintf(words, WORDS_MAX, "%s: %s", path, strerror(-err));
		return kIOReturnNoMemory;
	}
	if (bundle->problem) {
		snprintf(words, WORDS_MAX, "%s: %s", path, bundle->problem);
		return kIOReturnError;
	}
	if (strcmp(bundle->path, path)) {
		snprintf(words, WORDS_MAX, "%s: %s is loaded from %s; unload it first", path,
			 bundle->identifier, bundle->path);
		return kIOReturnError;
	}
	pardon_servers(r, bundle);
	registry_notes_bundle(r, bundle->identifier, path);
	snprintf(words, WORDS_MAX, "%s", bundle->identifier);
	return kIOReturnSuccess;
}

struct loading {
	struct registry *registry;
	size_t n_bundles, added, refused;
	char *words; /* why the first one that is not loaded is not; of WORDS_MAX bytes */
};

static void load_scanned(void *context, const char *path)
{
	struct loading *l = context;
	scope_free char *real = realpath(path, NULL);
	char other[WORDS_MAX];
	size_t added;

	l->n_bundles++;
	if (load_bundle(l->registry, real ? real : path, &added, l->refused ? other : l->words))
		l->refused++;
	l->added += added;
}

/* Every bundle of the folder at PATH. */
static IOReturn load_folder(struct registry *r, const char *path, char *words)
{
	struct loading l = { .registry = r, .words = words };
	err_t err = registry_bundle_scan(path, load_scanned, &l);

	if (err) {
		snprintf(words, WORDS_MAX, "%s: %s", path, strerror(-err));
		return kIOReturnNotFound;
	}
	if (!l.n_bundles) {
		snprintf(words, WORDS_MAX, "%s: there are no driver bundles (Name.dext) in it",
			 path);
		return kIOReturnNotFound;
	}
	if (!l.refused) {
		snprintf(words, WORDS_MAX, "bundles: %zu, new personalities: %zu", l.n_bundles,
			 l.added);
		return kIOReturnSuccess;
	}
	size_t n = strlen(words);
	if (l.refused > 1)
		snprintf(words + n, WORDS_MAX - n, " (and %zu more)", l.refused - 1);
	return kIOReturnError;
}

static err_t handle_load(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_load *request = message;
	struct registry *r = peer->registry;
	char words[WORDS_MAX];
	size_t added;

	/* Before anything is looked at: files may be where every look takes its time. */
	if (!is_allowed(peer))
		return reply_words(peer, &frame->header, kIOReturnNotPrivileged,
				   "only the session's own user may load drivers");
	scope_free char *path = realpath(request->text, NULL);
	if (request->text[0] != '/' || !path)
		return reply_words(peer, &frame->header, kIOReturnNotFound, "%s: %s", request->text,
				   path ? "not an absolute path" : strerror(errno));
	IOReturn status = is_bundle_path(path) ? load_bundle(r, path, &added, words)
					       : load_folder(r, path, words);
	registry_bind_catalogue(r);
	registry_await_return(r);
	return reply_words(peer, &frame->header, status, "%s", words);
}

/* Terminate what SERVER has started and end its process. */
static void end_server(struct registry *r, struct registry_server *s)
{
	while (s->peer) {
		struct registry_entry *found = NULL;

		list_for_each(l, &s->peer->entries) {
			struct registry_entry *e =
				container_of(l, struct registry_entry, owner_link);

			if (!registry_entry_is_inactive(e)) {
				found = registry_entry_ref(e);
				break;
			}
		}
		if (!found)
			break;
		registry_lifecycle_terminate(r, found, 0, NULL, false);
		registry_entry_unref(found);
	}
	registry_server_retire(s);
}

/* Does the host of SERVER serve BUNDLE, or nobody any more? */
static bool is_host_of(const struct registry *r, const char *server,
		       const struct registry_bundle *bundle)
{
	bool is_used = false;

	list_for_each(l, &r->catalogue.personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);

		if (strcmp(p->server, server))
			continue;
		if (p->bundle == bundle)
			return true;
		is_used = true;
	}
	return !is_used;
}

/* Its hosts end, whatever else they serve, for they have its code. What that was is started again. */
static void remove_bundle(struct registry *r, struct registry_bundle *bundle)
{
	list_for_each_safe(l, &r->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);

		if (!s->is_bridge && is_host_of(r, s->name, bundle))
			end_server(r, s);
	}
	registry_catalogue_remove(&r->catalogue, bundle);
}

static err_t handle_unload(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_load *request = message;
	struct registry *r = peer->registry;
	struct registry_bundle *bundle = registry_catalogue_find(&r->catalogue, request->text);

	if (!is_allowed(peer))
		return reply_words(peer, &frame->header, kIOReturnNotPrivileged,
				   "only the session's own user may unload drivers");
	if (!bundle || !request->text[0])
		return reply_words(
			peer, &frame->header, kIOReturnNotFound,
			"%s: no bundle of that identifier is loaded; `portico list` shows them",
			request->text);
	registry_notes_bundle(r, bundle->identifier, NULL);
	remove_bundle(r, bundle);
	registry_bind_catalogue(r);
	registry_await_return(r);
	return reply_words(peer, &frame->header, kIOReturnSuccess, "%s", request->text);
}

static err_t handle_status(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	registry_trays_take(peer->registry);
	return registry_status_read(peer, &frame->header);
}

static err_t handle_stop_session(struct registry_peer *peer, struct wire_frame *frame,
				 void *message)
{
	struct registry *r = peer->registry;

	if (!is_allowed(peer) || !r->stop)
		return registry_peer_status(peer, &frame->header,
					    r->stop ? kIOReturnNotPrivileged
						    : kIOReturnUnsupported);
	registry_peer_status(peer, &frame->header, kIOReturnSuccess);
	r->stop(r->stop_context);
	return 0;
}

static err_t handle_restart_session(struct registry_peer *peer, struct wire_frame *frame,
				    void *message)
{
	struct registry *r = peer->registry;

	if (!is_allowed(peer) || !r->restart)
		return registry_peer_status(peer, &frame->header,
					    r->restart ? kIOReturnNotPrivileged
						       : kIOReturnUnsupported);
	registry_peer_status(peer, &frame->header, kIOReturnSuccess);
	r->restart(r->stop_context);
	return 0;
}

const struct registry_handler registry_control_handlers[] = {
	{ &wire_load_layout, handle_load },
	{ &wire_unload_layout, handle_unload },
	{ &wire_status_layout, handle_status },
	{ &wire_stop_session_layout, handle_stop_session },
	{ &wire_restart_session_layout, handle_restart_session },
};
const size_t registry_n_control_handlers =
	sizeof(registry_control_handlers) / sizeof(registry_control_handlers[0]);
