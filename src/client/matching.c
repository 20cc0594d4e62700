// SPDX-License-Identifier: MIT
/* IOServiceMatching and the other makers of matching dictionaries. */
#include "client/matching.h"

#include <stdio.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "client/class.h"
#include "client/handle.h"

/* {KEY: VALUE}; takes VALUE, which may be NULL. */
static CFMutableDictionaryRef one_value(CFStringRef key, CFTypeRef value)
{
	CFMutableDictionaryRef dictionary = NULL;

	if (value)
		dictionary = CFDictionaryCreateMutable(kCFAllocatorDefault, 0,
						       &kCFTypeDictionaryKeyCallBacks,
						       &kCFTypeDictionaryValueCallBacks);
	if (dictionary)
		CFDictionarySetValue(dictionary, key, value);
	if (value)
		CFRelease(value);
	/* For lack of memory it has stayed empty, and would match everything. */
	if (dictionary && !CFDictionaryGetCount(dictionary)) {
		CFRelease(dictionary);
		dictionary = NULL;
	}
	return dictionary;
}

/* {KEY: TEXT}. Any byte string is text in MacRoman. */
static CFMutableDictionaryRef one_text(const char *key, const char *text)
{
	CFMutableDictionaryRef dictionary;
	CFStringRef name;

	if (!text)
		return NULL;
	name = CFStringCreateWithCString(kCFAllocatorDefault, key, kCFStringEncodingUTF8);
	if (!name)
		return NULL;
	dictionary = one_value(name, CFStringCreateWithCString(kCFAllocatorDefault, text,
							       kCFStringEncodingMacRoman));
	CFRelease(name);
	return dictionary;
}

CFMutableDictionaryRef IOServiceMatching(const char *name)
{
	return one_text(kIOProviderClassKey, name);
}

CFMutableDictionaryRef IOServiceNameMatching(const char *name)
{
	return one_text(kIONameMatchKey, name);
}

CFMutableDictionaryRef IOBSDNameMatching(mach_port_t mainPort, uint32_t options,
					 const char *bsdName)
{
	return one_text(kIOBSDNameKey, bsdName);
}

CFMutableDictionaryRef IOOpenFirmwarePathMatching(mach_port_t mainPort, uint32_t options,
						  const char *path)
{
	io_string_t text;

	if (!path ||
	    snprintf(text, sizeof(text), "%s:%s", kIODeviceTreePlane, path) >= (int)sizeof(text))
		return NULL;
	return one_text(kIOPathMatchKey, text);
}

CFMutableDictionaryRef client_matching_new_id(uint64_t id)
{
	CFMutableDictionaryRef dictionary;
	CFStringRef key;

	key = CFStringCreateWithCString(kCFAllocatorDefault, kIORegistryEntryIDKey,
					kCFStringEncodingUTF8);
	if (!key)
		return NULL;
	dictionary = one_value(key, CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &id));
	CFRelease(key);
	return dictionary;
}

CFMutableDictionaryRef IORegistryEntryIDMatching(uint64_t entryID)
{
	return client_matching_new_id(entryID);
}

static CFTypeRef get_value(CFDictionaryRef matching, const char *key)
{
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
	CFTypeRef value = name ? CFDictionaryGetValue(matching, name) : NULL;

	if (name)
		CFRelease(name);
	return value;
}

bool client_matching_fits(CFDictionaryRef matching, struct client_entry *entry)
{
	CFTypeRef class_name = get_value(matching, kIOProviderClassKey);
	CFTypeRef id = get_value(matching, kIORegistryEntryIDKey);
	char text[4 * sizeof(io_name_t)];
	int64_t number = 0;

	if (!(entry->kinds & WIRE_STATE_SERVICE) || (!class_name && !id))
		return false;
	if (class_name &&
	    (CFGetTypeID(class_name) != CFStringGetTypeID() ||
	     !CFStringGetCString(class_name, text, sizeof(text), kCFStringEncodingUTF8) ||
	     !client_class_conforms(entry->class_name, text)))
		return false;
	return !id || (CFGetTypeID(id) == CFNumberGetTypeID() &&
		       CFNumberGetValue(id, kCFNumberSInt64Type, &number) &&
		       (uint64_t)number == entry->id);
}
