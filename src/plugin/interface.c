// SPDX-License-Identifier: MIT
/* Interfaces for services: instantiate, probe, start the best. */
#include <stdbool.h>
#include <stdlib.h>

#include <IOKit/IOCFPlugIn.h>

#include "plugin/find.h"

struct candidate {
	IOCFPlugInInterface **interface;
	SInt32 order;
};

/* One of a factory that wants the service; false when there is none. */
static bool probe(CFUUIDRef factory, CFUUIDRef type, CFUUIDRef interface_type, io_service_t service,
		  struct candidate *ret_candidate)
{
	IUnknownVTbl **unknown = CFPlugInInstanceCreate(NULL, factory, type);
	struct candidate c = { NULL, 0 };
	LPVOID interface = NULL;
	HRESULT result;

	if (!unknown)
		return false;
	result =
		(*unknown)->QueryInterface(unknown, CFUUIDGetUUIDBytes(interface_type), &interface);
	(*unknown)->Release(unknown);
	if (FAILED(result) || !interface)
		return false;
	c.interface = interface;
	if ((*c.interface)->Probe(c.interface, NULL, service, &c.order) != kIOReturnSuccess) {
		(*c.interface)->Release(c.interface);
		return false;
	}
	*ret_candidate = c;
	return true;
}

/* Behind all whose order is not lower. */
static void insert(struct candidate *candidates, size_t n, struct candidate c)
{
	while (n > 0 && candidates[n - 1].order < c.order) {
		candidates[n] = candidates[n - 1];
		n--;
	}
	candidates[n] = c;
}

/* The first that starts; all others are released. */
static bool start_best(struct candidate *candidates, size_t n, io_service_t service,
		       struct candidate *ret_best)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		IOCFPlugInInterface **interface = candidates[i].interface;

		if (!found && (*interface)->Start(interface, NULL, service) == kIOReturnSuccess) {
			*ret_best = candidates[i];
			found = true;
		} else {
			(*interface)->Release(interface);
		}
	}
	return found;
}

static kern_return_t choose(CFArrayRef factories, CFUUIDRef type, CFUUIDRef interface_type,
			    io_service_t service, struct candidate *ret_best)
{
	CFIndex n_factories = CFArrayGetCount(factories);
	struct candidate *candidates = calloc((size_t)n_factories, sizeof(*candidates));
	size_t n = 0;
	bool started;

	if (!candidates)
		return kIOReturnNoMemory;
	for (CFIndex i = 0; i < n_factories; i++) {
		struct candidate c;

		if (probe(CFArrayGetValueAtIndex(factories, i), type, interface_type, service, &c))
			insert(candidates, n++, c);
	}
	started = start_best(candidates, n, service, ret_best);
	free(candidates);
	return started ? kIOReturnSuccess : kIOReturnNoResources;
}

kern_return_t IOCreatePlugInInterfaceForService(io_service_t service, CFUUIDRef pluginType,
						CFUUIDRef interfaceType,
						IOCFPlugInInterface ***theInterface,
						SInt32 *theScore)
{
	kern_return_t result = kIOReturnUnsupported;
	struct candidate best;
	CFArrayRef factories;
	CFPlugInRef plugin;

	if (!pluginType || !interfaceType || !theInterface)
		return kIOReturnBadArgument;
	plugin = plugin_find(service, pluginType);
	if (!plugin)
		return kIOReturnUnsupported;
	factories = CFPlugInFindFactoriesForPlugInTypeInPlugIn(pluginType, plugin);
	if (factories) {
		result = choose(factories, pluginType, interfaceType, service, &best);
		CFRelease(factories);
	}
	/* What lives of it now are instances; its code stays (CFBundle.h). */
	CFRelease(plugin);
	if (result != kIOReturnSuccess)
		return result;
	*theInterface = best.interface;
	if (theScore)
		*theScore = best.order;
	return kIOReturnSuccess;
}

kern_return_t IODestroyPlugInInterface(IOCFPlugInInterface **interface)
{
	kern_return_t result;

	if (!interface)
		return kIOReturnBadArgument;
	result = (*interface)->Stop(interface);
	(*interface)->Release(interface);
	return result;
}
