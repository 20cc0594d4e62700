// SPDX-License-Identifier: MIT
/* ioctl for programs that see __APPLE__: macOS's requests for the DTR line of serial ports. */
#include <stdarg.h>
#include <sys/ioctl.h>

enum { RAISE_DTR = 0x20007479, DROP_DTR = 0x20007478 };

int portico_ioctl(int fd, unsigned long request, ...) __attribute__((visibility("default")));

int portico_ioctl(int fd, unsigned long request, ...)
{
	int line = TIOCM_DTR;
	va_list arguments;
	void *argument;

	if (request == RAISE_DTR || request == DROP_DTR)
		return ioctl(fd, request == RAISE_DTR ? TIOCMBIS : TIOCMBIC, &line);
	/* Every other request has one argument, or does not look at it. */
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return ioctl(fd, request, argument);
}
