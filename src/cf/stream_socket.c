// SPDX-License-Identifier: MIT
/* Pairs of streams over sockets, and bound pairs. */
#include <CoreFoundation/CFNumber.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "cf/stream.h"

CF_CONSTANT_STRING(kCFStreamPropertySocketNativeHandle, "kCFStreamPropertySocketNativeHandle");
CF_CONSTANT_STRING(kCFStreamPropertySocketRemoteHostName, "kCFStreamPropertySocketRemoteHostName");
CF_CONSTANT_STRING(kCFStreamPropertySocketRemotePortNumber,
		   "kCFStreamPropertySocketRemotePortNumber");
CF_CONSTANT_STRING(kCFStreamPropertyShouldCloseNativeSocket,
		   "kCFStreamPropertyShouldCloseNativeSocket");

static struct stream_socket *socket_new(int fd, bool closes)
{
	struct stream_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->fd = fd;
	s->closes = closes;
	return s;
}

void stream_socket_unref(struct stream_socket *socket)
{
	if (!socket || atomic_fetch_sub(&socket->refs, 1) != 1)
		return;
	if (socket->closes)
		fd_close(socket->fd);
	free(socket->host);
	cf_drop(socket->address);
	free(socket);
}

static void *stream_over(CFAllocatorRef alloc, CFTypeID type, struct stream_socket *socket)
{
	struct stream *s = socket ? stream_new(alloc, type) : NULL;

	if (!s)
		return NULL;
	atomic_fetch_add(&socket->refs, 1);
	s->socket = socket;
	return s;
}

/* Either may be NULL: not wanted. Takes SOCKET. */
static void give_pair(CFAllocatorRef alloc, struct stream_socket *socket, CFReadStreamRef *reader,
		      CFWriteStreamRef *writer)
{
	if (reader)
		*reader = stream_over(alloc, CF_TYPE_READ_STREAM, socket);
	if (writer)
		*writer = stream_over(alloc, CF_TYPE_WRITE_STREAM, socket);
	stream_socket_unref(socket);
}

void CFStreamCreatePairWithSocket(CFAllocatorRef alloc, CFSocketNativeHandle sock,
				  CFReadStreamRef *readStream, CFWriteStreamRef *writeStream)
{
	give_pair(alloc, sock >= 0 ? socket_new(sock, false) : NULL, readStream, writeStream);
}

void CFStreamCreateBoundPair(CFAllocatorRef alloc, CFReadStreamRef *readStream,
			     CFWriteStreamRef *writeStream, CFIndex transferBufferSize)
{
	int fds[2], size = transferBufferSize > INT32_MAX ? INT32_MAX : (int)transferBufferSize;
	struct stream_socket *reading, *writing;

	if (!readStream || !writeStream)
		return;
	*readStream = NULL;
	*writeStream = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return;
	if (size > 0)
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	reading = socket_new(fds[0], true);
	writing = socket_new(fds[1], true);
	if (!reading)
		fd_close(fds[0]);
	if (!writing)
		fd_close(fds[1]);
	*readStream = stream_over(alloc, CF_TYPE_READ_STREAM, reading);
	*writeStream = stream_over(alloc, CF_TYPE_WRITE_STREAM, writing);
	stream_socket_unref(reading);
	stream_socket_unref(writing);
}

void CFStreamCreatePairWithSocketToHost(CFAllocatorRef alloc, CFStringRef host, UInt32 port,
					CFReadStreamRef *readStream, CFWriteStreamRef *writeStream)
{
	struct stream_socket *socket = NULL;
	char name[256];

	if (CFStringGetCString(host, name, sizeof(name), kCFStringEncodingUTF8) && port < 65536)
		socket = socket_new(-1, true);
	if (socket) {
		socket->host = strdup(name);
		socket->port = port;
	}
	give_pair(alloc, socket, readStream, writeStream);
}

void CFStreamCreatePairWithPeerSocketSignature(CFAllocatorRef alloc,
					       const CFSocketSignature *signature,
					       CFReadStreamRef *readStream,
					       CFWriteStreamRef *writeStream)
{
	struct stream_socket *socket = NULL;

	if (signature && cf_is(signature->address, CF_TYPE_DATA))
		socket = socket_new(-1, true);
	if (socket) {
		socket->address = CFRetain(signature->address);
		socket->family = signature->protocolFamily;
		socket->type = signature->socketType;
		socket->protocol = signature->protocol;
	}
	give_pair(alloc, socket, readStream, writeStream);
}

/* --- connecting ---------------------------------------------------------------------------- */

static int connect_to(struct stream_socket *s, int family, int type, int protocol,
		      const void *address, socklen_t size)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return errno;
	if (connect(fd, address, size)) {
		int error = errno;

		fd_close(fd);
		return error;
	}
	s->fd = fd;
	return 0;
}

static int connect_to_host(struct stream_socket *s)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int error = EHOSTUNREACH;
	char port[8];

	snprintf(port, sizeof(port), "%u", (unsigned)s->port);
	if (getaddrinfo(s->host, port, &hints, &list))
		return error;
	for (const struct addrinfo *a = list; a && error; a = a->ai_next)
		error = connect_to(s, a->ai_family, a->ai_socktype, a->ai_protocol, a->ai_addr,
				   a->ai_addrlen);
	freeaddrinfo(list);
	return error;
}

int stream_socket_open(struct stream_socket *socket)
{
	if (socket->fd >= 0)
		return 0; /* the other of the pair was opened before */
	if (socket->host)
		return connect_to_host(socket);
	return socket->address ? connect_to(socket, socket->family, socket->type, socket->protocol,
					    CFDataGetBytePtr(socket->address),
					    (socklen_t)CFDataGetLength(socket->address))
			       : EBADF;
}

/* --- properties ------------------------------------------------------------------------------- */

CFTypeRef stream_socket_copy_property(const struct stream *s, CFStringRef name)
{
	struct stream_socket *socket = s->socket;
	SInt32 port = (SInt32)socket->port;

	if (CFEqual(name, kCFStreamPropertySocketNativeHandle))
		return socket->fd >= 0
			     ? CFDataCreate(NULL, (const UInt8 *)&socket->fd, sizeof(socket->fd))
			     : NULL;
	if (CFEqual(name, kCFStreamPropertyShouldCloseNativeSocket))
		return CFRetain(socket->closes ? kCFBooleanTrue : kCFBooleanFalse);
	if (CFEqual(name, kCFStreamPropertySocketRemoteHostName) && socket->host)
		return CFStringCreateWithCString(NULL, socket->host, kCFStringEncodingUTF8);
	if (CFEqual(name, kCFStreamPropertySocketRemotePortNumber) && socket->host)
		return CFNumberCreate(NULL, kCFNumberSInt32Type, &port);
	return NULL;
}
