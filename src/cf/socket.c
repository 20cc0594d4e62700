// SPDX-License-Identifier: MIT
/* Sockets in run loops. socket_address.c binds, connects and sends. */
#include "cf/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"

#define TYPE_MASK 3 /* read, accept or data */
#define ALL_TYPES (TYPE_MASK | kCFSocketConnectCallBack | kCFSocketWriteCallBack)
#define MAX_DATA 65536

static pthread_mutex_t sockets_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list sockets = LIST_INIT(sockets); /* valid ones, not retained */

static void socket_fini(void *object)
{
	CFSocketRef s = object;

	CFSocketInvalidate(s);
	pthread_mutex_destroy(&s->lock);
}

const struct cf_class cf_socket_class = { .name = "CFSocket", .fini = socket_fini };

CFTypeID CFSocketGetTypeID(void)
{
	return CF_TYPE_SOCKET;
}

/* --- making ------------------------------------------------------------------------------- */

/* The socket that has FD, retained; NULL when there is none. */
static CFSocketRef socket_find_locked(int fd)
{
	list_for_each(node, &sockets) {
		CFSocketRef s = container_of(node, struct __CFSocket, link);

		if (s->fd == fd && cf_object_try_retain(s))
			return s;
	}
	return NULL;
}

CFSocketRef CFSocketCreateWithNative(CFAllocatorRef allocator, CFSocketNativeHandle sock,
				     CFOptionFlags callBackTypes, CFSocketCallBack callout,
				     const CFSocketContext *context)
{
	int type;
	socklen_t size = sizeof(type);
	CFSocketRef s;

	if (sock < 0 || getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size))
		return NULL;
	pthread_mutex_lock(&sockets_lock);
	s = socket_find_locked(sock);
	if (s || !(s = cf_object_new_in(allocator, CF_TYPE_SOCKET, sizeof(*s)))) {
		pthread_mutex_unlock(&sockets_lock);
		return s;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->fd = sock;
	s->types = s->enabled = callBackTypes & ALL_TYPES;
	s->flags = kCFSocketAutomaticallyReenableDataCallBack | kCFSocketCloseOnInvalidate;
	s->callout = callout;
	if (context) {
		s->context = *context;
		if (context->retain)
			s->context.info = (void *)(uintptr_t)context->retain(context->info);
	}
	list_add(&sockets, &s->link);
	pthread_mutex_unlock(&sockets_lock);
	return s;
}

CFSocketRef CFSocketCreate(CFAllocatorRef allocator, SInt32 protocolFamily, SInt32 socketType,
			   SInt32 protocol, CFOptionFlags callBackTypes, CFSocketCallBack callout,
			   const CFSocketContext *context)
{
	CFSocketRef s;
	int fd;

	if (protocolFamily <= 0)
		protocolFamily = PF_INET;
	if (socketType <= 0)
		socketType = SOCK_STREAM;
	fd = socket(protocolFamily, socketType | SOCK_CLOEXEC, protocol < 0 ? 0 : protocol);
	if (fd < 0)
		return NULL;
	s = CFSocketCreateWithNative(allocator, fd, callBackTypes, callout, context);
	if (!s)
		fd_close(fd);
	return s;
}

static void release_info(CFSocketRef s)
{
	if (s->context.info && s->context.release)
		s->context.release(s->context.info);
}

void CFSocketInvalidate(CFSocketRef s)
{
	CFRunLoopSourceRef source;
	bool closes, is_unused;
	int fd;

	if (!cf_is(s, CF_TYPE_SOCKET))
		return;
	pthread_mutex_lock(&sockets_lock);
	pthread_mutex_lock(&s->lock);
	fd = s->fd;
	s->fd = -1;
	closes = s->flags & kCFSocketCloseOnInvalidate;
	source = s->source;
	s->source = NULL;
	is_unused = run_info_end(&s->info);
	if (fd >= 0)
		list_remove(&s->link);
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_unlock(&sockets_lock);
	if (fd < 0)
		return;
	if (source)
		CFRunLoopSourceInvalidate(source);
	if (closes)
		fd_close(fd);
	if (is_unused)
		release_info(s);
	cf_drop(source); /* last: it may hold the last reference of S */
}

/* --- settings ---------------------------------------------------------------------------------- */

