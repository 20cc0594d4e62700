/* SPDX-License-Identifier: MIT */
/*
 * The declaration that a driver bundle exports: its identifier and its
 * classes. The personalities in Info.plist name these classes (IOClass,
 * IOUserClientClass); a class is only looked up in the bundle that owns the
 * service.
 *
 *	static const struct IODriverClass *const classes[] = { &clockClass, &clockClientClass, NULL };
 *	const struct IODriver portico_driver = {
 *		.version = IODRIVER_VERSION,
 *		.identifier = "org.example.Clock",
 *		.classes = classes,
 *	};
 */
#pragma once

#include <IOKit/IOService.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* 2: struct IOServiceOperations and struct IODriverClass have grown. A bundle built for 1 ends where the
 * new members begin, so it has to be built again. */
#define IODRIVER_VERSION 2u
#define IODRIVER_CLASSES_MAX 256

struct IODriver {
	uint32_t version;			    /* IODRIVER_VERSION at build time */
	const char *identifier;			    /* CFBundleIdentifier */
	const struct IODriverClass *const *classes; /* ends with NULL */
};

/* Defined by each bundle. */
extern const struct IODriver portico_driver;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
