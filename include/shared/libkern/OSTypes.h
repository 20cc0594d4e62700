// SPDX-License-Identifier: MIT
/* Historical integer names of libkern: those of MacTypes.h and two more. */
#ifndef PORTICO_LIBKERN_OSTYPES_H
#define PORTICO_LIBKERN_OSTYPES_H

#include <CoreFoundation/CFBase.h>

typedef unsigned int UInt;
typedef signed int SInt;

#endif
