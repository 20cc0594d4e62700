// SPDX-License-Identifier: MIT
#include "registry/privacy.h"

#include "registry/policy.h"
#include "registry/text.h"
#include "wire/entitlement.h"

#define INNER CFSTR("IOUserServiceProperties")

static bool has_member(CFTypeRef list, CFStringRef key)
{
	if (registry_is_array(list))
		return CFArrayContainsValue(list, CFRangeMake(0, CFArrayGetCount(list)), key);
	return list && CFEqual(list, key); /* one name alone */
}

bool registry_privacy_covers(const struct registry_entry *entry, CFStringRef key)
{
	CFTypeRef private;

	if (!entry->has_private)
		return false;
	private = registry_entry_get(entry, CFSTR(REGISTRY_PRIVACY_KEY));
	return registry_is_dictionary(private) ? CFDictionaryContainsKey(private, key)
					       : has_member(private, key);
}

struct filter {
	CFDictionaryRef held;		   /* NULL: nothing */
	CFTypeRef own_demand;		   /* of the entry's own user clients; NULL: none */
	CFMutableDictionaryRef all, inner; /* INNER may be NULL */
};

static void filter_init(struct filter *f, const struct registry_peer *client,
			const struct registry_entry *entry)
{
	CFTypeRef own = registry_entry_get(entry, CFSTR("IOUserClientEntitlements"));

	*f = (struct filter){ .held = client ? registry_policy_copy_held(client, entry) : NULL,
			      .own_demand = own ? CFRetain(own) : NULL };
}

static void filter_fini(struct filter *f)
{
	if (f->held)
		CFRelease(f->held);
	if (f->own_demand)
		CFRelease(f->own_demand);
	if (f->inner)
		CFRelease(f->inner);
}

/* PRIVATE is the property, DEMAND its value for a key of it; NULL: it is an array. */
static bool is_hidden(const struct filter *f, CFTypeRef demand)
{
	return !wire_entitlement_satisfies(f->held, demand ? demand : f->own_demand);
}

bool registry_privacy_hides(const struct registry_peer *client, const struct registry_entry *entry,
			    CFStringRef key)
{
	CFTypeRef private, demand;
	struct filter f;
	bool hides;

	if (!registry_privacy_covers(entry, key))
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

static void take_out_all(struct filter *f, CFTypeRef private)
{
	if (registry_is_dictionary(private))
		CFDictionaryApplyFunction(private, take_out, f);
	else if (registry_is_array(private))
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
