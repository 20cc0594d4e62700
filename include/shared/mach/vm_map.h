// SPDX-License-Identifier: MIT
/* vm_allocate and vm_deallocate. */
#pragma once

#include <mach/mach_vm.h>
