// SPDX-License-Identifier: MIT
/* The registry's own state as values: for the status command and for the root entry. */
#include "registry/dump.h"

#include <malloc.h>
#include <unistd.h>

#include "registry/console.h"
#include "registry/spawn.h"
#include "registry/lifecycle.h"
#include "registry/text.h"

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
			    (int64_t)(r->tree.by_id.capacity * sizeof(struct map_slot)),
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
	scope_cf CFArrayRef users = registry_console_copy_users(registry);
	set(root, CFSTR("IOConsoleUsers"), users);
	if (users)
		set(root, CFSTR("IOConsoleLocked"),
		    registry_console_is_locked(users) ? kCFBooleanTrue : kCFBooleanFalse);
	set(root, CFSTR("IORegistryPlanes"), planes);
	set(root, CFSTR("IOKitDiagnostics"), diagnostics);
	return root;
}

/* --- status ---------------------------------------------------------------------------------------- */

static CFTypeRef copy_servers(const struct registry *r)
{
	CFMutableArrayRef all = array_new();

	list_for_each(l, &r->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);
		scope_cf CFMutableDictionaryRef d = registry_dictionary_new();

		if (!d)
			continue;
		registry_set_text(d, CFSTR("IOUserServerName"), s->name);
		registry_set_text(d, CFSTR("State"), registry_server_state_name(s));
		registry_set_number(d, CFSTR("PID"), s->pid, kCFNumberSInt32Type);
		registry_set_number(d, CFSTR("Crashes"), s->total_crashes, kCFNumberSInt32Type);
		append(all, d);
	}
	return all;
}

static int64_t count_personalities(const struct registry *r, const struct registry_bundle *bundle)
{
	int64_t n = 0;

	list_for_each(l, &r->catalogue.personalities)
		n += container_of(l, struct registry_personality, link)->bundle == bundle;
	return n;
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
				    (int64_t)p->account.counts[REGISTRY_CHARGE_GRANTS],
				    kCFNumberSInt64Type);
		registry_set_number(d, CFSTR("Entries"),
				    (int64_t)p->account.counts[REGISTRY_CHARGE_ENTRIES],
				    kCFNumberSInt64Type);
		append(all, d);
	}
	return all;
}

CFDictionaryRef registry_dump_copy_status(struct registry *registry)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	scope_cf CFTypeRef servers = copy_servers(registry), bundles = copy_bundles(registry);
	scope_cf CFTypeRef clients = copy_peers(registry, WIRE_ROLE_CLIENT);
	scope_cf CFTypeRef providers = copy_peers(registry, WIRE_ROLE_PROVIDER);

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
	set(d, CFSTR("Hosts"), servers);
	set(d, CFSTR("Bundles"), bundles);
	set(d, CFSTR("Clients"), clients);
	set(d, CFSTR("Providers"), providers);
	return d;
}
