/* SPDX-License-Identifier: MIT */
/* The command dictionary of the network stack service. */
#ifndef _IOKIT_NETWORK_IONETWORKSTACK_H
#define _IOKIT_NETWORK_IONETWORKSTACK_H

#define kIONetworkStackUserCommand "IONetworkStackUserCommand"
#define kIONetworkStackUserCommandKey "IONetworkStackUserCommand"

#endif
