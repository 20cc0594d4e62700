// SPDX-License-Identifier: MIT
/* IOServiceOpenAsFileDescriptor: the device node of a service. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "client/handle.h"

enum { PATH_SIZE = 256 };

/* A path below /dev that leads nowhere else: a driver says what is opened in our name. */
static bool is_device_path(const char *path)
{
	return !strncmp(path, "/dev/", 5) && path[5] && !strstr(path, "/..") && !strstr(path, "//");
}

/* The node that property KEY names: 1; none: 0; or -1 with errno. */
static int read_node(io_service_t service, CFStringRef key, const char *folder, char *path)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(service, key, NULL, 0);
	char text[PATH_SIZE / 2];
	bool good;

	if (!value)
		return 0;
	good = CFGetTypeID(value) == CFStringGetTypeID() &&
	       CFStringGetCString(value, text, sizeof(text), kCFStringEncodingUTF8);
	CFRelease(value);
	if (good)
		snprintf(path, PATH_SIZE, "%s%s", folder, text);
	if (good && is_device_path(path))
		return 1;
	errno = EBADMSG;
	return -1;
}

int IOServiceOpenAsFileDescriptor(io_service_t service, int oflag)
{
	struct client_entry *entry;
	char path[PATH_SIZE];
	int found, fd;

	if (client_handle_service(service, &entry)) {
		errno = EINVAL;
		return -1;
	}
	client_entry_unref(entry);
	found = read_node(service, CFSTR("IOCalloutDevice"), "", path);
	if (!found)
		found = read_node(service, CFSTR(kIOBSDNameKey), "/dev/", path);
	if (found <= 0) {
		errno = found ? errno : ENOTSUP;
		return -1;
	}
	/* Nobody becomes the owner of a terminal by looking at it. */
	fd = open(path, oflag | O_NOCTTY, 0);
	if (fd < 0 && errno == EPERM)
		errno = EACCES;
	if (fd < 0 && errno == ENOENT) /* a network interface has a name and no node */
		errno = ENOTSUP;
	return fd;
}
