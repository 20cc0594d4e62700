// SPDX-License-Identifier: MIT
/* The registry's own state as values: for the status command and for the root entry. */
#include "registry/dump.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "registry/console.h"
#include "registry/spawn.h"
#include "registry/lifecycle.h"
#include "registry/text.h"
#include "registry/usage.h"

enum { TROUBLE_MAX = 1024 };

static void set(CFMutableDictionaryRef d, CFStringRef key, CFTypeRef value)
{
	if (d && value)
		CFDictionarySetValue(d, key, value);
}

static void append(CFMutableArrayRef array, CFMutableDictionaryRef d)
{
	if (array && d)
		CFArrayAppendValue(array, d);
}

static CFMutableArrayRef array_new(void)
{
	return CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static CFTypeRef copy_servers(const struct registry *r, CFDictionaryRef host_users)
{
	CFMutableArrayRef all = array_new();

	list_for_each(l, &r->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);
		scope_cf CFMutableDictionaryRef d = registry_dictionary_new();

		if (!d)
			continue;
		scope_cf CFStringRef name = registry_text_new(s->name);
		registry_set_text(d, CFSTR("IOUserServerName"), s->name);
		if (name && host_users)
			set(d, CFSTR("Users"), CFDictionaryGetValue(host_users, name));
		registry_set_text(d, CFSTR("State"), registry_server_state_name(s));
		registry_set_number(d, CFSTR("PID"), s->pid, kCFNumberSInt32Type);
		registry_set_number(d, CFSTR("Crashes"), s->total_crashes, kCFNumberSInt32Type);
		if (s->state == REGISTRY_SERVER_UP && !s->is_bridge)
			registry_set_number(d, CFSTR("Sandbox Tier"), s->tier, kCFNumberSInt32Type);
		if (s->missing && *s->missing)
			registry_set_text(d, CFSTR("Sandbox Missing"), s->missing);
		if (s->refusal)
			registry_set_text(d, CFSTR("Refused"), s->refusal);
		append(all, d);
	}
	return all;
}

/* --- the root entry ----------------------------------------------------------------------------- */

static CFTypeRef copy_planes(const struct registry *r)
{
	CFMutableDictionaryRef planes = registry_dictionary_new();

	list_for_each(l, &r->tree.planes.all) {
		scope_cf CFStringRef name =
			registry_text_new(container_of(l, struct registry_plane, link)->name);

		if (name)
			set(planes, name, name);
	}
	return planes;
}

static CFTypeRef copy_diagnostics(const struct registry *r)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	scope_cf CFTypeRef counts = registry_classes_copy_counts(&r->tree.classes);
	struct mallinfo2 heap = mallinfo2();

	if (!d)
		return NULL;
	set(d, CFSTR("Classes"), counts);
	registry_set_number(d, CFSTR("Instance allocation"),
			    (int64_t)(r->tree.by_id.count * sizeof(struct registry_entry)),
			    kCFNumberSInt64Type);
	registry_set_number(d, CFSTR("Container allocation"),
			    (int64_t)(r->tree.index.n_terms * REGISTRY_INDEX_TERM_BYTES +
				      r->tree.by_id.count * sizeof(void *)),
			    kCFNumberSInt64Type);
	registry_set_number(d, CFSTR("IOMalloc allocation"), (int64_t)heap.uordblks,
			    kCFNumberSInt64Type);
	registry_set_number(d, CFSTR("Pageable allocation"), (int64_t)heap.hblkhd,
			    kCFNumberSInt64Type);
	return d;
}

