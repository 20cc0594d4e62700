/* SPDX-License-Identifier: MIT */
/*
 * A thread for a driver's callbacks: timers and descriptors. A gate (one
 * recursive lock) is held around every callback; external methods enter it
 * with IOWorkLoopRunAction and are then alone with the driver's state.
 *
 * Never wait inside the gate for something that needs the gate. All functions
 * may be called on any thread, also from callbacks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOService.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IOTimerEventSource IOTimerEventSource;
typedef struct IODescriptorEventSource IODescriptorEventSource;

typedef IOReturn (*IOWorkLoopAction)(void *context, void *argument);
/* Once for each time the timer was set. */
typedef void (*IOTimerAction)(void *context, IOTimerEventSource *timer);
/* EVENTS: POLLIN, POLLOUT, POLLERR, POLLHUP. */
typedef void (*IODescriptorAction)(void *context, int fd, uint32_t events);

/* Call ACTION(CONTEXT, ARGUMENT) inside the gate, on the calling thread; returns its result. */
IOReturn IOWorkLoopRunAction(IOWorkLoop *workLoop, IOWorkLoopAction action, void *context,
			     void *argument);
bool IOWorkLoopInGate(IOWorkLoop *workLoop);

/* NULL: out of memory. The timer starts unset. */
IOTimerEventSource *IOTimerEventSourceCreate(IOWorkLoop *workLoop, IOTimerAction action,
					     void *context);
/* Fire once in NANOSECONDS from now, or at AT (CLOCK_MONOTONIC ns); moves an earlier setting. */
IOReturn IOTimerEventSourceSetTimeout(IOTimerEventSource *timer, uint64_t nanoseconds);
IOReturn IOTimerEventSourceSetTime(IOTimerEventSource *timer, uint64_t at);
/* When it returns, the action neither runs (except this very call, from inside it) nor will. */
void IOTimerEventSourceCancel(IOTimerEventSource *timer);
/* Cancel and free. NULL is accepted; may be called by its own action. */
void IOTimerEventSourceRelease(IOTimerEventSource *timer);

/* Call ACTION while FD (borrowed) is ready for EVENTS (POLLIN, POLLOUT). NULL: out of memory, or FD
 * cannot be polled. */
IODescriptorEventSource *IODescriptorEventSourceCreate(IOWorkLoop *workLoop, int fd,
						       uint32_t events, IODescriptorAction action,
						       void *context);
/* No action afterwards; FD may be closed then. NULL is accepted; may be called by its own action.
 */
void IODescriptorEventSourceRelease(IODescriptorEventSource *source);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
