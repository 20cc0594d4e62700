// SPDX-License-Identifier: MIT
/*
 * Run loops: a thread waits for sources, timers and, on the main thread, the
 * main dispatch queue, and calls their functions. Each thread has one, made when
 * it is first asked for. What is waited for in one run is grouped into modes.
 *
 * Everything may be called on any thread, except that running a loop is a matter
 * of its own thread. Functions with a mode accept kCFRunLoopCommonModes for all
 * modes marked as common.
 */
#ifndef __COREFOUNDATION_CFRUNLOOP__
#define __COREFOUNDATION_CFRUNLOOP__

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFString.h>
#include <mach/port.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef CFStringRef CFRunLoopMode;
typedef struct __CFRunLoop *CFRunLoopRef;
typedef struct __CFRunLoopSource *CFRunLoopSourceRef;
typedef struct __CFRunLoopObserver *CFRunLoopObserverRef;
typedef struct __CFRunLoopTimer *CFRunLoopTimerRef;

typedef SInt32 CFRunLoopRunResult;
enum {
	kCFRunLoopRunFinished = 1, /* nothing (left) in the mode */
	kCFRunLoopRunStopped = 2,  /* CFRunLoopStop */
	kCFRunLoopRunTimedOut = 3,
	kCFRunLoopRunHandledSource = 4 /* asked for with returnAfterSourceHandled */
};

typedef CFOptionFlags CFRunLoopActivity;
enum {
	kCFRunLoopEntry = 1UL << 0,
	kCFRunLoopBeforeTimers = 1UL << 1,
	kCFRunLoopBeforeSources = 1UL << 2,
	kCFRunLoopBeforeWaiting = 1UL << 5,
	kCFRunLoopAfterWaiting = 1UL << 6,
	kCFRunLoopExit = 1UL << 7,
	kCFRunLoopAllActivities = 0x0FFFFFFFUL
};

CF_EXPORT const CFRunLoopMode kCFRunLoopDefaultMode;
/* All modes marked as common; the default mode always is. Not a mode to run in. */
CF_EXPORT const CFRunLoopMode kCFRunLoopCommonModes;

CF_EXPORT CFTypeID CFRunLoopGetTypeID(void);
/* Borrowed. */
CF_EXPORT CFRunLoopRef CFRunLoopGetCurrent(void);
CF_EXPORT CFRunLoopRef CFRunLoopGetMain(void);
/* Caller releases. NULL: it is not running. */
CF_EXPORT CFRunLoopMode CFRunLoopCopyCurrentMode(CFRunLoopRef rl);
CF_EXPORT CFArrayRef CFRunLoopCopyAllModes(CFRunLoopRef rl);
CF_EXPORT void CFRunLoopAddCommonMode(CFRunLoopRef rl, CFRunLoopMode mode);
/* The earliest fire date in MODE, 0 without timers. */
CF_EXPORT CFAbsoluteTime CFRunLoopGetNextTimerFireDate(CFRunLoopRef rl, CFRunLoopMode mode);

/* In the default mode, until it is stopped or the mode is empty (the main thread's never is). */
CF_EXPORT void CFRunLoopRun(void);
/* For at most SECONDS; 0 or less: one pass without sleeping. May be nested in callbacks. */
CF_EXPORT CFRunLoopRunResult CFRunLoopRunInMode(CFRunLoopMode mode, CFTimeInterval seconds,
						Boolean returnAfterSourceHandled);
/* Asleep, waiting for something to do. */
CF_EXPORT Boolean CFRunLoopIsWaiting(CFRunLoopRef rl);
/* Begin another pass, in which signalled sources are seen. */
CF_EXPORT void CFRunLoopWakeUp(CFRunLoopRef rl);
/* End the innermost run that is in progress. No effect without one. */
CF_EXPORT void CFRunLoopStop(CFRunLoopRef rl);
#ifdef __BLOCKS__
/* Run BLOCK once in a pass in MODE (a string or an array of strings). Does not wake the loop. */
CF_EXPORT void CFRunLoopPerformBlock(CFRunLoopRef rl, CFTypeRef mode, void (^block)(void));
#endif

