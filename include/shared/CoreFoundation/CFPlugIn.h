// SPDX-License-Identifier: MIT
/*
 * Plug-ins: bundles whose code makes objects of certain types.
 *
 * A type and a factory are UUIDs. Info.plist lists factories (CFPlugInFactories:
 * factory UUID to the name of a CFPlugInFactoryFunction) and which types they
 * make (CFPlugInTypes: type UUID to an array of factory UUIDs), or a function of
 * the plug-in registers them (CFPlugInDynamicRegistration). Any thread.
 */
#ifndef __COREFOUNDATION_CFPLUGIN__
#define __COREFOUNDATION_CFPLUGIN__

#ifndef COREFOUNDATION_CFPLUGINCOM_SEPARATE
#define COREFOUNDATION_CFPLUGINCOM_SEPARATE 1
#endif

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFBundle.h>
#include <CoreFoundation/CFString.h>
#include <CoreFoundation/CFURL.h>
#include <CoreFoundation/CFUUID.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

/* Keys of Info.plist: "YES" or true; names of functions; the two dictionaries above. */
CF_EXPORT const CFStringRef kCFPlugInDynamicRegistrationKey;
CF_EXPORT const CFStringRef kCFPlugInDynamicRegisterFunctionKey;
CF_EXPORT const CFStringRef kCFPlugInUnloadFunctionKey;
CF_EXPORT const CFStringRef kCFPlugInFactoriesKey;
CF_EXPORT const CFStringRef kCFPlugInTypesKey;

/* What a plug-in may supply. A factory returns an IUnknown interface with one reference, or NULL. */
typedef void (*CFPlugInDynamicRegisterFunction)(CFPlugInRef plugIn);
typedef void (*CFPlugInUnloadFunction)(CFPlugInRef plugIn);
typedef void *(*CFPlugInFactoryFunction)(CFAllocatorRef allocator, CFUUIDRef typeUUID);

CF_EXPORT CFTypeID CFPlugInGetTypeID(void);
/* The bundle of that folder as a plug-in (caller releases); its factories are registered as long as it
 * lives. NULL when it is no folder. */
CF_EXPORT CFPlugInRef CFPlugInCreate(CFAllocatorRef allocator, CFURLRef plugInURL);
/* Borrowed. */
CF_EXPORT CFBundleRef CFPlugInGetBundle(CFPlugInRef plugIn);
/* Plug-ins are loaded on demand unless they register dynamically. FALSE: load now. */
CF_EXPORT void CFPlugInSetLoadOnDemand(CFPlugInRef plugIn, Boolean flag);
CF_EXPORT Boolean CFPlugInIsLoadOnDemand(CFPlugInRef plugIn);

/* The UUIDs of the factories for a type, in the order of registration; caller releases. NULL: none. */
CF_EXPORT CFArrayRef CFPlugInFindFactoriesForPlugInType(CFUUIDRef typeUUID);
/* The same of one plug-in, which is loaded first when it registers dynamically. */
CF_EXPORT CFArrayRef CFPlugInFindFactoriesForPlugInTypeInPlugIn(CFUUIDRef typeUUID,
								CFPlugInRef plugIn);
/* What the factory makes; loads its code. NULL when it is unknown, does not make that type, or fails. */
CF_EXPORT void *CFPlugInInstanceCreate(CFAllocatorRef allocator, CFUUIDRef factoryUUID,
				       CFUUIDRef typeUUID);

/* A new registration in place of an older one of that factory. FALSE without memory. */
CF_EXPORT Boolean CFPlugInRegisterFactoryFunction(CFUUIDRef factoryUUID,
						  CFPlugInFactoryFunction func);
CF_EXPORT Boolean CFPlugInRegisterFactoryFunctionByName(CFUUIDRef factoryUUID, CFPlugInRef plugIn,
							CFStringRef functionName);
/* FALSE when it is not registered. */
CF_EXPORT Boolean CFPlugInUnregisterFactory(CFUUIDRef factoryUUID);
/* FALSE for an unknown factory. */
CF_EXPORT Boolean CFPlugInRegisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID);
CF_EXPORT Boolean CFPlugInUnregisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID);

/* Called by an instance when it begins and when it ends: the plug-in lives in between. */
CF_EXPORT void CFPlugInAddInstanceForFactory(CFUUIDRef factoryID);
CF_EXPORT void CFPlugInRemoveInstanceForFactory(CFUUIDRef factoryID);

/* The older form of instances: CF objects with data of their own. */
typedef struct __CFPlugInInstance *CFPlugInInstanceRef;
typedef Boolean (*CFPlugInInstanceGetInterfaceFunction)(CFPlugInInstanceRef instance,
							CFStringRef interfaceName, void **ftbl);
typedef void (*CFPlugInInstanceDeallocateInstanceDataFunction)(void *instanceData);

CF_EXPORT CFTypeID CFPlugInInstanceGetTypeID(void);
/* INSTANCEDATASIZE zero-filled bytes; FACTORYNAME (may be NULL) is the factory's UUID as text, for
 * which the instance is added. Caller releases. */
CF_EXPORT CFPlugInInstanceRef CFPlugInInstanceCreateWithInstanceDataSize(
	CFAllocatorRef allocator, CFIndex instanceDataSize,
	CFPlugInInstanceDeallocateInstanceDataFunction deallocateInstanceFunction,
	CFStringRef factoryName, CFPlugInInstanceGetInterfaceFunction getInterfaceFunction);
CF_EXPORT Boolean CFPlugInInstanceGetInterfaceFunctionTable(CFPlugInInstanceRef instance,
							    CFStringRef interfaceName, void **ftbl);
/* Caller releases; NULL when there is none. */
CF_EXPORT CFStringRef CFPlugInInstanceGetFactoryName(CFPlugInInstanceRef instance);
CF_EXPORT void *CFPlugInInstanceGetInstanceData(CFPlugInInstanceRef instance);

#pragma GCC visibility pop
CF_EXTERN_C_END

#if !COREFOUNDATION_CFPLUGINCOM_SEPARATE
#include <CoreFoundation/CFPlugInCOM.h>
#endif

#endif
