// SPDX-License-Identifier: MIT
#include "registry/policy.h"

#include <stdio.h>
#include <unistd.h>

#include "registry/console.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/entitlement.h"
#include "wire/open.h"
#include "wire/policy.h"

#define ADMINISTRATOR "com.apple.developer.driverkit.administrator"
/* IOServiceAuthorize; as an entitlement it is given and denied for services like others. */
#define AUTHORIZE "org.portico.service.authorize"

bool registry_policy_may_connect(const struct registry *registry, const struct fd_peer *who)
{
	return registry->all_users || who->uid == geteuid() || who->uid == 0;
}

bool registry_policy_may_provide(const struct registry *registry, const struct fd_peer *who)
{
	return who->uid == geteuid() || who->uid == 0;
}

/* --- what the grants say ------------------------------------------------------------ */

void registry_policy_ask(struct registry_policy_question *q, struct registry *registry,
			 const struct registry_subject *subject,
			 const struct registry_entry *service, uint32_t type)
{
	*q = (struct registry_policy_question){
		.table = registry_grants_look(registry->grants),
		.grant = { .subject = subject, .type = type },
	};
	if (!service)
		return;
	q->grant.class_name = service->class->name;
	if (registry_text_get(registry_entry_get(service, CFSTR("CFBundleIdentifier")), q->bundle,
			      sizeof(q->bundle)))
		q->grant.bundle = q->bundle;
}

enum registry_verdict registry_policy_decide(const struct registry_policy_question *q,
					     const char *entitlement,
					     const struct registry_grant **ret_grant)
{
	return q->table ? registry_grant_decide(q->table, &q->grant, entitlement, ret_grant)
			: REGISTRY_DENIED;
}

/* Who has connected and is gone has lost its say: its number, and what else is known by it, may be
 * another's by now. */
static void ask(struct registry_policy_question *q, const struct registry_peer *client,
		const struct registry_entry *service, uint32_t type)
{
	registry_policy_ask(q, client->registry, &client->subject, service, type);
	q->err = registry_subject_check(&client->subject, wire_peer_socket(client->wire));
	if (q->err)
		q->table = NULL;
}

static enum registry_verdict decide(const struct registry_policy_question *q,
				    const char *entitlement)
{
	return registry_policy_decide(q, entitlement, NULL);
}

static bool holds(const struct registry_peer *client, const char *entitlement)
{
	struct registry_policy_question q;

	ask(&q, client, NULL, 0);
	return decide(&q, entitlement) == REGISTRY_GRANTED;
}

bool registry_policy_is_administrator(const struct registry_peer *client)
{
	return holds(client, ADMINISTRATOR);
}

bool registry_policy_may_manage_drivers(const struct registry_peer *client)
{
	const struct registry *r = client->registry;

	return (registry_policy_may_provide(r, &client->subject.who) && !r->no_administrator) ||
	       holds(client, "com.apple.private.security.kext-collection-management");
}

bool registry_policy_may_set_resources(const struct registry_peer *client)
{
	return holds(client, ADMINISTRATOR) ||
	       holds(client, "com.apple.private.iokit.ioresources.setproperty");
}

/* NULL: no memory. */
static CFTypeRef copy_values(const char *const *values, size_t n)
{
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (size_t i = 0; all && i < n; i++) {
		scope_cf CFStringRef text = registry_text_new(values[i]);

		if (text)
			CFArrayAppendValue(all, text);
	}
	/* Appending does not say that it has failed. */
	if (!all || (size_t)CFArrayGetCount(all) == n)
		return all;
	CFRelease(all);
	return NULL;
}

static bool add_entitlement(void *context, const char *entitlement, enum registry_verdict verdict,
			    const char *const *values, size_t n_values)
{
	scope_cf CFStringRef name = registry_text_new(entitlement);
	scope_cf CFTypeRef list = n_values ? copy_values(values, n_values) : NULL;

	if (!name || (n_values && !list))
		return false;
	if (!list)
		CFDictionarySetValue(context, name,
				     verdict == REGISTRY_GRANTED ? kCFBooleanTrue
								 : kCFBooleanFalse);
	else
		CFDictionarySetValue(context, name, list);
	return CFDictionaryContainsKey(context, name);
}

