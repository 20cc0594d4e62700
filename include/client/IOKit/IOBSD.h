// SPDX-License-Identifier: MIT
/* BSD names of devices: the keys, and IOBSDNameMatching. */
#pragma once

#include <IOKit/IOKitKeys.h>
#include <IOKit/IOKitLib.h>
