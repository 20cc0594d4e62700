// SPDX-License-Identifier: MIT
/* Peers that send nonsense to the registry: cut off with one line, nobody else notices. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, world_socket());
	test_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The registry may answer what it understood; in the end it hangs up. */
static void await_hang_up(int fd)
{
	char answer[65536];

	while (recv(fd, answer, sizeof(answer), 0) > 0)
		;
	close(fd);
}

static void check_witness(io_connect_t c)
{
	uint64_t in[2] = { 5, 6 }, out[1] = { 0 };
	uint32_t n = 1;
	io_service_t s = world_service("CalculatorDriver");

	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, out, &n), 0);
	test_equal(out[0], 11);
	IOObjectRelease(s);
}

TEST(nonsense_is_cut_off_with_one_line_that_names_the_sender)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	char text[64];
	int fd = connect_raw();

	test_equal(send(fd, "nonsense", 8, 0), 8);
	await_hang_up(fd);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	world_await_log(text);
	check_witness(c);
	IOServiceClose(c);
	world_stop();
}

TEST(random_datagrams_of_every_size)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	unsigned char data[4096];
	int rounds = test_is_slow() ? 200 : 2000;

	srandom(1);
	for (int i = 0; i < rounds; i++) {
		int fd = connect_raw();
		size_t size = (size_t)random() % sizeof(data);
		uint32_t header[6] = { (uint32_t)random() % 0xa00,
				       (uint32_t)random() % 4,
				       (uint32_t)random(),
				       0,
				       (uint32_t)size,
				       0 };

		for (size_t k = 0; k < size; k++)
			data[k] = (unsigned char)random();
		memcpy(data, header, size + 24 < sizeof(header) ? size : sizeof(header));
		send(fd, data, size < 24 ? size : size, MSG_NOSIGNAL);
		if (i % 50 == 0)
			await_hang_up(fd);
		else
			close(fd);
	}
	check_witness(c);
	IOServiceClose(c);
	world_stop();
}

TEST(descriptors_that_nobody_asked_for_are_closed)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);

	for (int i = 0; i < 20; i++) {
		int fd = connect_raw();
		int fds[200];
		union {
			char space[CMSG_SPACE(sizeof(fds))];
			struct cmsghdr align;
		} control;
		char byte = 'x';
		struct iovec iov = { &byte, 1 };
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m);

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
		for (int k = 0; k < 200; k++)
			fds[k] = fd;
		memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
		test_equal(sendmsg(fd, &m, 0), 1);
		await_hang_up(fd);
	}
	check_witness(c);
	IOServiceClose(c);
	world_stop();
}

TEST(a_silent_connection_holds_nobody_up)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	int fds[64];

	for (int i = 0; i < 64; i++)
		fds[i] = connect_raw();
	check_witness(c);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
