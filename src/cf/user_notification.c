// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFUserNotification.h>
#include <errno.h>

#include "cf/string_internal.h"

CF_CONSTANT_STRING(kCFUserNotificationIconURLKey, "IconURL");
CF_CONSTANT_STRING(kCFUserNotificationSoundURLKey, "SoundURL");
CF_CONSTANT_STRING(kCFUserNotificationLocalizationURLKey, "LocalizationURL");
CF_CONSTANT_STRING(kCFUserNotificationAlertHeaderKey, "AlertHeader");
CF_CONSTANT_STRING(kCFUserNotificationAlertMessageKey, "AlertMessage");
CF_CONSTANT_STRING(kCFUserNotificationDefaultButtonTitleKey, "DefaultButtonTitle");
CF_CONSTANT_STRING(kCFUserNotificationAlternateButtonTitleKey, "AlternateButtonTitle");
CF_CONSTANT_STRING(kCFUserNotificationOtherButtonTitleKey, "OtherButtonTitle");
CF_CONSTANT_STRING(kCFUserNotificationProgressIndicatorValueKey, "ProgressIndicatorValue");
CF_CONSTANT_STRING(kCFUserNotificationPopUpTitlesKey, "PopUpTitles");
CF_CONSTANT_STRING(kCFUserNotificationTextFieldTitlesKey, "TextFieldTitles");
CF_CONSTANT_STRING(kCFUserNotificationCheckBoxTitlesKey, "CheckBoxTitles");
CF_CONSTANT_STRING(kCFUserNotificationTextFieldValuesKey, "TextFieldValues");
CF_CONSTANT_STRING(kCFUserNotificationPopUpSelectionKey, "PopUpSelection");
CF_CONSTANT_STRING(kCFUserNotificationAlertTopMostKey, "AlertTopMost");
CF_CONSTANT_STRING(kCFUserNotificationKeyboardTypesKey, "KeyboardTypes");

struct __CFUserNotification {
	struct cf_object base;
	CFDictionaryRef response;
	CFUserNotificationCallBack callout;
};

static void notification_fini(void *object)
{
	cf_drop(((CFUserNotificationRef)object)->response);
}

const struct cf_class cf_user_notification_class = { .name = "CFUserNotification",
						     .fini = notification_fini };

CFTypeID CFUserNotificationGetTypeID(void)
{
	return CF_TYPE_USER_NOTIFICATION;
}

/* --- showing --------------------------------------------------------------------------- */

static void append_line(CFMutableStringRef text, CFDictionaryRef dictionary, CFStringRef key)
{
	CFTypeRef line = CFDictionaryGetValue(dictionary, key);

	if (cf_string_is(line))
		CFStringAppendFormat(text, NULL, CFSTR("%s%@"), CFStringGetLength(text) ? ": " : "",
				     line);
}

static void show(CFDictionaryRef dictionary)
{
	scope_cf CFMutableStringRef text = NULL;

	if (!cf_is(dictionary, CF_TYPE_DICTIONARY))
		return;
	text = CFStringCreateMutable(NULL, 0);
	if (!text)
		return;
	append_line(text, dictionary, kCFUserNotificationAlertHeaderKey);
	append_line(text, dictionary, kCFUserNotificationAlertMessageKey);
	if (CFStringGetLength(text))
		CFShow(text);
}

/* --- public ------------------------------------------------------------------------------- */

CFUserNotificationRef CFUserNotificationCreate(CFAllocatorRef allocator, CFTimeInterval timeout,
					       CFOptionFlags flags, SInt32 *error,
					       CFDictionaryRef dictionary)
{
	CFUserNotificationRef n =
		cf_object_new_in(allocator, CF_TYPE_USER_NOTIFICATION, sizeof(*n));

	if (n) {
		n->response =
			CFDictionaryCreate(allocator, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					   &kCFTypeDictionaryValueCallBacks);
		show(dictionary);
	}
	if (n && !n->response) {
		CFRelease(n);
		n = NULL;
	}
	if (error)
		*error = n ? 0 : ENOMEM;
	return n;
}