/* Adding twice has no effect. Sources are retained; invalid ones are not added. */
CF_EXPORT Boolean CFRunLoopContainsSource(CFRunLoopRef rl, CFRunLoopSourceRef source,
					  CFRunLoopMode mode);
CF_EXPORT void CFRunLoopAddSource(CFRunLoopRef rl, CFRunLoopSourceRef source, CFRunLoopMode mode);
CF_EXPORT void CFRunLoopRemoveSource(CFRunLoopRef rl, CFRunLoopSourceRef source,
				     CFRunLoopMode mode);
/* An observer or timer belongs to one run loop; adding it to a second one has no effect. */
CF_EXPORT Boolean CFRunLoopContainsObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer,
					    CFRunLoopMode mode);
CF_EXPORT void CFRunLoopAddObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer,
				    CFRunLoopMode mode);
CF_EXPORT void CFRunLoopRemoveObserver(CFRunLoopRef rl, CFRunLoopObserverRef observer,
				       CFRunLoopMode mode);
CF_EXPORT Boolean CFRunLoopContainsTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer,
					 CFRunLoopMode mode);
CF_EXPORT void CFRunLoopAddTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer, CFRunLoopMode mode);
CF_EXPORT void CFRunLoopRemoveTimer(CFRunLoopRef rl, CFRunLoopTimerRef timer, CFRunLoopMode mode);

/* --- sources ------------------------------------------------------------------ */

/* Version 0: signalled by the program. SCHEDULE and CANCEL are called when it is added to and
 * removed from a mode, PERFORM on the loop's thread after a signal. Any function may be NULL. */
typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
	Boolean (*equal)(const void *info1, const void *info2);
	CFHashCode (*hash)(const void *info);
	void (*schedule)(void *info, CFRunLoopRef rl, CFRunLoopMode mode);
	void (*cancel)(void *info, CFRunLoopRef rl, CFRunLoopMode mode);
	void (*perform)(void *info);
} CFRunLoopSourceContext;

/* Version 1: a receive right or port set. PERFORM gets each message (SIZE bytes, freed by the
 * loop); what it returns, if anything, is sent as a reply and freed with ALLOCATOR. */
typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
	Boolean (*equal)(const void *info1, const void *info2);
	CFHashCode (*hash)(const void *info);
	mach_port_t (*getPort)(void *info);
	void *(*perform)(void *msg, CFIndex size, CFAllocatorRef allocator, void *info);
} CFRunLoopSourceContext1;

CF_EXPORT CFTypeID CFRunLoopSourceGetTypeID(void);
/* CONTEXT is copied. Lower ORDER first. NULL: unknown version, or memory is short. */
CF_EXPORT CFRunLoopSourceRef CFRunLoopSourceCreate(CFAllocatorRef allocator, CFIndex order,
						   CFRunLoopSourceContext *context);
CF_EXPORT CFIndex CFRunLoopSourceGetOrder(CFRunLoopSourceRef source);
/* Removes it from all run loops for good. */
CF_EXPORT void CFRunLoopSourceInvalidate(CFRunLoopSourceRef source);
CF_EXPORT Boolean CFRunLoopSourceIsValid(CFRunLoopSourceRef source);
/* CONTEXT->version says how much is wanted. */
CF_EXPORT void CFRunLoopSourceGetContext(CFRunLoopSourceRef source,
					 CFRunLoopSourceContext *context);
/* Version 0: PERFORM is due in the next pass. Does not wake the loop (CFRunLoopWakeUp). */
CF_EXPORT void CFRunLoopSourceSignal(CFRunLoopSourceRef source);

/* --- observers ------------------------------------------------------------------ */

typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} CFRunLoopObserverContext;

typedef void (*CFRunLoopObserverCallBack)(CFRunLoopObserverRef observer, CFRunLoopActivity activity,
					  void *info);

