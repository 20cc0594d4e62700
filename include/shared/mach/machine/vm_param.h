// SPDX-License-Identifier: MIT
/* The same on every machine here. */
#pragma once

#include <mach/vm_param.h>
