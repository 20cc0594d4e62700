// SPDX-License-Identifier: MIT
/* IOCatalogue*: the personalities of the session's drivers. */
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFUnserialize.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitServer.h>
#include <mach/kern_return.h>

#include "client/handle.h"
#include "client/session.h"
#include "wire/publish.h"

enum { DATA_MAX = 4096 * 1024 };

static kern_return_t ask(mach_port_t main_port, struct wire_catalogue *request,
			 uint64_t *ret_generation)
{
	struct wire_number_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	IOReturn status = client_handle_check_main_port(main_port);

	if (!status)
		status = client_session_ask(&wire_catalogue_layout, request,
					    &wire_number_reply_layout, &reply, &frame, NULL);
	if (!status && ret_generation)
		*ret_generation = reply.number;
	wire_frame_fini(&frame);
	return status;
}

/* Kinds that go without data. */
static bool needs_data(uint32_t flag)
{
	return flag != kIOCatalogRemoveKernelLinker__Removed && flag != kIOCatalogKextdActive &&
	       flag != kIOCatalogKextdFinishedLaunching;
}

/* What IOCFSerialize makes, or a property list; but any word is one in the oldest format. */
static CFTypeRef parse(const char *buffer, uint32_t size)
{
	char *text = malloc((size_t)size + 1);
	CFPropertyListFormat format = kCFPropertyListOpenStepFormat;
	CFTypeRef value = NULL;
	CFDataRef data;

	if (!text)
		return NULL;
	memcpy(text, buffer, size);
	text[size] = 0; /* which XML has to end with */
	value = IOCFUnserializeWithSize(text, (size_t)size + 1, NULL, 0, NULL);
	free(text);
	if (value)
		return value;
	data = CFDataCreate(NULL, (const UInt8 *)buffer, (CFIndex)size);
	if (data)
		value = CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, &format,
						     NULL);
	if (data)
		CFRelease(data);
	if (value && format == kCFPropertyListOpenStepFormat) {
		CFRelease(value);
		return NULL;
	}
	return value;
}

kern_return_t IOCatalogueSendData(mach_port_t mainPort, uint32_t flag, const char *buffer,
				  uint32_t size)
{
	struct wire_catalogue request = { .call = WIRE_CATALOGUE_SEND, .flag = flag, .name = "" };
	IOReturn status = client_handle_check_main_port(mainPort);

	if (status)
		return status;
	if (needs_data(flag) && (!buffer || !size))
		return kIOReturnBadArgument;
	if (size > DATA_MAX)
		return kIOReturnMessageTooLarge;
	if (buffer && size) {
		request.value = parse(buffer, size);
		request.malformed = !request.value;
	}
	status = ask(mainPort, &request, NULL);
	if (request.value)
		CFRelease(request.value);
	return status;
}

static kern_return_t ask_name(mach_port_t main_port, uint32_t call, uint32_t flag, const char *name)
{
	io_name_t text;
	struct wire_catalogue request = { .call = call,
					  .flag = flag,
					  .name = client_handle_cut_name(text, name) };

	return name ? ask(main_port, &request, NULL) : kIOReturnBadArgument;
}

kern_return_t IOCatalogueTerminate(mach_port_t mainPort, uint32_t flag, io_name_t description)
{
	return ask_name(mainPort, WIRE_CATALOGUE_TERMINATE, flag, description);
}

kern_return_t IOCatalogueModuleLoaded(mach_port_t mainPort, io_name_t name)
{
	return ask_name(mainPort, WIRE_CATALOGUE_LOADED, 0, name);
}

kern_return_t IOCatalogueReset(mach_port_t mainPort, uint32_t flag)
{
	return ask_name(mainPort, WIRE_CATALOGUE_RESET, flag, "");
}

kern_return_t IOCatalogueGetData(mach_port_t mainPort, uint32_t flag, char **buffer, uint32_t *size)
{
	IOReturn status = client_handle_check_main_port(mainPort);

	if (status)
		return status;
	return flag >= kIOCatalogGetContents && flag <= kIOCatalogGetROMMkextList
		     ? KERN_NOT_SUPPORTED
		     : kIOReturnBadArgument;
}

kern_return_t IOCatlogueGetGenCount(mach_port_t mainPort, uint32_t *genCount)
{
	struct wire_catalogue request = { .call = WIRE_CATALOGUE_COUNT, .name = "" };
	uint64_t generation = 0;
	IOReturn status;

	if (!genCount)
		return kIOReturnBadArgument;
	status = ask(mainPort, &request, &generation);
	if (!status)
		*genCount = (uint32_t)generation;
	return status;
}
