// SPDX-License-Identifier: MIT
/*
 * What a program may do, as the registry found it when the program opened: the
 * host has no other word on it. The registry looks at credentials and policy;
 * here the driver's demands are compared with them.
 */
#include <IOKit/IOUserClient.h>

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "host/host_internal.h"
#include "wire/entitlement.h"
#include "wire/open.h"
#include "wire/policy.h"

/* A program may call a method it may not as often as it likes. */
#define REFUSED_REST_NS (60ull * 1000 * 1000 * 1000)

void host_client_rights_init(struct IOClientTaskRights *rights,
			     const struct IOClientTaskRights *other)
{
	*rights = *other;
	if (rights->entitlements)
		CFRetain(rights->entitlements);
}

void host_client_rights_fini(struct IOClientTaskRights *rights)
{
	if (rights->entitlements)
		CFRelease(rights->entitlements);
	rights->entitlements = NULL;
}

/* --- privileges ------------------------------------------------------------------ */

IOReturn IOUserClientClientHasPrivilege(const IOClientTask *task, const char *privilege)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} privileges[] = {
		{ kIOClientPrivilegeLocalUser, WIRE_OPEN_LOCAL_USER },
		{ kIOClientPrivilegeConsoleUser, WIRE_OPEN_CONSOLE_USER },
		{ kIOClientPrivilegeSecureConsoleProcess, WIRE_OPEN_SECURE_PROCESS },
		{ kIOClientPrivilegeConsoleSession, WIRE_OPEN_CONSOLE_SESSION },
	};
	uint32_t flags;

	if (!task || !privilege)
		return kIOReturnBadArgument;
	if (!strcmp(privilege, kIOClientPrivilegeForeground))
		return kIOReturnSuccess;
	if (!strcmp(privilege, kIOClientPrivilegeAdministrator))
		return task->administrator ? kIOReturnSuccess : kIOReturnNotPrivileged;
	flags = task->rights ? task->rights->flags : 0;
	for (size_t i = 0; i < sizeof(privileges) / sizeof(*privileges); i++)
		if (!strcmp(privilege, privileges[i].name))
			return flags & privileges[i].flag ? kIOReturnSuccess
							  : kIOReturnNotPrivileged;
	return kIOReturnUnsupported;
}

IOReturn IOUserClientClientHasAuthorization(const IOClientTask *task, IOService *service)
{
	if (!task || !service)
		return kIOReturnBadArgument;
	if (task->rights && (task->rights->flags & WIRE_OPEN_AUTHORIZED) &&
	    IOServiceGetEntryID(service) == task->rights->service)
		return kIOReturnSuccess;
	return kIOReturnNotPermitted;
}

/* --- entitlements ---------------------------------------------------------------- */

CFDictionaryRef IOUserClientCopyClientEntitlements(const IOClientTask *task)
{
	return task && task->rights && task->rights->entitlements
		     ? CFRetain(task->rights->entitlements)
		     : NULL;
}

CFTypeRef IOUserClientCopyClientEntitlement(const IOClientTask *task, const char *name)
{
	CFTypeRef value = NULL;
	CFStringRef key;

	if (!task || !name || !task->rights || !task->rights->entitlements)
		return NULL;
	key = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
	if (!key)
		return NULL;
	value = CFDictionaryGetValue(task->rights->entitlements, key);
	CFRelease(key);
	return value ? CFRetain(value) : NULL;
}

bool IOTaskHasEntitlement(const IOClientTask *task, const char *name)
{
	CFTypeRef value = IOUserClientCopyClientEntitlement(task, name);
	bool has = value == kCFBooleanTrue;

	if (value)
		CFRelease(value);
	return has;
}

/* --- refusals ------------------------------------------------------------------------ */

struct refusal {
	struct host *host;
	struct wire_refused message;
};

static void send_refusal(void *context)
{
	struct refusal *refusal = context;

	provider_send(refusal->host->provider, &wire_refused_layout, &refusal->message);
}

/* Let the registry tell people what was missing. */
static void tell_refused(struct host_connection *connection, IOReturn status, uint32_t selector,
			 const char *missing, const char *value)
{
	struct refusal refusal = {
		.host = connection->host,
		.message = { .user_client = IOServiceGetEntryID(&connection->client->service),
			     .status = (uint32_t)status,
			     .selector = selector,
			     .missing = missing,
			     .value = value },
	};

	if (strlen(missing) <= WIRE_ENTITLEMENT_MAX && strlen(value) <= WIRE_NAME_MAX)
		host_on_loop(connection->host, send_refusal, &refusal);
}

