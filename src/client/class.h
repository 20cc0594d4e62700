// SPDX-License-Identifier: MIT
/* Class ancestry, asked once for each class: it never changes in a session. */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFString.h>

#include "base/err.h"

/* The class and its superclasses up to the root, as strings; and the bundle that supplies it ("" or NULL
 * pointer when not wanted). Caller releases both. False: unknown class or no answer. */
bool client_class_copy_ancestry(const char *name, CFArrayRef *ret_ancestry,
				CFStringRef *ret_bundle);
bool client_class_conforms(const char *name, const char *ancestor);
/* A new registry may know other classes. */
void client_class_forget(void);

/* Around fork. */
void client_class_lock(void);
void client_class_unlock(void);
