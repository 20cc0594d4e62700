// SPDX-License-Identifier: MIT
/* IOService*: finding, matching, notifications, busy state. */
#include <stdatomic.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>

#include "base/scope.h"
#include "client/entry.h"
#include "client/handle.h"
#include "client/iterator.h"
#include "client/session.h"
#include "client/status.h"
#include "client/watch.h"
#include "wire/browse.h"
#include "wire/query.h"
#include "wire/open.h"

/* --- finding --------------------------------------------------------------------- */

/* Only dictionaries can match; that a dictionary cannot be sent is the dictionary's fault. */
static IOReturn check_matching(CFDictionaryRef matching)
{
	return CFGetTypeID(matching) == CFDictionaryGetTypeID() ? kIOReturnSuccess
								: kIOReturnBadArgument;
}

static IOReturn find(mach_port_t main_port, CFDictionaryRef matching, bool first_only,
		     uint64_t rest, struct wire_entries_reply *ret_reply, struct wire_frame *frame,
		     uint64_t *ret_epoch)
{
	struct wire_find_request request = { .first_only = first_only,
					     .rest = rest,
					     .matching = matching };
	IOReturn status = client_handle_check_main_port(main_port);

	if (!status)
		status = check_matching(matching);
	if (!status)
		status =
			client_session_ask(&wire_find_request_layout, &request,
					   &wire_entries_reply_layout, ret_reply, frame, ret_epoch);
	return status;
}

/* All services, however many answers they take. */
static IOReturn find_all(mach_port_t main_port, CFDictionaryRef matching,
			 struct client_snapshot *snapshot, size_t *ret_count)
{
	static atomic_uint_fast64_t last_rest;
	struct wire_find_more more = { atomic_fetch_add(&last_rest, 1) + 1 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_entries_reply reply = { 0 };
	uint64_t epoch, names = client_session_name_generation();
	IOReturn status = find(main_port, matching, false, more.rest, &reply, &frame, &epoch);
	bool is_last = false;

