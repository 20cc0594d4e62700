// SPDX-License-Identifier: MIT
#include <IOKit/OSAction.h>

#include <stdlib.h>
#include <string.h>

#include "host/user_service.h"

struct OSAction {
	IOService *target;	   /* retained; of a completion: the user client */
	OSActionFunction function; /* NULL: the completion of a call */
	struct ref ref;
	IODispatchQueue *queue; /* retained; NULL for completions */
	OSAsyncReference64 completion;
	atomic_bool was_used;
	OSActionAbortedHandler aborted;
	void *aborted_context;
	size_t reference_size;
	_Alignas(16) uint8_t reference[];
};

static OSAction *new_action(IOService *target, size_t reference_size)
{
	OSAction *action =
		reference_size > SIZE_MAX / 2
			? NULL
			: aligned_alloc(16, (sizeof(*action) + reference_size + 15) & ~(size_t)15);

	if (!action)
		return NULL;
	memset(action, 0, sizeof(*action) + reference_size);
	ref_init(&action->ref);
	action->target = IOServiceRetain(target);
	action->reference_size = reference_size;
	return action;
}

IOReturn OSActionCreate(IOService *target, const char *queueName, OSActionFunction function,
			size_t referenceSize, OSAction **action)
{
	OSAction *made;

	if (!action || !target || !function || !target->runtime->user)
		return kIOReturnBadArgument;
	made = new_action(target, referenceSize);
	if (!made)
		return kIOReturnNoMemory;
	made->function = function;
	made->queue = host_user_copy_queue(target, queueName);
	*action = made;
	return kIOReturnSuccess;
}

OSAction *host_action_new_completion(IOUserClient *client, const OSAsyncReference64 reference)
{
	OSAction *action = new_action(&client->service, 0);

	if (action)
		memcpy(action->completion, reference, sizeof(action->completion));
	return action;
}

OSAction *OSActionRetain(OSAction *action)
{
	if (action)
		host_reference_get(&action->ref, "OSAction", HOST_CALLER);
	return action;
}

void OSActionRelease(OSAction *action)
{
	if (!action || !host_reference_put(&action->ref, "OSAction", HOST_CALLER))
		return;
	if (action->aborted && !atomic_load(&action->was_used))
		action->aborted(action->aborted_context);
	/* Nothing follows: the program's reference is given back, without a message. After a method that
	 * failed, or a connection that has ended, that has happened already. */
	if (!action->function)
		IOUserClientReleaseAsyncReference64((IOUserClient *)action->target,
						    action->completion);
	IODispatchQueueRelease(action->queue);
	IOServiceRelease(action->target);
	free(action);
}

void *OSActionGetReference(OSAction *action)
{
	return action && action->reference_size ? action->reference : NULL;
}

IOReturn OSActionSetAbortedHandler(OSAction *action, OSActionAbortedHandler handler, void *context)
{
	if (!action)
		return kIOReturnBadArgument;
	action->aborted = handler;
	action->aborted_context = context;
	return kIOReturnSuccess;
}

static void invoke(void *context)
{
	OSAction *action = context;

	action->function(action->target, action);
	OSActionRelease(action);
}

void host_action_invoke(OSAction *action)
{
	if (!action->function)
		return;
	atomic_store(&action->was_used, true);
	OSActionRetain(action);
	if (IODispatchQueueDispatchAsync_f(action->queue, action, invoke))
		OSActionRelease(action);
}

IOReturn IOUserClientAsyncCompletion(IOUserClient *client, OSAction *action, IOReturn status,
				     const uint64_t *asyncData, uint32_t asyncDataCount)
{
	if (!client || !action || action->function || action->target != &client->service)
		return kIOReturnBadArgument;
	if (asyncDataCount > kIOUserClientAsyncArgumentsCountMax)
		return kIOReturnMessageTooLarge;
	atomic_store(&action->was_used, true);
	return IOUserClientSendAsyncResult64(client, action->completion, status, asyncData,
					     asyncDataCount);
}
