// SPDX-License-Identifier: MIT
#include "registry/usage.h"

#include "registry/text.h"

static bool set_count(CFMutableDictionaryRef d, CFStringRef key, uint64_t n)
{
	return registry_set_number(d, key, (int64_t)n, kCFNumberSInt64Type);
}

static CFMutableDictionaryRef copy_row(const struct limits *limits, int resource)
{
	static const char *const keys[LIMITS_SCOPES] = { "Per Connection", "Per User",
							 "Per Session" };
	const struct limits_row *row = &limits_table[resource];
	CFMutableDictionaryRef d = registry_dictionary_new();

	if (!d)
		return NULL;
	registry_set_text(d, CFSTR("Name"), row->name);
	registry_set_text(d, CFSTR("Unit"), row->unit);
	registry_set_text(d, CFSTR("When Exceeded"), row->consequence);
	CFDictionarySetValue(d, CFSTR("In Hosts"),
			     resource >= LIMITS_FIRST_OF_HOSTS ? kCFBooleanTrue : kCFBooleanFalse);
	for (int s = 0; s < LIMITS_SCOPES; s++) {
		scope_cf CFStringRef key = registry_text_new(keys[s]);

		if (key && row->defaults[s])
			set_count(d, key, limits->of[resource][s]);
	}
	return d;
}

CFArrayRef registry_usage_copy_limits(const struct limits *limits)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (int r = 0; all && r < LIMITS_RESOURCES; r++) {
		scope_cf CFDictionaryRef row = copy_row(limits, r);

		if (row)
			CFArrayAppendValue(all, row);
	}
	return all;
}

static CFDictionaryRef copy_use(const struct account_user *user)
{
	CFMutableDictionaryRef all = registry_dictionary_new();

	for (int r = 0; all && r < LIMITS_RESOURCES; r++) {
		scope_cf CFStringRef name = NULL;
		scope_cf CFMutableDictionaryRef d = NULL;
		uint64_t now = r == LIMITS_LOG_LINES ? user->n_lines : user->counts[r];

		if (!user->highest[r] && !user->refusals[r])
			continue;
		name = registry_text_new(limits_table[r].name);
		d = registry_dictionary_new();
		if (!name || !d)
			continue;
		set_count(d, CFSTR("Now"), now);
		set_count(d, CFSTR("Highest"), user->highest[r]);
		set_count(d, CFSTR("Refused"), user->refusals[r]);
		CFDictionarySetValue(all, name, d);
	}
	return all;
}

CFArrayRef registry_usage_copy_users(const struct accounts *accounts)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	list_for_each(l, &accounts->users) {
		const struct account_user *user = container_of(l, struct account_user, link);
		scope_cf CFMutableDictionaryRef d = registry_dictionary_new();
		scope_cf CFDictionaryRef use = copy_use(user);

		if (!all || !d || !use)
			continue;
		set_count(d, CFSTR("UID"), user->uid);
		set_count(d, CFSTR("Connections"), user->counts[LIMITS_CONNECTIONS]);
		CFDictionarySetValue(d, CFSTR("Use"), use);
		CFArrayAppendValue(all, d);
	}
	return all;
}

CFDictionaryRef registry_usage_copy_session(const struct accounts *accounts)
{
	return copy_use(&accounts->session);
}

CFDictionaryRef registry_usage_copy_account(const struct account *account)
{
	CFMutableDictionaryRef all = registry_dictionary_new();

	for (int r = 0; all && r < LIMITS_RESOURCES; r++) {
		scope_cf CFStringRef name =
			account->counts[r] ? registry_text_new(limits_table[r].name) : NULL;

		if (name)
			set_count(all, name, account->counts[r]);
	}
	return all;
}
