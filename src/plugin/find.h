// SPDX-License-Identifier: MIT
/* The plug-in that a service's property IOCFPlugInTypes names. */
#pragma once

#include <CoreFoundation/CFPlugIn.h>

#include <IOKit/IOTypes.h>

/* Caller releases. NULL when there is none, when it may not be loaded, or when its Personality does not
 * match the service. None of its code has run yet. */
CFPlugInRef plugin_find(io_service_t service, CFUUIDRef type);
