/* SPDX-License-Identifier: MIT */
/* Entries of kIONetworkData: one dictionary of these for each counter group. */
#ifndef _IOKIT_NETWORK_IONETWORKDATA_H
#define _IOKIT_NETWORK_IONETWORKDATA_H

#define kIONetworkDataAccessTypes "Access Types"
#define kIONetworkDataBytes "Data"
#define kIONetworkDataSize "Size"

#endif
