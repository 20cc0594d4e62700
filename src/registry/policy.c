// SPDX-License-Identifier: MIT
#include "registry/policy.h"

#include <unistd.h>

#include "registry/console.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/entitlement.h"
#include "wire/open.h"

enum { AUTHORIZED_MAX = 1024 }; /* services of one client */

#define ADMINISTRATOR CFSTR("com.apple.developer.driverkit.administrator")

bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who)
{
	return registry->all_users || who->uid == geteuid() || who->uid == 0;
}

bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who)
{
	return who->uid == geteuid() || who->uid == 0;
}

/* --- entitlements --------------------------------------------------------------- */

CFDictionaryRef registry_policy_copy_entitlements(const struct registry_peer *client)
{
	const struct registry *r = client->registry;
	CFMutableDictionaryRef all = registry_grants_copy(r->grants, &client->subject);

	if (!all)
		return NULL;
	if (r->no_administrator)
		CFDictionaryRemoveValue(all, ADMINISTRATOR);
	else if (client->subject.who.uid == 0)
		CFDictionarySetValue(all, ADMINISTRATOR, kCFBooleanTrue);
	return all;
}

bool registry_policy_is_administrator(const struct registry_peer *client)
{
	scope_cf CFDictionaryRef all = registry_policy_copy_entitlements(client);

	return wire_entitlement_is_held(all, ADMINISTRATOR);
}

bool registry_policy_may_manage_drivers(const struct registry_peer *client)
{
	const struct registry *r = client->registry;
	scope_cf CFDictionaryRef all = registry_policy_copy_entitlements(client);

	return (registry_policy_may_provide(r, &client->subject.who) && !r->no_administrator) ||
	       wire_entitlement_is_held(
		       all, CFSTR("com.apple.private.security.kext-collection-management"));
}

bool registry_policy_may_set_resources(const struct registry_peer *client)
{
	scope_cf CFDictionaryRef all = registry_policy_copy_entitlements(client);

	return wire_entitlement_is_held(all, ADMINISTRATOR) ||
	       wire_entitlement_is_held(all,
					CFSTR("com.apple.private.iokit.ioresources.setproperty"));
}

/* The bundle of SERVICE: the one that it names, if its host runs drivers of that one; one that names
 * none (a nub) is of the only bundle that its host runs drivers of. */
static const struct registry_bundle *find_bundle(const struct registry *r,
						 const struct registry_entry *service)
{
	const struct registry_server *server = service->owner ? service->owner->server : NULL;
	const struct registry_bundle *only = NULL;
	CFTypeRef named = registry_entry_get(service, CFSTR("CFBundleIdentifier"));

	if (!server)
		return NULL;
	list_for_each(node, &r->catalogue.personalities) {
		const struct registry_personality *p =
			container_of(node, struct registry_personality, link);

		if (!p->bundle || strcmp(p->server, server->name))
			continue;
		if (named && registry_text_equals(named, p->bundle->identifier))
			return p->bundle;
		if (!named && only && only != p->bundle)
			return NULL;
		only = p->bundle;
	}
	return named ? NULL : only;
}

static bool names(CFTypeRef collection, CFTypeRef identifier)
{
	scope_cf CFArrayRef members = registry_members_copy(collection);

	return members && identifier &&
	       CFArrayContainsValue(members, CFRangeMake(0, CFArrayGetCount(members)), identifier);
}

/* DriverKit's rules for who may open a driver (spec 5.3). */
static bool has_driver_access(const struct registry *r, const struct registry_entry *service,
			      CFDictionaryRef held)
{
	const struct registry_bundle *bundle = find_bundle(r, service);
	CFDictionaryRef of_driver = bundle ? bundle->entitlements : NULL;
	CFTypeRef wanted =
		CFDictionaryGetValue(held, CFSTR("com.apple.private.driverkit.driver-access"));

	if (wanted && wire_entitlement_satisfies(of_driver, wanted))
		return true;
	if (of_driver &&
	    CFDictionaryContainsKey(
		    of_driver, CFSTR("com.apple.developer.driverkit.allow-any-userclient-access")))
		return true;
	return names(CFDictionaryGetValue(held,
					  CFSTR("com.apple.developer.driverkit.userclient-access")),
		     registry_entry_get(service, CFSTR("CFBundleIdentifier")));
}

