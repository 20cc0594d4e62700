// SPDX-License-Identifier: MIT
#include "registry/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/denials.h"
#include "registry/policy.h"
#include "registry/text.h"
#include "wire/entitlement.h"

enum { GRANTS_MAX = 32, DEMANDS_MAX = 32 };

struct explanation {
	struct registry *registry;
	struct registry_entry *service; /* NULL: it is not there */
	struct registry_policy_question question;
	CFDictionaryRef held; /* NULL: everything is denied */
	CFMutableArrayRef demands;
	bool is_met;	 /* all demands so far */
	bool is_in_full; /* with what concerns others */
};

/* --- grants ----------------------------------------------------------------------------- */

static bool names(const struct registry_grant *grant, const char *entitlement)
{
	bool has_any = false;

	if (grant->is_unread)
		return true;
	for (size_t i = 0; i < grant->n_words; i++) {
		if (grant->words[i].key != REGISTRY_GRANT_ENTITLEMENT)
			continue;
		has_any = true;
		if (entitlement && !strcmp(grant->words[i].text, entitlement))
			return true;
	}
	return !entitlement && !has_any;
}

static const char *effect_of(const struct explanation *e, const struct registry_grant *grant)
{
	const struct registry_grant_table *table = e->question.table;
	const struct registry_subject *subject = e->question.grant.subject;

	if (!registry_grant_concerns(grant, &e->question.grant))
		return "is for other services or types";
	if (grant->is_unread)
		return "cannot be read and denies everybody everything";
	if (grant->is_bad)
		return "is not understood and denies everybody";
	if (registry_grant_means(table, grant, REGISTRY_GRANT_DENY, subject))
		return "denies";
	if (registry_grant_means(table, grant, REGISTRY_GRANT_ALLOW, subject))
		return "allows";
	return "is for others";
}

static CFArrayRef copy_grants(const struct explanation *e, const char *entitlement)
{
	const struct registry_grant_table *table = e->question.table;
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	char text[1024];

	for (size_t i = 0; table && all && i < table->n_grants; i++) {
		const struct registry_grant *g = &table->grants[i];

		if (!names(g, entitlement) || CFArrayGetCount(all) == GRANTS_MAX)
			continue;
		snprintf(text, sizeof(text), "%s (%s:%u, force %u) %s", g->name, g->file, g->line,
			 g->force, effect_of(e, g));
		scope_cf CFStringRef line = registry_text_new(text);
		if (line)
			CFArrayAppendValue(all, line);
	}
	return all;
}

static enum registry_verdict decide(const struct explanation *e, const char *entitlement, char *by,
				    size_t size)
{
	const struct registry_grant *grant = NULL;
	enum registry_verdict verdict = registry_policy_decide(&e->question, entitlement, &grant);

	by[0] = 0;
	if (grant)
		snprintf(by, size, "%s (%s:%u)", grant->name, grant->file, grant->line);
	return verdict;
}

static void set_verdict(const struct explanation *e, CFMutableDictionaryRef d,
			const char *entitlement, enum registry_verdict verdict, const char *by)
{
	static const char *const words[] = { "not granted", "granted", "denied" };
	scope_cf CFArrayRef grants = e->is_in_full ? copy_grants(e, entitlement) : NULL;

	registry_set_text(d, CFSTR("Verdict"), words[verdict]);
	if (by[0])
		registry_set_text(d, CFSTR("By"), by);
	if (grants)
		CFDictionarySetValue(d, CFSTR("Grants"), grants);
}

/* --- demands ------------------------------------------------------------------------------- */

static void set_needed(const struct explanation *e, CFMutableDictionaryRef d,
		       const char *entitlement, const char *value)
{
	struct registry_denial need = { .uid = e->question.grant.subject->who.uid };

	snprintf(need.service, sizeof(need.service), "%s", e->question.grant.class_name);
	snprintf(need.missing, sizeof(need.missing), "%s", entitlement);
	snprintf(need.value, sizeof(need.value), "%s", value);
	scope_cf CFArrayRef grant = registry_denial_copy_grant(&need);
	if (grant)
		CFDictionarySetValue(d, CFSTR("Grant"), grant);
}

