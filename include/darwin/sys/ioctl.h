// SPDX-License-Identifier: MIT
/*
 * The system's sys/ioctl.h, and what macOS has besides for terminals: TIOCSDTR
 * and TIOCCDTR here (for programs that see __APPLE__), IOSSIOSPEED and
 * IOSSDATALAT in IOKit/serial/ioss.h. All other requests go to the system as
 * they are.
 */
#ifndef PORTICO_DARWIN_SYS_IOCTL_H
#define PORTICO_DARWIN_SYS_IOCTL_H

/* The system declares another name, so that ours can be the one with our symbol. */
#define ioctl portico_system_ioctl
#include_next <sys/ioctl.h>
#undef ioctl

#ifdef __APPLE__
/* Raise and lower Data Terminal Ready; no argument. */
#define TIOCSDTR 0x20007479
#define TIOCCDTR 0x20007478
#endif

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

int ioctl(int fd, unsigned long request, ...) __asm__("portico_ioctl");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
