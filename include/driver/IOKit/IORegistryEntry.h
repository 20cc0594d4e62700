/* SPDX-License-Identifier: MIT */
/*
 * IORegistryEntry for drivers: what a service is called and where it hangs.
 *
 * Every object hangs below its provider in the plane "IOService". It may have
 * further parents there and in any other plane: "IOPower", "IODeviceTree",
 * "IOUSB", ... or one of the driver's own, which comes into being when it is
 * first named (at most 31 bytes, without '/' and ':'). In each plane it may
 * have a name and a location of that plane's own.
 *
 * All functions may be called on any thread while the object is valid. What
 * they have changed is seen by programs when they return (names and locations:
 * when the driver next answers a program).
 */
#pragma once

#include <IOKit/IOService.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The machine, the top of the planes "IOService" and "IODeviceTree", as a parent for SERVICE's driver;
 * the caller owns a reference. Its name and properties are not known here. NULL: no memory. */
IOService *IOServiceCopyServiceRoot(IOService *service);

/* Hang SERVICE below PARENT (NULL: the registry's root) in PLANE; below a parent that it has already
 * it stays where it is. PARENT may live in another process. kIOReturnBadArgument: no name for a plane,
 * PARENT is below SERVICE or has ended; kIOReturnNotAttached: one of them has no entry;
 * kIOReturnNotPermitted: SERVICE is of another process. */
IOReturn IOServiceAttachToParent(IOService *service, IOService *parent, const char *plane);
/* Undo it. kIOReturnNotFound: it does not hang there. */
IOReturn IOServiceDetachFromParent(IOService *service, IOService *parent, const char *plane);
/* The parent or child number INDEX in PLANE, in the order of attachment, as far as this driver host
 * has attached them; retained. NULL: there are fewer, or the parent is the registry's root. */
IOService *IOServiceCopyParent(IOService *service, const char *plane, size_t index);
IOService *IOServiceCopyChild(IOService *service, const char *plane, size_t index);
/* PLANE NULL: the plane "IOService". */
bool IOServiceInPlane(IOService *service, const char *plane);

/* At most 127 bytes; '/' becomes ':'. PLANE NULL: in all planes where it has no name of its own. A
 * LOCATION that is NULL or "" is none. kIOReturnBadArgument: too long, no name, no name for a plane. */
IOReturn IOServiceSetName(IOService *service, const char *name, const char *plane);
IOReturn IOServiceSetLocation(IOService *service, const char *location, const char *plane);
/* Valid as long as the object. PLANE NULL, or without a name there: the one of no plane. A location
 * that does not exist is NULL. */
const char *IOServiceGetName(IOService *service, const char *plane);
const char *IOServiceGetLocation(IOService *service, const char *plane);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
