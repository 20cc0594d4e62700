// SPDX-License-Identifier: MIT
/* IORegistryEntry*Property*, SetCFProperties. */
#include "client/property.h"

#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "client/handle.h"
#include "client/session.h"
#include "client/status.h"
#include "wire/browse.h"

IOReturn client_property_copy(struct client_entry *entry, const char *key, const char *plane,
			      uint32_t options, CFTypeRef *ret_value)
{
	struct wire_property_request request = {
		.id = entry->id, .options = options, .plane = plane, .key = key
	};
	struct wire_value_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	IOReturn status;

	status = client_session_ask(&wire_property_request_layout, &request,
				    &wire_value_reply_layout, &reply, &frame, NULL);
	wire_frame_fini(&frame);
	if (status)
		return status;
	if (!reply.value)
		return kIOReturnNotFound;
	*ret_value = reply.value;
	return kIOReturnSuccess;
}

kern_return_t IORegistryEntryCreateCFProperties(io_registry_entry_t handle,
						CFMutableDictionaryRef *properties,
						CFAllocatorRef allocator, IOOptionBits options)
{
	struct wire_properties_request request;
	struct wire_value_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	if (!properties)
		return kIOReturnBadArgument;
	err = client_handle_entry(handle, &entry);
	if (err)
		return client_status_of_handle(err);
	request.id = entry->id;
	status = client_session_ask(&wire_properties_request_layout, &request,
				    &wire_value_reply_layout, &reply, &frame, NULL);
	wire_frame_fini(&frame);
	client_entry_unref(entry);
	if (status)
		return status;
	if (!reply.value || CFGetTypeID(reply.value) != CFDictionaryGetTypeID()) {
		wire_message_clear(&wire_value_reply_layout, &reply);
		return kIOReturnInternalError;
	}
	*properties = (CFMutableDictionaryRef)reply.value;
	return kIOReturnSuccess;
}

CFTypeRef IORegistryEntrySearchCFProperty(io_registry_entry_t handle, const char *plane,
					  CFStringRef key, CFAllocatorRef allocator,
					  IOOptionBits options)
{
	struct client_entry *entry;
	CFTypeRef value = NULL;
	char text[4 * sizeof(io_name_t)];
	io_name_t key_name, plane_name;

	if (!key || !CFStringGetCString(key, text, sizeof(text), kCFStringEncodingUTF8) ||
	    client_handle_entry(handle, &entry))
		return NULL;
	/* Upwards alone means no search at all. */
	if (!(options & kIORegistryIterateRecursively))
		options = 0;
	client_property_copy(entry, client_handle_cut_name(key_name, text),
			     client_handle_cut_name(plane_name, plane), options, &value);
	client_entry_unref(entry);
	return value;
}

CFTypeRef IORegistryEntryCreateCFProperty(io_registry_entry_t entry, CFStringRef key,
					  CFAllocatorRef allocator, IOOptionBits options)
{
	return IORegistryEntrySearchCFProperty(entry, NULL, key, allocator, 0);
}

/* --- properties as bytes ------------------------------------------------------ */

/* The bytes of VALUE at *RET_BYTES, which may be STORAGE. False: a collection. */
static bool bytes_of(CFTypeRef value, char storage[4096], const void **ret_bytes, size_t *ret_size)
{
	CFTypeID type = CFGetTypeID(value);
	int64_t number = 0;

	*ret_bytes = storage;
	if (type == CFDataGetTypeID()) {
		*ret_bytes = CFDataGetBytePtr(value);
		*ret_size = (size_t)CFDataGetLength(value);
	} else if (type == CFStringGetTypeID()) {
		if (!CFStringGetCString(value, storage, 4096, kCFStringEncodingUTF8))
			*ret_size = SIZE_MAX;
		else
			*ret_size = strlen(storage) + 1;
	} else if (type == CFBooleanGetTypeID()) {
		strcpy(storage, CFBooleanGetValue(value) ? "Yes" : "No");
		*ret_size = strlen(storage) + 1;
	} else if (type == CFNumberGetTypeID()) {
		CFIndex size = CFNumberGetByteSize(value);

		CFNumberGetValue(value, kCFNumberSInt64Type, &number);
		memcpy(storage, &number, sizeof(number));
		*ret_size = size < 8 ? (size_t)size : 8;
	} else {
		return false;
	}
	return true;
}

kern_return_t IORegistryEntryGetProperty(io_registry_entry_t handle, const char *propertyName,
					 char *buffer, uint32_t *size)
{
	char storage[4096];
	struct client_entry *entry;
	io_name_t key;
	const void *bytes;
	CFTypeRef value;
	IOReturn status;
	size_t n;
	err_t err;

	if (!propertyName || !buffer || !size)
		return kIOReturnBadArgument;
	err = client_handle_entry(handle, &entry);
	if (err)
		return client_status_of_handle(err);
	status = client_property_copy(entry, client_handle_cut_name(key, propertyName), "", 0,
				      &value);
	client_entry_unref(entry);
	if (status)
		return status == kIOReturnNotFound ? kIOReturnNoResources : status;
	if (!bytes_of(value, storage, &bytes, &n)) {
		status = kIOReturnBadArgument;
	} else if (n > *size || n > sizeof(io_struct_inband_t)) {
		status = kIOReturnIPCError;
	} else {
		memcpy(buffer, bytes, n);
		*size = (uint32_t)n;
	}
	CFRelease(value);
	return status;
}

/* --- setting --------------------------------------------------------------------- */

kern_return_t IORegistryEntrySetCFProperties(io_registry_entry_t handle, CFTypeRef properties)
{
	struct wire_set_properties_request request = { .value = properties };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_session *session;
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	err = client_handle_entry(handle, &entry);
	if (err)
		return client_status_of_handle(err);
	if (!properties) {
		client_entry_unref(entry);
		return kIOReturnUnsupported;
	}
	request.id = entry->id;
	err = client_session_get(&session);
	if (err) {
		status = client_status_of_session(err);
	} else {
		status = client_session_ask_on(session, &wire_set_properties_request_layout,
					       &request, NULL, 0, NULL, NULL, &frame);
		client_session_unref(session);
	}
	wire_frame_fini(&frame);
	client_entry_unref(entry);
	return status;
}

kern_return_t client_property_set_one(io_object_t handle, CFStringRef name, CFTypeRef value,
				      kern_return_t (*set_all)(io_object_t, CFTypeRef))
{
	CFDictionaryRef properties;
	kern_return_t status;

	if (!name || !value)
		return kIOReturnUnsupported;
	properties = CFDictionaryCreate(kCFAllocatorDefault, (const void **)&name,
					(const void **)&value, 1, &kCFTypeDictionaryKeyCallBacks,
					&kCFTypeDictionaryValueCallBacks);
	if (!properties)
		return kIOReturnNoMemory;
	status = set_all(handle, properties);
	CFRelease(properties);
	return status;
}

kern_return_t IORegistryEntrySetCFProperty(io_registry_entry_t entry, CFStringRef propertyName,
					   CFTypeRef property)
{
	return client_property_set_one(entry, propertyName, property,
				       IORegistryEntrySetCFProperties);
}
