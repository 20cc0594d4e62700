// SPDX-License-Identifier: MIT
/* External methods: what all forms of IOConnectCall have in common. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

struct client_call {
	io_connect_t connection;
	uint32_t selector;
	const uint64_t *input;
	uint32_t n_input;
	const void *structure;
	size_t structure_size;
	/* results; the counts may be NULL */
	uint64_t *output;
	uint32_t *n_output;
	void *structure_output;
	size_t *structure_output_size;
	/* asynchronous calls */
	bool async;
	mach_port_t wake_port;
	const uint64_t *reference;
	uint32_t n_reference;
};

IOReturn client_call_method(const struct client_call *call);
