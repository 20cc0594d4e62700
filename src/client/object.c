// SPDX-License-Identifier: MIT
/* IOObject*: references and classes of handles; the main port. */
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "base/scope.h"
#include "client/class.h"
#include "client/handle.h"
#include "client/property.h"
#include "client/session.h"
#include "client/status.h"
#include "client/watch.h"
#include "wire/browse.h"

const mach_port_t kIOMainPortDefault = MACH_PORT_NULL;
const mach_port_t kIOMasterPortDefault = MACH_PORT_NULL;

/* --- main port ------------------------------------------------------------ */

static void main_retain(void *object)
{
}

static void main_no_senders(void *object)
{
}

static const struct port_object_ops main_ops = { main_retain, main_no_senders };
static pthread_mutex_t main_lock = PTHREAD_MUTEX_INITIALIZER;
static struct port *main_port;	 /* under main_lock; one of the process, for good */
static unsigned main_generation; /* fork generation in which it was made */

kern_return_t IOMainPort(mach_port_t bootstrapPort, mach_port_t *mainPort)
{
	mach_port_name_t name;
	err_t err = 0;

	if (!mainPort)
		return kIOReturnBadArgument;
	scope_lock(&main_lock);
	if (!main_port || main_generation != port_fork_generation()) {
		main_generation = port_fork_generation();
		main_port = NULL;
		err = port_new_object(CLIENT_KIND_MAIN, &main_generation, &main_ops, &main_port);
	}
	if (!err)
		err = port_make_send(main_port, &name);
	if (err)
		return client_status_of_handle(err);
	*mainPort = name;
	return KERN_SUCCESS;
}

kern_return_t IOMasterPort(mach_port_t bootstrapPort, mach_port_t *mainPort)
{
	return IOMainPort(bootstrapPort, mainPort);
}

/* --- references ------------------------------------------------------------- */

kern_return_t IOObjectRelease(io_object_t object)
{
	return mach_port_deallocate(mach_task_self(), object);
}

kern_return_t IOObjectRetain(io_object_t object)
{
	kern_return_t result =
		mach_port_mod_refs(mach_task_self(), object, MACH_PORT_RIGHT_SEND, 1);

	if (result == KERN_INVALID_RIGHT)
		result = mach_port_mod_refs(mach_task_self(), object, MACH_PORT_RIGHT_DEAD_NAME, 1);
	return result;
}

boolean_t IOObjectIsEqualTo(io_object_t object, io_object_t anObject)
{
	return object == anObject;
}

uint32_t IOObjectGetUserRetainCount(io_object_t object)
{
	mach_port_urefs_t count = 0;

	if (mach_port_get_refs(mach_task_self(), object, MACH_PORT_RIGHT_SEND, &count))
		return 0;
	return count;
}

uint32_t IOObjectGetKernelRetainCount(io_object_t handle)
{
	struct wire_entry_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_object *object;
	uint32_t count = 0;

	if (client_handle_object(handle, &object))
		return 0;
	if (object->type != CLIENT_OBJECT_ENTRY) {
		/* Iterators live in this process, for their handle alone. */
		count = 1;
	} else {
		struct wire_entry_request request = {
			.id = container_of(object, struct client_entry, object)->id
		};
		uint64_t epoch;

		if (!client_session_ask(&wire_entry_request_layout, &request,
					&wire_entry_reply_layout, &reply, &frame, &epoch)) {
			count = reply.holds ? (uint32_t)reply.holds : 1;
			/* The handle has a hold of its own. */
			client_session_release(epoch, request.id, 1, false);
			wire_message_clear(&wire_entry_reply_layout, &reply);
		}
	}
	wire_frame_fini(&frame);
	client_object_unref(object);
	return count;
}

uint32_t IOObjectGetRetainCount(io_object_t object)
{
	return IOObjectGetKernelRetainCount(object);
}

/* --- classes ------------------------------------------------------------------ */