CFDictionaryRef registry_root_copy_properties(struct registry *registry)
{
	CFMutableDictionaryRef root = registry_entry_copy_properties(registry->tree.root);
	scope_cf CFTypeRef planes = copy_planes(registry);
	scope_cf CFTypeRef diagnostics = copy_diagnostics(registry);

	if (!root)
		return NULL;
	scope_cf CFTypeRef hosts = copy_servers(registry, NULL);
	scope_cf CFArrayRef users = registry_console_copy_users(registry);
	set(root, CFSTR("IOConsoleUsers"), users);
	if (users)
		set(root, CFSTR("IOConsoleLocked"),
		    registry_console_is_locked(users) ? kCFBooleanTrue : kCFBooleanFalse);
	set(root, CFSTR("PorticoHosts"), hosts);
	set(root, CFSTR("IORegistryPlanes"), planes);
	set(root, CFSTR("IOKitDiagnostics"), diagnostics);
	return root;
}

/* --- status ---------------------------------------------------------------------------------------- */

static int64_t count_personalities(const struct registry *r, const struct registry_bundle *bundle)
{
	int64_t n = 0;

	list_for_each(l, &r->catalogue.personalities)
		n += container_of(l, struct registry_personality, link)->bundle == bundle;
	return n;
}

/* Lately, and has not come back with a driver; long after there may be no device for one. A crash is counted when
 * the process has ended, its connection ends first. */
static bool has_crashed(const struct registry_server *s)
{
	bool has_drivers = s->peer && !list_is_empty(&s->peer->entries);
	bool is_recent = s->n_crashes &&
			 loop_now_ns() - s->crashes[s->n_crashes - 1] < REGISTRY_CRASH_WINDOW_NS;

	if (s->state == REGISTRY_SERVER_QUARANTINED)
		return true;
	return !has_drivers && !s->is_retiring && (is_recent || s->is_ending);
}

/* What only the host of PERSONALITY knows is wrong, and only when something has fitted; "" when nothing is. */
static void describe_trouble(const struct registry *r, const struct registry_personality *p,
			     char *words, size_t size)
{
	const struct registry_server *s = registry_server_find(r, p->server);
	char class[WIRE_NAME_MAX + 1];

	words[0] = 0;
	if (!registry_text_get(CFDictionaryGetValue(p->dictionary, CFSTR("IOUserClass")), class,
			       sizeof(class)))
		snprintf(class, sizeof(class), "%s", p->class_name);
	if (p->bundle->is_unloadable)
		snprintf(words, size, "its host cannot load it; the session's log says why");
	else if (p->lacks_class)
		snprintf(words, size, "its code has no class %s, which its personality %s names",
			 class, p->name);
	else if (s && s->state == REGISTRY_SERVER_REFUSED)
		snprintf(words, size, "its host is refused: %s", s->refusal ? s->refusal : "");
	else if (s && has_crashed(s))
		snprintf(words, size, "its host has crashed; the session's log says how");
}

static void set_host_problem(CFMutableDictionaryRef d, const struct registry *r,
			     const struct registry_bundle *bundle)
{
	char words[TROUBLE_MAX] = "";

	list_for_each(l, &r->catalogue.personalities) {
		struct registry_personality *p = container_of(l, struct registry_personality, link);

		if (p->bundle == bundle && !words[0])
			describe_trouble(r, p, words, sizeof(words));
	}
	if (words[0])
		registry_set_text(d, CFSTR("Host Problem"), words);
}

static CFTypeRef copy_bundles(const struct registry *r)
{
	CFMutableArrayRef all = array_new();

	list_for_each(l, &r->catalogue.bundles) {
		struct registry_bundle *b = container_of(l, struct registry_bundle, link);
		scope_cf CFMutableDictionaryRef d = registry_dictionary_new();

		if (!d)
			continue;
		registry_set_text(d, CFSTR("Path"), b->path);
		registry_set_text(d, CFSTR("CFBundleIdentifier"), b->identifier);
		registry_set_text(d, CFSTR("CFBundleVersion"), b->version);
		registry_set_number(d, CFSTR("Personalities"), count_personalities(r, b),
				    kCFNumberSInt32Type);
		if (b->problem)
			registry_set_text(d, CFSTR("Problem"), b->problem);
		else
			set_host_problem(d, r, b);
		append(all, d);
	}
	return all;
}

