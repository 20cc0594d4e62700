/* SPDX-License-Identifier: MIT */
/* The class of Ethernet interfaces and its properties. */
#ifndef _IOKIT_NETWORK_IOETHERNETINTERFACE_H
#define _IOKIT_NETWORK_IOETHERNETINTERFACE_H

#include <IOKit/network/IONetworkInterface.h>

/* the class to match */
#define kIOEthernetInterfaceClass "IOEthernetInterface"

/* dictionaries */
#define kIOActivePacketFilters "IOActivePacketFilters"
#define kIORequiredPacketFilters "IORequiredPacketFilters"

/* data: addresses of six bytes */
#define kIOMulticastAddressList "IOMulticastAddressList"
#define kIOMulticastFilterData kIOMulticastAddressList

#endif
