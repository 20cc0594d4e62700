// SPDX-License-Identifier: MIT
/* Streams: opening, reading, writing. */
#include <CoreFoundation/CFNumber.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "cf/stream.h"

CF_CONSTANT_STRING(kCFStreamPropertyDataWritten, "kCFStreamPropertyDataWritten");
CF_CONSTANT_STRING(kCFStreamPropertyAppendToFile, "kCFStreamPropertyAppendToFile");
CF_CONSTANT_STRING(kCFStreamPropertyFileCurrentOffset, "kCFStreamPropertyFileCurrentOffset");

static void stream_fini(void *object)
{
	struct stream *s = object;

	stream_client_end(s);
	if (s->client.context.info && s->client.context.release)
		s->client.context.release(s->client.context.info);
	if (s->fd >= 0)
		close(s->fd);
	stream_socket_unref(s->socket);
	cf_drop(s->error);
	cf_drop(s->url);
	cf_drop(s->source);
	cf_drop(s->written);
}

const struct cf_class cf_read_stream_class = { .name = "CFReadStream", .fini = stream_fini };
const struct cf_class cf_write_stream_class = { .name = "CFWriteStream", .fini = stream_fini };

CFTypeID CFReadStreamGetTypeID(void)
{
	return CF_TYPE_READ_STREAM;
}

CFTypeID CFWriteStreamGetTypeID(void)
{
	return CF_TYPE_WRITE_STREAM;
}

/* --- making ------------------------------------------------------------------------------------ */

struct stream *stream_new(CFAllocatorRef alloc, CFTypeID type)
{
	struct stream *s = cf_object_new_in(alloc, type, sizeof(*s));

	if (s)
		s->fd = -1;
	return s;
}

int stream_fd(const struct stream *s)
{
	return s->socket ? s->socket->fd : s->fd;
}

static struct stream *new_for_file(CFAllocatorRef alloc, CFTypeID type, CFURLRef url)
{
	struct stream *s = cf_is(url, CF_TYPE_URL) ? stream_new(alloc, type) : NULL;

	if (s)
		s->url = CFRetain(url);
	return s;
}

CFReadStreamRef CFReadStreamCreateWithFile(CFAllocatorRef alloc, CFURLRef fileURL)
{
	return (CFReadStreamRef)new_for_file(alloc, CF_TYPE_READ_STREAM, fileURL);
}

CFWriteStreamRef CFWriteStreamCreateWithFile(CFAllocatorRef alloc, CFURLRef fileURL)
{
	return (CFWriteStreamRef)new_for_file(alloc, CF_TYPE_WRITE_STREAM, fileURL);
}

CFReadStreamRef CFReadStreamCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
						  CFIndex length, CFAllocatorRef bytesDeallocator)
{
	struct stream *s = stream_new(alloc, CF_TYPE_READ_STREAM);

	if (!s)
		return NULL;
	s->source = CFDataCreateWithBytesNoCopy(alloc, bytes, length, bytesDeallocator);
	if (!s->source) {
		CFRelease(s);
		return NULL;
	}
	return (CFReadStreamRef)s;
}

CFWriteStreamRef CFWriteStreamCreateWithBuffer(CFAllocatorRef alloc, UInt8 *buffer,
					       CFIndex bufferCapacity)
{
	struct stream *s;

	if (!buffer || bufferCapacity < 0)
		return NULL;
	s = stream_new(alloc, CF_TYPE_WRITE_STREAM);
	if (!s)
		return NULL;
	s->buffer = buffer;
	s->capacity = bufferCapacity;
	return (CFWriteStreamRef)s;
}

CFWriteStreamRef CFWriteStreamCreateWithAllocatedBuffers(CFAllocatorRef alloc,
							 CFAllocatorRef bufferAllocator)
{
	struct stream *s = stream_new(alloc, CF_TYPE_WRITE_STREAM);

	if (!s)
		return NULL;
	s->written = CFDataCreateMutable(alloc, 0);
	if (!s->written) {
		CFRelease(s);
		return NULL;
	}
	return (CFWriteStreamRef)s;
}