	*ret_count = 0;
	while (!status && !is_last) {
		is_last = reply.entries.count < WIRE_FOUND_MAX;
		*ret_count += reply.entries.count;
		status = client_snapshot_add(snapshot, &reply.entries, epoch, names);
		wire_message_clear(&wire_entries_reply_layout, &reply);
		if (!status && !is_last)
			status = client_session_ask(&wire_find_more_layout, &more,
						    &wire_entries_reply_layout, &reply, &frame,
						    &epoch);
	}
	wire_frame_fini(&frame);
	return status;
}

io_service_t IOServiceGetMatchingService(mach_port_t mainPort, CFDictionaryRef matching)
{
	struct wire_entries_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	io_service_t service = IO_OBJECT_NULL;
	struct client_entry *entry;
	uint64_t epoch, names = client_session_name_generation();

	if (!matching)
		return IO_OBJECT_NULL;
	if (!find(mainPort, matching, true, 0, &reply, &frame, &epoch)) {
		for (size_t i = 0; i < reply.entries.count; i++) {
			if (client_handle_grant_named(&reply.entries.items[i], epoch, names,
						      &entry))
				continue;
			if (!service)
				service = client_entry_name(entry);
			client_entry_unref(entry);
		}
		wire_message_clear(&wire_entries_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	CFRelease(matching);
	return service;
}

kern_return_t IOServiceGetMatchingServices(mach_port_t mainPort, CFDictionaryRef matching,
					   io_iterator_t *existing)
{
	struct client_snapshot *snapshot;
	IOReturn status = kIOReturnBadArgument;
	size_t count = 0;

	if (!matching)
		return kIOReturnBadArgument;
	snapshot = existing ? client_snapshot_new() : NULL;
	if (existing)
		status = snapshot ? find_all(mainPort, matching, snapshot, &count)
				  : kIOReturnNoMemory;
	if (!status) {
		*existing = IO_OBJECT_NULL;
		if (count)
			status = client_snapshot_name(take_ptr(snapshot), existing);
	}
	client_snapshot_free(snapshot);
	CFRelease(matching);
	return status;
}

kern_return_t IOServiceMatchPropertyTable(io_service_t service, CFDictionaryRef matching,
					  boolean_t *matches)
{
	struct wire_match_request request = { .matching = matching };
	struct wire_number_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	if (!matching || !matches)
		return kIOReturnBadArgument;
	err = client_handle_service(service, &entry);
	if (err)
		return client_status_of_handle(err);
	request.id = entry->id;
	status = client_session_ask(&wire_match_request_layout, &request, &wire_number_reply_layout,
				    &reply, &frame, NULL);
	if (!status)
		*matches = reply.number != 0;
	wire_frame_fini(&frame);
	client_entry_unref(entry);
	return status;
}

/* --- notifications ------------------------------------------------------------------ */

static IOReturn add_matching(const char *type, CFDictionaryRef matching, mach_port_t wake_port,
			     const OSAsyncReference64 reference, io_iterator_t *notification)
{
	io_name_t type_name;
	IOReturn status;

	if (!type || !notification)
		return kIOReturnBadArgument;
	status = check_matching(matching);
	if (status)
		return status;
	return client_watch_add_matching(client_handle_cut_name(type_name, type), matching,
					 wake_port, reference, notification);
}

kern_return_t IOServiceAddNotification(mach_port_t mainPort, const char *notificationType,
				       CFDictionaryRef matching, mach_port_t wakePort,
				       uintptr_t reference, io_iterator_t *notification)
{
	OSAsyncReference64 words = { reference };
	IOReturn status;

	if (!matching)
		return kIOReturnBadArgument;
	status = client_handle_check_main_port(mainPort);
	if (!status)
		status = add_matching(notificationType, matching, wakePort, words, notification);
	CFRelease(matching);
	return status;
}

kern_return_t IOServiceAddMatchingNotification(IONotificationPortRef notifyPort,
					       const char *notificationType,
					       CFDictionaryRef matching,
					       IOServiceMatchingCallback callback, void *refCon,
					       io_iterator_t *notification)
{
	OSAsyncReference64 words = { 0 };
	IOReturn status = kIOReturnBadArgument;

	if (!matching)
		return kIOReturnBadArgument;
	words[kIOMatchingCalloutFuncIndex] = (uintptr_t)callback;
	words[kIOMatchingCalloutRefconIndex] = (uintptr_t)refCon;
	if (notifyPort)
		status = add_matching(notificationType, matching,
				      IONotificationPortGetMachPort(notifyPort), words,
				      notification);
	CFRelease(matching);
	return status;
}

kern_return_t IOServiceAddInterestNotification(IONotificationPortRef notifyPort,
					       io_service_t service, const char *interestType,
					       IOServiceInterestCallback callback, void *refCon,
					       io_object_t *notification)
{
	OSAsyncReference64 words = { 0 };
	struct client_entry *entry;
	io_name_t type_name;
	IOReturn status;
	err_t err;

	if (!notifyPort || !interestType || !notification)
		return kIOReturnBadArgument;
	err = client_handle_service(service, &entry);
	if (err)
		return client_status_of_handle(err);
	words[kIOInterestCalloutFuncIndex] = (uintptr_t)callback;
	words[kIOInterestCalloutRefconIndex] = (uintptr_t)refCon;
	words[kIOInterestCalloutServiceIndex] = service;
	status = client_watch_add_interest(client_handle_cut_name(type_name, interestType), entry,
					   IONotificationPortGetMachPort(notifyPort), words,
					   notification);
	if (status ==
	    kIOReturnUnsupported) /* of what nobody can be told: the one failure with a result */
		*notification = IO_OBJECT_NULL;
	client_entry_unref(entry);
	return status;
}

/* --- state ----------------------------------------------------------------------------- */

static IOReturn ask_state(struct client_entry *entry, uint64_t *ret_state, uint32_t *ret_busy,
			  uint64_t *ret_busy_ns)
{
	struct wire_entry_request request = { .id = entry->id };
	struct wire_entry_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch;
	IOReturn status;

	status = client_session_ask(&wire_entry_request_layout, &request, &wire_entry_reply_layout,
				    &reply, &frame, &epoch);
	if (!status) {
		/* ENTRY has a hold of its own. */
		client_session_release(epoch, entry->id, 1, false);
		/* Bits of our own are nobody's business. */
		*ret_state = reply.state & (WIRE_STATE_SERVICE - 1);
		*ret_busy = reply.busy;
		*ret_busy_ns = reply.busy_ns;
		wire_message_clear(&wire_entry_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IOServiceGetBusyStateAndTime(io_service_t service, uint64_t *state,
					   uint32_t *busyState, uint64_t *accumulatedBusyTime)
{
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	if (!state || !busyState || !accumulatedBusyTime)
		return kIOReturnBadArgument;
	*state = 0;
	*busyState = 0;
	*accumulatedBusyTime = 0;
	err = client_handle_service(service, &entry);
	if (err)
		return client_status_of_handle(err);
	status = ask_state(entry, state, busyState, accumulatedBusyTime);
	client_entry_unref(entry);
	return status;
}

kern_return_t IOServiceGetState(io_service_t service, uint64_t *state)
{
	uint64_t busy_ns;
	uint32_t busy;

	return IOServiceGetBusyStateAndTime(service, state, &busy, &busy_ns);
}

kern_return_t IOServiceGetBusyState(io_service_t service, uint32_t *busyState)
{
	uint64_t state, busy_ns;

	return IOServiceGetBusyStateAndTime(service, &state, busyState, &busy_ns);
}

kern_return_t IOKitGetBusyState(mach_port_t mainPort, uint32_t *busyState)
{
	struct client_entry *machine;
	uint64_t state, busy_ns;
	IOReturn status;

	if (!busyState)
		return kIOReturnBadArgument;
	*busyState = 0;
	status = client_handle_check_main_port(mainPort);
	if (!status)
		status = client_entry_from_path(kIOServicePlane ":/", &machine);
	if (status)
		return status;
	status = ask_state(machine, &state, busyState, &busy_ns);
	client_entry_unref(machine);
	return status;
}

static IOReturn wait_quiet(uint64_t id, const mach_timespec_t *wait_time)
{
	struct wire_wait_quiet_request request = { .id = id, .timeout_ns = UINT64_MAX };
	struct wire_frame frame = WIRE_FRAME_INIT;
	IOReturn status;

	if (wait_time) {
		request.timeout_ns = (uint64_t)wait_time->tv_sec * 1000000000u;
		if (wait_time->tv_nsec > 0)
			request.timeout_ns += (uint64_t)wait_time->tv_nsec;
	}
	status = client_session_ask(&wire_wait_quiet_request_layout, &request, NULL, NULL, &frame,
				    NULL);
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IOServiceWaitQuiet(io_service_t service, mach_timespec_t *waitTime)
{
	struct client_entry *entry;
	IOReturn status;
	err_t err = client_handle_service(service, &entry);

	if (err)
		return client_status_of_handle(err);
	status = wait_quiet(entry->id, waitTime);
	client_entry_unref(entry);
	return status;
}

kern_return_t IOKitWaitQuietWithOptions(mach_port_t mainPort, mach_timespec_t *waitTime,
					IOOptionBits options)
{
	IOReturn status = client_handle_check_main_port(mainPort);

	return status ? status : wait_quiet(0, waitTime);
}

kern_return_t IOKitWaitQuiet(mach_port_t mainPort, mach_timespec_t *waitTime)
{
	return IOKitWaitQuietWithOptions(mainPort, waitTime, 0);
}

kern_return_t IOServiceRequestProbe(io_service_t service, uint32_t options)
{
	struct wire_request_probe request = { .options = options };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;
	err_t err = client_handle_service(service, &entry);

	if (err)
		return client_status_of_handle(err);
	request.id = entry->id;
	status = client_session_ask(&wire_request_probe_layout, &request, NULL, NULL, &frame, NULL);
	wire_frame_fini(&frame);
	client_entry_unref(entry);
	return status;
}

kern_return_t IOServiceAuthorize(io_service_t service, uint32_t options)
{
	struct wire_authorize_request request = { .options = options };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;
	err_t err = client_handle_service(service, &entry);

	if (err)
		return client_status_of_handle(err);
	request.service = entry->id;
	client_entry_unref(entry);
	/* Nobody is there who could ask the user: the session's policy decides. */
	status = client_session_ask(&wire_authorize_request_layout, &request, NULL, NULL, &frame,
				    NULL);
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IOServiceOFPathToBSDName(mach_port_t mainPort, const char *openFirmwarePath,
				       io_name_t bsdName)
{
	CFDictionaryRef matching = IOOpenFirmwarePathMatching(mainPort, 0, openFirmwarePath);
	io_service_t service;
	CFTypeRef name;
	bool found;

	if (!matching || !bsdName) {
		if (matching)
			CFRelease(matching);
		return kIOReturnBadArgument;
	}
	service = IOServiceGetMatchingService(mainPort, matching);
	if (!service)
		return KERN_FAILURE;
	name = IORegistryEntryCreateCFProperty(service, CFSTR(kIOBSDNameKey), NULL, 0);
	found = name && CFGetTypeID(name) == CFStringGetTypeID() &&
		CFStringGetCString(name, bsdName, sizeof(io_name_t), kCFStringEncodingUTF8);
	if (name)
		CFRelease(name);
	IOObjectRelease(service);
	return found ? KERN_SUCCESS : KERN_FAILURE;
}
