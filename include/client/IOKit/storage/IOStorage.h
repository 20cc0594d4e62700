/* SPDX-License-Identifier: MIT */
/* The class of everything that stores blocks, and what it can do. */
#ifndef _IOKIT_STORAGE_IOSTORAGE_H
#define _IOKIT_STORAGE_IOSTORAGE_H

/* the class to match, and its match category */
#define kIOStorageCategory "IOStorage"
#define kIOStorageClass "IOStorage"

/* a dictionary of booleans by the names below */
#define kIOStorageFeaturesKey "IOStorageFeatures"

#define kIOStorageFeatureBarrier "Barrier"
#define kIOStorageFeatureForceUnitAccess "Force Unit Access"
#define kIOStorageFeaturePriority "Priority"
#define kIOStorageFeatureUnmap "Unmap"

#endif
