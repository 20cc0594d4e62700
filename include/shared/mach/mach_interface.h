// SPDX-License-Identifier: MIT
/* The calls on ports and on memory together, for programs that name this header. */
#pragma once

#include <mach/clock.h>
#include <mach/mach_host.h>
#include <mach/mach_init.h>
#include <mach/mach_port.h>
#include <mach/mach_vm.h>
#include <mach/task.h>
#include <mach/thread_act.h>
#include <mach/vm_map.h>
