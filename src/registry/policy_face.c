// SPDX-License-Identifier: MIT
/* What people ask of the policy: what was denied, who may open what; and revoking. */
#include <stdlib.h>
#include <string.h>

#include "registry/explain.h"
#include "registry/lifecycle.h"
#include "registry/policy.h"
#include "registry/text.h"
#include "wire/policy.h"

_Static_assert((int)WIRE_GROUPS_MAX == (int)REGISTRY_SUBJECT_GROUPS_MAX, "all fit");
_Static_assert((int)WIRE_ENTITLEMENT_MAX == (int)REGISTRY_GRANT_NAME_MAX, "all fit");

static bool is_allowed(const struct registry_peer *peer)
{
	return registry_policy_may_provide(peer->registry, &peer->subject.who);
}

static err_t reply_value(struct registry_peer *peer, const struct wire_header *request,
			 CFTypeRef value)
{
	struct wire_value_reply reply = { value };
	err_t err = value ? wire_peer_reply(peer->wire, request, &wire_value_reply_layout,
					    kIOReturnSuccess, &reply, NULL, 0)
			  : -ENOMEM;

	if (err && err != -EPIPE)
		registry_peer_status(peer, request, kIOReturnNoResources);
	return 0;
}

/* NULL: no memory for all of them. */
static CFArrayRef copy_texts(const struct registry_grants *grants,
			     const char *(*get)(const struct registry_grants *, size_t))
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	const char *one;
	size_t n = 0;

	for (; all && (one = get(grants, n)); n++) {
		scope_cf CFStringRef text = registry_text_new(one);

		if (text)
			CFArrayAppendValue(all, text);
	}
	if (!all || (size_t)CFArrayGetCount(all) == n)
		return all;
	CFRelease(all);
	return NULL;
}

/* Others see what they were denied themselves. */
static err_t handle_policy(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	struct registry *r = peer->registry;
	bool all = is_allowed(peer);
	scope_cf CFMutableDictionaryRef d = registry_dictionary_new();

	registry_grants_look(r->grants);
	scope_cf CFArrayRef paths = copy_texts(r->grants, registry_grants_path);
	scope_cf CFArrayRef problems = all ? copy_texts(r->grants, registry_grants_problem) : NULL;
	scope_cf CFArrayRef denials =
		registry_denials_copy(&r->denials, all, peer->subject.who.uid);

	if (d && paths)
		CFDictionarySetValue(d, CFSTR("Paths"), paths);
	if (d && problems)
		CFDictionarySetValue(d, CFSTR("Problems"), problems);
	if (d && denials)
		CFDictionarySetValue(d, CFSTR("Denials"), denials);
	/* Half of it would look like all. */
	bool is_whole = d && CFDictionaryGetCount(d) == (all ? 3 : 2);
	return reply_value(peer, &frame->header, is_whole ? d : NULL);
}

/* Texts of M are copied nowhere: they live as long as the message. */
static void read_other(const struct wire_explain *m, struct registry_subject *subject)
{
	*subject = (struct registry_subject){
		.who = { .uid = m->uid, .gid = m->gid },
		.n_groups = m->groups.count,
		.label = m->label[0] ? (char *)m->label : NULL,
		.unit = m->unit[0] ? (char *)m->unit : NULL,
		.app = m->app[0] ? (char *)m->app : NULL,
		.process = -1,
	};
	for (size_t i = 0; i < m->groups.count; i++)
		subject->groups[i] = (gid_t)m->groups.items[i];
}

static err_t handle_explain(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_explain *request = message;
	struct registry_subject other;

	if (request->is_other && !is_allowed(peer))
		return registry_peer_status(peer, &frame->header, kIOReturnNotPrivileged);
	if (request->is_other)
		read_other(request, &other);
	scope_cf CFDictionaryRef d = registry_explain_copy(
		peer->registry, request->service, request->type,
		request->is_other ? &other : &peer->subject, is_allowed(peer));
	return reply_value(peer, &frame->header, d);
}

/* --- revoking -------------------------------------------------------------------------------- */

static bool is_revoked(struct registry *r, const struct wire_revoke *m,
		       const struct registry_entry *entry)
{
	const struct registry_opener *opener = entry->attention ? entry->attention->opener : NULL;
	const struct registry_entry *service;

	if (!opener || registry_entry_is_inactive(entry) || (m->has_uid && m->uid != opener->uid))
		return false;
	service = m->service[0] ? registry_entry_find(&r->tree, opener->service) : NULL;
	return !m->service[0] || (service && registry_explain_is_named(service, m->service));
}

/* Those that are revoked, with references; ends with NULL. NULL: no memory. */
static struct registry_entry **find_revoked(struct registry *r, const struct wire_revoke *m,
					    size_t *ret_count)
{
	struct registry_entry *entry, **all;
	size_t cursor = 0, n = 0;

	while ((entry = registry_tree_next(&r->tree, &cursor)))
		n += is_revoked(r, m, entry);
	all = calloc(n + 1, sizeof(*all));
	for (cursor = 0, *ret_count = 0; all && (entry = registry_tree_next(&r->tree, &cursor));)
		if (is_revoked(r, m, entry))
			all[(*ret_count)++] = registry_entry_ref(entry);
	return all;
}

/* The registry leads the end of a user client as that of any service: the host stops it, the client's
 * calls end. */
static err_t handle_revoke(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_revoke *request = message;
	struct registry *r = peer->registry;
	struct wire_number_reply reply = { 0 };
	size_t n;

	if (!is_allowed(peer))
		return registry_peer_status(peer, &frame->header, kIOReturnNotPrivileged);
	if (!request->service[0] && !request->has_uid)
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	struct registry_entry **all = find_revoked(r, request, &n);
	if (!all)
		return registry_peer_status(peer, &frame->header, kIOReturnNoMemory);
	for (size_t i = 0; i < n; i++) {
		registry_lifecycle_terminate(r, all[i], 0, NULL, false);
		registry_entry_unref(all[i]);
	}
	free(all);
	reply.number = n;
	wire_peer_reply(peer->wire, &frame->header, &wire_number_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

const struct registry_handler registry_policy_handlers[] = {
	{ &wire_policy_layout, handle_policy },
	{ &wire_explain_layout, handle_explain },
	{ &wire_revoke_layout, handle_revoke },
};
const size_t registry_n_policy_handlers =
	sizeof(registry_policy_handlers) / sizeof(registry_policy_handlers[0]);
