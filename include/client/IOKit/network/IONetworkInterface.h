/* SPDX-License-Identifier: MIT */
/* The class of network interfaces and its properties. */
#ifndef _IOKIT_NETWORK_IONETWORKINTERFACE_H
#define _IOKIT_NETWORK_IONETWORKINTERFACE_H

/* the class to match */
#define kIONetworkInterfaceClass "IONetworkInterface"

/* booleans */
#define kIOBuiltin "IOBuiltin"
#define kIONetworkNoBSDAttachKey "IONetworkNoBSDAttach"
#define kIOPrimaryInterface "IOPrimaryInterface"

/* strings */
#define kIOInterfaceNamePrefix "IOInterfaceNamePrefix"
#define kIOLocation "IOLocation"

/* a dictionary of counters */
#define kIONetworkData "IONetworkData"

/* numbers */
#define kIOInterfaceExtraFlags "IOInterfaceExtraFlags"
#define kIOInterfaceFlags "IOInterfaceFlags"
#define kIOInterfaceState "IOInterfaceState"
#define kIOInterfaceType "IOInterfaceType"
#define kIOInterfaceUnit "IOInterfaceUnit"
#define kIOMaxTransferUnit "IOMaxTransferUnit"
#define kIOMediaAddressLength "IOMediaAddressLength"
#define kIOMediaHeaderLength "IOMediaHeaderLength"

#endif
