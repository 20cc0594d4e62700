// SPDX-License-Identifier: MIT
#include "registry/driver.h"

#include <stdlib.h>

#include "base/scope.h"
#include "registry/match.h"
#include "registry/spawn.h"
#include "registry/text.h"

/* --- properties ---------------------------------------------------------------------- */

/* VALUE itself, or the members of an array or set; anything else has none. NULL: no memory. */
static CFArrayRef copy_texts(CFTypeRef value)
{
	if (!registry_is_string(value) && !registry_is_array(value) && !registry_is_set(value))
		return CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
	return registry_is_string(value) ? CFArrayCreate(NULL, &value, 1, &kCFTypeArrayCallBacks)
					 : registry_members_copy(value);
}

/* The name by which IONameMatch found the service. False: no memory. */
static bool note_name(CFMutableDictionaryRef properties, const struct registry_entry *service)
{
	scope_cf CFArrayRef names =
		copy_texts(CFDictionaryGetValue(properties, CFSTR("IONameMatch")));
	char name[WIRE_NAME_MAX + 1];

	for (CFIndex i = 0; names && i < CFArrayGetCount(names); i++) {
		CFTypeRef value = CFArrayGetValueAtIndex(names, i);

		if (registry_text_get(value, name, sizeof(name)) &&
		    registry_match_name(service, name))
			return registry_set(properties, CFSTR("IONameMatched"), value);
	}
	return names != NULL;
}

static bool has_own_host(const struct registry_personality *personality)
{
	return CFDictionaryContainsKey(personality->dictionary, CFSTR("IOUserServerName")) ||
	       CFDictionaryContainsKey(personality->dictionary, CFSTR("IOUserClass"));
}

CFDictionaryRef registry_driver_copy_properties(const struct registry_personality *personality,
						const struct registry_entry *service, int32_t score)
{
	scope_cf CFMutableDictionaryRef d =
		CFDictionaryCreateMutableCopy(NULL, 0, personality->dictionary);

	if (!d || !note_name(d, service))
		return NULL;
	if (score != personality->score &&
	    !registry_set_number(d, CFSTR("IOProbeScore"), score, kCFNumberSInt32Type))
		return NULL;
	if (has_own_host(personality) &&
	    !registry_set(d, CFSTR("IOMatchedPersonality"), personality->dictionary))
		return NULL;
	if (personality->is_boot && !registry_set(d, CFSTR("IOMatchedAtBoot"), kCFBooleanTrue))
		return NULL;
	return take_ptr(d);
}

err_t registry_driver_new(struct registry_peer *owner, struct registry_entry *service,
			  const struct registry_personality *personality, const char *class_name,
			  CFDictionaryRef properties, int32_t score,
			  struct registry_entry **ret_entry)
{
	struct registry_tree *tree = service->tree;
	struct registry_class *class;
	scope_cf CFMutableDictionaryRef all = CFDictionaryCreateMutableCopy(NULL, 0, properties);

	err_t err = registry_peer_need_class(owner, class_name, "IOService", &class);
	if (err || !all)
		return err ? err : -ENOMEM;
	if (!registry_class_conforms(class, "IOService"))
		return -EINVAL;
	if (!registry_set_number(all, CFSTR("IOProbeScore"), score, kCFNumberSInt32Type) ||
	    !registry_set_text(all, CFSTR("IOMatchCategory"), personality->category) ||
	    (owner->server && !registry_set_number(all, CFSTR("PorticoSandboxTier"),
						   owner->server->tier, kCFNumberSInt32Type)))
		return -ENOMEM;
	err = registry_entry_new(tree, 0, class, all, ret_entry);
	if (err)
		return err;
	(*ret_entry)->is_starting = true;
	err = registry_plane_attach(*ret_entry, service, tree->planes.service);
	if (!err && !registry_peer_own(owner, *ret_entry))
		err = -ENOSPC;
	return err;
}

/* --- what happened to them -------------------------------------------------------------- */

void registry_driver_note_started(struct registry_entry *service,
				  const struct registry_personality *personality)
{
	CFTypeRef old = registry_entry_get(service, CFSTR("IOResourceMatched"));
	scope_cf CFMutableArrayRef matched = NULL;
	scope_cf CFArrayRef keys =
		copy_texts(CFDictionaryGetValue(personality->dictionary, CFSTR("IOResourceMatch")));

	if (!keys || service != service->tree->resources)
		return;
	matched = registry_is_array(old) ? CFArrayCreateMutableCopy(NULL, 0, old)
					 : CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	for (CFIndex i = 0; matched && i < CFArrayGetCount(keys); i++) {
		CFTypeRef key = CFArrayGetValueAtIndex(keys, i);

		if (!CFArrayContainsValue(matched, CFRangeMake(0, CFArrayGetCount(matched)), key))
			CFArrayAppendValue(matched, key);
	}
	if (matched)
		registry_entry_set(service, CFSTR("IOResourceMatched"), matched);
}

static void set_count(struct registry_entry *entry, CFStringRef key, int64_t count)
{
	int32_t value = (int32_t)count;
	scope_cf CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &value);

	if (number)
		registry_entry_set(entry, key, number);
}

void registry_driver_note_matched(struct registry_entry *service, size_t n_drivers)
{
	if (n_drivers)
		set_count(service, CFSTR("IODEXTMatchCount"), (int64_t)n_drivers);
	if (registry_entry_has(service, CFSTR("IORematchPersonality")))
		registry_entry_set(service, CFSTR("IORematchPersonality"), NULL);
}

void registry_driver_note_lost(struct registry_entry *driver)
{
	struct registry_entry *provider = registry_entry_provider(driver);
	CFTypeRef personality = registry_entry_get(driver, CFSTR("IOMatchedPersonality"));
	int64_t count = 0;

	if (!provider || !personality)
		return;
	registry_number_get(registry_entry_get(provider, CFSTR("IORematchCount")), &count);
	registry_entry_set(provider, CFSTR("IORematchPersonality"), personality);
	set_count(provider, CFSTR("IORematchCount"), count + 1);
}