static CFTypeRef copy_peers(const struct registry *r, uint32_t role)
{
	CFMutableArrayRef all = array_new();

	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->role != role)
			continue;
		scope_cf CFMutableDictionaryRef d = registry_dictionary_new();
		if (!d)
			continue;
		registry_set_text(d, CFSTR("Name"), p->name);
		registry_set_number(d, CFSTR("PID"), p->shown_pid, kCFNumberSInt32Type);
		registry_set_number(d, CFSTR("UID"), p->subject.who.uid, kCFNumberSInt32Type);
		registry_set_number(d, CFSTR("Session"), (int64_t)p->session, kCFNumberSInt64Type);
		registry_set_number(d, CFSTR("Grants"),
				    (int64_t)account_count(&p->account, LIMITS_GRANTS),
				    kCFNumberSInt64Type);
		registry_set_number(d, CFSTR("Entries"),
				    (int64_t)account_count(&p->account, LIMITS_ENTRIES),
				    kCFNumberSInt64Type);
		scope_cf CFDictionaryRef use = registry_usage_copy_account(&p->account);
		set(d, CFSTR("Use"), use);
		append(all, d);
	}
	return all;
}

/* With what is counted where it is, and is no charge. */
static CFDictionaryRef copy_session(struct registry *r)
{
	const struct {
		enum limits_resource resource;
		uint64_t count;
	} all[] = { { LIMITS_CLASSES, r->tree.classes.count },
		    { LIMITS_PLANES, r->tree.planes.count },
		    { LIMITS_PERSONALITIES, r->catalogue.count } };
	struct account_user *user = &r->accounts.session;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		user->counts[all[i].resource] = all[i].count;
		if (all[i].count > user->highest[all[i].resource])
			user->highest[all[i].resource] = all[i].count;
	}
	CFDictionaryRef use = registry_usage_copy_session(&r->accounts);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		user->counts[all[i].resource] = 0;
	return use;
}

CFDictionaryRef registry_dump_copy_status(struct registry *registry, CFDictionaryRef host_users)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	scope_cf CFTypeRef servers = copy_servers(registry, host_users),
			   bundles = copy_bundles(registry);
	scope_cf CFTypeRef clients = copy_peers(registry, WIRE_ROLE_CLIENT);
	scope_cf CFTypeRef providers = copy_peers(registry, WIRE_ROLE_PROVIDER);
	scope_cf CFTypeRef limits = registry_usage_copy_limits(&registry->accounts.limits);
	scope_cf CFTypeRef users = registry_usage_copy_users(&registry->accounts);
	scope_cf CFTypeRef session = copy_session(registry);

	if (!d)
		return NULL;
	registry_set_text(d, CFSTR("Version"), PORTICO_VERSION);
	registry_set_number(d, CFSTR("PID"), getpid(), kCFNumberSInt32Type);
	registry_set_number(d, CFSTR("Generation"), registry->generation, kCFNumberSInt32Type);
	registry_set_number(d, CFSTR("Entries"), (int64_t)registry->tree.by_id.count,
			    kCFNumberSInt64Type);
	registry_set_number(d, CFSTR("Busy"), registry_busy_shown(registry->tree.machine),
			    kCFNumberSInt32Type);
	registry_set_number(d, CFSTR("Catalogue Generation"),
			    (int64_t)registry->catalogue.generation, kCFNumberSInt64Type);
	if (registry->socket_path)
		registry_set_text(d, CFSTR("Socket"), registry->socket_path);
	set(d, CFSTR("Limits"), limits);
	set(d, CFSTR("Users"), users);
	set(d, CFSTR("Session"), session);
	registry_set_number(d, CFSTR("Account Errors"), (int64_t)registry->accounts.n_errors,
			    kCFNumberSInt64Type);
	set(d, CFSTR("Hosts"), servers);
	set(d, CFSTR("Bundles"), bundles);
	set(d, CFSTR("Clients"), clients);
	set(d, CFSTR("Providers"), providers);
	return d;
}
