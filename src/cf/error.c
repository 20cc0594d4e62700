// SPDX-License-Identifier: MIT
#include "cf/string_internal.h"

#include <CoreFoundation/CFError.h>

struct __CFError {
	struct cf_object base;
	CFIndex code;
	CFStringRef domain;
	CFDictionaryRef info; /* may be NULL */
};

CF_CONSTANT_STRING(kCFErrorDomainPOSIX, "NSPOSIXErrorDomain");
CF_CONSTANT_STRING(kCFErrorDomainOSStatus, "NSOSStatusErrorDomain");
CF_CONSTANT_STRING(kCFErrorDomainMach, "NSMachErrorDomain");
CF_CONSTANT_STRING(kCFErrorDomainCocoa, "NSCocoaErrorDomain");
CF_CONSTANT_STRING(kCFErrorLocalizedDescriptionKey, "NSLocalizedDescription");
CF_CONSTANT_STRING(kCFErrorLocalizedFailureKey, "NSLocalizedFailure");
CF_CONSTANT_STRING(kCFErrorLocalizedFailureReasonKey, "NSLocalizedFailureReason");
CF_CONSTANT_STRING(kCFErrorLocalizedRecoverySuggestionKey, "NSLocalizedRecoverySuggestion");
CF_CONSTANT_STRING(kCFErrorDescriptionKey, "NSDescription");
CF_CONSTANT_STRING(kCFErrorUnderlyingErrorKey, "NSUnderlyingError");
CF_CONSTANT_STRING(kCFErrorURLKey, "NSURL");
CF_CONSTANT_STRING(kCFErrorFilePathKey, "NSFilePath");

static void error_fini(void *object)
{
	struct __CFError *e = object;

	cf_drop(e->domain);
	cf_drop(e->info);
}

static bool error_equal(const void *a, const void *b)
{
	const struct __CFError *x = a, *y = b;

	return x->code == y->code && CFEqual(x->domain, y->domain) &&
	       (x->info == y->info || (x->info && y->info && CFEqual(x->info, y->info)));
}

static CFHashCode error_hash(const void *object)
{
	const struct __CFError *e = object;

	return CFHash(e->domain) + (CFHashCode)e->code;
}

static CFStringRef error_copy_description(const void *object)
{
	const struct __CFError *e = object;
	scope_cf CFStringRef text = CFErrorCopyDescription((CFErrorRef)e);

	return CFStringCreateWithFormat(NULL, NULL, CFSTR("Error Domain=%@ Code=%ld \"%@\""),
					e->domain, e->code, text);
}

const struct cf_class cf_error_class = {
	.name = "CFError",
	.fini = error_fini,
	.equal = error_equal,
	.hash = error_hash,
	.copy_description = error_copy_description,
};

CFTypeID CFErrorGetTypeID(void)
{
	return CF_TYPE_ERROR;
}

CFErrorRef CFErrorCreate(CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code,
			 CFDictionaryRef userInfo)
{
	struct __CFError *e;

	if (!cf_is(domain, CF_TYPE_STRING) || (userInfo && !cf_is(userInfo, CF_TYPE_DICTIONARY)))
		return NULL;
	e = cf_object_new_in(allocator, CF_TYPE_ERROR, sizeof(*e));
	if (!e)
		return NULL;
	e->code = code;
	e->domain = CFStringCreateCopy(allocator, domain);
	e->info = userInfo ? CFDictionaryCreateCopy(allocator, userInfo) : NULL;
	if (!e->domain || (userInfo && !e->info)) {
		CFRelease(e);
		return NULL;
	}
	return e;
}

CFErrorRef CFErrorCreateWithUserInfoKeysAndValues(CFAllocatorRef allocator, CFErrorDomain domain,
						  CFIndex code, const void *const *userInfoKeys,
						  const void *const *userInfoValues,
						  CFIndex numUserInfoValues)
{
	scope_cf CFDictionaryRef info = CFDictionaryCreate(
		allocator, (const void **)userInfoKeys, (const void **)userInfoValues,
		numUserInfoValues, &kCFCopyStringDictionaryKeyCallBacks,
		&kCFTypeDictionaryValueCallBacks);

	return info ? CFErrorCreate(allocator, domain, code, info) : NULL;
}

CFErrorDomain CFErrorGetDomain(CFErrorRef err)
{
	return cf_is(err, CF_TYPE_ERROR) ? err->domain : NULL;
}

CFIndex CFErrorGetCode(CFErrorRef err)
{
	return cf_is(err, CF_TYPE_ERROR) ? err->code : 0;
}

CFDictionaryRef CFErrorCopyUserInfo(CFErrorRef err)
{
	if (cf_is(err, CF_TYPE_ERROR) && err->info)
		return CFRetain(err->info);
	return CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
				  &kCFTypeDictionaryValueCallBacks);
}

static CFStringRef copy_info(CFErrorRef err, CFStringRef key)
{
	CFTypeRef value = NULL;

	if (cf_is(err, CF_TYPE_ERROR) && err->info)
		value = CFDictionaryGetValue(err->info, key);
	return cf_is(value, CF_TYPE_STRING) ? CFRetain(value) : NULL;
}

static CFStringRef copy_reason(CFErrorRef err)
{
	CFStringRef reason = copy_info(err, kCFErrorLocalizedFailureReasonKey);

	if (!reason)
		reason = copy_info(err, kCFErrorDescriptionKey);
	if (!reason && cf_is(err, CF_TYPE_ERROR) && CFEqual(err->domain, kCFErrorDomainPOSIX)) {
		char buffer[128];

		return CFStringCreateWithCString(NULL,
						 strerror_r((int)err->code, buffer, sizeof(buffer)),
						 kCFStringEncodingUTF8);
	}
	return reason;
}

CFStringRef CFErrorCopyFailureReason(CFErrorRef err)
{
	return copy_reason(err);
}

CFStringRef CFErrorCopyRecoverySuggestion(CFErrorRef err)
{
	return copy_info(err, kCFErrorLocalizedRecoverySuggestionKey);
}

CFStringRef CFErrorCopyDescription(CFErrorRef err)
{
	CFStringRef text = copy_info(err, kCFErrorLocalizedDescriptionKey);
	scope_cf CFStringRef reason = NULL;

	if (text || !cf_is(err, CF_TYPE_ERROR))
		return text ? text : CFRetain(CFSTR("(null)"));
	reason = copy_reason(err);
	return reason ? CFStringCreateWithFormat(NULL, NULL,
						 CFSTR("The operation couldn\342\200\231t be "
						       "completed. %@"),
						 reason)
		      : CFStringCreateWithFormat(NULL, NULL,
						 CFSTR("The operation couldn\342\200\231t be "
						       "completed. (%@ error %ld.)"),
						 err->domain, err->code);
}
