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
#include "registry/policy.h"
#include "registry/spawn.h"
#include "registry/status.h"
#include "registry/text.h"
#include "registry/tray.h"
#include "wire/publish.h"

/* Reply with a text: what was done, or why not. */
static err_t reply_words(struct registry_peer *peer, const struct wire_header *request,
			 IOReturn status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static err_t reply_words(struct registry_peer *peer, const struct wire_header *request,
			 IOReturn status, const char *format, ...)
{
	char text[1024];
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

		if (s && (!bundle || p->bundle == bundle))
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

static bool is_usable(const char *path)
{
	struct registry_bundle *b;
	bool usable = !registry_bundle_read(path, &b);

	if (usable) {
		usable = !b->problem;
		registry_bundle_free(b);
	}
	return usable;
}

/* The bundle at PATH is there, but its files are others by now: the old version ends with its hosts, which
 * start again with the new one. */
static void make_room(struct registry *r, const char *path)
{
	struct registry_bundle *old = registry_catalogue_find_path(&r->catalogue, path);

	if (!old || old->problem || !registry_bundle_is_changed(old) || !is_usable(path))
		return;
	log_info("%s: another version takes the place of %s", path, old->version);
	remove_bundle(r, old);
}

static err_t load_bundle(struct registry_peer *peer, const struct wire_header *request,
			 const char *path)
{
	struct registry *r = peer->registry;
	struct registry_bundle *bundle;
	size_t added;

	make_room(r, path);
	err_t err = registry_catalogue_add(&r->catalogue, path, &added, &bundle);
	if (err)
		return reply_words(peer, request, kIOReturnNoMemory, "%s: %s", path,
				   strerror(-err));
	if (bundle->problem)
		return reply_words(peer, request, kIOReturnError, "%s: %s", path, bundle->problem);
	if (registry_bundle_is_changed(bundle))
		return reply_words(peer, request, kIOReturnError,
				   "%s: the new version cannot be used; the old one stays", path);
	pardon_servers(r, bundle);
	registry_bind_catalogue(r);
	return reply_words(peer, request, kIOReturnSuccess, "%s", bundle->identifier);
}

static err_t handle_load(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_load *request = message;
	struct registry *r = peer->registry;
	scope_free char *path = realpath(request->text, NULL);
	size_t added;

	if (!is_allowed(peer))
		return reply_words(peer, &frame->header, kIOReturnNotPrivileged,
				   "only the session's own user may load drivers");
	if (request->text[0] != '/' || !path)
		return reply_words(peer, &frame->header, kIOReturnNotFound, "%s: %s", request->text,
				   path ? "not an absolute path" : strerror(errno));
	if (is_bundle_path(path))
		return load_bundle(peer, &frame->header, path);
	err_t err = registry_catalogue_add_folder(&r->catalogue, path, &added);
	if (err)
		return reply_words(peer, &frame->header, kIOReturnNotFound, "%s: %s", path,
				   strerror(-err));
	pardon_servers(r, NULL);
	registry_bind_catalogue(r);
	return reply_words(peer, &frame->header, kIOReturnSuccess, "%zu personalities", added);
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
		return reply_words(peer, &frame->header, kIOReturnNotFound,
				   "%s: no such bundle is loaded", request->text);
	remove_bundle(r, bundle);
	registry_bind_catalogue(r);
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
