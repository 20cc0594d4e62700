/* SPDX-License-Identifier: MIT */
/*
 * Interfaces that a plug-in offers for a service, beside those of its driver.
 *
 * The service's property IOCFPlugInTypes names a plug-in bundle (CFPlugIn.h)
 * for each type, by name or by absolute path. A name is looked for in the
 * folders of PORTICO_PLUGINS (separated by colons), in <build>/plugins, in
 * $XDG_DATA_HOME/portico/plugins (~/.local/share/portico/plugins) and in
 * portico/plugins beside the installed libraries, first whole, then by its last
 * component.
 *
 * The property comes from a driver, so it cannot make a program run code that
 * its user did not install: the bundle, its Info.plist, its executable and all
 * folders on the way to them must belong to root or to the user and must not be
 * writable by others or by a group (folders may be, with the sticky bit).
 */
#ifndef _IOKIT_IOCFPLUGIN_H_
#define _IOKIT_IOCFPLUGIN_H_

#include <sys/cdefs.h>

#include <CoreFoundation/CFPlugIn.h>
#if COREFOUNDATION_CFPLUGINCOM_SEPARATE
#include <CoreFoundation/CFPlugInCOM.h>
#endif

#include <IOKit/IOKitLib.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* C244E858-109C-11D4-91D4-0050E4C6426F */
#define kIOCFPlugInInterfaceID \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xC2, 0x44, 0xE8, 0x58, 0x10, 0x9C, 0x11, 0xD4, 0x91, \
				       0xD4, 0x00, 0x50, 0xE4, 0xC6, 0x42, 0x6F)

/* What follows IUnknown in the table of every interface that a plug-in offers for services. Probe may
 * change *ORDER (0 before): the highest one is started first. PROPERTYTABLE is NULL. */
#define IOCFPLUGINBASE \
	UInt16 version; \
	UInt16 revision; \
	IOReturn (*Probe)(void *thisPointer, CFDictionaryRef propertyTable, io_service_t service, \
			  SInt32 *order); \
	IOReturn (*Start)(void *thisPointer, CFDictionaryRef propertyTable, io_service_t service); \
	IOReturn (*Stop)(void *thisPointer)

typedef struct IOCFPlugInInterfaceStruct {
	IUNKNOWN_C_GUTS;
	IOCFPLUGINBASE;
} IOCFPlugInInterface;

/* Make an interface of INTERFACETYPE (normally kIOCFPlugInInterfaceID) from the plug-in for PLUGINTYPE:
 * of all its factories the one with the highest order whose Start succeeds. *THEINTERFACE is the caller's
 * (IODestroyPlugInInterface, or Release alone), *THESCORE (may be NULL) its order; both are written on
 * success only. kIOReturnUnsupported: the service has no such type, or no plug-in that may be loaded and
 * suits it; kIOReturnNoResources: none started. */
kern_return_t IOCreatePlugInInterfaceForService(io_service_t service, CFUUIDRef pluginType,
						CFUUIDRef interfaceType,
						IOCFPlugInInterface ***theInterface,
						SInt32 *theScore);
/* Stop, then Release. Returns what Stop returned. */
kern_return_t IODestroyPlugInInterface(IOCFPlugInInterface **interface);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
