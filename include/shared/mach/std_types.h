// SPDX-License-Identifier: MIT
/* The standard types of the Mach interface in one include. */
#pragma once

#include <stdint.h>
#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/vm_types.h>