CF_EXPORT CFTypeID CFRunLoopObserverGetTypeID(void);
CF_EXPORT CFRunLoopObserverRef CFRunLoopObserverCreate(CFAllocatorRef allocator,
						       CFOptionFlags activities, Boolean repeats,
						       CFIndex order,
						       CFRunLoopObserverCallBack callout,
						       CFRunLoopObserverContext *context);
#ifdef __BLOCKS__
CF_EXPORT CFRunLoopObserverRef CFRunLoopObserverCreateWithHandler(
	CFAllocatorRef allocator, CFOptionFlags activities, Boolean repeats, CFIndex order,
	void (^block)(CFRunLoopObserverRef observer, CFRunLoopActivity activity));
#endif
CF_EXPORT CFOptionFlags CFRunLoopObserverGetActivities(CFRunLoopObserverRef observer);
CF_EXPORT Boolean CFRunLoopObserverDoesRepeat(CFRunLoopObserverRef observer);
CF_EXPORT CFIndex CFRunLoopObserverGetOrder(CFRunLoopObserverRef observer);
CF_EXPORT void CFRunLoopObserverInvalidate(CFRunLoopObserverRef observer);
CF_EXPORT Boolean CFRunLoopObserverIsValid(CFRunLoopObserverRef observer);
CF_EXPORT void CFRunLoopObserverGetContext(CFRunLoopObserverRef observer,
					   CFRunLoopObserverContext *context);

/* --- timers ---------------------------------------------------------------------- */

typedef struct {
	CFIndex version;
	void *info;
	const void *(*retain)(const void *info);
	void (*release)(const void *info);
	CFStringRef (*copyDescription)(const void *info);
} CFRunLoopTimerContext;

typedef void (*CFRunLoopTimerCallBack)(CFRunLoopTimerRef timer, void *info);

CF_EXPORT CFTypeID CFRunLoopTimerGetTypeID(void);
/* INTERVAL 0 or less: fires once and is then invalid. A late timer skips what it missed. FLAGS are
 * not used. */
CF_EXPORT CFRunLoopTimerRef CFRunLoopTimerCreate(CFAllocatorRef allocator, CFAbsoluteTime fireDate,
						 CFTimeInterval interval, CFOptionFlags flags,
						 CFIndex order, CFRunLoopTimerCallBack callout,
						 CFRunLoopTimerContext *context);
#ifdef __BLOCKS__
CF_EXPORT CFRunLoopTimerRef CFRunLoopTimerCreateWithHandler(CFAllocatorRef allocator,
							    CFAbsoluteTime fireDate,
							    CFTimeInterval interval,
							    CFOptionFlags flags, CFIndex order,
							    void (^block)(CFRunLoopTimerRef timer));
#endif
/* 0 once it is invalid. */
CF_EXPORT CFAbsoluteTime CFRunLoopTimerGetNextFireDate(CFRunLoopTimerRef timer);
CF_EXPORT void CFRunLoopTimerSetNextFireDate(CFRunLoopTimerRef timer, CFAbsoluteTime fireDate);
CF_EXPORT CFTimeInterval CFRunLoopTimerGetInterval(CFRunLoopTimerRef timer);
CF_EXPORT Boolean CFRunLoopTimerDoesRepeat(CFRunLoopTimerRef timer);
CF_EXPORT CFIndex CFRunLoopTimerGetOrder(CFRunLoopTimerRef timer);
CF_EXPORT void CFRunLoopTimerInvalidate(CFRunLoopTimerRef timer);
CF_EXPORT Boolean CFRunLoopTimerIsValid(CFRunLoopTimerRef timer);
CF_EXPORT void CFRunLoopTimerGetContext(CFRunLoopTimerRef timer, CFRunLoopTimerContext *context);
/* How late it may be. Kept, but timers are not delayed on purpose. */
CF_EXPORT CFTimeInterval CFRunLoopTimerGetTolerance(CFRunLoopTimerRef timer);
CF_EXPORT void CFRunLoopTimerSetTolerance(CFRunLoopTimerRef timer, CFTimeInterval tolerance);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