/* --- opening and closing ----------------------------------------------------------------------------- */

static void set_error(struct stream *s, int code)
{
	s->status = kCFStreamStatusError;
	cf_drop(s->error);
	s->error = CFErrorCreate(NULL, kCFErrorDomainPOSIX, code, NULL);
	stream_note(s, kCFStreamEventErrorOccurred);
}

static bool stream_open(struct stream *s, int flags)
{
	UInt8 path[4096];

	if (s->status != kCFStreamStatusNotOpen)
		return false;
	if (s->url) {
		if (!CFURLGetFileSystemRepresentation(s->url, TRUE, path, sizeof(path))) {
			set_error(s, EINVAL);
			return false;
		}
		s->fd = open((const char *)path, flags | O_CLOEXEC, 0666);
		if (s->fd < 0 || (s->at && lseek(s->fd, s->at, SEEK_SET) < 0)) {
			set_error(s, errno);
			return false;
		}
	}
	if (s->socket) {
		int error = stream_socket_open(s->socket);

		if (error) {
			set_error(s, error);
			return false;
		}
	}
	s->status = kCFStreamStatusOpen;
	stream_note(s, kCFStreamEventOpenCompleted);
	return true;
}

Boolean CFReadStreamOpen(CFReadStreamRef stream)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) && stream_open(&stream->s, O_RDONLY);
}

Boolean CFWriteStreamOpen(CFWriteStreamRef stream)
{
	return cf_is(stream, CF_TYPE_WRITE_STREAM) &&
	       stream_open(&stream->s,
			   O_WRONLY | O_CREAT | (stream->s.append ? O_APPEND : O_TRUNC));
}

static void stream_close(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	stream_client_end(s);
	stream_socket_unref(s->socket);
	s->socket = NULL;
	s->status = kCFStreamStatusClosed;
}

void CFReadStreamClose(CFReadStreamRef stream)
{
	if (cf_is(stream, CF_TYPE_READ_STREAM))
		stream_close(&stream->s);
}

void CFWriteStreamClose(CFWriteStreamRef stream)
{
	if (cf_is(stream, CF_TYPE_WRITE_STREAM))
		stream_close(&stream->s);
}

/* --- state ------------------------------------------------------------------------------------------- */

CFStreamStatus CFReadStreamGetStatus(CFReadStreamRef stream)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) ? stream->s.status : kCFStreamStatusError;
}

CFStreamStatus CFWriteStreamGetStatus(CFWriteStreamRef stream)
{
	return cf_is(stream, CF_TYPE_WRITE_STREAM) ? stream->s.status : kCFStreamStatusError;
}

CFErrorRef CFReadStreamCopyError(CFReadStreamRef stream)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) ? (CFErrorRef)cf_keep(stream->s.error) : NULL;
}

CFErrorRef CFWriteStreamCopyError(CFWriteStreamRef stream)
{
	return cf_is(stream, CF_TYPE_WRITE_STREAM) ? (CFErrorRef)cf_keep(stream->s.error) : NULL;
}

static CFStreamError error_of(const struct stream *s)
{
	CFStreamError error = { 0, 0 };

	if (!s->error)
		return error;
	error.domain = CFEqual(CFErrorGetDomain(s->error), kCFErrorDomainPOSIX)
			     ? kCFStreamErrorDomainPOSIX
			     : kCFStreamErrorDomainCustom;
	error.error = (SInt32)CFErrorGetCode(s->error);
	return error;
}

CFStreamError CFReadStreamGetError(CFReadStreamRef stream)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) ? error_of(&stream->s) : (CFStreamError){ 0, 0 };
}

CFStreamError CFWriteStreamGetError(CFWriteStreamRef stream)
{
	return cf_is(stream, CF_TYPE_WRITE_STREAM) ? error_of(&stream->s) : (CFStreamError){ 0, 0 };
}

static bool is_ready(const struct stream *s, short events)
{
	struct pollfd ready = { stream_fd(s), events, 0 };

	return poll(&ready, 1, 0) > 0;
}

