/* SPDX-License-Identifier: MIT */
/*
 * Notification messages as they arrive on a port: a mach_msg_header_t (and, for
 * interest messages, one port descriptor), OSNotificationHeader64, content.
 */
#ifndef _IOKIT_OSMESSAGENOTIFICATION_H
#define _IOKIT_OSMESSAGENOTIFICATION_H

#include <stdint.h>
#include <device/device_types.h>
#include <mach/message.h>

#include <IOKit/IOReturn.h>

enum {
	kFirstIOKitNotificationType = 100,
	kIOServicePublishNotificationType = 100,
	kIOServiceMatchedNotificationType = 101,
	kIOServiceTerminatedNotificationType = 102,
	kIOAsyncCompletionNotificationType = 150,
	kIOServiceMessageNotificationType = 160,
	kLastIOKitNotificationType = 199,

	/* the type word: type, and how many bytes the message was padded by */
	kIOKitNoticationTypeMask = 0x00000FFF,
	kIOKitNoticationTypeSizeAdjShift = 30,
	kIOKitNoticationMsgSizeMask = 3
};

/* msgh_id */
enum { kOSNotificationMessageID = 53, kOSAsyncCompleteMessageID = 57, kMaxAsyncArgs = 16 };

/* words of the reference of an asynchronous call */
enum {
	kIOAsyncReservedIndex = 0,
	kIOAsyncReservedCount,
	kIOAsyncCalloutFuncIndex = kIOAsyncReservedCount,
	kIOAsyncCalloutRefconIndex,
	kIOAsyncCalloutCount
};

/* words of the reference of a matching notification */
enum {
	kIOMatchingCalloutFuncIndex = kIOAsyncReservedCount,
	kIOMatchingCalloutRefconIndex,
	kIOMatchingCalloutCount
};

/* words of the reference of an interest notification */
enum {
	kIOInterestCalloutFuncIndex = kIOAsyncReservedCount,
	kIOInterestCalloutRefconIndex,
	kIOInterestCalloutServiceIndex,
	kIOInterestCalloutCount
};

enum { kOSAsyncRefCount = 8, kOSAsyncRefSize = 32 };
typedef natural_t OSAsyncReference[kOSAsyncRefCount];
enum { kOSAsyncRef64Count = 8, kOSAsyncRef64Size = 64 };
typedef io_user_reference_t OSAsyncReference64[kOSAsyncRef64Count];

/* CONTENT follows the header; it is not part of sizeof. */
typedef struct OSNotificationHeader {
	mach_msg_size_t size; /* content size */
	natural_t type;
	OSAsyncReference reference;
	__extension__ unsigned char content[0];
} OSNotificationHeader;

typedef struct OSNotificationHeader64 {
	mach_msg_size_t size; /* content size */
	natural_t type;
	OSAsyncReference64 reference;
	__extension__ unsigned char content[0];
} OSNotificationHeader64;

#pragma pack(push, 4)

typedef struct IOServiceInterestContent {
	natural_t messageType;
	void *messageArgument[1];
} IOServiceInterestContent;

typedef struct IOServiceInterestContent64 {
	natural_t messageType;
	io_user_reference_t messageArgument[1];
} IOServiceInterestContent64;

/* The arguments follow as 64-bit words at offset 4: copy them with memcpy. */
typedef struct IOAsyncCompletionContent {
	IOReturn result;
	__extension__ void *args[0];
} IOAsyncCompletionContent;

#pragma pack(pop)

#endif
