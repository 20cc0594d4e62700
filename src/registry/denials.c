// SPDX-License-Identifier: MIT
#include "registry/denials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/grant_text.h"
#include "registry/text.h"

#define LOG_REST_NS (60ull * 1000 * 1000 * 1000)

static bool is_name_or_none(const char *text)
{
	return !text[0] || registry_grant_text_may_name(text);
}

/* The lines of the grant that DENIAL's subject would need, with SEPARATOR between them. False: none can be
 * written. Drivers choose these names: one with a line feed or a blank in it would be a grant of their own. */
static bool write_grant(const struct registry_denial *d, const char *separator, char *text,
			size_t size)
{
	char entitlement[WIRE_ENTITLEMENT_MAX + 32] = "", value[WIRE_NAME_MAX + 16] = "";

	if (!registry_grant_text_may_name(d->service) || !is_name_or_none(d->missing) ||
	    !is_name_or_none(d->value))
		return false;
	if (d->missing[0])
		snprintf(entitlement, sizeof(entitlement), "Entitlement = %s%s", d->missing,
			 separator);
	if (d->value[0])
		snprintf(value, sizeof(value), "Value = %s%s", d->value, separator);
	snprintf(text, size, "[Grant NAME]%s%s%sService = %s%sAllow = uid:%u", separator,
		 entitlement, value, d->service, separator, (unsigned)d->uid);
	return true;
}

CFArrayRef registry_denial_copy_grant(const struct registry_denial *denial)
{
	char text[1024];

	scope_cf CFStringRef all =
		write_grant(denial, "\n", text, sizeof(text)) ? registry_text_new(text) : NULL;
	return all ? CFStringCreateArrayBySeparatingStrings(NULL, all, CFSTR("\n")) : NULL;
}

static void write_log(const struct registry_denial *d)
{
	char grant[1024], method[32] = "";

	if (!write_grant(d, "; ", grant, sizeof(grant)))
		snprintf(grant, sizeof(grant), "none can name it");
	if (d->selector != WIRE_REFUSED_OPEN)
		snprintf(method, sizeof(method), "method %u of ", d->selector);
	log_warning("denied: uid %u (pid %d, \"%s\") %s%s%s%s: %s %s%s%s; a grant would be: %s",
		    (unsigned)d->uid, (int)d->pid, d->process, method, d->service,
		    d->bundle[0] ? " of " : "", d->bundle,
		    d->missing[0] ? "entitlement" : "opening", d->missing[0] ? d->missing : "it",
		    d->reason[0] ? " is denied: " : " is not granted", d->reason, grant);
}

static bool is_same(const struct registry_denial *a, const struct registry_denial *b)
{
	return a->uid == b->uid && a->status == b->status && a->selector == b->selector &&
	       !strcmp(a->service, b->service) && !strcmp(a->missing, b->missing);
}

/* Has a line for the same user and service been written within the last minute? */
static bool is_logged(const struct registry_denials *denials, const struct registry_denial *d,
		      uint64_t now_ns)
{
	for (size_t i = 0; i < denials->count; i++) {
		const struct registry_denial *other = denials->items[i];

		if (other->uid == d->uid && !strcmp(other->service, d->service) &&
		    other->logged_ns && now_ns - other->logged_ns < LOG_REST_NS)
			return true;
	}
	return false;
}

/* Users are many: what they are denied together has a bound of its own. */
static bool take_line(struct registry_denials *denials, uint64_t now_ns)
{
	if (now_ns - denials->minute_ns >= LOG_REST_NS) {
		denials->minute_ns = now_ns;
		denials->n_lines = 0;
	}
	if (denials->n_lines == REGISTRY_DENIAL_LINES_MAX)
		return false;
	denials->n_lines++;
	return true;
}

static struct registry_denial *take_out(struct registry_denials *denials, size_t index)
{
	struct registry_denial *d = denials->items[index];

	denials->count--;
	memmove(&denials->items[index], &denials->items[index + 1],
		(denials->count - index) * sizeof(*denials->items));
	return d;
}