CFSocketNativeHandle CFSocketGetNative(CFSocketRef s)
{
	int fd;

	if (!cf_is(s, CF_TYPE_SOCKET))
		return -1;
	pthread_mutex_lock(&s->lock);
	fd = s->fd;
	pthread_mutex_unlock(&s->lock);
	return fd;
}

Boolean CFSocketIsValid(CFSocketRef s)
{
	return CFSocketGetNative(s) >= 0;
}

void CFSocketGetContext(CFSocketRef s, CFSocketContext *context)
{
	if (cf_is(s, CF_TYPE_SOCKET) && context)
		*context = s->context;
}

CFOptionFlags CFSocketGetSocketFlags(CFSocketRef s)
{
	CFOptionFlags flags;

	if (!cf_is(s, CF_TYPE_SOCKET))
		return 0;
	pthread_mutex_lock(&s->lock);
	flags = s->flags;
	pthread_mutex_unlock(&s->lock);
	return flags;
}

void CFSocketSetSocketFlags(CFSocketRef s, CFOptionFlags flags)
{
	if (!cf_is(s, CF_TYPE_SOCKET))
		return;
	pthread_mutex_lock(&s->lock);
	s->flags = flags;
	pthread_mutex_unlock(&s->lock);
}

void socket_changed(CFSocketRef s)
{
	CFRunLoopSourceRef source;

	pthread_mutex_lock(&s->lock);
	source = (CFRunLoopSourceRef)cf_keep(s->source);
	pthread_mutex_unlock(&s->lock);
	if (source)
		run_item_wake(&source->item);
	cf_drop(source);
}

/* Read, accept and data are values, not bits: any of them means the one that the socket has. */
static CFOptionFlags types_meant(CFSocketRef s, CFOptionFlags types)
{
	CFOptionFlags meant = types & s->types & ~(CFOptionFlags)TYPE_MASK;

	return types & TYPE_MASK ? meant | (s->types & TYPE_MASK) : meant;
}

void CFSocketEnableCallBacks(CFSocketRef s, CFOptionFlags callBackTypes)
{
	if (!cf_is(s, CF_TYPE_SOCKET))
		return;
	pthread_mutex_lock(&s->lock);
	s->enabled |= types_meant(s, callBackTypes);
	pthread_mutex_unlock(&s->lock);
	socket_changed(s);
}

void CFSocketDisableCallBacks(CFSocketRef s, CFOptionFlags callBackTypes)
{
	if (!cf_is(s, CF_TYPE_SOCKET))
		return;
	pthread_mutex_lock(&s->lock);
	s->enabled &= ~types_meant(s, callBackTypes);
	pthread_mutex_unlock(&s->lock);
}

/* --- the source ----------------------------------------------------------------------------------- */

static int source_poll(void *info, short *ret_events)
{
	CFSocketRef s = info;
	int fd;

	pthread_mutex_lock(&s->lock);
	/* While it is connecting, writable means connected. */
	*ret_events = (short)((s->enabled & TYPE_MASK && !s->connecting ? POLLIN : 0) |
			      (s->connecting || s->enabled & kCFSocketWriteCallBack ? POLLOUT : 0));
	fd = *ret_events ? s->fd : -1;
	pthread_mutex_unlock(&s->lock);
	return fd;
}

static CFDataRef address_new(const struct sockaddr_storage *address, socklen_t size)
{
	return size ? CFDataCreate(NULL, (const UInt8 *)address, (CFIndex)size) : NULL;
}

static void call_accept(CFSocketRef s, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	scope_cf CFDataRef peer = NULL;
	CFSocketNativeHandle accepted;
	struct pollfd ready = { fd, POLLIN, 0 };

	/* Another thread or process may have been faster. */
	if (poll(&ready, 1, 0) <= 0)
		return;
	accepted = accept4(fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC);
	if (accepted < 0)
		return;
	peer = address_new(&address, size);
	if (s->callout)
		s->callout(s, kCFSocketAcceptCallBack, peer, &accepted, s->context.info);
	else
		fd_close(accepted);
}

static void call_data(CFSocketRef s, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	scope_free uint8_t *bytes = NULL;
	scope_cf CFDataRef data = NULL;
	scope_cf CFDataRef peer = NULL;
	ssize_t n;

	bytes = malloc(MAX_DATA);
	n = bytes ? recvfrom(fd, bytes, MAX_DATA, MSG_DONTWAIT, (struct sockaddr *)&address, &size)
		  : -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR || !bytes))
		return;
	/* A broken connection is at its end. */
	data = CFDataCreate(NULL, bytes, n < 0 ? 0 : n);
	peer = n >= 0 && size ? address_new(&address, size) : CFSocketCopyPeerAddress(s);
	if (n <= 0)
		CFSocketDisableCallBacks(s, kCFSocketDataCallBack);
	if (s->callout)
		s->callout(s, kCFSocketDataCallBack, peer, data, s->context.info);
}