Boolean CFReadStreamHasBytesAvailable(CFReadStreamRef stream)
{
	/* A file may be at its end without having said so: reading tells. */
	return CFReadStreamGetStatus(stream) == kCFStreamStatusOpen &&
	       (!stream->s.source || stream->s.at < CFDataGetLength(stream->s.source)) &&
	       (!stream->s.socket || is_ready(&stream->s, POLLIN));
}

Boolean CFWriteStreamCanAcceptBytes(CFWriteStreamRef stream)
{
	return CFWriteStreamGetStatus(stream) == kCFStreamStatusOpen &&
	       (!stream->s.buffer || stream->s.at < stream->s.capacity) &&
	       (!stream->s.socket || is_ready(&stream->s, POLLOUT));
}

/* --- moving bytes --------------------------------------------------------------------------------------- */

/* After a failed call: shall it be repeated? Waits when the descriptor is a non-blocking one. */
static bool try_again(const struct stream *s, short events)
{
	struct pollfd ready = { stream_fd(s), events, 0 };

	if (errno == EAGAIN)
		return poll(&ready, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

static ssize_t put_bytes(struct stream *s, const UInt8 *buffer, size_t n)
{
	/* A peer that has gone is an error, not a signal. */
	return s->socket ? send(s->socket->fd, buffer, n, MSG_NOSIGNAL) : write(s->fd, buffer, n);
}

const UInt8 *CFReadStreamGetBuffer(CFReadStreamRef stream, CFIndex maxBytesToRead,
				   CFIndex *numBytesRead)
{
	CFRange range;

	if (!numBytesRead)
		return NULL;
	*numBytesRead = CFReadStreamGetStatus(stream) == kCFStreamStatusError ? -1 : 0;
	if (CFReadStreamGetStatus(stream) != kCFStreamStatusOpen || !stream->s.source)
		return NULL;
	range = cf_range_clip(
		CFRangeMake(stream->s.at, maxBytesToRead > 0 ? maxBytesToRead : LONG_MAX / 2),
		CFDataGetLength(stream->s.source));
	if (!range.length) {
		stream->s.status = kCFStreamStatusAtEnd;
		stream_note(&stream->s, kCFStreamEventEndEncountered);
		return NULL;
	}
	stream->s.at += range.length;
	*numBytesRead = range.length;
	stream_rearm(&stream->s);
	return CFDataGetBytePtr(stream->s.source) + range.location;
}

CFIndex CFReadStreamRead(CFReadStreamRef stream, UInt8 *buffer, CFIndex bufferLength)
{
	CFStreamStatus status = CFReadStreamGetStatus(stream);
	struct stream *s;
	ssize_t n;

	if (status == kCFStreamStatusAtEnd)
		return 0;
	if (status != kCFStreamStatusOpen || !buffer || bufferLength < 0)
		return -1;
	s = &stream->s;
	if (s->source) {
		CFRange range =
			cf_range_clip(CFRangeMake(s->at, bufferLength), CFDataGetLength(s->source));

		CFDataGetBytes(s->source, range, buffer);
		s->at += n = range.length;
	} else {
		do
			n = read(stream_fd(s), buffer, (size_t)bufferLength);
		while (n < 0 && try_again(s, POLLIN));
	}
	if (n < 0) {
		set_error(s, errno);
	} else if (!n && bufferLength) {
		s->status = kCFStreamStatusAtEnd;
		stream_note(s, kCFStreamEventEndEncountered);
	} else {
		stream_rearm(s);
	}
	return n;
}

CFIndex CFWriteStreamWrite(CFWriteStreamRef stream, const UInt8 *buffer, CFIndex bufferLength)
{
	struct stream *s;
	ssize_t n = bufferLength;

	if (CFWriteStreamGetStatus(stream) != kCFStreamStatusOpen || !buffer || bufferLength < 0)
		return -1;
	s = &stream->s;
	if (s->written) {
		CFIndex before = CFDataGetLength(s->written);

		CFDataAppendBytes(s->written, buffer, bufferLength);
		if (CFDataGetLength(s->written) != before + bufferLength) {
			set_error(s, ENOMEM);
			return -1;
		}
	} else if (s->buffer) {
		if (bufferLength > s->capacity - s->at) {
			set_error(s, ENOSPC);
			return -1;
		}
		memcpy(s->buffer + s->at, buffer, (size_t)bufferLength);
		s->at += bufferLength;
	} else {
		do
			n = put_bytes(s, buffer, (size_t)bufferLength);
		while (n < 0 && try_again(s, POLLOUT));
		if (n < 0)
			set_error(s, errno);
	}
	if (n >= 0)
		stream_rearm(s);
	return n;
}

/* --- properties ------------------------------------------------------------------------------------------- */

/* Of streams of both directions. */
static CFTypeRef copy_common_property(const struct stream *s, CFStringRef name)
{
	SInt64 offset = s->at;

	if (s->socket)
		return stream_socket_copy_property(s, name);
	if (!s->url || !CFEqual(name, kCFStreamPropertyFileCurrentOffset))
		return NULL;
	if (s->fd >= 0)
		offset = lseek(s->fd, 0, SEEK_CUR);
	return offset < 0 ? NULL : CFNumberCreate(NULL, kCFNumberSInt64Type, &offset);
}

CFTypeRef CFReadStreamCopyProperty(CFReadStreamRef stream, CFStreamPropertyKey propertyName)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) && cf_is(propertyName, CF_TYPE_STRING)
		     ? copy_common_property(&stream->s, propertyName)
		     : NULL;
}