CFDictionaryRef registry_policy_copy_entitlements(const struct registry_policy_question *q)
{
	CFMutableDictionaryRef all = registry_dictionary_new();

	if (!all || !registry_grant_each(q->table, &q->grant, add_entitlement, all))
		return all;
	CFRelease(all);
	return NULL;
}

CFDictionaryRef registry_policy_copy_held(const struct registry_peer *client,
					  const struct registry_entry *service)
{
	struct registry_policy_question q;

	ask(&q, client, service, 0);
	return q.table ? registry_policy_copy_entitlements(&q) : NULL;
}

/* --- DriverKit's rules ------------------------------------------------------------------ */

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
bool registry_policy_has_driver_access(const struct registry *r,
				       const struct registry_entry *service, CFDictionaryRef held)
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

/* --- denials ---------------------------------------------------------------------------- */

/* Why ENTITLEMENT (NULL: opening) is denied; "" when it is just not granted. */
static void find_reason(const struct registry_policy_question *q, const char *entitlement,
			char *text, size_t size)
{
	const struct registry_grant *grant = NULL;
	enum registry_verdict verdict = registry_policy_decide(q, entitlement, &grant);

	text[0] = 0;
	if (!q->table)
		snprintf(text, size,
			 "the process that connected has ended, or no grant file could "
			 "be read");
	else if (verdict == REGISTRY_DENIED && grant->is_unread) /* there is always who denies */
		snprintf(text, size, "by what it may say: %s cannot be read", grant->file);
	else if (verdict == REGISTRY_DENIED)
		snprintf(text, size, "%s grant %s (%s:%u)",
			 grant->is_bad ? "by what is wrong with" : "by", grant->name, grant->file,
			 grant->line);
}

static void note_denial(struct registry *r, const struct registry_policy_question *q,
			struct registry_denial *denial)
{
	snprintf(denial->service, sizeof(denial->service), "%s",
		 q->grant.class_name ? q->grant.class_name : "");
	snprintf(denial->bundle, sizeof(denial->bundle), "%s",
		 q->grant.bundle ? q->grant.bundle : "");
	registry_denials_add(&r->denials, denial, loop_now_ns());
}

/* CLIENT was denied ENTITLEMENT (NULL: opening) by the registry itself. */
static void note_own_denial(const struct registry_peer *client,
			    const struct registry_policy_question *q, const char *entitlement,
			    IOReturn status)
{
	struct registry_denial denial = { .pid = client->subject.who.pid,
					  .uid = client->subject.who.uid,
					  .selector = WIRE_REFUSED_OPEN,
					  .status = status };

	snprintf(denial.process, sizeof(denial.process), "%s", client->name);
	snprintf(denial.missing, sizeof(denial.missing), "%s", entitlement ? entitlement : "");
	find_reason(q, entitlement, denial.reason, sizeof(denial.reason));
	note_denial(client->registry, q, &denial);
}

void registry_policy_refused(struct registry *r, const struct registry_entry *user_client,
			     IOReturn status, uint32_t selector, const char *missing,
			     const char *value)
{
	const struct registry_opener *opener =
		user_client->attention ? user_client->attention->opener : NULL;
	struct registry_denial denial = { .selector = selector, .status = status };
	struct registry_policy_question q = { .table = NULL };
	struct registry_subject subject = { .process = -1 };

	if (!opener)
		return;
	denial.pid = opener->pid;
	subject.who.uid = denial.uid = opener->uid;
	snprintf(denial.process, sizeof(denial.process), "%s", opener->process);
	snprintf(denial.missing, sizeof(denial.missing), "%s", missing);
	snprintf(denial.value, sizeof(denial.value), "%s", value);
	registry_policy_ask(&q, r, &subject, registry_entry_find(&r->tree, opener->service), 0);
	if (status == kIOReturnNotPermitted && !value[0])
		snprintf(denial.reason, sizeof(denial.reason),
			 "by a grant: portico policy explain "
			 "says which");
	note_denial(r, &q, &denial);
}

