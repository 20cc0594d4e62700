/* SPDX-License-Identifier: MIT */
/* The class of network controllers and its properties. */
#ifndef _IOKIT_NETWORK_IONETWORKCONTROLLER_H
#define _IOKIT_NETWORK_IONETWORKCONTROLLER_H

/* the class to match */
#define kIONetworkControllerClass "IONetworkController"

/* strings */
#define kIOActiveMedium "IOActiveMedium"
#define kIODefaultMedium "IODefaultMedium"
#define kIOModel "IOModel"
#define kIORevision "IORevision"
#define kIOSelectedMedium "IOSelectedMedium"
#define kIOVendor "IOVendor"

/* dictionaries */
#define kIOMediumDictionary "IOMediumDictionary"
#define kIONetworkFilterGroup "IONetworkFilterGroup"
#define kIOPacketFilters "IOPacketFilters"

/* data: the address, six bytes for Ethernet */
#define kIOMACAddress "IOMACAddress"

/* numbers; the status has bits of IONetworkMedium.h, the speed is in bits a second */
#define kIOFeatures "IOFeatures"
#define kIOLinkData "IOLinkData"
#define kIOLinkSpeed "IOLinkSpeed"
#define kIOLinkStatus "IOLinkStatus"
#define kIOMaxPacketSize "IOMaxPacketSize"
#define kIOMinPacketSize "IOMinPacketSize"

#endif