/* Once a minute for each connection. */
static void tell_method_refused(struct host_connection *connection, IOReturn status,
				uint32_t selector, const char *name)
{
	uint64_t last = atomic_load(&connection->refused_ns), now = loop_now_ns();

	if ((!last || now - last >= REFUSED_REST_NS) &&
	    atomic_compare_exchange_strong(&connection->refused_ns, &last, now))
		tell_refused(connection, status, selector, name, "");
}

IOReturn host_client_rights_check_method(IOUserClient *client, uint32_t selector, const char *name)
{
	CFTypeRef value = IOUserClientCopyClientEntitlement(IOUserClientGetTask(client), name);
	IOReturn status = value == kCFBooleanTrue  ? kIOReturnSuccess
			: value == kCFBooleanFalse ? kIOReturnNotPermitted
						   : kIOReturnNotPrivileged;

	if (value)
		CFRelease(value);
	if (status)
		tell_method_refused(client->service.runtime->connection, status, selector, name);
	return status;
}

/* The first name of WANTED that HELD lacks. */
static bool find_missing(CFDictionaryRef held, CFTypeRef wanted, char *name, size_t size)
{
	if (CFGetTypeID(wanted) == CFStringGetTypeID())
		return !wire_entitlement_is_held(held, wanted) &&
		       CFStringGetCString(wanted, name, (CFIndex)size, kCFStringEncodingUTF8);
	if (CFGetTypeID(wanted) != CFArrayGetTypeID())
		return false;
	for (CFIndex i = 0; i < CFArrayGetCount(wanted); i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(wanted, i);

		/* one level of arrays in arrays */
		for (CFIndex k = 0;
		     CFGetTypeID(one) == CFArrayGetTypeID() && k < CFArrayGetCount(one); k++) {
			CFTypeRef two = CFArrayGetValueAtIndex(one, k);

			if (CFGetTypeID(two) == CFStringGetTypeID() &&
			    find_missing(held, two, name, size))
				return true;
		}
		if (CFGetTypeID(one) == CFStringGetTypeID() && find_missing(held, one, name, size))
			return true;
	}
	return false;
}

static void tell_wanted(struct host_connection *connection, IOReturn status, CFTypeRef wanted)
{
	char name[WIRE_ENTITLEMENT_MAX + 1];

	if (find_missing(connection->rights.entitlements, wanted, name, sizeof(name)))
		tell_refused(connection, status, WIRE_REFUSED_OPEN, name, "");
}

/* --- what a user client demands ------------------------------------------------------- */

/* What the program lacks of WANTED. An entitlement with the value false was denied to it. */
static IOReturn check_wanted(CFDictionaryRef held, CFTypeRef wanted)
{
	if (wire_entitlement_satisfies(held, wanted))
		return kIOReturnSuccess;
	return wire_entitlement_is_denied(held, wanted) ? kIOReturnNotPermitted
							: kIOReturnNotPrivileged;
}

/* What the user client demands, else what its provider does (from its personality, say). */
static CFTypeRef copy_demand(IOService *client, IOService *provider, CFStringRef key)
{
	CFTypeRef wanted = IOServiceCopyProperty(client, key);

	return wanted || !provider ? wanted : IOServiceCopyProperty(provider, key);
}

static void tell_driver_access(struct host_connection *connection, IOService *provider)
{
	CFTypeRef bundle = IOServiceCopyProperty(provider, CFSTR("CFBundleIdentifier"));
	char text[WIRE_NAME_MAX + 1] = "";

	if (bundle && CFGetTypeID(bundle) == CFStringGetTypeID())
		CFStringGetCString(bundle, text, sizeof(text), kCFStringEncodingUTF8);
	if (bundle)
		CFRelease(bundle);
	tell_refused(connection, kIOReturnNotPermitted, WIRE_REFUSED_OPEN,
		     kIODriverKitUserClientEntitlementsKey, text);
}

/* DriverKit's rules: who may open the service at all, then what the user client asks for. RET_STATED:
 * they have said something. */
