// SPDX-License-Identifier: MIT
/*
 * What happens when the registry was lost: connections live on; the library
 * tries to reach a registry again for as long as handles or notifications need
 * one, sets the notifications up again and looks every known entry up by its
 * ID. Providers publish again after a restart under the same IDs, but not all at
 * once; what is still missing when they had their time is dead.
 */
#pragma once

#include <stdint.h>

/* The link was lost: try to make it again soon. */
void client_recover_begin(void);
/* There is a new link, EPOCH, after a lost one. */
void client_recover_continue(uint64_t epoch);
