// SPDX-License-Identifier: MIT
/*
 * The stream object of both directions. stream.c opens, reads and writes,
 * stream_socket.c makes pairs over sockets, stream_client.c calls the client.
 */
#pragma once

#include <CoreFoundation/CFStream.h>

#include "cf/string_internal.h"

/* A connection that a pair of streams shares. */
struct stream_socket {
	atomic_uint refs;
	int fd; /* -1: not connected yet */
	bool closes;
	/* whom to connect to when one of the pair is opened; or all zero */
	char *host;
	UInt32 port;
	CFDataRef address;
	SInt32 family, type, protocol;
};

struct stream_client {
	CFOptionFlags wanted;
	void (*callback)(void *stream, CFStreamEventType event, void *info);
	CFStreamClientContext context;
	CFOptionFlags pending;	   /* opened, failed, ended: not told yet */
	bool armed;		   /* tell when bytes can be moved: once until some were */
	CFRunLoopSourceRef source; /* or NULL; holds no reference of the stream */
};

struct stream {
	struct cf_object base;
	CFStreamStatus status;
	CFErrorRef error; /* or NULL */
	/* a file */
	CFURLRef url;
	int fd; /* -1: not open */
	bool append;
	/* a connection, or NULL */
	struct stream_socket *socket;
	/* memory to read, or to write into when BUFFER */
	CFDataRef source;
	UInt8 *buffer;
	CFIndex capacity, at;
	/* memory that grows */
	CFMutableDataRef written;
	struct stream_client client;
};

struct __CFReadStream {
	struct stream s;
};

struct __CFWriteStream {
	struct stream s;
};

struct stream *stream_new(CFAllocatorRef alloc, CFTypeID type);
/* The descriptor behind it, -1 for none. */
int stream_fd(const struct stream *s);

/* --- stream_socket.c -------------------------------------------------------------------- */

/* 0 or an error of errno.h. */
int stream_socket_open(struct stream_socket *socket);
void stream_socket_unref(struct stream_socket *socket);
/* The property of a stream with a socket; NULL for others. */
CFTypeRef stream_socket_copy_property(const struct stream *s, CFStringRef name);

/* --- stream_client.c ---------------------------------------------------------------------- */

/* Something happened: EVENT is to be told. */
void stream_note(struct stream *s, CFStreamEventType event);
/* Bytes were moved: tell when more can be. */
void stream_rearm(struct stream *s);
/* No more calls. */
void stream_client_end(struct stream *s);
