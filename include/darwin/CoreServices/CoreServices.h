// SPDX-License-Identifier: MIT
/* Umbrella of CoreServices: the part that is here is CoreFoundation. */
#ifndef PORTICO_CORESERVICES_H
#define PORTICO_CORESERVICES_H

#include <CoreFoundation/CoreFoundation.h>

#endif
