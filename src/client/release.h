// SPDX-License-Identifier: MIT
/* Grants that go back to the registry, collected into few messages. */
#pragma once

/* Send what has been collected. CONTEXT is unused. */
void client_release_flush(void *context);
/* The same when the session ends: what cannot be sent ends with it. */
void client_release_end(void);
/* Around fork, and in the child. */
void client_release_lock(void);
void client_release_unlock(void);
void client_release_forget(void);
