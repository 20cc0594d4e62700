// SPDX-License-Identifier: MIT
#include "raw_client.h"

#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/futex.h"
#include "base/shm.h"
#include "test.h"
#include "wire/call.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/open.h"

int raw_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	test_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The answer to a request; its descriptors stay in FRAME. */
static err_t ask(int socket, const struct wire_layout *layout, const void *request, const int *fds,
		 size_t n_fds, struct wire_frame *frame)
{
	err_t err = wire_send(socket, layout, 1, request, fds, n_fds, true);

	return err ? err : wire_frame_receive(socket, frame, WIRE_CALL_MAX, true);
}

void raw_greet(int fd)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_CLIENT,
				    .pid = (uint32_t)getpid(),
				    .name = "raw" };
	struct wire_frame frame = WIRE_FRAME_INIT;

	test_equal_error(ask(fd, &wire_hello_layout, &hello, NULL, 0, &frame), 0);
	wire_frame_fini(&frame);
}

bool raw_post(int fd, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
	union {
		char space[CMSG_SPACE(253 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m);

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) >= 0;
}

void raw_await_end(int fd)
{
	static _Thread_local char answer[256 * 1024];

	while (recv(fd, answer, sizeof(answer), 0) > 0)
		;
}

void raw_open(struct raw_client *raw, const char *path, uint64_t service)
{
	struct wire_open_request request = { .service = service };
	struct wire_frame frame = WIRE_FRAME_INIT;

	memset(raw, 0, sizeof(*raw));
	raw->fd = -1;
	raw->control = raw_connect(path);
	raw_greet(raw->control);
	test_equal_error(ask(raw->control, &wire_open_request_layout, &request, NULL, 0, &frame),
			 0);
	test_equal_error(frame.header.status, 0);
	raw->data = wire_frame_take_fd(&frame, 0);
	test_true(raw->data >= 0);
	wire_frame_fini(&frame);
}

err_t raw_offer(struct raw_client *raw, int fd, uint64_t size, int32_t *ret_status)
{
	struct wire_slots_request request = { .size = size };
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t err = ask(raw->data, &wire_slots_layout, &request, &fd, 1, &frame);

	*ret_status = frame.header.status;
	wire_frame_fini(&frame);
	return err;
}

void raw_take_slots(struct raw_client *raw, const char *name)
{
	int32_t status;
	void *base;

	test_equal_error(shm_create(name, sizeof(struct wire_slots), &raw->fd), 0);
	test_equal_error(shm_map(raw->fd, sizeof(struct wire_slots), true, &base), 0);
	raw->shared = base;
	test_equal_error(raw_offer(raw, raw->fd, sizeof(struct wire_slots), &status), 0);
	test_equal_error(status, 0);
}

void raw_close(struct raw_client *raw)
{
	shm_unmap(raw->shared, sizeof(struct wire_slots));
	raw->fd = fd_close(raw->fd);
	raw->data = fd_close(raw->data);
	raw->control = fd_close(raw->control);
}

bool raw_has_hung_up(struct raw_client *raw)
{
	struct pollfd hang_up = { .fd = raw->data, .events = POLLRDHUP };

	return poll(&hang_up, 1, 0) > 0;
}

void raw_await_hang_up(struct raw_client *raw)
{
	struct pollfd hang_up = { .fd = raw->data, .events = POLLRDHUP };

	while (poll(&hang_up, 1, -1) <= 0)
		;
}

void raw_knock(struct raw_client *raw)
{
	atomic_fetch_add(&raw->shared->knocks, 1);
	futex_wake(&raw->shared->knocks, 1);
}

void raw_send(struct raw_client *raw, unsigned index, uint32_t selector,
	      struct wire_slot_sizes sizes)
{
	struct wire_slot *slot = &raw->shared->slots[index];

	raw->steps[index] += raw->steps[index] ? 2 : 1;
	atomic_fetch_or(&raw->shared->used, 1ull << index);
	atomic_store(&slot->sent, sizes.in);
	atomic_store(&slot->word[1], wire_slot_pack(&sizes));
	atomic_store(&slot->word[0], wire_slot_word(raw->steps[index], selector));
	raw_knock(raw);
}

err_t raw_await(struct raw_client *raw, unsigned index, unsigned looks)
{
	while (atomic_load(&raw->shared->slots[index].step) == raw->steps[index]) {
		if (raw_has_hung_up(raw))
			return -EPIPE;
		if (!looks--)
			return -EAGAIN;
		sched_yield();
	}
	return 0;
}