CFTypeRef CFWriteStreamCopyProperty(CFWriteStreamRef stream, CFStreamPropertyKey propertyName)
{
	if (!cf_is(stream, CF_TYPE_WRITE_STREAM) || !cf_is(propertyName, CF_TYPE_STRING))
		return NULL;
	if (stream->s.written && CFEqual(propertyName, kCFStreamPropertyDataWritten))
		return CFDataCreate(NULL, CFDataGetBytePtr(stream->s.written),
				    CFDataGetLength(stream->s.written));
	if (stream->s.url && CFEqual(propertyName, kCFStreamPropertyAppendToFile))
		return CFRetain(stream->s.append ? kCFBooleanTrue : kCFBooleanFalse);
	return copy_common_property(&stream->s, propertyName);
}

static Boolean set_common_property(struct stream *s, CFStringRef name, CFTypeRef value)
{
	SInt64 offset;

	if (s->socket && CFEqual(name, kCFStreamPropertyShouldCloseNativeSocket) &&
	    cf_is(value, CF_TYPE_BOOLEAN)) {
		s->socket->closes = CFBooleanGetValue(value);
		return TRUE;
	}
	if (!s->url || !CFEqual(name, kCFStreamPropertyFileCurrentOffset) ||
	    !cf_is(value, CF_TYPE_NUMBER) ||
	    !CFNumberGetValue(value, kCFNumberSInt64Type, &offset) || offset < 0)
		return FALSE;
	if (s->fd >= 0)
		return lseek(s->fd, offset, SEEK_SET) == offset;
	s->at = offset;
	return s->status == kCFStreamStatusNotOpen;
}

Boolean CFReadStreamSetProperty(CFReadStreamRef stream, CFStreamPropertyKey propertyName,
				CFTypeRef propertyValue)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) && cf_is(propertyName, CF_TYPE_STRING) &&
	       set_common_property(&stream->s, propertyName, propertyValue);
}

Boolean CFWriteStreamSetProperty(CFWriteStreamRef stream, CFStreamPropertyKey propertyName,
				 CFTypeRef propertyValue)
{
	if (!cf_is(stream, CF_TYPE_WRITE_STREAM) || !cf_is(propertyName, CF_TYPE_STRING))
		return FALSE;
	if (!CFEqual(propertyName, kCFStreamPropertyAppendToFile))
		return set_common_property(&stream->s, propertyName, propertyValue);
	if (stream->s.status != kCFStreamStatusNotOpen || !stream->s.url ||
	    !cf_is(propertyValue, CF_TYPE_BOOLEAN))
		return FALSE;
	stream->s.append = CFBooleanGetValue(propertyValue);
	return TRUE;
}
