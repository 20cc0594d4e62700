// SPDX-License-Identifier: MIT
#include "registry/policy.h"

#include <unistd.h>

#include "registry/text.h"

bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who)
{
	return registry->all_users || who->uid == geteuid() || who->uid == 0;
}

bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who)
{
	return who->uid == geteuid() || who->uid == 0;
}

bool registry_policy_is_administrator(const struct registry *registry, const struct fd_peer *who)
{
	return who->uid == 0 && !registry->no_administrator;
}

/* The one entitlement there is without grants: what DriverKit gives to root. */
static bool has_entitlement(const struct registry *r, const struct fd_peer *who, CFTypeRef name)
{
	return registry_is_string(name) && registry_policy_is_administrator(r, who) &&
	       CFEqual(name, CFSTR("com.apple.developer.driverkit.administrator"));
}

static bool has_all(const struct registry *r, const struct fd_peer *who, CFArrayRef names)
{
	for (CFIndex i = 0; i < CFArrayGetCount(names); i++)
		if (!has_entitlement(r, who, CFArrayGetValueAtIndex(names, i)))
			return false;
	return true;
}

/* A string: that one. An array: one of its strings, or all of one of its arrays. */
static bool satisfies(const struct registry *r, const struct fd_peer *who, CFTypeRef wanted)
{
	if (!registry_is_array(wanted))
		return has_entitlement(r, who, wanted);
	for (CFIndex i = 0; i < CFArrayGetCount(wanted); i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(wanted, i);

		if (registry_is_array(one) ? has_all(r, who, one) : has_entitlement(r, who, one))
			return true;
	}
	return false;
}

IOReturn registry_policy_check_user_client(const struct registry *registry,
					   const struct fd_peer *who, CFDictionaryRef properties,
					   bool is_2022)
{
	CFTypeRef wanted = CFDictionaryGetValue(properties, CFSTR("IOUserClientEntitlements"));
	CFTypeRef dext = CFDictionaryGetValue(properties, CFSTR("IOServiceDEXTEntitlements"));

	if (registry_is_string(wanted) && !has_entitlement(registry, who, wanted))
		return kIOReturnNotPrivileged;
	if (is_2022 && !registry_is_string(wanted) && wanted != kCFBooleanFalse)
		return kIOReturnNotPrivileged;
	if (dext && !satisfies(registry, who, dext))
		return kIOReturnNotPermitted;
	return kIOReturnSuccess;
}
