/* SPDX-License-Identifier: MIT */
/* The class of Ethernet controllers, and sizes of their packets. */
#ifndef _IOKIT_NETWORK_IOETHERNETCONTROLLER_H
#define _IOKIT_NETWORK_IOETHERNETCONTROLLER_H

#include <IOKit/network/IONetworkController.h>

/* the class to match */
#define kIOEthernetControllerClass "IOEthernetController"

/* bytes */
#define kIOEthernetAddressSize 6
#define kIOEthernetCRCSize 4
#define kIOEthernetMaxPacketSize 1518
#define kIOEthernetMinPacketSize 64

/* groups of packet filters */
#define kIOEthernetDisabledWakeOnLANFilterGroup "IOEthernetDisabledWakeOnLANFilterGroup"
#define kIOEthernetWakeOnLANFilterGroup "IOEthernetWakeOnLANFilterGroup"

#endif