/* One name that is demanded; VALUE: its list must have it, or "". IS_MET: as far as is known. */
static void add_demand(struct explanation *e, const char *entitlement, const char *value,
		       const char *by_whom, bool is_met)
{
	scope_cf CFMutableDictionaryRef d = registry_dictionary_new();
	char by[512];

	if (!d || CFArrayGetCount(e->demands) == DEMANDS_MAX)
		return;
	enum registry_verdict verdict = decide(e, entitlement, by, sizeof(by));
	registry_set_text(d, CFSTR("Demand"), entitlement);
	if (value[0])
		registry_set_text(d, CFSTR("Value"), value);
	registry_set_text(d, CFSTR("Demanded By"), by_whom);
	set_verdict(e, d, entitlement, verdict, by);
	if (!is_met)
		set_needed(e, d, entitlement, value);
	CFArrayAppendValue(e->demands, d);
}

static void add_names(struct explanation *e, CFTypeRef wanted, const char *by_whom, bool is_met)
{
	char name[WIRE_ENTITLEMENT_MAX + 1];

	if (registry_text_get(wanted, name, sizeof(name))) {
		add_demand(e, name, "", by_whom, is_met);
		return;
	}
	for (CFIndex i = 0; registry_is_array(wanted) && i < CFArrayGetCount(wanted); i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(wanted, i);

		if (registry_text_get(one, name, sizeof(name)))
			add_demand(e, name, "", by_whom, is_met);
		for (CFIndex k = 0; registry_is_array(one) && k < CFArrayGetCount(one); k++)
			if (registry_text_get(CFArrayGetValueAtIndex(one, k), name, sizeof(name)))
				add_demand(e, name, "", by_whom, is_met);
	}
}

/* What ENTRY, the service or one of its user clients, demands. */
static void look_at(struct explanation *e, const struct registry_entry *entry)
{
	static const char *const keys[] = { "IOUserClientEntitlements",
					    "IOServiceDEXTEntitlements" };
	char by_whom[256];

	for (size_t i = 0; i < 2; i++) {
		scope_cf CFStringRef key = registry_text_new(keys[i]);
		CFTypeRef found = key ? registry_entry_get(entry, key) : NULL;
		scope_cf CFTypeRef wanted = found ? CFRetain(found) : NULL;

		if (!wanted || wanted == kCFBooleanFalse)
			continue;
		bool is_met = wire_entitlement_satisfies(e->held, wanted);
		e->is_met &= is_met;
		snprintf(by_whom, sizeof(by_whom), "%s of %s", keys[i], entry->class->name);
		add_names(e, wanted, by_whom, is_met);
	}
}

static void look_at_clients(struct explanation *e)
{
	const struct registry_node *n =
		registry_node_find(e->service, e->registry->tree.planes.service);

	for (struct registry_edge *edge = n ? registry_edge_first(n, false) : NULL; edge;
	     edge = registry_edge_next(edge, false))
		if (edge->child->entry->state & WIRE_STATE_USER_CLIENT)
			look_at(e, edge->child->entry);
}

static void look_at_driverkit(struct explanation *e)
{
	bool is_met;

	if (!registry_entry_has(e->service, CFSTR("IOUserClass")))
		return;
	is_met = e->held && registry_policy_has_driver_access(e->registry, e->service, e->held);
	e->is_met &= is_met;
	add_demand(e, "com.apple.developer.driverkit.userclient-access",
		   e->question.grant.bundle ? e->question.grant.bundle : "",
		   "IOUserClass, DriverKit's kind", is_met);
}

/* What was missing when somebody was refused: methods, and user clients that are not there now. */
static void look_at_denials(struct explanation *e)
{
	const struct registry_denials *denials = &e->registry->denials;

	for (size_t i = 0; i < denials->count; i++) {
		const struct registry_denial *d = denials->items[i];
		char by_whom[64] = "a user client that was refused";

		if (!d->missing[0] || strcmp(d->service, e->question.grant.class_name))
			continue;
		/* What others were refused is theirs to know. */
		if (!e->is_in_full && d->uid != e->question.grant.subject->who.uid)
			continue;
		bool is_met = decide(e, d->missing, (char[512]){ 0 }, 512) == REGISTRY_GRANTED;
		if (d->selector != WIRE_REFUSED_OPEN)
			snprintf(by_whom, sizeof(by_whom), "method %u", d->selector);
		else
			e->is_met &= is_met;
		add_demand(e, d->missing, d->value, by_whom, is_met);
	}
}

/* --- all of it --------------------------------------------------------------------------------- */

