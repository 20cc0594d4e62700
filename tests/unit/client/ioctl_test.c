// SPDX-License-Identifier: MIT
#include <IOKit/serial/ioss.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static int open_terminal(int *ret_master)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char path[64];

	test_true(master >= 0 && !grantpt(master) && !unlockpt(master) &&
		  !ptsname_r(master, path, sizeof(path)));
	*ret_master = master;
	return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* As the kernel keeps it; termios.h shows standard speeds only. */
struct kernel_settings {
	uint32_t flags[4];
	uint8_t line, characters[19];
	uint32_t input_speed, output_speed;
};

static void expect_speed(int fd, uint32_t speed)
{
	struct kernel_settings settings;

	test_equal(ioctl(fd, _IOR('T', 0x2a, struct kernel_settings), &settings), 0);
	test_equal(settings.output_speed, speed);
	test_equal(settings.input_speed, speed);
}

TEST(any_speed)
{
	int master, fd = open_terminal(&master);
	speed_t speed = 250000;
	uint64_t wide = 31250;

	test_true(fd >= 0);
	test_equal(ioctl(fd, IOSSIOSPEED, &speed), 0);
	expect_speed(fd, 250000);
	/* as a program built for macOS's speed_t asks */
	test_equal(ioctl(fd, _IOW('T', 2, uint64_t), &wide), 0);
	expect_speed(fd, 31250);
	close(fd);
	close(master);
}

TEST(speeds_that_are_none)
{
	int master, fd = open_terminal(&master), pipes[2];
	uint64_t wide = 1ull << 32;
	speed_t speed = 0;

	test_equal(ioctl(fd, IOSSIOSPEED, &speed), -1);
	test_equal(errno, EINVAL);
	test_equal(ioctl(fd, _IOW('T', 2, uint64_t), &wide), -1);
	test_equal(errno, EINVAL);
	test_equal(ioctl(fd, IOSSIOSPEED, NULL), -1);
	test_equal(errno, EFAULT);
	close(fd);
	close(master);
	test_equal(pipe(pipes), 0);
	speed = 9600;
	test_equal(ioctl(pipes[0], IOSSIOSPEED, &speed), -1);
	test_equal(errno, ENOTTY);
	test_equal(ioctl(-1, IOSSIOSPEED, &speed), -1);
	test_equal(errno, EBADF);
	close(pipes[0]);
	close(pipes[1]);
}

TEST(latency_and_modem_lines)
{
	int master, fd = open_terminal(&master);
	unsigned long latency = 1;

	test_equal(ioctl(fd, IOSSDATALAT, &latency), 0);
	/* a pseudo terminal has no modem lines: what the system says about them */
	test_equal(ioctl(fd, 0x20007479), -1);
	test_true(errno == ENOTTY || errno == EINVAL);
	test_equal(ioctl(fd, 0x20007478), -1);
	test_equal(ioctl(-1, 0x20007478), -1);
	test_equal(errno, EBADF);
	close(fd);
	close(master);
}

TEST(everything_else_goes_to_the_system)
{
	int master, fd = open_terminal(&master), n = -1;
	struct winsize size = { .ws_row = 30, .ws_col = 90 }, seen = { 0 };

	test_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
	test_equal(ioctl(master, TIOCGWINSZ, &seen), 0);
	test_true(seen.ws_row == 30 && seen.ws_col == 90);
	test_equal(ioctl(fd, FIONREAD, &n), 0);
	test_equal(n, 0);
	close(fd);
	close(master);
}

TEST_MAIN
