/* SPDX-License-Identifier: MIT */
/*
 * Requests to serial ports beyond termios, for ioctl as sys/ioctl.h of
 * include/darwin declares it.
 */
#ifndef _IOKIT_SERIAL_IOSS_H
#define _IOKIT_SERIAL_IOSS_H

#include <sys/ioctl.h>
#include <termios.h>

/* The longest time in microseconds that received bytes may wait before they can be read (unsigned
 * long). Linux hands them over at once: accepted for every terminal. */
#define IOSSDATALAT _IOW('T', 0, unsigned long)
/* Any speed in bits per second (speed_t), in both directions, until the next tcsetattr. EINVAL: 0, or
 * more than 32 bits. */
#define IOSSIOSPEED _IOW('T', 2, speed_t)

#endif