static IOReturn check_driverkit(struct host_connection *connection, bool *ret_stated)
{
	IOService *client = &connection->client->service;
	IOService *provider = IOServiceGetProvider(client);
	CFTypeRef class = provider ? IOServiceCopyProperty(provider, CFSTR("IOUserClass")) : NULL;
	CFTypeRef wanted = copy_demand(client, provider, CFSTR("IOServiceDEXTEntitlements"));
	IOReturn status = kIOReturnSuccess;

	*ret_stated = class || wanted;
	if (class && !(connection->rights.flags & WIRE_OPEN_DRIVER_ACCESS)) {
		status = kIOReturnNotPermitted;
		tell_driver_access(connection, provider);
	} else if (wanted && !wire_entitlement_satisfies(connection->rights.entitlements, wanted)) {
		status = kIOReturnNotPermitted;
		tell_wanted(connection, status, wanted);
	}
	if (class)
		CFRelease(class);
	if (wanted)
		CFRelease(wanted);
	return status;
}

/* Who demands nothing is open to the session's owner, to root and by a grant; an IOUserClient2022 to
 * nobody. */
static IOReturn check_unstated(struct host_connection *connection, bool is_2022)
{
	if (is_2022) {
		log_warning("%s is an IOUserClient2022 and must define %s",
			    IOServiceGetClassName(&connection->client->service),
			    kIOUserClientEntitlementsKey);
		return kIOReturnNotPrivileged;
	}
	if (connection->rights.flags & WIRE_OPEN_UNSTATED)
		return kIOReturnSuccess;
	log_warning("%s has no property %s: only the session's owner may open it, or whom a grant "
		    "allows",
		    IOServiceGetClassName(&connection->client->service),
		    kIOUserClientEntitlementsKey);
	tell_refused(connection, kIOReturnNotPrivileged, WIRE_REFUSED_OPEN, "", "");
	return kIOReturnNotPrivileged;
}

/* The program must hold what IOUserClientEntitlements names; boolean false admits everybody. */
static IOReturn check_entitlements(struct host_connection *connection, bool is_2022, bool is_stated)
{
	IOService *client = &connection->client->service;
	CFTypeRef wanted = copy_demand(client, IOServiceGetProvider(client),
				       CFSTR(kIOUserClientEntitlementsKey));
	IOReturn status = kIOReturnSuccess;

	if (!wanted)
		return is_stated && !is_2022 ? kIOReturnSuccess
					     : check_unstated(connection, is_2022);
	if (wanted != kCFBooleanFalse)
		status = check_wanted(connection->rights.entitlements, wanted);
	if (status)
		tell_wanted(connection, status, wanted);
	CFRelease(wanted);
	return status;
}

/* --- locking ------------------------------------------------------------------------------ */

/* Any value but boolean false counts. False: there is no such property. */
static bool read_flag(IOService *service, CFStringRef key, bool *ret_flag)
{
	CFTypeRef value = IOServiceCopyProperty(service, key);

	*ret_flag = value && value != kCFBooleanFalse;
	if (value)
		CFRelease(value);
	return value != NULL;
}

static IOReturn read_locking(struct host_connection *connection, bool is_2022)
{
	IOService *service = &connection->client->service;
	int n = 0;

	n += read_flag(service, CFSTR(kIOUserClientDefaultLockingKey), &connection->locking);
	n += read_flag(service, CFSTR(kIOUserClientDefaultLockingSingleThreadExternalMethodKey),
		       &connection->single_thread);
	n += read_flag(service, CFSTR(kIOUserClientDefaultLockingSetPropertiesKey),
		       &connection->lock_set_properties);
	connection->shared_instance =
		read_flag(service, CFSTR(kIOUserClientSharedInstanceKey), &(bool){ false });
	if (is_2022 && n < 3) {
		log_warning("%s is an IOUserClient2022 and must define all three properties "
			    "IOUserClientDefaultLocking*",
			    IOServiceGetClassName(service));
		return kIOReturnError;
	}
	if (n)
		return kIOReturnSuccess;
	connection->locking = true;
	IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingKey), kCFBooleanTrue);
	return kIOReturnSuccess;
}

IOReturn host_client_rights_check(struct host_connection *connection, uint32_t type)
{
	bool is_2022 = host_class_conforms(connection->client->service.objectClass,
					   IOUserClient2022Base.name);
	bool is_stated;
	IOReturn status = check_driverkit(connection, &is_stated), locking;

	if (status)
		return status;
	/* What the program lacks is said before what the driver lacks. */
	locking = read_locking(connection, is_2022);
	status = check_entitlements(connection, is_2022, is_stated);
	if (!status)
		status = locking;
	return status ? status : host_message_filter_resolve(connection, type);
}
