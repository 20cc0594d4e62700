/* SPDX-License-Identifier: MIT */
/* What the IOCatalogue calls of IOKitLib.h can be asked for. */
#pragma once

#include <IOKit/IOTypes.h>

/* IOCatalogueSendData */
enum {
	kIOCatalogAddDrivers = 1, /* an array of personalities; services are matched */
	kIOCatalogAddDriversNoMatch,
	kIOCatalogRemoveDrivers, /* a dictionary: those that have all its pairs */
	kIOCatalogRemoveDriversNoMatch,
	kIOCatalogStartMatching__Removed,
	kIOCatalogRemoveKernelLinker__Removed,
	kIOCatalogKextdActive,
	kIOCatalogKextdFinishedLaunching,
	kIOCatalogResetDrivers, /* an array: these and no others */
	kIOCatalogResetDriversNoMatch
};

/* IOCatalogueGetData; none of them is supported any more. */
enum {
	kIOCatalogGetContents = 1,
	kIOCatalogGetModuleDemandList = 2,
	kIOCatalogGetCacheMissList = 3,
	kIOCatalogGetROMMkextList = 4
};

/* IOCatalogueReset */
enum { kIOCatalogResetDefault = 1 };

/* IOCatalogueTerminate */
enum {
	kIOCatalogModuleUnload = 1, /* a bundle's drivers, and forget the bundle */
	kIOCatalogModuleTerminate,  /* a bundle's drivers */
	kIOCatalogServiceTerminate  /* the services of a class */
};
