// SPDX-License-Identifier: MIT
/* Umbrella of ApplicationServices: the part that is here is CoreFoundation. */
#ifndef PORTICO_APPLICATIONSERVICES_H
#define PORTICO_APPLICATIONSERVICES_H

#include <CoreFoundation/CoreFoundation.h>

#endif
