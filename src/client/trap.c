// SPDX-License-Identifier: MIT
/* IOConnectTrap0 to 6. */
#include <IOKit/IOKitLib.h>
#include <mach/message.h>

#include "client/connect.h"
#include "wire/call.h"

static kern_return_t trap(io_connect_t connect, uint32_t index, const uint64_t *parameters,
			  size_t count)
{
	struct wire_trap_request request = { .index = index, .parameters = { parameters, count } };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_connection *connection;
	IOReturn status;

	if (client_connection_find(connect, &connection))
		return kIOReturnBadArgument;
	status = client_connection_call(connection, &wire_trap_request_layout, &request, NULL, NULL,
					&frame);
	/* Traps know no destination, only connections. */
	if (status == MACH_SEND_INVALID_DEST && atomic_load(&connection->lost))
		status = kIOReturnBadArgument;
	wire_frame_fini(&frame);
	client_connection_unref(connection);
	return status;
}

kern_return_t IOConnectTrap0(io_connect_t connect, uint32_t index)
{
	return trap(connect, index, NULL, 0);
}

kern_return_t IOConnectTrap1(io_connect_t connect, uint32_t index, uintptr_t p1)
{
	return trap(connect, index, (const uint64_t[]){ p1 }, 1);
}

kern_return_t IOConnectTrap2(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2)
{
	return trap(connect, index, (const uint64_t[]){ p1, p2 }, 2);
}

kern_return_t IOConnectTrap3(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3)
{
	return trap(connect, index, (const uint64_t[]){ p1, p2, p3 }, 3);
}

kern_return_t IOConnectTrap4(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4)
{
	return trap(connect, index, (const uint64_t[]){ p1, p2, p3, p4 }, 4);
}

kern_return_t IOConnectTrap5(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4, uintptr_t p5)
{
	return trap(connect, index, (const uint64_t[]){ p1, p2, p3, p4, p5 }, 5);
}

kern_return_t IOConnectTrap6(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4, uintptr_t p5, uintptr_t p6)
{
	return trap(connect, index, (const uint64_t[]){ p1, p2, p3, p4, p5, p6 }, 6);
}
