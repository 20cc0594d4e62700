// SPDX-License-Identifier: MIT
/* What the tests of the Mach slice share. */
#pragma once

#include <string.h>

#include <mach/mach.h>

#include "mach_words.h"
#include "port/port.h"
#include "test.h"
