// SPDX-License-Identifier: MIT
/* The IOCatalogue calls of client programs (spec 1.12). */
#include <string.h>

#include <IOKit/IOKitServer.h>

#include "registry/bind.h"
#include "registry/lifecycle.h"
#include "registry/match.h"
#include "registry/notes.h"
#include "registry/policy.h"
#include "registry/text.h"
#include "wire/publish.h"

/* --- adding and removing ------------------------------------------------------------------ */

static IOReturn add_drivers(struct registry *r, CFTypeRef value, bool reset)
{
	size_t added;

	if (!registry_is_array(value))
		return kIOReturnBadArgument;
	err_t err = reset ? registry_catalogue_reset(&r->catalogue, value)
			  : registry_catalogue_add_array(&r->catalogue, value, &added);
	return err ? kIOReturnError : kIOReturnSuccess;
}

static IOReturn send_data(struct registry *r, const struct wire_catalogue *request)
{
	bool matches = request->flag == kIOCatalogAddDrivers ||
		       request->flag == kIOCatalogRemoveDrivers ||
		       request->flag == kIOCatalogResetDrivers;
	IOReturn status;

	if (request->malformed)
		return kIOReturnNoMemory;
	switch (request->flag) {
	case kIOCatalogAddDrivers:
	case kIOCatalogAddDriversNoMatch:
		status = add_drivers(r, request->value, false);
		break;
	case kIOCatalogResetDrivers:
	case kIOCatalogResetDriversNoMatch:
		status = add_drivers(r, request->value, true);
		break;
	case kIOCatalogRemoveDrivers:
	case kIOCatalogRemoveDriversNoMatch:
		status = registry_is_dictionary(request->value) ? kIOReturnSuccess
								: kIOReturnBadArgument;
		if (!status)
			registry_catalogue_remove_matching(&r->catalogue, request->value);
		break;
	case kIOCatalogStartMatching__Removed:
	case kIOCatalogRemoveKernelLinker__Removed:
	case kIOCatalogKextdActive:
	case kIOCatalogKextdFinishedLaunching:
		return KERN_NOT_SUPPORTED;
	default:
		return kIOReturnBadArgument;
	}
	if (!status && matches)
		registry_bind_catalogue(r);
	return status;
}

/* --- terminating ----------------------------------------------------------------------------- */

static bool is_of_module(const struct registry_entry *e, const char *module)
{
	return registry_entry_has(e, CFSTR("IOMatchCategory")) &&
	       registry_text_equals(registry_entry_get(e, CFSTR("CFBundleIdentifier")), module);
}

/* The next active one that its owner can end; NULL: none is left. */
static struct registry_entry *find_victim(struct registry *r, const char *name, bool is_class,
					  size_t *cursor)
{
	struct registry_entry *e;

	while ((e = registry_tree_next(&r->tree, cursor)))
		if (e->owner && registry_entry_is_service(e) && !registry_entry_is_inactive(e) &&
		    (is_class ? registry_match_class(e, name) : is_of_module(e, name)))
			return e;
	return NULL;
}

static void terminate_all(struct registry *r, const char *name, bool is_class)
{
	struct registry_entry *e;
	size_t cursor, n;

	/* What a walk that loses entries has passed over is met by the next one. */
	do {
		cursor = n = 0;
		for (; (e = find_victim(r, name, is_class, &cursor)); n++) {
			registry_entry_ref(e);
			registry_lifecycle_terminate(r, e, 0, NULL, false);
			registry_entry_unref(e);
		}
	} while (n);
}

static IOReturn terminate(struct registry *r, const struct wire_catalogue *request)
{
	struct registry_bundle *bundle = registry_catalogue_find(&r->catalogue, request->name);

	switch (request->flag) {
	case kIOCatalogModuleUnload:
		terminate_all(r, request->name, false);
		if (!bundle || !request->name[0])
			return kIOReturnSuccess;
		registry_notes_bundle(r, request->name, NULL);
		registry_catalogue_remove(&r->catalogue, bundle);
		return kIOReturnSuccess;
	case kIOCatalogModuleTerminate:
		terminate_all(r, request->name, false);
		return kIOReturnSuccess;
	case kIOCatalogServiceTerminate:
		terminate_all(r, request->name, true);
		return kIOReturnSuccess;
	default:
		return kIOReturnBadArgument;
	}
}

static IOReturn reset(struct registry *r, uint32_t flag)
{
	if (flag != kIOCatalogResetDefault)
		return kIOReturnBadArgument;
	return registry_catalogue_reset(&r->catalogue, NULL) ? kIOReturnError : kIOReturnSuccess;
}

/* --- the message -------------------------------------------------------------------------------- */

static IOReturn run(struct registry_peer *peer, const struct wire_catalogue *request)
{
	struct registry *r = peer->registry;

	if (request->call == WIRE_CATALOGUE_COUNT)
		return kIOReturnSuccess;
	if (request->call == WIRE_CATALOGUE_SEND) {
		/* Who may not hears of success. */
		if (!registry_policy_may_manage_drivers(peer))
			return kIOReturnSuccess;
		return send_data(r, request);
	}
	if (!registry_policy_is_administrator(peer))
		return kIOReturnNotPrivileged;
	switch (request->call) {
	case WIRE_CATALOGUE_TERMINATE:
		return terminate(r, request);
	case WIRE_CATALOGUE_LOADED:
		registry_bind_catalogue(r);
		return kIOReturnSuccess;
	case WIRE_CATALOGUE_RESET:
		return reset(r, request->flag);
	default:
		return kIOReturnBadArgument;
	}
}

static err_t handle_catalogue(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	struct wire_number_reply reply;
	IOReturn status = run(peer, message);

	if (status)
		return registry_peer_status(peer, &frame->header, status);
	reply.number = peer->registry->catalogue.generation;
	wire_peer_reply(peer->wire, &frame->header, &wire_number_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

const struct registry_handler registry_catalogue_handlers[] = {
	{ &wire_catalogue_layout, handle_catalogue },
};
const size_t registry_n_catalogue_handlers =
	sizeof(registry_catalogue_handlers) / sizeof(registry_catalogue_handlers[0]);
