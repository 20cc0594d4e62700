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
#include "host/host_internal.h"
#include "wire/entitlement.h"
#include "wire/open.h"

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

/* --- what a user client demands ------------------------------------------------------- */

/* DriverKit's rules: who may open the service at all, then what the user client asks for. */
static IOReturn check_driverkit(struct host_connection *connection)
{
	IOService *client = &connection->client->service;
	IOService *provider = IOServiceGetProvider(client);
	CFTypeRef class = provider ? IOServiceCopyProperty(provider, CFSTR("IOUserClass")) : NULL;
	CFTypeRef wanted = IOServiceCopyProperty(client, CFSTR("IOServiceDEXTEntitlements"));
	IOReturn status = kIOReturnSuccess;

	if (class && !(connection->rights.flags & WIRE_OPEN_DRIVER_ACCESS)) {
		log_warning(
			"%s (pid %d) may not open %s: neither its entitlements nor those of the "
			"bundle (PorticoEntitlements in Info.plist) allow it",
			connection->process, connection->task.pid, IOServiceGetEntryName(provider));
		status = kIOReturnNotPermitted;
	} else if (wanted && !wire_entitlement_satisfies(connection->rights.entitlements, wanted)) {
		status = kIOReturnNotPermitted;
	}
	if (class)
		CFRelease(class);
	if (wanted)
		CFRelease(wanted);
	return status;
}

/* The program must hold what IOUserClientEntitlements names; boolean false admits everybody. */
static IOReturn check_entitlements(struct host_connection *connection, bool is_2022)
{
	CFTypeRef wanted = IOServiceCopyProperty(&connection->client->service,
						 CFSTR(kIOUserClientEntitlementsKey));
	bool entitled;

	if (!wanted)
		return is_2022 ? kIOReturnNotPrivileged : kIOReturnSuccess;
	entitled = wanted == kCFBooleanFalse ||
		   wire_entitlement_is_held(connection->rights.entitlements, wanted);
	CFRelease(wanted);
	return entitled ? kIOReturnSuccess : kIOReturnNotPrivileged;
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
	IOReturn status = check_driverkit(connection), locking;

	if (status)
		return status;
	/* What the program lacks is said before what the driver lacks. */
	locking = read_locking(connection, is_2022);
	status = check_entitlements(connection, is_2022);
	if (!status)
		status = locking;
	return status ? status : host_message_filter_resolve(connection, type);
}
