// SPDX-License-Identifier: MIT
/*
 * DriverKit-style objects (IOUserService.h): what the runtime keeps for each of
 * them, and how the rest of the host makes them. user_service.c, user_client_method.c,
 * action.c.
 */
#pragma once

#include <IOKit/IOUserService.h>

#include "host/host_internal.h"

/* The private part of a DriverKit-style object. */
struct host_user {
	char *class_name; /* IOClass: what the registry shows */
	/* guarded by the runtime's lock */
	struct list queues; /* struct host_named_queue; the default one is first */
	/* queue thread of the driver, during NewUserClient */
	const IOClientTask *opening;
	uint32_t open_type;
};

/* Does CLS descend from one of the two base classes? */
bool host_user_is_class(const struct IODriverClass *cls);
/* IOClass and IOUserClass of PROPERTIES. NULL: no such pair, or the bundle has no such class. */
const struct IODriverClass *host_user_find_class(const struct host_bundle *bundle,
						 CFDictionaryRef properties);
/* Make SERVICE a DriverKit-style object; false: no memory. Called by host_service_new. */
bool host_user_init(IOService *service, CFDictionaryRef properties);
void host_user_free(struct IOServiceRuntime *runtime);
void *host_user_operation(const struct IODriverClass *cls, size_t offset);
#define host_user_op(service, member) \
	((__typeof__(((struct IOUserServiceOperations *)0)->member))host_user_operation( \
		(service)->objectClass, offsetof(struct IOUserServiceOperations, member)))
/* Run FUNCTION(CONTEXT) on the queue NAME of SERVICE, else on its default queue. */
IOReturn host_user_run(IOService *service, const char *name, void *context,
		       IODispatchFunction function);
/* The queue NAME, else the default one; retained. */
IODispatchQueue *host_user_copy_queue(IOService *service, const char *name);
/* Entry known: what programs find it by. */
void host_user_set_name(IOService *service);

/* --- actions (action.c) ------------------------------------------------------------ */

/* The completion of a call: REFERENCE as host_async_begin made it. NULL: no memory. */
OSAction *host_action_new_completion(IOUserClient *client, const OSAsyncReference64 reference);
/* Run its function on its queue, later. */
void host_action_invoke(OSAction *action);

/* --- methods (user_client_method.c) -------------------------------------------------- */

IOReturn host_user_external_method(IOUserClient *client, uint32_t selector,
				   IOExternalMethodArguments *arguments);
IOReturn host_user_dispatch_check(const IOUserClientMethodDispatch *dispatch,
				  const IOUserClientMethodArguments *arguments);
