// SPDX-License-Identifier: MIT
/* IORegistryEntry*: names, paths, neighbours. */
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "base/scope.h"
#include "client/handle.h"
#include "client/iterator.h"
#include "client/entry.h"
#include "client/session.h"
#include "client/status.h"
#include "client/walk.h"
#include "wire/browse.h"

/* Longest path that IORegistryEntryGetPath gives. */
enum { PATH_TEXT_MAX = sizeof(io_string_t) - 2 };
enum { PATH_SIZE = WIRE_PATH_MAX + 1 }; /* too large for the stack of some threads */
/* A long list that changes while it is read is read again, but not for ever. */
enum { LIST_ATTEMPTS = 16 };

IOReturn client_entry_from_path(const char *path, struct client_entry **ret_entry)
{
	struct wire_find_path_request request = { .path = path };
	struct wire_entries_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch, names = client_session_name_generation();
	IOReturn status;

	status = client_session_ask(&wire_find_path_request_layout, &request,
				    &wire_entries_reply_layout, &reply, &frame, &epoch);
	if (!status) {
		status = kIOReturnNotFound;
		if (reply.entries.count &&
		    !client_handle_grant_named(&reply.entries.items[0], epoch, names, ret_entry))
			status = kIOReturnSuccess;
		wire_message_clear(&wire_entries_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

static io_registry_entry_t name_from_path(mach_port_t main_port, const char *path)
{
	struct client_entry *entry;
	io_registry_entry_t name;

	if (client_handle_check_main_port(main_port) || client_entry_from_path(path, &entry))
		return IO_OBJECT_NULL;
	name = client_entry_name(entry);
	client_entry_unref(entry);
	return name;
}

io_registry_entry_t IORegistryEntryFromPath(mach_port_t mainPort, const char *path)
{
	io_string_t text;
	size_t n;

	if (!path)
		return IO_OBJECT_NULL;
	n = strnlen(path, sizeof(text) - 1);
	memcpy(text, path, n);
	text[n] = '\0';
	return name_from_path(mainPort, text);
}

io_registry_entry_t IORegistryEntryCopyFromPath(mach_port_t mainPort, CFStringRef path)
{
	scope_free char *text = malloc(PATH_SIZE);

	if (!text || !path || !CFStringGetCString(path, text, PATH_SIZE, kCFStringEncodingUTF8))
		return IO_OBJECT_NULL;
	return name_from_path(mainPort, text);
}

/* The root has a fixed ID: asking for it by WIRE_ENTRY shows that it is there. */
static IOReturn copy_root(struct client_entry **ret_root)
{
	struct wire_entry_request request = { .id = WIRE_ROOT_ID };
	struct wire_entry_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch;
	IOReturn status;

	status = client_session_ask(&wire_entry_request_layout, &request, &wire_entry_reply_layout,
				    &reply, &frame, &epoch);
	if (!status) {
		if (client_handle_grant_id(WIRE_ROOT_ID, reply.state, reply.class_name, 0, epoch,
					   ret_root))
			status = kIOReturnNoMemory;
		/* It stays whether it is held or not. */
		client_session_release(epoch, WIRE_ROOT_ID, 1, false);
		wire_message_clear(&wire_entry_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

io_registry_entry_t IORegistryGetRootEntry(mach_port_t mainPort)
{
	struct client_entry *root;
	io_registry_entry_t name;

	if (client_handle_check_main_port(mainPort) || copy_root(&root))
		return IO_OBJECT_NULL;
	name = client_entry_name(root);
	client_entry_unref(root);
	return name;
}

/* --- walks ---------------------------------------------------------------------- */

kern_return_t IORegistryCreateIterator(mach_port_t mainPort, const char *plane,
				       IOOptionBits options, io_iterator_t *iterator)
{
	struct client_entry *root;
	IOReturn status;

	if (!plane || !iterator)
		return kIOReturnBadArgument;
	status = client_handle_check_main_port(mainPort);
	if (!status)
		status = copy_root(&root);
	if (status)
		return status;
	status = client_walk_new(root, plane, options, iterator);
	client_entry_unref(root);
	return status;
}

kern_return_t IORegistryEntryCreateIterator(io_registry_entry_t handle, const char *plane,
					    IOOptionBits options, io_iterator_t *iterator)
{
	struct client_entry *entry;
	IOReturn status;
	err_t err;

	if (!plane || !iterator)
		return kIOReturnBadArgument;
	err = client_handle_entry(handle, &entry);
	if (err)
		return client_status_of_handle(err);
	status = client_walk_new(entry, plane, options, iterator);
	client_entry_unref(entry);
	return status;
}

/* --- names -------------------------------------------------------------------------- */

/* Ask for one text about HANDLE, at most SIZE bytes with the NUL; longer is kIOReturnBadArgument unless
 * CUT. */
static IOReturn ask_text(io_registry_entry_t handle, const struct wire_layout *layout,
			 void *request, uint64_t *id, char *text, size_t size, bool cut)
{
	struct wire_text_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;
	size_t n;
	err_t err = client_handle_entry(handle, &entry);

	if (err)
		return client_status_of_handle(err);
	*id = entry->id;
	status = client_session_ask(layout, request, &wire_text_reply_layout, &reply, &frame, NULL);
	client_entry_unref(entry);
	if (!status) {
		n = strnlen(reply.text, size);
		if (n == size && !cut) {
			status = kIOReturnBadArgument;
		} else {
			n = n == size ? size - 1 : n;
			memcpy(text, reply.text, n);
			text[n] = '\0';
		}
		wire_message_clear(&wire_text_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

static IOReturn ask_name(io_registry_entry_t entry, uint32_t what, const char *plane, io_name_t ret)
{
	io_name_t plane_name;
	struct wire_name_request request = { .what = what,
					     .plane = client_handle_cut_name(plane_name, plane) };

	if (!ret)
		return kIOReturnBadArgument;
	return ask_text(entry, &wire_name_request_layout, &request, &request.id, ret,
			sizeof(io_name_t), true);
}

/* Entries that came from an iterator brought their names along. */
static bool find_known_name(io_registry_entry_t handle, io_name_t ret_name)
{
	struct client_entry *entry;

	if (client_handle_entry(handle, &entry))
		return false;
	bool known = client_entry_copy_known_name(entry, ret_name);
	client_entry_unref(entry);
	return known;
}

kern_return_t IORegistryEntryGetName(io_registry_entry_t entry, io_name_t name)
{
	if (name && find_known_name(entry, name))
		return kIOReturnSuccess;
	return ask_name(entry, WIRE_NAME_NAME, NULL, name);
}

kern_return_t IORegistryEntryGetNameInPlane(io_registry_entry_t entry, const char *plane,
					    io_name_t name)
{
	return ask_name(entry, WIRE_NAME_NAME, plane, name);
}

kern_return_t IORegistryEntryGetLocationInPlane(io_registry_entry_t entry, const char *plane,
						io_name_t location)
{
	return ask_name(entry, WIRE_NAME_LOCATION, plane, location);
}

kern_return_t IORegistryEntryGetPath(io_registry_entry_t entry, const char *plane, io_string_t path)
{
	io_name_t plane_name;
	struct wire_path_request request = { .plane = client_handle_cut_name(plane_name, plane) };

	if (!plane || !path)
		return kIOReturnBadArgument;
	return ask_text(entry, &wire_path_request_layout, &request, &request.id, path,
			PATH_TEXT_MAX + 1, false);
}

CFStringRef IORegistryEntryCopyPath(io_registry_entry_t entry, const char *plane)
{
	io_name_t plane_name;
	scope_free char *text = malloc(PATH_SIZE);
	struct wire_path_request request = { .plane = client_handle_cut_name(plane_name, plane) };

	if (!text || !plane ||
	    ask_text(entry, &wire_path_request_layout, &request, &request.id, text, PATH_SIZE,
		     false))
		return NULL;
	return CFStringCreateWithCString(kCFAllocatorDefault, text, kCFStringEncodingUTF8);
}

kern_return_t IORegistryEntryGetRegistryEntryID(io_registry_entry_t handle, uint64_t *entryID)
{
	struct client_entry *entry;
	err_t err;

	if (!entryID)
		return kIOReturnBadArgument;
	*entryID = 0;
	err = client_handle_entry(handle, &entry);
	if (err)
		return client_status_of_handle(err);
	*entryID = entry->id;
	client_entry_unref(entry);
	return kIOReturnSuccess;
}

boolean_t IORegistryEntryInPlane(io_registry_entry_t handle, const char *plane)
{
	io_name_t plane_name;
	struct wire_in_plane_request request = { .plane = client_handle_cut_name(plane_name,
										 plane) };
	struct wire_number_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	IOReturn status;

	if (client_handle_entry(handle, &entry))
		return FALSE;
	request.id = entry->id;
	status = client_session_ask(&wire_in_plane_request_layout, &request,
				    &wire_number_reply_layout, &reply, &frame, NULL);
	wire_frame_fini(&frame);
	client_entry_unref(entry);
	return !status && reply.number;
}

/* --- neighbours ------------------------------------------------------------------------ */

static IOReturn ask_neighbours(io_registry_entry_t handle, const char *plane, uint32_t options,
			       uint64_t after, uint32_t max, struct wire_children_reply *ret_reply,
			       struct wire_frame *frame, uint64_t *ret_epoch)
{
	io_name_t plane_name;
	struct wire_children_request request = {
		.after = after,
		.options = options,
		.max = max,
		.plane = client_handle_cut_name(plane_name, plane),
	};
	struct client_entry *entry;
	IOReturn status;
	err_t err = client_handle_entry(handle, &entry);

	if (err)
		return client_status_of_handle(err);
	request.id = entry->id;
	status = client_session_ask(&wire_children_request_layout, &request,
				    &wire_children_reply_layout, ret_reply, frame, ret_epoch);
	client_entry_unref(entry);
	return status;
}

/* A good entry was asked about a plane that does not exist: no error, just nothing there. */
static bool is_unknown_plane(IOReturn status, io_registry_entry_t handle)
{
	struct client_object *object;
	bool is_entry;

	if (status != kIOReturnBadArgument || client_handle_object(handle, &object))
		return false;
	is_entry = object->type == CLIENT_OBJECT_ENTRY;
	client_object_unref(object);
	return is_entry;
}

/* A list that is read in parts. */
struct reading {
	io_registry_entry_t handle;
	const char *plane;
	uint32_t options;
	struct client_snapshot *snapshot;
	uint64_t after, epoch, generation;
	bool has_changed; /* between two parts */
	bool more;
};

static IOReturn read_part(struct reading *r)
{
	struct wire_children_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch, names = client_session_name_generation();
	IOReturn status = ask_neighbours(r->handle, r->plane, r->options, r->after,
					 WIRE_CHILDREN_MAX, &reply, &frame, &epoch);

	if (!status) {
		r->has_changed |=
			r->after && (epoch != r->epoch || reply.list_generation != r->generation);
		r->epoch = epoch;
		r->generation = reply.list_generation;
		r->more = reply.is_cut && reply.entries.count;
		if (r->more)
			r->after = reply.entries.items[reply.entries.count - 1].id;
		status = client_snapshot_add(r->snapshot, &reply.entries, epoch, names);
		wire_message_clear(&wire_children_reply_layout, &reply);
	} else if (r->after && status == kIOReturnNotFound) {
		r->has_changed = true; /* where to go on has gone */
		r->more = false;
		status = kIOReturnSuccess;
	}
	wire_frame_fini(&frame);
	return status;
}

/* One list as it was at one moment, if it ever is the same for long enough. */
static IOReturn read_list(struct reading *r)
{
	IOReturn status = kIOReturnSuccess;

	for (int attempt = 1; !status; attempt++) {
		client_snapshot_free(r->snapshot);
		r->snapshot = client_snapshot_new();
		if (!r->snapshot)
			return kIOReturnNoMemory;
		r->after = 0;
		r->has_changed = false;
		do
			status = read_part(r);
		while (!status && r->more && (!r->has_changed || attempt == LIST_ATTEMPTS));
		if (!r->has_changed || attempt == LIST_ATTEMPTS)
			break;
	}
	return status;
}

static IOReturn neighbour_iterator(io_registry_entry_t handle, const char *plane, uint32_t options,
				   io_iterator_t *iterator)
{
	struct reading reading = { .handle = handle, .plane = plane, .options = options };
	IOReturn status;

	if (!plane || !iterator)
		return kIOReturnBadArgument;
	status = read_list(&reading);
	if (!status)
		return client_snapshot_name(reading.snapshot, iterator);
	client_snapshot_free(reading.snapshot);
	if (is_unknown_plane(status, handle)) {
		*iterator = IO_OBJECT_NULL;
		status = kIOReturnSuccess;
	}
	return status;
}

static IOReturn first_neighbour(io_registry_entry_t handle, const char *plane, uint32_t options,
				io_registry_entry_t *ret_name)
{
	struct wire_children_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	uint64_t epoch, names = client_session_name_generation();
	IOReturn status;

	if (!plane || !ret_name)
		return kIOReturnBadArgument;
	*ret_name = IO_OBJECT_NULL;
	status = ask_neighbours(handle, plane, options, 0, 1, &reply, &frame, &epoch);
	if (!status) {
		if (reply.entries.count &&
		    !client_handle_grant_named(&reply.entries.items[0], epoch, names, &entry)) {
			*ret_name = client_entry_name(entry);
			client_entry_unref(entry);
		}
		if (!*ret_name)
			status = reply.entries.count ? kIOReturnNoMemory : kIOReturnNoDevice;
		wire_message_clear(&wire_children_reply_layout, &reply);
	} else if (is_unknown_plane(status, handle)) {
		status = kIOReturnNoDevice;
	}
	wire_frame_fini(&frame);
	return status;
}

kern_return_t IORegistryEntryGetChildIterator(io_registry_entry_t entry, const char *plane,
					      io_iterator_t *iterator)
{
	return neighbour_iterator(entry, plane, 0, iterator);
}

kern_return_t IORegistryEntryGetParentIterator(io_registry_entry_t entry, const char *plane,
					       io_iterator_t *iterator)
{
	return neighbour_iterator(entry, plane, WIRE_CHILDREN_PARENTS, iterator);
}

kern_return_t IORegistryEntryGetChildEntry(io_registry_entry_t entry, const char *plane,
					   io_registry_entry_t *child)
{
	return first_neighbour(entry, plane, 0, child);
}

kern_return_t IORegistryEntryGetParentEntry(io_registry_entry_t entry, const char *plane,
					    io_registry_entry_t *parent)
{
	return first_neighbour(entry, plane, WIRE_CHILDREN_PARENTS, parent);
}
