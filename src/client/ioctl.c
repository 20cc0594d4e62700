// SPDX-License-Identifier: MIT
/*
 * ioctl for macOS programs: their requests to terminals in Linux's terms. A
 * request carries the size of its argument, so that no other request is taken
 * for one of these.
 */
#include <sys/ioctl.h>

#include <asm/termbits.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in IOKit/serial/ioss.h, whose speed_t is the program's: 4 bytes here, 8 on macOS. */
#define DATA_LATENCY _IOW('T', 0, unsigned long)
#define SPEED _IOW('T', 2, uint32_t)
#define SPEED_WIDE _IOW('T', 2, uint64_t)
enum { RAISE_DTR = 0x20007479, LOWER_DTR = 0x20007478 };

static int to_system(int fd, unsigned long request, void *argument)
{
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int set_speed(int fd, uint64_t speed)
{
	struct termios2 settings;

	if (speed == 0 || speed > UINT32_MAX)
		return fail(EINVAL);
	if (to_system(fd, TCGETS2, &settings) < 0)
		return -1;
	settings.c_cflag &= ~(tcflag_t)(CBAUD | CIBAUD);
	settings.c_cflag |= BOTHER | BOTHER << IBSHIFT;
	settings.c_ispeed = settings.c_ospeed = (speed_t)speed;
	return to_system(fd, TCSETS2, &settings);
}

static int set_speed_at(int fd, const void *argument, size_t size)
{
	uint64_t speed = 0;

	if (!argument)
		return fail(EFAULT);
	memcpy(&speed, argument, size);
	return set_speed(fd, speed);
}

static int set_modem_line(int fd, unsigned long request, int line)
{
	return to_system(fd, request, &line);
}

int ioctl(int fd, unsigned long request, ...)
{
	struct termios2 settings;
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case SPEED:
		return set_speed_at(fd, argument, sizeof(uint32_t));
	case SPEED_WIDE:
		return set_speed_at(fd, argument, sizeof(uint64_t));
	case DATA_LATENCY:
		return to_system(fd, TCGETS2, &settings);
	case RAISE_DTR:
		return set_modem_line(fd, TIOCMBIS, TIOCM_DTR);
	case LOWER_DTR:
		return set_modem_line(fd, TIOCMBIC, TIOCM_DTR);
	default:
		return to_system(fd, request, argument);
	}
}
