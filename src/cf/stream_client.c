// SPDX-License-Identifier: MIT
/*
 * Clients of streams: run loops tell them what happens. A stream that is
 * scheduled has one source of version 1 in its loops, which waits for the
 * descriptor, or, for memory and files, is always ready.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cf/run_loop_internal.h"
#include "cf/stream.h"

/* A descriptor that is always readable. */
static int ready_fd = -1;

static void make_ready_fd(void)
{
	ready_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
}

static int get_ready_fd(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_ready_fd);
	return ready_fd;
}

static bool is_reader(const struct stream *s)
{
	return cf_type_of(s) == CF_TYPE_READ_STREAM;
}

static CFStreamEventType moving_event(const struct stream *s)
{
	return is_reader(s) ? kCFStreamEventHasBytesAvailable : kCFStreamEventCanAcceptBytes;
}

/* --- what there is to tell ---------------------------------------------------------------- */

/* Will reading give nothing any more? */
static bool is_at_end(const struct stream *s)
{
	struct stat st;
	char byte;

	if (s->source)
		return s->at >= CFDataGetLength(s->source);
	if (s->socket)
		return recv(s->socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
	return !fstat(s->fd, &st) && S_ISREG(st.st_mode) && lseek(s->fd, 0, SEEK_CUR) >= st.st_size;
}

static CFOptionFlags take_event(struct stream *s)
{
	static const CFOptionFlags in_order[] = { kCFStreamEventOpenCompleted,
						  kCFStreamEventErrorOccurred,
						  kCFStreamEventEndEncountered };
	struct stream_client *c = &s->client;

	for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
		if (!(c->pending & in_order[i]))
			continue;
		c->pending &= ~in_order[i];
		return in_order[i];
	}
	if (!c->armed || s->status != kCFStreamStatusOpen)
		return kCFStreamEventNone;
	c->armed = false;
	if (is_reader(s) && is_at_end(s)) {
		s->status = kCFStreamStatusAtEnd;
		return kCFStreamEventEndEncountered;
	}
	return moving_event(s);
}

static void wake(struct stream *s)
{
	if (s->client.source)
		run_item_wake(&s->client.source->item);
}

void stream_note(struct stream *s, CFStreamEventType event)
{
	s->client.pending |= event & s->client.wanted;
	if (event == kCFStreamEventOpenCompleted)
		s->client.armed = true;
	wake(s);
}

void stream_rearm(struct stream *s)
{
	s->client.armed = true;
	wake(s);
}

/* --- the source ------------------------------------------------------------------------------ */

static int source_poll(void *info, short *ret_events)
{
	struct stream *s = info;
	bool moving = s->client.armed && s->status == kCFStreamStatusOpen;

	*ret_events = POLLIN;
	if (s->client.pending)
		return get_ready_fd();
	if (!moving || !(s->client.wanted & (moving_event(s) | kCFStreamEventEndEncountered)))
		return -1;
	if (!s->socket)
		return get_ready_fd();
	*ret_events = is_reader(s) ? POLLIN : POLLOUT;
	return s->socket->fd;
}

static void source_ready(void *info, short events)
{
	struct stream *s = info;
	CFOptionFlags event = take_event(s);
	/* The callback may set another client. */
	CFStreamClientContext context = s->client.context;

	if (!(event & s->client.wanted) || !s->client.callback)
		return;
	CFRetain(s);
	if (context.retain)
		context.info = context.retain(context.info);
	s->client.callback(s, event, context.info);
	if (context.retain && context.release)
		context.release(context.info);
	CFRelease(s);
}

static const struct run_source_ops source_ops = { .poll = source_poll, .ready = source_ready };

static void schedule(struct stream *s, CFRunLoopRef rl, CFStringRef mode)
{
	/* No references of the stream: it invalidates the source when it goes. */
	CFRunLoopSourceContext1 context = { .version = 1, .info = s };

	if (!rl || !mode)
		return;
	if (!s->client.source)
		s->client.source = run_source_new(0, &context, &source_ops);
	if (s->client.source)
		CFRunLoopAddSource(rl, s->client.source, mode);
}

static void unschedule(struct stream *s, CFRunLoopRef rl, CFStringRef mode)
{
	if (rl && mode && s->client.source)
		CFRunLoopRemoveSource(rl, s->client.source, mode);
}

static void release_info(struct stream_client *c)
{
	if (c->context.info && c->context.release)
		c->context.release(c->context.info);
	c->context.info = NULL;
}

void stream_client_end(struct stream *s)
{
	if (s->client.source) {
		CFRunLoopSourceInvalidate(s->client.source);
		CFRelease(s->client.source);
		s->client.source = NULL;
	}
	s->client.wanted = s->client.pending = 0;
}

static Boolean set_client(struct stream *s, CFOptionFlags events,
			  void (*callback)(void *, CFStreamEventType, void *),
			  CFStreamClientContext *context)
{
	struct stream_client *c = &s->client;

	release_info(c);
	c->wanted = callback ? events : kCFStreamEventNone;
	c->callback = callback;
	c->pending &= c->wanted;
	if (callback && context) {
		c->context = *context;
		if (context->retain)
			c->context.info = context->retain(context->info);
	} else {
		c->context = (CFStreamClientContext){ 0 };
	}
	wake(s);
	return TRUE;
}

/* --- public -------------------------------------------------------------------------------------- */

Boolean CFReadStreamSetClient(CFReadStreamRef stream, CFOptionFlags streamEvents,
			      CFReadStreamClientCallBack clientCB,
			      CFStreamClientContext *clientContext)
{
	return cf_is(stream, CF_TYPE_READ_STREAM) &&
	       set_client(&stream->s, streamEvents,
			  (void (*)(void *, CFStreamEventType, void *))(void (*)(void))clientCB,
			  clientContext);
}

Boolean CFWriteStreamSetClient(CFWriteStreamRef stream, CFOptionFlags streamEvents,
			       CFWriteStreamClientCallBack clientCB,
			       CFStreamClientContext *clientContext)
{
	return cf_is(stream, CF_TYPE_WRITE_STREAM) &&
	       set_client(&stream->s, streamEvents,
			  (void (*)(void *, CFStreamEventType, void *))(void (*)(void))clientCB,
			  clientContext);
}

void CFReadStreamScheduleWithRunLoop(CFReadStreamRef stream, CFRunLoopRef runLoop,
				     CFRunLoopMode runLoopMode)
{
	if (cf_is(stream, CF_TYPE_READ_STREAM))
		schedule(&stream->s, runLoop, runLoopMode);
}

void CFWriteStreamScheduleWithRunLoop(CFWriteStreamRef stream, CFRunLoopRef runLoop,
				      CFRunLoopMode runLoopMode)
{
	if (cf_is(stream, CF_TYPE_WRITE_STREAM))
		schedule(&stream->s, runLoop, runLoopMode);
}

void CFReadStreamUnscheduleFromRunLoop(CFReadStreamRef stream, CFRunLoopRef runLoop,
				       CFRunLoopMode runLoopMode)
{
	if (cf_is(stream, CF_TYPE_READ_STREAM))
		unschedule(&stream->s, runLoop, runLoopMode);
}

void CFWriteStreamUnscheduleFromRunLoop(CFWriteStreamRef stream, CFRunLoopRef runLoop,
					CFRunLoopMode runLoopMode)
{
	if (cf_is(stream, CF_TYPE_WRITE_STREAM))
		unschedule(&stream->s, runLoop, runLoopMode);
}
