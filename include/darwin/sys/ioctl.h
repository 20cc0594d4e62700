// SPDX-License-Identifier: MIT
/* The system's sys/ioctl.h. For programs that see __APPLE__ it has macOS's requests without argument for the
 * DTR line of a serial port as well. */
#ifndef PORTICO_DARWIN_SYS_IOCTL_H
#define PORTICO_DARWIN_SYS_IOCTL_H

#include_next <sys/ioctl.h>

#ifdef __APPLE__
/* raise and drop DTR */
#define TIOCSDTR 0x20007479
#define TIOCCDTR 0x20007478

#ifdef __cplusplus
extern "C" {
#endif
int ioctl(int fd, unsigned long request, ...) __asm__("portico_ioctl");
#ifdef __cplusplus
}
#endif
#endif

#endif
