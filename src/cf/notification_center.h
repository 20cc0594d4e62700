// SPDX-License-Identifier: MIT
/*
 * Notification centers. notification_center.c has the observers,
 * notification_wire.c carries notifications between processes.
 */
#pragma once

#include <CoreFoundation/CFNotificationCenter.h>
#include <CoreFoundation/CFPropertyList.h>

#include "base/list.h"
#include "cf/string_internal.h"

enum center_kind { CENTER_LOCAL, CENTER_DISTRIBUTED, CENTER_DARWIN, CENTERS };

struct __CFNotificationCenter {
	struct cf_object base;
	enum center_kind kind;
	struct list observers;
};

/* Call the observers of this process. */
void center_deliver(enum center_kind kind, CFStringRef name, const void *object,
		    CFDictionaryRef info);

/* --- notification_wire.c ----------------------------------------------------------------- */

/* Receive what others post, on the main run loop. Once it works it goes on for ever. */
void center_wire_listen(void);
/* To all processes that listen, this one included. OBJECT and INFO may be NULL. */
void center_wire_post(enum center_kind kind, CFStringRef name, CFStringRef object,
		      CFDictionaryRef info);
