/* SPDX-License-Identifier: MIT */
/* The class of disk drivers and its counters: numbers in kIOBlockStorageDriverStatisticsKey.
 * Times are nanoseconds. */
#ifndef _IOKIT_STORAGE_IOBLOCKSTORAGEDRIVER_H
#define _IOKIT_STORAGE_IOBLOCKSTORAGEDRIVER_H

#define kIOBlockStorageDriverClass "IOBlockStorageDriver"

#define kIOBlockStorageDriverStatisticsKey "Statistics"
#define kIOBlockStorageDriverStatisticsBytesReadKey "Bytes (Read)"
#define kIOBlockStorageDriverStatisticsBytesWrittenKey "Bytes (Write)"
#define kIOBlockStorageDriverStatisticsReadErrorsKey "Errors (Read)"
#define kIOBlockStorageDriverStatisticsWriteErrorsKey "Errors (Write)"
#define kIOBlockStorageDriverStatisticsLatentReadTimeKey "Latency Time (Read)"
#define kIOBlockStorageDriverStatisticsLatentWriteTimeKey "Latency Time (Write)"
#define kIOBlockStorageDriverStatisticsReadsKey "Operations (Read)"
#define kIOBlockStorageDriverStatisticsWritesKey "Operations (Write)"
#define kIOBlockStorageDriverStatisticsReadRetriesKey "Retries (Read)"
#define kIOBlockStorageDriverStatisticsWriteRetriesKey "Retries (Write)"
#define kIOBlockStorageDriverStatisticsTotalReadTimeKey "Total Time (Read)"
#define kIOBlockStorageDriverStatisticsTotalWriteTimeKey "Total Time (Write)"

#endif