SInt32 CFUserNotificationReceiveResponse(CFUserNotificationRef userNotification,
					 CFTimeInterval timeout, CFOptionFlags *responseFlags)
{
	if (!cf_is(userNotification, CF_TYPE_USER_NOTIFICATION))
		return EINVAL;
	if (responseFlags)
		*responseFlags = kCFUserNotificationCancelResponse;
	return 0;
}

CFStringRef CFUserNotificationGetResponseValue(CFUserNotificationRef userNotification,
					       CFStringRef key, CFIndex idx)
{
	return cf_is(userNotification, CF_TYPE_USER_NOTIFICATION) && cf_string_is(key)
		     ? CFDictionaryGetValue(userNotification->response, key)
		     : NULL;
}

CFDictionaryRef CFUserNotificationGetResponseDictionary(CFUserNotificationRef userNotification)
{
	return cf_is(userNotification, CF_TYPE_USER_NOTIFICATION) ? userNotification->response
								  : NULL;
}

SInt32 CFUserNotificationUpdate(CFUserNotificationRef userNotification, CFTimeInterval timeout,
				CFOptionFlags flags, CFDictionaryRef dictionary)
{
	if (!cf_is(userNotification, CF_TYPE_USER_NOTIFICATION))
		return EINVAL;
	show(dictionary);
	return 0;
}

SInt32 CFUserNotificationCancel(CFUserNotificationRef userNotification)
{
	return cf_is(userNotification, CF_TYPE_USER_NOTIFICATION) ? 0 : EINVAL;
}

static void perform(void *info)
{
	CFUserNotificationRef n = info;

	if (n->callout)
		n->callout(n, kCFUserNotificationCancelResponse);
}

static void scheduled(void *info, CFRunLoopRef rl, CFRunLoopMode mode)
{
	CFRunLoopWakeUp(rl);
}

CFRunLoopSourceRef CFUserNotificationCreateRunLoopSource(CFAllocatorRef allocator,
							 CFUserNotificationRef userNotification,
							 CFUserNotificationCallBack callout,
							 CFIndex order)
{
	CFRunLoopSourceContext context = {
		.info = userNotification,
		.retain = CFRetain,
		.release = CFRelease,
		.schedule = scheduled,
		.perform = perform,
	};
	CFRunLoopSourceRef source;

	if (!cf_is(userNotification, CF_TYPE_USER_NOTIFICATION))
		return NULL;
	userNotification->callout = callout;
	source = CFRunLoopSourceCreate(allocator, order, &context);
	if (source)
		CFRunLoopSourceSignal(source);
	return source;
}

SInt32 CFUserNotificationDisplayAlert(CFTimeInterval timeout, CFOptionFlags flags, CFURLRef iconURL,
				      CFURLRef soundURL, CFURLRef localizationURL,
				      CFStringRef alertHeader, CFStringRef alertMessage,
				      CFStringRef defaultButtonTitle,
				      CFStringRef alternateButtonTitle,
				      CFStringRef otherButtonTitle, CFOptionFlags *responseFlags)
{
	scope_cf CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (!d)
		return ENOMEM;
	if (alertHeader)
		CFDictionarySetValue(d, kCFUserNotificationAlertHeaderKey, alertHeader);
	if (alertMessage)
		CFDictionarySetValue(d, kCFUserNotificationAlertMessageKey, alertMessage);
	show(d);
	if (responseFlags)
		*responseFlags = kCFUserNotificationCancelResponse;
	return 0;
}

SInt32 CFUserNotificationDisplayNotice(CFTimeInterval timeout, CFOptionFlags flags,
				       CFURLRef iconURL, CFURLRef soundURL,
				       CFURLRef localizationURL, CFStringRef alertHeader,
				       CFStringRef alertMessage, CFStringRef defaultButtonTitle)
{
	return CFUserNotificationDisplayAlert(timeout, flags, iconURL, soundURL, localizationURL,
					      alertHeader, alertMessage, defaultButtonTitle, NULL,
					      NULL, NULL);
}
