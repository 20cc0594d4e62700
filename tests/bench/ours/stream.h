// SPDX-License-Identifier: MIT
/* The client of the driver BenchStream. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOTypes.h>

/* 0 after bench_complain. With two cores this thread is then on its own. */
io_connect_t stream_open(void);
/* Let the driver begin to send N records of BYTES; HOW is an enum stream_how. False after bench_complain. */
bool stream_send(io_connect_t connection, int how, uint64_t n, uint64_t bytes, bool paced);