static void call_connect(CFSocketRef s, int fd)
{
	SInt32 error = 0;
	socklen_t size = sizeof(error);

	if (!(CFSocketGetSocketFlags(s) & kCFSocketLeaveErrors))
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (s->types & kCFSocketConnectCallBack && s->callout)
		s->callout(s, kCFSocketConnectCallBack, NULL, error ? &error : NULL,
			   s->context.info);
}

/* What is to be called for EVENTS, disabled meanwhile, up to end_calls. *RET_FD is -1 for nothing. */
static CFOptionFlags take_types(CFSocketRef s, short events, bool *ret_connected, int *ret_fd)
{
	CFOptionFlags types = 0;

	pthread_mutex_lock(&s->lock);
	s->info.n_calls++;
	*ret_fd = s->fd;
	*ret_connected = s->connecting && events & (POLLOUT | POLLERR | POLLHUP);
	if (*ret_connected)
		s->connecting = false;
	else if (events & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
		types |= s->enabled & TYPE_MASK;
	if (!*ret_connected && events & (POLLOUT | POLLHUP | POLLERR))
		types |= s->enabled & kCFSocketWriteCallBack;
	s->enabled &= ~types;
	pthread_mutex_unlock(&s->lock);
	return types;
}

static void reenable(CFSocketRef s, CFOptionFlags types)
{
	pthread_mutex_lock(&s->lock);
	if (types & TYPE_MASK && (s->flags & TYPE_MASK & types) == (types & TYPE_MASK))
		s->enabled |= types & TYPE_MASK;
	s->enabled |= types & kCFSocketWriteCallBack & s->flags;
	pthread_mutex_unlock(&s->lock);
}

static void end_calls(CFSocketRef s)
{
	bool is_last;

	pthread_mutex_lock(&s->lock);
	is_last = run_info_leave(&s->info);
	pthread_mutex_unlock(&s->lock);
	if (is_last)
		release_info(s);
}

static void source_ready(void *info, short events)
{
	CFSocketRef s = info;
	CFOptionFlags types;
	bool connected;
	int fd;

	CFRetain(s);
	if (events & POLLNVAL)
		CFSocketInvalidate(s); /* the program has closed it */
	types = take_types(s, events, &connected, &fd);
	/* Before the calls, which may disable again. */
	reenable(s, types);
	if (connected && fd >= 0)
		call_connect(s, fd);
	if (types & TYPE_MASK && CFSocketIsValid(s)) {
		if ((types & TYPE_MASK) == kCFSocketAcceptCallBack)
			call_accept(s, fd);
		else if ((types & TYPE_MASK) == kCFSocketDataCallBack)
			call_data(s, fd);
		else if (s->callout)
			s->callout(s, kCFSocketReadCallBack, NULL, NULL, s->context.info);
	}
	if (types & kCFSocketWriteCallBack && CFSocketIsValid(s) && s->callout)
		s->callout(s, kCFSocketWriteCallBack, NULL, NULL, s->context.info);
	end_calls(s);
	CFRelease(s);
}

static const struct run_source_ops source_ops = { .poll = source_poll, .ready = source_ready };

CFRunLoopSourceRef CFSocketCreateRunLoopSource(CFAllocatorRef allocator, CFSocketRef s,
					       CFIndex order)
{
	CFRunLoopSourceContext1 context = {
		.version = 1,
		.info = s,
		.retain = CFRetain,
		.release = CFRelease,
	};
	CFRunLoopSourceRef new, source = NULL;

	if (!cf_is(s, CF_TYPE_SOCKET))
		return NULL;
	new = run_source_new(order, &context, &source_ops);
	pthread_mutex_lock(&s->lock);
	if (s->fd >= 0) {
		if (!s->source) {
			s->source = new;
			new = NULL;
		}
		source = (CFRunLoopSourceRef)cf_keep(s->source);
	}
	pthread_mutex_unlock(&s->lock);
	cf_drop(new);
	return source;
}