bool registry_explain_is_named(const struct registry_entry *service, const char *text)
{
	CFTypeRef bundle = registry_entry_get(service, CFSTR("CFBundleIdentifier"));

	return !strcmp(service->class->name, text) ||
	       !strcmp(registry_entry_name(service, NULL), text) ||
	       registry_text_equals(bundle, text);
}

static struct registry_entry *find_service(struct registry *r, const char *text)
{
	struct registry_entry *found = NULL, *entry;
	size_t cursor = 0;
	char *end;

	if (!strncmp(text, "0x", 2)) {
		uint64_t id = strtoull(text, &end, 16);

		return *end ? NULL : registry_entry_find(&r->tree, id);
	}
	while ((entry = registry_tree_next(&r->tree, &cursor))) {
		if (!registry_entry_is_service(entry) || registry_entry_is_inactive(entry) ||
		    entry->state & WIRE_STATE_USER_CLIENT)
			continue;
		if (!strcmp(entry->class->name, text))
			return entry;
		if (!found && registry_explain_is_named(entry, text))
			found = entry;
	}
	return found;
}

static void describe_subject(const struct registry_subject *s, char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size, "uid %u, gid %u", (unsigned)s->who.uid,
				    (unsigned)s->who.gid);

	for (size_t i = 0; i < s->n_groups && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%u", i ? " " : ", groups ",
				      (unsigned)s->groups[i]);
	if (n < size)
		snprintf(text + n, size - n, "%s%s%s%s%s%s%s", s->label ? ", label " : "",
			 s->label ? s->label : "", s->unit ? ", unit " : "", s->unit ? s->unit : "",
			 s->app ? ", app " : "", s->app ? s->app : "",
			 s->unknown ? ", and something that is not known" : "");
}

static const char *result_of(const struct explanation *e, enum registry_verdict opening)
{
	bool is_stated = CFArrayGetCount(e->demands) > 0;

	if (!e->question.table)
		return "no: the grant files could not be read";
	if (opening == REGISTRY_DENIED)
		return "no: opening it is denied";
	if (!e->is_met)
		return "no: an entitlement that it demands is missing";
	if (!e->service)
		return "there is no such service now: what it demands is not known";
	if (!is_stated && opening != REGISTRY_GRANTED)
		return "only user clients that admit everybody: it states no demand, and no grant "
		       "is for opening it";
	return is_stated ? "yes: what is known of its demands is met"
			 : "yes, unless a user client demands something: none is open that does";
}

static bool begin(struct explanation *e, struct registry *r, const char *service, uint32_t type,
		  const struct registry_subject *subject)
{
	e->registry = r;
	e->service = find_service(r, service);
	e->is_met = true;
	registry_policy_ask(&e->question, r, subject, e->service, type);
	if (!e->service)
		e->question.grant.class_name = e->question.grant.bundle = service;
	e->held = e->question.table ? registry_policy_copy_entitlements(&e->question) : NULL;
	e->demands = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	return e->demands != NULL;
}

static void explain(struct explanation *e, CFMutableDictionaryRef d)
{
	scope_cf CFMutableDictionaryRef opening = registry_dictionary_new();
	char text[1024], by[512];
	enum registry_verdict verdict = decide(e, NULL, by, sizeof(by));

	if (e->service) {
		look_at_driverkit(e);
		look_at(e, e->service);
		look_at_clients(e);
	}
	look_at_denials(e);
	registry_set_text(d, CFSTR("Service"), e->question.grant.class_name);
	if (e->service && e->question.grant.bundle)
		registry_set_text(d, CFSTR("CFBundleIdentifier"), e->question.grant.bundle);
	describe_subject(e->question.grant.subject, text, sizeof(text));
	registry_set_text(d, CFSTR("Subject"), text);
	registry_set_text(d, CFSTR("Result"), result_of(e, verdict));
	if (opening) {
		set_verdict(e, opening, NULL, verdict, by);
		if (verdict == REGISTRY_NOT_GRANTED)
			set_needed(e, opening, "", "");
		CFDictionarySetValue(d, CFSTR("Opening"), opening);
	}
	CFDictionarySetValue(d, CFSTR("Demands"), e->demands);
}

CFDictionaryRef registry_explain_copy(struct registry *registry, const char *service, uint32_t type,
				      const struct registry_subject *subject, bool in_full)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	struct explanation e = { .is_in_full = in_full };

	if (d && begin(&e, registry, service, type, subject))
		explain(&e, d);
	if (e.held)
		CFRelease(e.held);
	if (e.demands)
		CFRelease(e.demands);
	return d;
}