/* --- the console ---------------------------------------------------------------------- */

static bool has_number(CFDictionaryRef dictionary, CFStringRef key, int64_t wanted)
{
	int64_t number;

	return registry_number_get(CFDictionaryGetValue(dictionary, key), &number) &&
	       number == wanted;
}

static uint32_t flags_of_session(CFDictionaryRef session, const struct registry_subject *subject)
{
	bool in_front =
		CFDictionaryGetValue(session, CFSTR("kCGSSessionOnConsoleKey")) == kCFBooleanTrue;
	CFStringRef secure = CFSTR("kCGSSessionSecureInputPID");
	uint32_t flags = 0;

	if (in_front && subject->has_audit_session &&
	    has_number(session, CFSTR("kCGSSessionAuditIDKey"), subject->audit_session))
		flags |= WIRE_OPEN_CONSOLE_SESSION;
	if (!has_number(session, CFSTR("kCGSSessionUserIDKey"), subject->who.uid))
		return flags;
	flags |= WIRE_OPEN_LOCAL_USER;
	if (!in_front)
		return flags;
	flags |= WIRE_OPEN_CONSOLE_USER;
	if (!CFDictionaryContainsKey(session, secure) ||
	    has_number(session, secure, subject->who.pid))
		flags |= WIRE_OPEN_SECURE_PROCESS;
	return flags;
}

static uint32_t console_flags(const struct registry_peer *client)
{
	CFArrayRef users = registry_console_get_recent_users(client->registry);
	uid_t uid = client->subject.who.uid;
	uint32_t flags = 0;

	/* Nobody knows of sessions here: who owns this one is as local as can be. */
	if (!users || CFArrayGetCount(users) == 0)
		return uid == 0 || uid == geteuid() ? WIRE_OPEN_LOCAL_USER : 0;
	for (CFIndex i = 0; i < CFArrayGetCount(users); i++) {
		CFTypeRef session = CFArrayGetValueAtIndex(users, i);

		if (registry_is_dictionary(session))
			flags |= flags_of_session(session, &client->subject);
	}
	return flags;
}

/* --- opening -------------------------------------------------------------------------- */

uint32_t registry_policy_open_flags(const struct registry_peer *client,
				    const struct registry_entry *service,
				    CFDictionaryRef entitlements)
{
	const struct registry_bundle *bundle = find_bundle(client->registry, service);
	uint32_t flags = console_flags(client);

	if (wire_entitlement_is_held(entitlements, ADMINISTRATOR))
		flags |= WIRE_OPEN_ADMINISTRATOR;
	if (map_find(&client->authorized, service->id))
		flags |= WIRE_OPEN_AUTHORIZED;
	if (has_driver_access(client->registry, service, entitlements))
		flags |= WIRE_OPEN_DRIVER_ACCESS;
	if (bundle && bundle->asks_for_memory)
		flags |= WIRE_OPEN_CLIENT_MEMORY;
	return flags;
}

IOReturn registry_policy_authorize(struct registry_peer *client, struct registry_entry *service)
{
	scope_cf CFStringRef class_name = registry_text_new(service->class->name);
	IOReturn status;

	if (!class_name)
		return kIOReturnNoResources;
	status =
		registry_grants_authorize(client->registry->grants, &client->subject, class_name,
					  registry_entry_get(service, CFSTR("CFBundleIdentifier")));
	if (status)
		map_remove(&client->authorized, service->id);
	else if (client->authorized.count >= AUTHORIZED_MAX ||
		 map_set(&client->authorized, service->id, client))
		status = kIOReturnNoResources;
	return status;
}
