// SPDX-License-Identifier: MIT
/* The Mach slice in one include. */
#pragma once

#include <mach/std_types.h>
#include <mach/mach_types.h>
#include <mach/mach_init.h>
#include <mach/mach_port.h>
#include <mach/mach_vm.h>
#include <mach/message.h>
#include <mach/mach_error.h>
#include <mach/mach_time.h>
#include <mach/notify.h>
