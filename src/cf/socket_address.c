// SPDX-License-Identifier: MIT
/* Sockets and their addresses: binding, connecting, sending. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cf/socket.h"

#define BACKLOG 256

static bool is_address(CFDataRef data)
{
	return cf_is(data, CF_TYPE_DATA) && CFDataGetLength(data) >= (CFIndex)sizeof(sa_family_t) &&
	       CFDataGetLength(data) <= (CFIndex)sizeof(struct sockaddr_storage);
}

static const struct sockaddr *address_of(CFDataRef data, struct sockaddr_storage *storage)
{
	/* Bytes of a CFData need not be aligned. */
	memcpy(storage, CFDataGetBytePtr(data), (size_t)CFDataGetLength(data));
	return (const struct sockaddr *)storage;
}

/* --- asking ------------------------------------------------------------------------------- */

static CFDataRef copy_name(CFSocketRef s, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int fd = CFSocketGetNative(s);

	if (fd < 0 || get(fd, (struct sockaddr *)&address, &size) || !size)
		return NULL;
	return CFDataCreate(NULL, (const UInt8 *)&address, (CFIndex)size);
}

static int get_name(int fd, struct sockaddr *address, socklen_t *size)
{
	return getsockname(fd, address, size);
}

static int get_peer(int fd, struct sockaddr *address, socklen_t *size)
{
	return getpeername(fd, address, size);
}

CFDataRef CFSocketCopyAddress(CFSocketRef s)
{
	return copy_name(s, get_name);
}

CFDataRef CFSocketCopyPeerAddress(CFSocketRef s)
{
	return copy_name(s, get_peer);
}

/* --- binding and connecting -------------------------------------------------------------------- */

CFSocketError CFSocketSetAddress(CFSocketRef s, CFDataRef address)
{
	struct sockaddr_storage storage;
	int fd = CFSocketGetNative(s), type = 0;
	socklen_t size = sizeof(type);

	if (fd < 0 || !is_address(address) ||
	    bind(fd, address_of(address, &storage), (socklen_t)CFDataGetLength(address)))
		return kCFSocketError;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) ||
	    (type != SOCK_STREAM && type != SOCK_SEQPACKET))
		return kCFSocketSuccess;
	return listen(fd, BACKLOG) ? kCFSocketError : kCFSocketSuccess;
}

/* Until FD has one of EVENTS. */
static CFSocketError wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd ready = { fd, events, 0 };
	struct timespec left;
	uint64_t now;
	int n;

	do {
		now = run_now_ns();
		if (deadline_ns != UINT64_MAX && now >= deadline_ns)
			return kCFSocketTimeout;
		left = (struct timespec){ (time_t)((deadline_ns - now) / 1000000000u),
					  (long)((deadline_ns - now) % 1000000000u) };
		n = ppoll(&ready, 1, deadline_ns == UINT64_MAX ? NULL : &left, NULL);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? kCFSocketError : kCFSocketSuccess;
}

static uint64_t deadline_of(CFTimeInterval timeout)
{
	return timeout > 0 && timeout < 1e9 ? run_now_ns() + (uint64_t)(timeout * 1e9) : UINT64_MAX;
}

static CFSocketError finish_connect(int fd, CFTimeInterval timeout)
{
	CFSocketError result = wait_for(fd, POLLOUT, deadline_of(timeout));
	int error = 0;
	socklen_t size = sizeof(error);

	if (result)
		return result;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) || error ? kCFSocketError
									    : kCFSocketSuccess;
}

static void set_connecting(CFSocketRef s, bool connecting)
{
	pthread_mutex_lock(&s->lock);
	s->connecting = connecting;
	pthread_mutex_unlock(&s->lock);
	socket_changed(s);
}

CFSocketError CFSocketConnectToAddress(CFSocketRef s, CFDataRef address, CFTimeInterval timeout)
{
	struct sockaddr_storage storage;
	int fd = CFSocketGetNative(s), flags, result, error;

	if (fd < 0 || !is_address(address))
		return kCFSocketError;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return kCFSocketError;
	result = connect(fd, address_of(address, &storage), (socklen_t)CFDataGetLength(address));
	error = errno;
	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags);
	if (result && error != EINPROGRESS)
		return kCFSocketError;
	if (timeout < 0) {
		set_connecting(s, true);
		return kCFSocketSuccess;
	}
	return result ? finish_connect(fd, timeout) : kCFSocketSuccess;
}

/* --- from signatures -------------------------------------------------------------------------------- */

static CFSocketRef socket_of(CFAllocatorRef allocator, const CFSocketSignature *signature,
			     CFOptionFlags types, CFSocketCallBack callout,
			     const CFSocketContext *context)
{
	return signature
		     ? CFSocketCreate(allocator, signature->protocolFamily, signature->socketType,
				      signature->protocol, types, callout, context)
		     : NULL;
}

static CFSocketRef keep_if(CFSocketRef s, bool good)
{
	if (s && !good) {
		CFSocketInvalidate(s);
		CFRelease(s);
		return NULL;
	}
	return s;
}

CFSocketRef CFSocketCreateWithSocketSignature(CFAllocatorRef allocator,
					      const CFSocketSignature *signature,
					      CFOptionFlags callBackTypes, CFSocketCallBack callout,
					      const CFSocketContext *context)
{
	CFSocketRef s = socket_of(allocator, signature, callBackTypes, callout, context);

	return keep_if(s, s && CFSocketSetAddress(s, signature->address) == kCFSocketSuccess);
}

CFSocketRef CFSocketCreateConnectedToSocketSignature(
	CFAllocatorRef allocator, const CFSocketSignature *signature, CFOptionFlags callBackTypes,
	CFSocketCallBack callout, const CFSocketContext *context, CFTimeInterval timeout)
{
	CFSocketRef s = socket_of(allocator, signature, callBackTypes, callout, context);

	return keep_if(s, s && CFSocketConnectToAddress(s, signature->address, timeout) ==
					  kCFSocketSuccess);
}

/* --- sending --------------------------------------------------------------------------------------------- */

CFSocketError CFSocketSendData(CFSocketRef s, CFDataRef address, CFDataRef data,
			       CFTimeInterval timeout)
{
	uint64_t deadline = deadline_of(timeout);
	struct sockaddr_storage storage;
	const struct sockaddr *to = NULL;
	int fd = CFSocketGetNative(s);
	CFIndex done = 0;

	if (fd < 0 || !cf_is(data, CF_TYPE_DATA) || (address && !is_address(address)))
		return kCFSocketError;
	if (address)
		to = address_of(address, &storage);
	do {
		CFSocketError result;
		ssize_t n =
			sendto(fd, CFDataGetBytePtr(data) + done,
			       (size_t)(CFDataGetLength(data) - done), MSG_DONTWAIT | MSG_NOSIGNAL,
			       to, to ? (socklen_t)CFDataGetLength(address) : 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return kCFSocketError;
		if (n >= 0) {
			done += n;
			continue;
		}
		result = wait_for(fd, POLLOUT, deadline);
		if (result)
			return result;
	} while (done < CFDataGetLength(data));
	return kCFSocketSuccess;
}
