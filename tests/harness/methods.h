/* SPDX-License-Identifier: MIT */
/* The Methods driver (tests/drivers/Methods.dext) for tests. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOKitLib.h>

#include "../drivers/Methods.dext/Methods.h"

/* A session with this driver alone. */
void methods_start(void);
io_connect_t methods_open(uint32_t type);
/* What opening a service of CLASS_NAME with TYPE says; a connection that comes of it is closed. */
kern_return_t methods_try(const char *class_name, uint32_t type);
/* A method of scalars that has to succeed and gives exactly N_OUT. */
void methods_call(io_connect_t connect, uint32_t selector, const uint64_t *in, uint32_t n_in,
		  uint64_t *out, uint32_t n_out);
/* The first scalar of a method. */
uint64_t methods_ask(io_connect_t connect, uint32_t selector);
uint64_t methods_ask_with(io_connect_t connect, uint32_t selector, uint64_t argument);
/* Structure TEXT in, the first of N_OUT scalars out. */
uint64_t methods_ask_text(io_connect_t connect, uint32_t selector, const char *text,
			  uint32_t n_out);
/* METHODS_N_*. */
uint64_t methods_count(io_connect_t connect, int which);
void methods_await(io_connect_t connect, int which, uint64_t value);
/* METHODS_SEEN_*: what the last METHODS_LOOK saw. */
uint64_t methods_saw(io_connect_t connect, int which);
/* A thread that calls SELECTOR without arguments, and its end with the result. */
struct methods_caller {
	io_connect_t connect;
	uint32_t selector;
	kern_return_t result;
	unsigned long thread;
};
void methods_begin(struct methods_caller *caller, io_connect_t connect, uint32_t selector);
kern_return_t methods_end(struct methods_caller *caller);
