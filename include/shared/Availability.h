// SPDX-License-Identifier: MIT
/*
 * Availability markers of current macOS headers. Portico publishes one
 * release, so they all expand to nothing; they are here so that headers and
 * programs that carry them compile.
 */
#ifndef PORTICO_AVAILABILITY_H
#define PORTICO_AVAILABILITY_H

#include <AvailabilityMacros.h>

#define __MAC_OS_X_VERSION_MIN_REQUIRED MAC_OS_X_VERSION_MIN_REQUIRED
#define __MAC_OS_X_VERSION_MAX_ALLOWED MAC_OS_X_VERSION_MAX_ALLOWED

#ifndef __API_AVAILABLE
#define __API_AVAILABLE(...)
#define __API_DEPRECATED(...)
#define __API_DEPRECATED_WITH_REPLACEMENT(...)
#define __API_UNAVAILABLE(...)
#define __API_OBSOLETED(...)
#define __API_OBSOLETED_WITH_REPLACEMENT(...)
#define __API_AVAILABLE_BEGIN(...)
#define __API_AVAILABLE_END
#endif
#ifndef API_AVAILABLE
#define API_AVAILABLE(...)
#define API_DEPRECATED(...)
#define API_DEPRECATED_WITH_REPLACEMENT(...)
#define API_UNAVAILABLE(...)
#define API_OBSOLETED(...)
#define API_AVAILABLE_BEGIN(...)
#define API_AVAILABLE_END
#define API_DEPRECATED_BEGIN(...)
#define API_DEPRECATED_END
#define API_UNAVAILABLE_BEGIN(...)
#define API_UNAVAILABLE_END
#define SPI_AVAILABLE(...)
#define SPI_DEPRECATED(...)
#define SPI_DEPRECATED_WITH_REPLACEMENT(...)
#endif

#ifndef __OSX_AVAILABLE
#define __OSX_AVAILABLE(version)
#define __OSX_DEPRECATED(start, stop, message)
#define __OSX_UNAVAILABLE
#define __OSX_AVAILABLE_STARTING(osx, ios)
#define __OSX_AVAILABLE_BUT_DEPRECATED(osx, osx_dep, ios, ios_dep)
#define __OSX_AVAILABLE_BUT_DEPRECATED_MSG(osx, osx_dep, ios, ios_dep, message)
#define __OS_AVAILABILITY(target, availability)
#define __OS_AVAILABILITY_MSG(target, availability, message)
#define __IOS_AVAILABLE(version)
#define __IOS_DEPRECATED(start, stop, message)
#define __IOS_UNAVAILABLE
#define __IOS_PROHIBITED
#define __TVOS_AVAILABLE(version)
#define __TVOS_UNAVAILABLE
#define __TVOS_PROHIBITED
#define __WATCHOS_AVAILABLE(version)
#define __WATCHOS_UNAVAILABLE
#define __WATCHOS_PROHIBITED
#define __SWIFT_UNAVAILABLE
#define __SWIFT_UNAVAILABLE_MSG(message)
#endif

#endif
