// SPDX-License-Identifier: MIT
/* What BenchStream and its clients agree on. */
#pragma once

enum stream_selector { STREAM_WATCH, STREAM_SEND };

/* The scalars of STREAM_SEND. */
enum stream_order {
	STREAM_HOW,
	STREAM_COUNT,
	STREAM_BYTES,	 /* of a record; 0: mixed (flow_size) */
	STREAM_WORD,	 /* the first record's first word; each has the next */
	STREAM_PACED,	 /* not 0: one each millisecond, its first word the time */
	STREAM_PARALLEL, /* not 0: the receiver runs on another processor */
	STREAM_ORDER_COUNT
};
enum stream_how { STREAM_RECORD, STREAM_COMPLETION, STREAM_RECORDS };

enum { STREAM_MANY = 32 }; /* records in a call, of STREAM_RECORDS */
