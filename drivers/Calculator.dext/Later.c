/* SPDX-License-Identifier: MIT */
/*
 * Results that come later: one timer for each asynchronous call. Timers fire
 * inside the work loop's gate, and everything else here enters it, so the list
 * needs no other lock.
 */
#include <stdlib.h>
#include <time.h>

#include "Calculator.h"

enum kind { LATER_ADD, LATER_REPEAT, LATER_FAIL };

struct Later {
	struct Later *next, **link;
	struct CalculatorUserClient *client;
	IOTimerEventSource *timer;
	OSAsyncReference64 reference;
	enum kind kind;
	uint64_t value; /* sum, count or status */
	uint64_t index, interval, at;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void finish(struct Later *later)
{
	*later->link = later->next;
	if (later->next)
		later->next->link = later->link;
	IOUserClientReleaseAsyncReference64(&later->client->client, later->reference);
	IOTimerEventSourceRelease(later->timer);
	later->client->driver->outstanding--;
	free(later);
}

static void complete(struct Later *later, IOReturn status, const uint64_t *words, uint32_t count)
{
	IOUserClientSendAsyncResult64(&later->client->client, later->reference, status, words,
				      count);
}

static void fire(void *context, IOTimerEventSource *timer)
{
	struct Later *later = context;
	const uint64_t words[3] = { later->index, later->value, now() };

	switch (later->kind) {
	case LATER_ADD:
		complete(later, kIOReturnSuccess, &later->value, 1);
		break;
	case LATER_FAIL:
		complete(later, (IOReturn)later->value, NULL, 0);
		break;
	case LATER_REPEAT:
		complete(later, kIOReturnSuccess, words, 3);
		if (++later->index < later->value) {
			later->at += later->interval;
			IOTimerEventSourceSetTime(timer, later->at);
			return;
		}
		break;
	}
	finish(later);
}

static IOReturn insert(void *context, void *argument)
{
	struct Later *later = context;
	struct CalculatorUserClient *client = argument;

	IOReturn status = IOTimerEventSourceSetTime(later->timer, later->at);

	if (status)
		return status;
	later->next = client->later;
	later->link = &client->later;
	if (later->next)
		later->next->link = &later->next;
	client->later = later;
	client->driver->outstanding++;
	return kIOReturnSuccess;
}

static IOReturn begin(struct CalculatorUserClient *client, IOExternalMethodArguments *arguments,
		      enum kind kind, uint64_t value, uint64_t delay)
{
	IOWorkLoop *loop = IOServiceGetWorkLoop(&client->client.service);
	struct Later *later;
	IOReturn status;

	if (!arguments->asyncReference)
		return kIOReturnBadArgument;
	later = loop ? calloc(1, sizeof(*later)) : NULL;
	if (!later)
		return kIOReturnNoMemory;
	later->timer = IOTimerEventSourceCreate(loop, fire, later);
	if (!later->timer) {
		free(later);
		return kIOReturnNoMemory;
	}
	later->client = client;
	later->kind = kind;
	later->value = value;
	later->interval = delay < INT64_MAX / 2 ? delay : INT64_MAX / 2;
	later->at = now() + later->interval;
	IOUserClientCopyAsyncReference(arguments, later->reference);
	status = IOWorkLoopRunAction(loop, insert, later, client);
	if (status) {
		IOTimerEventSourceRelease(later->timer);
		free(later);
	}
	return status;
}

IOReturn laterAdd(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return begin(target, arguments, LATER_ADD,
		     arguments->scalarInput[0] + arguments->scalarInput[1],
		     arguments->scalarInput[2]);
}

IOReturn laterRepeat(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	if (arguments->asyncReference && !arguments->scalarInput[0]) /* nothing to wait for */
		return IOUserClientReleaseAsyncReference64(target, arguments->asyncReference);
	return begin(target, arguments, LATER_REPEAT, arguments->scalarInput[0],
		     arguments->scalarInput[1]);
}

IOReturn laterFail(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return begin(target, arguments, LATER_FAIL, arguments->scalarInput[0],
		     arguments->scalarInput[1]);
}

static IOReturn abortAll(void *context, void *argument)
{
	struct CalculatorUserClient *self = context;

	while (self->later) {
		complete(self->later, kIOReturnAborted, NULL, 0);
		finish(self->later);
	}
	return kIOReturnSuccess;
}

void laterAbortAll(struct CalculatorUserClient *self)
{
	IOWorkLoopRunAction(IOServiceGetWorkLoop(&self->client.service), abortAll, self, NULL);
}