/* The same one, or the oldest of a user who has his share, or the oldest of all, or a new one; out of
 * the list. NULL: no memory. */
static struct registry_denial *take_room(struct registry_denials *denials,
					 const struct registry_denial *denial)
{
	size_t n_own = 0, oldest = 0;

	for (size_t i = denials->count; i-- > 0;) {
		if (is_same(denials->items[i], denial))
			return take_out(denials, i);
		if (denials->items[i]->uid != denial->uid)
			continue;
		n_own++;
		oldest = i;
	}
	if (n_own >= REGISTRY_DENIALS_OF_USER_MAX)
		return take_out(denials, oldest);
	if (denials->count == REGISTRY_DENIALS_MAX)
		return take_out(denials, 0);
	return calloc(1, sizeof(struct registry_denial));
}

void registry_denials_add(struct registry_denials *denials, const struct registry_denial *denial,
			  uint64_t now_ns)
{
	struct registry_denial *d = take_room(denials, denial);
	uint64_t count, logged_ns;

	if (!d)
		return;
	count = is_same(d, denial) ? d->count : 0;
	/* One that takes another's place of the same user keeps its silence, so that many do not make
	 * many lines. */
	logged_ns = d->uid == denial->uid ? d->logged_ns : 0;
	*d = *denial;
	d->count = count + 1;
	d->last_ns = now_ns;
	d->last = time(NULL);
	d->logged_ns = logged_ns;
	if (!(logged_ns && now_ns - logged_ns < LOG_REST_NS) && !is_logged(denials, d, now_ns) &&
	    take_line(denials, now_ns)) {
		d->logged_ns = now_ns;
		write_log(d);
	}
	denials->items[denials->count++] = d;
}

void registry_denials_fini(struct registry_denials *denials)
{
	for (size_t i = 0; i < denials->count; i++)
		free(denials->items[i]);
	denials->count = 0;
}

static CFDictionaryRef copy_one(const struct registry_denial *d)
{
	CFMutableDictionaryRef all = registry_dictionary_new();
	char text[1024];
	struct tm tm;

	if (!all)
		return NULL;
	registry_set_text(all, CFSTR("Service"), d->service);
	if (d->bundle[0])
		registry_set_text(all, CFSTR("CFBundleIdentifier"), d->bundle);
	registry_set_text(all, CFSTR("Missing"), d->missing[0] ? d->missing : "opening");
	registry_set_text(all, CFSTR("Reason"), d->reason[0] ? d->reason : "nothing grants it");
	registry_set_text(all, CFSTR("Process"), d->process);
	registry_set_number(all, CFSTR("PID"), d->pid, kCFNumberSInt32Type);
	registry_set_number(all, CFSTR("UID"), d->uid, kCFNumberSInt64Type);
	if (d->selector != WIRE_REFUSED_OPEN)
		registry_set_number(all, CFSTR("Selector"), d->selector, kCFNumberSInt64Type);
	registry_set_text(all, CFSTR("Status"),
			  d->status == kIOReturnNotPermitted ? "kIOReturnNotPermitted"
							     : "kIOReturnNotPrivileged");
	registry_set_number(all, CFSTR("Count"), (int64_t)d->count, kCFNumberSInt64Type);
	if (gmtime_r(&d->last, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		registry_set_text(all, CFSTR("Last"), text);
	scope_cf CFArrayRef grant = registry_denial_copy_grant(d);
	if (grant)
		CFDictionarySetValue(all, CFSTR("Grant"), grant);
	return all;
}

CFArrayRef registry_denials_copy(const struct registry_denials *denials, bool of_all, uid_t uid)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (size_t i = denials->count; all && i-- > 0;) {
		scope_cf CFDictionaryRef one = of_all || denials->items[i]->uid == uid
						     ? copy_one(denials->items[i])
						     : NULL;

		if (one)
			CFArrayAppendValue(all, one);
	}
	return all;
}
