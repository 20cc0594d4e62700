/* SPDX-License-Identifier: MIT */
/* Method tables of the time before dispatch tables. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static IOReturn sum(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5, void *p6)
{
	*(uint32_t *)p3 = (uint32_t)(uintptr_t)p1 + (uint32_t)(uintptr_t)p2;
	return kIOReturnSuccess;
}

static IOReturn six(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5, void *p6)
{
	return (IOReturn)((uintptr_t)p1 + 10 * (uintptr_t)p2 + 100 * (uintptr_t)p3 +
			  1000 * (uintptr_t)p4 + 10000 * (uintptr_t)p5 + 100000 * (uintptr_t)p6);
}

static IOReturn fillStructure(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5,
			      void *p6)
{
	IOByteCount *size = p3;

	memset(p2, (int)(uintptr_t)p1, *size);
	*size = *size / 2;
	return kIOReturnSuccess;
}

static IOReturn reverse(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5,
			void *p6)
{
	const char *in = p1;
	char *out = p2;
	uintptr_t n = (uintptr_t)p3;

	if (*(IOByteCount *)p4 < n)
		return kIOReturnNoSpace;
	for (uintptr_t i = 0; i < n; i++)
		out[i] = in[n - 1 - i];
	*(IOByteCount *)p4 = n;
	return kIOReturnSuccess;
}

static IOReturn sumStructure(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5,
			     void *p6)
{
	const uint8_t *bytes = p2;
	uintptr_t total = (uintptr_t)p1;

	for (uintptr_t i = 0; i < (uintptr_t)p3; i++)
		total += bytes[i];
	return (IOReturn)total;
}

static IOReturn completeLater(IOService *target, OSAsyncReference reference, void *p1, void *p2,
			      void *p3, void *p4, void *p5, void *p6)
{
	IOUserClient *client = (IOUserClient *)target;
	void *args[] = { p1 };
	IOReturn status = IOUserClientSendAsyncResult(client, reference, kIOReturnSuccess, args, 1);

	IOUserClientReleaseAsyncReference(client, reference);
	return status;
}

static const struct IOExternalMethod methods[] = {
	{ NULL, sum, kIOUCScalarIScalarO, 2, 1 },
	{ NULL, six, kIOUCScalarIScalarO, 6, 0 },
	{ NULL, fillStructure, kIOUCScalarIStructO, 1, kIOUCVariableStructureSize },
	{ NULL, reverse, kIOUCStructIStructO, kIOUCVariableStructureSize,
	  kIOUCVariableStructureSize },
	{ NULL, sumStructure, kIOUCScalarIStructI, 1, 4 },
	{ NULL, sum, 1, 2, 1 },
	{ NULL, sum, kIOUCScalarIScalarO | kIOUCForegroundOnly, 2, 1 },
};

static IOExternalMethod *getMethod(IOUserClient *client, IOService **target, uint32_t index)
{
	struct MethodsClient *self = SELF(client);

	if (index >= sizeof(methods) / sizeof(*methods))
		return NULL;
	self->method = methods[index];
	*target = &client->service;
	return &self->method;
}

static IOExternalAsyncMethod *getAsyncMethod(IOUserClient *client, IOService **target,
					     uint32_t index)
{
	struct MethodsClient *self = SELF(client);

	if (index)
		return NULL;
	self->asyncMethod =
		(IOExternalAsyncMethod){ NULL, completeLater, kIOUCScalarIScalarO, 1, 0 };
	*target = &client->service;
	return &self->asyncMethod;
}

static IOExternalMethod *getOldMethod(IOUserClient *client, uint32_t index)
{
	IOService *target;
	IOExternalMethod *method = getMethod(client, &target, index);

	if (method && index != 1) /* which has no object */
		method->object = target;
	return method;
}

static IOExternalAsyncMethod *getOldAsyncMethod(IOUserClient *client, uint32_t index)
{
	IOService *target;
	IOExternalAsyncMethod *method = getAsyncMethod(client, &target, index);

	if (method)
		method->object = target;
	return method;
}

static IOExternalTrap *getOldTrap(IOUserClient *client, uint32_t index)
{
	IOService *target = NULL;
	IOExternalTrap *trap = clientTrap(client, &target, index);

	if (trap)
		trap->object = target;
	return trap;
}

static IOReturn closeClient(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

const struct IODriverClass legacyClientClass = {
	.name = "MethodsLegacyUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct MethodsClient),
	.userClient =
		&(const struct IOUserClientOperations){
			.clientClose = closeClient,
			.getTargetAndMethodForIndex = getMethod,
			.getAsyncTargetAndMethodForIndex = getAsyncMethod,
			.getTargetAndTrapForIndex = clientTrap,
		},
};

const struct IODriverClass oldLegacyClientClass = {
	.name = "MethodsOldLegacyUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct MethodsClient),
	.userClient =
		&(const struct IOUserClientOperations){
			.clientClose = closeClient,
			.getExternalMethodForIndex = getOldMethod,
			.getExternalAsyncMethodForIndex = getOldAsyncMethod,
			.getExternalTrapForIndex = getOldTrap,
		},
};
