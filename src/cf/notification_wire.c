// SPDX-License-Identifier: MIT
/*
 * Notifications between the processes of a user. Each process that observes
 * binds a datagram socket in one folder of the user's own (mode 0700); whoever
 * posts sends one datagram to each socket there: a binary property list. So
 * there is no daemon, and nobody else can post.
 */
#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFFileDescriptor.h>
#include <CoreFoundation/CFNumber.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "cf/notification_center.h"

#define MAX_DATAGRAM (128 << 10)
#define MAX_INFO (64 << 10)
#define MAX_BURST 64 /* datagrams in one turn of the loop */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(lock)
static int wire_fd = -1; /* guarded by lock until it is there */
static pid_t wire_owner;
static char wire_path[sizeof(((struct sockaddr_un *)0)->sun_path)];

/* --- the folder ---------------------------------------------------------------------------- */

static bool make_folder(const char *path)
{
	struct stat st;

	return (!mkdir(path, 0700) || errno == EEXIST) && !lstat(path, &st) &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* False when the user has no folder for such things. */
static bool find_folder(char *path, size_t size)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");

	if (!runtime || *runtime != '/' ||
	    (size_t)snprintf(path, size, "%s/portico", runtime) >= size || !make_folder(path))
		return false;
	return (size_t)snprintf(path, size, "%s/portico/notify", runtime) < size &&
	       make_folder(path);
}

/* --- receiving ------------------------------------------------------------------------------- */

static void deliver(CFDataRef data)
{
	scope_cf CFPropertyListRef list =
		CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
	CFStringRef name, object;
	CFDictionaryRef info;
	SInt32 kind = 0;
	CFNumberRef number;

	if (!cf_is(list, CF_TYPE_DICTIONARY))
		return;
	name = CFDictionaryGetValue(list, CFSTR("name"));
	object = CFDictionaryGetValue(list, CFSTR("object"));
	info = CFDictionaryGetValue(list, CFSTR("info"));
	number = CFDictionaryGetValue(list, CFSTR("center"));
	if (!cf_string_is(name) || (object && !cf_string_is(object)) ||
	    (info && !cf_is(info, CF_TYPE_DICTIONARY)) || !cf_is(number, CF_TYPE_NUMBER) ||
	    !CFNumberGetValue(number, kCFNumberSInt32Type, &kind) ||
	    (kind != CENTER_DISTRIBUTED && kind != CENTER_DARWIN))
		return;
	center_deliver((enum center_kind)kind, name, object, info);
}

static void on_readable(CFFileDescriptorRef f, CFOptionFlags types, void *unused)
{
	uint8_t *buffer = malloc(MAX_DATAGRAM);
	ssize_t n;

	for (int i = 0; buffer && i < MAX_BURST; i++) {
		CFDataRef data;

		n = recv(wire_fd, buffer, MAX_DATAGRAM, MSG_DONTWAIT);
		if (n <= 0)
			break;
		data = CFDataCreate(NULL, buffer, n);
		if (data) {
			deliver(data);
			CFRelease(data);
		}
	}
	free(buffer);
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorReadCallBack);
}

static void remove_socket(void)
{
	/* A child of fork that exits leaves it alone. */
	if (wire_owner == getpid())
		unlink(wire_path);
}

/* A socket in the folder, -1 when there can be none. The name is new: processes of several
 * namespaces, with equal numbers, may share the folder. */
static int bind_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[sizeof(address.sun_path)];
	uint32_t random;
	int fd;

	if (!find_folder(folder, sizeof(folder)) ||
	    getrandom(&random, sizeof(random), 0) != sizeof(random) ||
	    (size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%ld-%08x", folder,
			     (long)getpid(), random) >= sizeof(address.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		fd_close(fd);
		return -1;
	}
	memcpy(wire_path, address.sun_path, sizeof(wire_path));
	wire_owner = getpid();
	atexit(remove_socket);
	return fd;
}

void center_wire_listen(void)
{
	CFFileDescriptorRef f = NULL;
	CFRunLoopSourceRef source = NULL;

	pthread_mutex_lock(&lock);
	if (wire_fd < 0) {
		wire_fd = bind_socket();
		if (wire_fd >= 0)
			f = CFFileDescriptorCreate(kCFAllocatorSystemDefault, wire_fd, FALSE,
						   on_readable, NULL);
	}
	pthread_mutex_unlock(&lock);
	if (!f)
		return;
	source = CFFileDescriptorCreateRunLoopSource(NULL, f, 0);
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorReadCallBack);
	if (source) {
		CFRunLoopAddSource(CFRunLoopGetMain(), source, kCFRunLoopCommonModes);
		CFRelease(source);
	}
	CFRelease(f); /* the source keeps it */
}

/* --- posting ------------------------------------------------------------------------------------ */

static CFDataRef notification_new(enum center_kind kind, CFStringRef name, CFStringRef object,
				  CFDictionaryRef info)
{
	scope_cf CFMutableDictionaryRef list = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	SInt32 value = kind;
	scope_cf CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &value);
	CFDataRef data;

	if (!list || !number)
		return NULL;
	CFDictionarySetValue(list, CFSTR("center"), number);
	CFDictionarySetValue(list, CFSTR("name"), name);
	if (object)
		CFDictionarySetValue(list, CFSTR("object"), object);
	if (info)
		CFDictionarySetValue(list, CFSTR("info"), info);
	data = CFPropertyListCreateData(NULL, list, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
	if (data && CFDataGetLength(data) > MAX_INFO) {
		CFRelease(data);
		return NULL;
	}
	return data;
}

static void send_to(int fd, const char *folder, const char *name, CFDataRef data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name) >=
	    sizeof(address.sun_path))
		return;
	/* A process that does not read loses some: nobody may make the poster wait. */
	if (sendto(fd, CFDataGetBytePtr(data), (size_t)CFDataGetLength(data),
		   MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	    errno == ECONNREFUSED)
		unlink(address.sun_path); /* its process ended without a good-bye */
}

void center_wire_post(enum center_kind kind, CFStringRef name, CFStringRef object,
		      CFDictionaryRef info)
{
	scope_cf CFDataRef data = notification_new(kind, name, object, info);
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct dirent *entry;
	DIR *d;
	int fd;

	if (!data)
		return;
	if (!find_folder(folder, sizeof(folder))) {
		center_deliver(kind, name, object, info);
		return;
	}
	d = opendir(folder);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (d && fd >= 0 && (entry = readdir(d)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			send_to(fd, folder, entry->d_name, data);
	if (d)
		closedir(d);
	fd_close(fd);
}
