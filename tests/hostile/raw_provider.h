// SPDX-License-Identifier: MIT
/* A provider without a host: it says to the registry whatever it likes, and hears as much as it likes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>

#include "wire/message.h"

/* A connection that has greeted as provider NAME. */
int raw_provide(const char *path, const char *name);
/* Send a message that nobody answers, or whose answer is not wanted. False: the registry has hung up. */
bool raw_say(int fd, const struct wire_layout *layout, const void *message);
/* Ask, and take the answer into RET_REPLY (of REPLY's struct; both may be NULL, for one without pointers);
 * what the registry asks meanwhile is answered with success. The status, or kIOReturnOffline: it has hung up. */
int32_t raw_ask(int fd, const struct wire_layout *layout, const void *message,
		const struct wire_layout *reply, void *ret_reply);
/* A registered service with PROPERTIES (NULL: none) below PARENT (0: the machine); its ID. */
uint64_t raw_publish(int fd, uint64_t parent, const char *class_name, const char *name,
		     CFDictionaryRef properties);