static const char *real_class(struct client_object *object)
{
	switch (object->type) {
	case CLIENT_OBJECT_ENTRY:
		return container_of(object, struct client_entry, object)->class_name;
	case CLIENT_OBJECT_WATCH:
		return client_watch_is_interest(object) ? "IOServiceMessageUserNotification"
							: "IOServiceUserNotification";
	default:
		return "IOUserIterator";
	}
}

/* The text of IOClassNameOverride, if OBJECT is an entry that has one. */
static bool copy_override(struct client_object *object, io_name_t ret_name)
{
	CFTypeRef value = NULL;
	char text[4 * sizeof(io_name_t)];
	bool found;

	if (object->type != CLIENT_OBJECT_ENTRY)
		return false;
	struct client_entry *entry = container_of(object, struct client_entry, object);
	if (client_entry_has_own_class(entry) ||
	    client_property_copy(entry, kIOClassNameOverrideKey, "", 0, &value))
		return false;
	found = CFGetTypeID(value) == CFStringGetTypeID() &&
		CFStringGetCString(value, text, sizeof(text), kCFStringEncodingUTF8);
	CFRelease(value);
	if (found)
		client_handle_cut_name(ret_name, text);
	return found;
}

kern_return_t _IOObjectGetClass(io_object_t handle, uint64_t options, io_name_t className)
{
	struct client_object *object;
	err_t err;

	if (!className)
		return kIOReturnBadArgument;
	err = client_handle_object(handle, &object);
	if (err)
		return client_status_of_handle(err);
	if ((options & kIOClassNameOverrideNone) || !copy_override(object, className))
		client_handle_cut_name(className, real_class(object));
	client_object_unref(object);
	return kIOReturnSuccess;
}

kern_return_t IOObjectGetClass(io_object_t object, io_name_t className)
{
	return _IOObjectGetClass(object, 0, className);
}

CFStringRef _IOObjectCopyClass(io_object_t object, uint64_t options)
{
	io_name_t name;

	if (_IOObjectGetClass(object, options, name))
		return NULL;
	return CFStringCreateWithCString(kCFAllocatorDefault, name, kCFStringEncodingUTF8);
}

CFStringRef IOObjectCopyClass(io_object_t object)
{
	return _IOObjectCopyClass(object, 0);
}

boolean_t _IOObjectConformsTo(io_object_t handle, const char *className, uint64_t options)
{
	struct client_object *object;
	io_name_t override;
	bool conforms;

	if (!className || client_handle_object(handle, &object))
		return FALSE;
	conforms = client_class_conforms(real_class(object), className);
	if (!conforms && !(options & kIOClassNameOverrideNone))
		conforms = copy_override(object, override) && !strcmp(override, className);
	client_object_unref(object);
	return conforms;
}

boolean_t IOObjectConformsTo(io_object_t object, const char *className)
{
	return _IOObjectConformsTo(object, className, 0);
}

static bool ancestry_of(CFStringRef name, CFArrayRef *ret_ancestry, CFStringRef *ret_bundle)
{
	char text[4 * sizeof(io_name_t)];

	return name && CFStringGetCString(name, text, sizeof(text), kCFStringEncodingUTF8) &&
	       client_class_copy_ancestry(text, ret_ancestry, ret_bundle);
}

CFStringRef IOObjectCopySuperclassForClass(CFStringRef classname)
{
	CFStringRef superclass = NULL;
	CFArrayRef ancestry;

	if (!ancestry_of(classname, &ancestry, NULL))
		return NULL;
	if (CFArrayGetCount(ancestry) >= 2)
		superclass = CFRetain(CFArrayGetValueAtIndex(ancestry, 1));
	CFRelease(ancestry);
	return superclass;
}

CFStringRef IOObjectCopyBundleIdentifierForClass(CFStringRef classname)
{
	CFStringRef bundle;
	CFArrayRef ancestry;

	if (!ancestry_of(classname, &ancestry, &bundle))
		return NULL;
	CFRelease(ancestry);
	if (CFStringGetLength(bundle) > 0)
		return bundle;
	CFRelease(bundle);
	return NULL;
}

void client_main_port_lock(void)
{
	pthread_mutex_lock(&main_lock);
}

void client_main_port_unlock(void)
{
	pthread_mutex_unlock(&main_lock);
}
