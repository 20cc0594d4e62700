// SPDX-License-Identifier: MIT
/* An older name of mach/mach_traps.h. */
#pragma once

#include <mach/mach_traps.h>
