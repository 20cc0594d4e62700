// SPDX-License-Identifier: MIT
/*
 * Notification centers: whoever posts a name calls all who observe it. The local
 * center works inside of the process, at once and on the posting thread. The
 * distributed and the Darwin center reach all programs of the user that have
 * XDG_RUNTIME_DIR in common (the posting one too); their observers are called
 * by the main run loop in its common modes. Without XDG_RUNTIME_DIR they work as
 * the local one does. Any thread.
 */
#ifndef __COREFOUNDATION_CFNOTIFICATIONCENTER__
#define __COREFOUNDATION_CFNOTIFICATIONCENTER__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef CFStringRef CFNotificationName;
typedef struct __CFNotificationCenter *CFNotificationCenterRef;

/* OBJECT and USERINFO are borrowed and may be NULL. */
typedef void (*CFNotificationCallback)(CFNotificationCenterRef center, void *observer,
				       CFNotificationName name, const void *object,
				       CFDictionaryRef userInfo);

/* Programs are never suspended here: all are delivered. */
typedef CFIndex CFNotificationSuspensionBehavior;
enum {
	CFNotificationSuspensionBehaviorDrop = 1,
	CFNotificationSuspensionBehaviorCoalesce = 2,
	CFNotificationSuspensionBehaviorHold = 3,
	CFNotificationSuspensionBehaviorDeliverImmediately = 4
};

enum { kCFNotificationDeliverImmediately = 1UL << 0, kCFNotificationPostToAllSessions = 1UL << 1 };

CF_EXPORT CFTypeID CFNotificationCenterGetTypeID(void);
/* Borrowed, for ever. */
CF_EXPORT CFNotificationCenterRef CFNotificationCenterGetLocalCenter(void);
CF_EXPORT CFNotificationCenterRef CFNotificationCenterGetDistributedCenter(void);
CF_EXPORT CFNotificationCenterRef CFNotificationCenterGetDarwinNotifyCenter(void);
/*
 * OBSERVER is what the callback gets, and what removes it again; it is not retained. NAME NULL: all
 * names (not in the Darwin center). OBJECT NULL: all objects; objects are the same pointer in the
 * local center, equal strings in the distributed one, and ignored in the Darwin center.
 */
CF_EXPORT void CFNotificationCenterAddObserver(CFNotificationCenterRef center, const void *observer,
					       CFNotificationCallback callBack, CFStringRef name,
					       const void *object,
					       CFNotificationSuspensionBehavior suspensionBehavior);
/* What was added with these; NULL: with any name, any object. */
CF_EXPORT void CFNotificationCenterRemoveObserver(CFNotificationCenterRef center,
						  const void *observer, CFNotificationName name,
						  const void *object);
CF_EXPORT void CFNotificationCenterRemoveEveryObserver(CFNotificationCenterRef center,
						       const void *observer);
/* USERINFO of the distributed center is a property list of at most 64 KiB; the Darwin center has
 * none. */
CF_EXPORT void CFNotificationCenterPostNotification(CFNotificationCenterRef center,
						    CFNotificationName name, const void *object,
						    CFDictionaryRef userInfo,
						    Boolean deliverImmediately);
CF_EXPORT void CFNotificationCenterPostNotificationWithOptions(CFNotificationCenterRef center,
							       CFNotificationName name,
							       const void *object,
							       CFDictionaryRef userInfo,
							       CFOptionFlags options);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