/* --- opening -------------------------------------------------------------------------- */

static uint32_t open_flags(const struct registry_peer *client, const struct registry_entry *service,
			   const struct registry_policy_question *q, CFDictionaryRef entitlements)
{
	const struct registry_bundle *bundle = find_bundle(client->registry, service);
	uint32_t flags = console_flags(client);

	if (decide(q, ADMINISTRATOR) == REGISTRY_GRANTED)
		flags |= WIRE_OPEN_ADMINISTRATOR;
	if (decide(q, NULL) == REGISTRY_GRANTED)
		flags |= WIRE_OPEN_UNSTATED;
	if (map_find(&client->authorized, service->id))
		flags |= WIRE_OPEN_AUTHORIZED;
	if (registry_policy_has_driver_access(client->registry, service, entitlements))
		flags |= WIRE_OPEN_DRIVER_ACCESS;
	if (bundle && bundle->asks_for_memory)
		flags |= WIRE_OPEN_CLIENT_MEMORY;
	return flags;
}

/* A service may say which types of user clients it has. */
static bool has_type(const struct registry_entry *service, uint32_t type)
{
	CFTypeRef types = registry_entry_get(service, CFSTR("PorticoUserClientTypes"));
	int64_t number;

	if (!types)
		return true;
	for (CFIndex i = 0; registry_is_array(types) && i < CFArrayGetCount(types); i++)
		if (registry_number_get(CFArrayGetValueAtIndex(types, i), &number) &&
		    number == type)
			return true;
	return false;
}

IOReturn registry_policy_open(const struct registry_peer *client,
			      const struct registry_entry *service, uint32_t type,
			      CFDictionaryRef *ret_entitlements, uint32_t *ret_flags)
{
	CFDictionaryRef entitlements;
	struct registry_policy_question q;

	if (!has_type(service, type))
		return kIOReturnUnsupported;
	ask(&q, client, service, type);
	if (q.err && q.err != -ESRCH)
		return kIOReturnNoResources;
	if (decide(&q, NULL) == REGISTRY_DENIED) {
		note_own_denial(client, &q, NULL, kIOReturnNotPermitted);
		return kIOReturnNotPermitted;
	}
	entitlements = registry_policy_copy_entitlements(&q);
	if (!entitlements)
		return kIOReturnNoResources;
	*ret_flags = open_flags(client, service, &q, entitlements);
	*ret_entitlements = entitlements;
	return kIOReturnSuccess;
}

static IOReturn status_of(enum registry_verdict verdict)
{
	return verdict == REGISTRY_GRANTED ? kIOReturnSuccess
	     : verdict == REGISTRY_DENIED  ? kIOReturnNotPermitted
					   : kIOReturnNotPrivileged;
}

static IOReturn remember_authorized(struct registry_peer *client, uint64_t id)
{
	if (map_find(&client->authorized, id))
		return kIOReturnSuccess;
	if (!account_charge(&client->account, LIMITS_AUTHORIZATIONS, 1))
		return kIOReturnNoResources;
	if (!map_set(&client->authorized, id, client))
		return kIOReturnSuccess;
	account_refund(&client->account, LIMITS_AUTHORIZATIONS, 1);
	return kIOReturnNoResources;
}

IOReturn registry_policy_authorize(struct registry_peer *client, struct registry_entry *service)
{
	struct registry_policy_question q;
	IOReturn status;

	ask(&q, client, service, 0);
	status = status_of(decide(&q, AUTHORIZE));
	if (!status)
		return remember_authorized(client, service->id);
	note_own_denial(client, &q, AUTHORIZE, status);
	if (map_remove(&client->authorized, service->id))
		account_refund(&client->account, LIMITS_AUTHORIZATIONS, 1);
	return status;
}
