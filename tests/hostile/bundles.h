// SPDX-License-Identifier: MIT
/* Bundles that a test makes from the Hostile driver's program, with a property list of its own. */
#pragma once

/* FOLDER/NAME.dext with PROGRAM of build/tests/drivers/Hostile.dext ("Hostile.so"); its one personality has
 * BODY ("<key>...</key>...") as well. USER_CLIENT: IOUserClientClass. */
void bundle_make(const char *folder, const char *name, const char *program, const char *user_client,
		 const char *body);
/* test_folder()/drivers, made when it is not there. */
const char *bundle_folder(void);
