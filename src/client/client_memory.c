// SPDX-License-Identifier: MIT
/*
 * A driver reads or writes memory of this process by address while one of its
 * methods runs: the thread that waits for the answer does it. Only for drivers
 * whose bundle declares it (the registry says so when the connection opens).
 * Whether an address is good is left to the kernel: copying goes through a
 * memory file, which answers EFAULT where the program would fault.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/shm.h"
#include "client/connect.h"
#include "wire/client_memory.h"

static bool copy_out(int file, uint64_t address, void *bytes, size_t size)
{
	return pwrite(file, (const void *)(uintptr_t)address, size, 0) == (ssize_t)size &&
	       pread(file, bytes, size, 0) == (ssize_t)size;
}

static bool copy_in(int file, uint64_t address, const void *bytes, size_t size)
{
	return pwrite(file, bytes, size, 0) == (ssize_t)size &&
	       pread(file, (void *)(uintptr_t)address, size, 0) == (ssize_t)size;
}

static IOReturn copy(const struct wire_client_memory *in, void *bytes)
{
	bool done;

	if (!shm_is_allowed(in->size + in->data.size))
		return kIOReturnNoResources;
	scope_fd int file = memfd_create("portico client memory", MFD_CLOEXEC);
	if (file < 0)
		return kIOReturnNoResources;
	done = in->data.size ? copy_in(file, in->address, in->data.data, in->data.size)
			     : copy_out(file, in->address, bytes, (size_t)in->size);
	return done ? kIOReturnSuccess : kIOReturnVMError;
}

err_t client_connection_serve(void *context, int socket, struct wire_frame *frame, bool block)
{
	struct client_connection *connection = context;
	struct wire_client_memory in;
	struct wire_client_memory_reply out = { .data = { NULL, 0 } };
	IOReturn status;
	err_t err;

	if (frame->header.type != WIRE_CLIENT_MEMORY || !frame->header.id ||
	    !connection->allows_memory || !atomic_load(&connection->n_methods))
		return -EBADMSG;
	err = wire_frame_decode(frame, &wire_client_memory_layout, &in);
	if (err)
		return err;
	if (in.size > WIRE_CLIENT_MEMORY_MAX || !in.size == !in.data.size)
		return -EBADMSG;
	scope_free void *bytes = in.size ? malloc((size_t)in.size) : NULL;
	status = in.size && !bytes ? kIOReturnNoMemory : copy(&in, bytes);
	if (!status && in.size)
		out.data = (struct wire_bytes){ bytes, (size_t)in.size };
	return wire_reply(socket, &frame->header, &wire_client_memory_reply_layout, status, &out,
			  NULL, 0, block);
}
