// SPDX-License-Identifier: MIT
/* Streams over files and memory. One object type serves both directions. */
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFStream.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "cf/string_internal.h"

struct stream {
	struct cf_object base;
	CFStreamStatus status;
	CFErrorRef error; /* or NULL */
	/* a file */
	CFURLRef url;
	int fd; /* -1: not open */
	bool append;
	/* memory to read, or to write into when BUFFER */
	CFDataRef source;
	UInt8 *buffer;
	CFIndex capacity, at;
	/* memory that grows */
	CFMutableDataRef written;
};

struct __CFReadStream {
	struct stream s;
};

struct __CFWriteStream {
	struct stream s;
};

CF_CONSTANT_STRING(kCFStreamPropertyDataWritten, "kCFStreamPropertyDataWritten");
CF_CONSTANT_STRING(kCFStreamPropertyAppendToFile, "kCFStreamPropertyAppendToFile");

static void stream_fini(void *object)
{
	struct stream *s = object;

	if (s->fd >= 0)
		close(s->fd);
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

static struct stream *stream_new(CFAllocatorRef alloc, CFTypeID type)
{
	struct stream *s = cf_object_new_in(alloc, type, sizeof(*s));

	if (s)
		s->fd = -1;
	return s;
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
		if (s->fd < 0) {
			set_error(s, errno);
			return false;
		}
	}
	s->status = kCFStreamStatusOpen;
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

Boolean CFReadStreamHasBytesAvailable(CFReadStreamRef stream)
{
	/* A file may be at its end without having said so: reading tells. */
	return CFReadStreamGetStatus(stream) == kCFStreamStatusOpen &&
	       (!stream->s.source || stream->s.at < CFDataGetLength(stream->s.source));
}

Boolean CFWriteStreamCanAcceptBytes(CFWriteStreamRef stream)
{
	return CFWriteStreamGetStatus(stream) == kCFStreamStatusOpen &&
	       (!stream->s.buffer || stream->s.at < stream->s.capacity);
}

/* --- moving bytes --------------------------------------------------------------------------------------- */

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
			n = read(s->fd, buffer, (size_t)bufferLength);
		while (n < 0 && errno == EINTR);
	}
	if (n < 0)
		set_error(s, errno);
	else if (!n && bufferLength)
		s->status = kCFStreamStatusAtEnd;
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
			n = write(s->fd, buffer, (size_t)bufferLength);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			set_error(s, errno);
	}
	return n;
}

/* --- properties ------------------------------------------------------------------------------------------- */

CFTypeRef CFReadStreamCopyProperty(CFReadStreamRef stream, CFStreamPropertyKey propertyName)
{
	/* None of the properties is one of a stream for reading. */
	return NULL;
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
	return NULL;
}

Boolean CFReadStreamSetProperty(CFReadStreamRef stream, CFStreamPropertyKey propertyName,
				CFTypeRef propertyValue)
{
	return FALSE;
}

Boolean CFWriteStreamSetProperty(CFWriteStreamRef stream, CFStreamPropertyKey propertyName,
				 CFTypeRef propertyValue)
{
	if (CFWriteStreamGetStatus(stream) != kCFStreamStatusNotOpen || !stream->s.url ||
	    !cf_is(propertyName, CF_TYPE_STRING) ||
	    !CFEqual(propertyName, kCFStreamPropertyAppendToFile) ||
	    !cf_is(propertyValue, CF_TYPE_BOOLEAN))
		return FALSE;
	stream->s.append = CFBooleanGetValue(propertyValue);
	return TRUE;
}
