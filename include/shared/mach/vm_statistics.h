// SPDX-License-Identifier: MIT
/* Flags of vm_allocate. */
#pragma once

#define VM_FLAGS_FIXED 0x00000000
#define VM_FLAGS_ANYWHERE 0x00000001
#define VM_FLAGS_PURGABLE 0x00000002
#define VM_FLAGS_OVERWRITE 0x00004000
#define VM_FLAGS_ALIAS_MASK 0xFF000000
#define VM_MAKE_TAG(tag) ((tag) << 24)
