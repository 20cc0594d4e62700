// SPDX-License-Identifier: MIT
#include "registry/privacy.h"

#include "registry/policy.h"
#include "registry/text.h"
#include "wire/entitlement.h"

#define INNER CFSTR("IOUserServiceProperties")

enum { LISTED_MAX = 256 }; /* keys of an array: it is read through for each question */

/* One that is longer stands for all keys there are. */
static bool is_endless(CFTypeRef list)
{
	return registry_is_array(list) && CFArrayGetCount(list) > LISTED_MAX;
}

static bool has_member(CFTypeRef list, CFStringRef key)
{
	if (registry_is_array(list))
		return is_endless(list) ||
		       CFArrayContainsValue(list, CFRangeMake(0, CFArrayGetCount(list)), key);
	return list && CFEqual(list, key); /* one name alone */
}

static bool names(const struct registry_entry *entry, CFStringRef key)
{
	CFTypeRef private = registry_entry_get(entry, CFSTR(REGISTRY_PRIVACY_KEY));

	return registry_is_dictionary(private) ? CFDictionaryContainsKey(private, key)
					       : has_member(private, key);
}

/* The inner dictionary as a whole has the private ones in it. */
bool registry_privacy_covers(const struct registry_entry *entry, CFStringRef key)
{
	return entry->has_private && (CFEqual(key, INNER) || names(entry, key));
}

struct filter {
	CFDictionaryRef held; /* NULL: nothing */
	bool hides_listed;    /* keys of an array: the demand is that of user clients */
	CFMutableDictionaryRef all, inner; /* INNER may be NULL */
};

static void filter_init(struct filter *f, const struct registry_peer *client,
			const struct registry_entry *entry)
{
	CFTypeRef own = registry_entry_get(entry, CFSTR("IOUserClientEntitlements"));

	scope_cf CFTypeRef demand = own ? CFRetain(own) : NULL;
	*f = (struct filter){ .held = client ? registry_policy_copy_held(client, entry) : NULL };
	f->hides_listed = !wire_entitlement_satisfies(f->held, demand);
}

static void filter_fini(struct filter *f)
{
	if (f->held)
		CFRelease(f->held);
	if (f->inner)
		CFRelease(f->inner);
}

/* PRIVATE is the property, DEMAND its value for a key of it; NULL: it is an array. */
static bool is_hidden(const struct filter *f, CFTypeRef demand)
{
	return demand ? !wire_entitlement_satisfies(f->held, demand) : f->hides_listed;
}

bool registry_privacy_hides(const struct registry_peer *client, const struct registry_entry *entry,
			    CFStringRef key)
{
	CFTypeRef private, demand;
	struct filter f;
	bool hides;

	if (!entry->has_private || !names(entry, key))
		return false;
	private = registry_entry_get(entry, CFSTR(REGISTRY_PRIVACY_KEY));
	demand = registry_is_dictionary(private) ? CFDictionaryGetValue(private, key) : NULL;
	filter_init(&f, client, entry);
	hides = is_hidden(&f, demand);
	filter_fini(&f);
	return hides;
}

static void take_out(const void *key, const void *demand, void *context)
{
	struct filter *f = context;

	if (!is_hidden(f, demand))
		return;
	CFDictionaryRemoveValue(f->all, key);
	if (f->inner)
		CFDictionaryRemoveValue(f->inner, key);
}

static void take_out_member(const void *key, void *context)
{
	take_out(key, NULL, context);
}

static void take_out_everything(struct filter *f)
{
	CFDictionaryRemoveAllValues(f->all);
	if (f->inner)
		CFRelease(f->inner);
	f->inner = NULL;
}

static void take_out_all(struct filter *f, CFTypeRef private)
{
	if (registry_is_dictionary(private))
		CFDictionaryApplyFunction(private, take_out, f);
	else if (is_endless(private) && f->hides_listed)
		take_out_everything(f);
	else if (registry_is_array(private) && f->hides_listed)
		CFArrayApplyFunction(private, CFRangeMake(0, CFArrayGetCount(private)),
				     take_out_member, f);
	else if (registry_is_string(private))
		take_out_member(private, f);
}

CFDictionaryRef registry_privacy_filter(const struct registry_peer *client,
					const struct registry_entry *entry,
					CFMutableDictionaryRef all)
{
	CFTypeRef inner = all ? CFDictionaryGetValue(all, INNER) : NULL;
	struct filter f;

	if (!all || !entry->has_private)
		return all;
	filter_init(&f, client, entry);
	f.all = all;
	if (registry_is_dictionary(inner))
		f.inner = CFDictionaryCreateMutableCopy(NULL, 0, inner);
	take_out_all(&f, registry_entry_get(entry, CFSTR(REGISTRY_PRIVACY_KEY)));
	if (f.inner)
		CFDictionarySetValue(all, INNER, f.inner);
	else
		CFDictionaryRemoveValue(all, INNER);
	filter_fini(&f);
	return all;
}
