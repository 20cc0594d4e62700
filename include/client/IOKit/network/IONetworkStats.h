/* SPDX-License-Identifier: MIT */
/* Names of counter groups in kIONetworkData. */
#ifndef _IOKIT_NETWORK_IONETWORKSTATS_H
#define _IOKIT_NETWORK_IONETWORKSTATS_H

#define kIONetworkStatsKey "IONetworkStatsKey"
#define kIOOutputQueueStatsKey "IOOutputQueueStatsKey"

#endif
