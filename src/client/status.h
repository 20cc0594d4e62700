// SPDX-License-Identifier: MIT
/* The only place where errno values become the codes that programs see. */
#pragma once

#include <stdbool.h>

#include <IOKit/IOReturn.h>

#include "base/err.h"

/* A question to the registry that got no answer. -EPIPE: it went away; -ENOTCONN: none was reached. */
IOReturn client_status_of_session(err_t err);
/* A call on a connection that got no answer. */
IOReturn client_status_of_call(err_t err);
/* A handle that was not accepted: port_copy_object's -ENOENT and -EINVAL. */
IOReturn client_status_of_handle(err_t err);
/* A wake port without receive right, or a failure to set up its delivery. */
IOReturn client_status_of_wake_port(err_t err);
/* A request of portico/session.h. */
IOReturn client_status_of_control(err_t err);
/* Whether STATUS says that nobody answered. */
bool client_status_is_transport(IOReturn status);
