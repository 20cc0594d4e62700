// SPDX-License-Identifier: MIT
/* An older name of servers/bootstrap.h. */
#pragma once

#include <servers/bootstrap.h>
