// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFFileDescriptor.h>
#include <poll.h>
#include <pthread.h>

#include "base/fd.h"
#include "cf/run_loop_internal.h"

struct __CFFileDescriptor {
	struct cf_object base;
	pthread_mutex_t lock;
	/* guarded by lock */
	int fd; /* -1: invalid */
	bool closes;
	CFOptionFlags enabled;
	CFRunLoopSourceRef source; /* retained until invalidation */
	CFFileDescriptorCallBack callout;
	CFFileDescriptorContext context;
	struct run_info info;
};

static void release_info(CFFileDescriptorRef f)
{
	if (f->context.info && f->context.release)
		f->context.release(f->context.info);
}

static void descriptor_fini(void *object)
{
	CFFileDescriptorRef f = object;

	CFFileDescriptorInvalidate(f);
	pthread_mutex_destroy(&f->lock);
}

const struct cf_class cf_file_descriptor_class = { .name = "CFFileDescriptor",
						   .fini = descriptor_fini };

CFTypeID CFFileDescriptorGetTypeID(void)
{
	return CF_TYPE_FILE_DESCRIPTOR;
}

CFFileDescriptorRef CFFileDescriptorCreate(CFAllocatorRef allocator,
					   CFFileDescriptorNativeDescriptor fd,
					   Boolean closeOnInvalidate,
					   CFFileDescriptorCallBack callout,
					   const CFFileDescriptorContext *context)
{
	CFFileDescriptorRef f;

	if (fd < 0)
		return NULL;
	f = cf_object_new_in(allocator, CF_TYPE_FILE_DESCRIPTOR, sizeof *f);
	if (!f)
		return NULL;
	pthread_mutex_init(&f->lock, NULL);
	f->fd = fd;
	f->closes = closeOnInvalidate;
	f->callout = callout;
	if (context) {
		f->context = *context;
		if (context->retain)
			f->context.info = context->retain(context->info);
	}
	return f;
}

CFFileDescriptorNativeDescriptor CFFileDescriptorGetNativeDescriptor(CFFileDescriptorRef f)
{
	int fd;

	if (!cf_is(f, CF_TYPE_FILE_DESCRIPTOR))
		return -1;
	pthread_mutex_lock(&f->lock);
	fd = f->fd;
	pthread_mutex_unlock(&f->lock);
	return fd;
}

Boolean CFFileDescriptorIsValid(CFFileDescriptorRef f)
{
	return CFFileDescriptorGetNativeDescriptor(f) >= 0;
}

void CFFileDescriptorGetContext(CFFileDescriptorRef f, CFFileDescriptorContext *context)
{
	if (cf_is(f, CF_TYPE_FILE_DESCRIPTOR) && context)
		*context = f->context;
}

void CFFileDescriptorEnableCallBacks(CFFileDescriptorRef f, CFOptionFlags callBackTypes)
{
	CFRunLoopSourceRef source;

	if (!cf_is(f, CF_TYPE_FILE_DESCRIPTOR))
		return;
	pthread_mutex_lock(&f->lock);
	f->enabled |=
		callBackTypes & (kCFFileDescriptorReadCallBack | kCFFileDescriptorWriteCallBack);
	source = (CFRunLoopSourceRef)cf_keep(f->source);
	pthread_mutex_unlock(&f->lock);
	if (source)
		run_item_wake(&source->item);
	cf_drop(source);
}

void CFFileDescriptorDisableCallBacks(CFFileDescriptorRef f, CFOptionFlags callBackTypes)
{
	if (!cf_is(f, CF_TYPE_FILE_DESCRIPTOR))
		return;
	pthread_mutex_lock(&f->lock);
	f->enabled &= ~callBackTypes;
	pthread_mutex_unlock(&f->lock);
}

void CFFileDescriptorInvalidate(CFFileDescriptorRef f)
{
	CFRunLoopSourceRef source;
	bool is_unused;
	int fd;

	if (!cf_is(f, CF_TYPE_FILE_DESCRIPTOR))
		return;
	pthread_mutex_lock(&f->lock);
	fd = f->fd;
	f->fd = -1;
	is_unused = run_info_end(&f->info);
	source = f->source;
	f->source = NULL;
	pthread_mutex_unlock(&f->lock);
	if (fd < 0)
		return;
	if (source)
		CFRunLoopSourceInvalidate(source);
	if (f->closes)
		fd_close(fd);
	if (is_unused)
		release_info(f);
	cf_drop(source); /* last: it may hold the last reference of F */
}

/* --- the source ------------------------------------------------------------------- */

static int source_poll(void *info, short *ret_events)
{
	CFFileDescriptorRef f = info;
	CFOptionFlags enabled;
	int fd;

	pthread_mutex_lock(&f->lock);
	enabled = f->enabled;
	fd = enabled ? f->fd : -1;
	pthread_mutex_unlock(&f->lock);
	*ret_events = (short)((enabled & kCFFileDescriptorReadCallBack ? POLLIN : 0) |
			      (enabled & kCFFileDescriptorWriteCallBack ? POLLOUT : 0));
	return fd;
}

static void call(CFFileDescriptorRef f, CFOptionFlags types)
{
	bool is_last;

	if (f->callout)
		f->callout(f, types, f->context.info);
	pthread_mutex_lock(&f->lock);
	is_last = run_info_leave(&f->info);
	pthread_mutex_unlock(&f->lock);
	if (is_last)
		release_info(f);
}

static void source_ready(void *info, short events)
{
	CFFileDescriptorRef f = info;
	CFOptionFlags types = 0;

	if (events & POLLIN)
		types |= kCFFileDescriptorReadCallBack;
	if (events & POLLOUT)
		types |= kCFFileDescriptorWriteCallBack;
	/* The end of the file, or an error: whoever waits shall try and see. */
	if (events & (POLLHUP | POLLERR | POLLNVAL))
		types |= kCFFileDescriptorReadCallBack | kCFFileDescriptorWriteCallBack;
	CFRetain(f);
	pthread_mutex_lock(&f->lock);
	types &= f->fd < 0 ? 0 : f->enabled;
	f->enabled &= ~types;
	f->info.n_calls += types != 0;
	pthread_mutex_unlock(&f->lock);
	if (types)
		call(f, types);
	CFRelease(f);
}

static const struct run_source_ops source_ops = { .poll = source_poll, .ready = source_ready };

CFRunLoopSourceRef CFFileDescriptorCreateRunLoopSource(CFAllocatorRef allocator,
						       CFFileDescriptorRef f, CFIndex order)
{
	CFRunLoopSourceContext1 context = {
		.version = 1,
		.info = f,
		.retain = CFRetain,
		.release = CFRelease,
	};
	CFRunLoopSourceRef new, source = NULL;

	if (!CFFileDescriptorIsValid(f))
		return NULL;
	new = run_source_new(order, &context, &source_ops);
	pthread_mutex_lock(&f->lock);
	if (f->fd >= 0) {
		if (!f->source) {
			f->source = new;
			new = NULL;
		}
		source = (CFRunLoopSourceRef)cf_keep(f->source);
	}
	pthread_mutex_unlock(&f->lock);
	cf_drop(new);
	return source;
}
