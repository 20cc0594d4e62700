/* SPDX-License-Identifier: MIT */
/* Media of a controller: entries of kIOMediumDictionary, and bits of kIOLinkStatus. */
#ifndef _IOKIT_NETWORK_IONETWORKMEDIUM_H
#define _IOKIT_NETWORK_IONETWORKMEDIUM_H

/* numbers: a type of net/if_media.h, flags, bits a second, a driver's own index */
#define kIOMediumFlags "Flags"
#define kIOMediumIndex "Index"
#define kIOMediumSpeed "Speed"
#define kIOMediumType "Type"

/* kIOLinkStatus */
enum { kIONetworkLinkValid = 0x00000001, kIONetworkLinkActive = 0x00000002 };

#endif
