// SPDX-License-Identifier: MIT
/*
 * What happens when the registry was lost: connections live on; the library
 * tries to reach a registry again for as long as handles or notifications need
 * one, sets the notifications up again and looks every known entry up by its
 * ID. Providers publish again after a restart under the same IDs, but not all at
 * once; what is still missing when they had their time, or at once in another
 * session, is dead.
 */
#pragma once

struct client_session;

/* The link was lost: try to make it again soon. */
void client_recover_begin(void);
/* SESSION is the new link after a lost one. */
void client_recover_continue(const struct client_session *session);
