/* SPDX-License-Identifier: MIT */
/*
 * The kernel's process connector. In containers the request may be accepted
 * and never served; only the acknowledgement shows that events will come.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include "ProcessMonitor.h"

enum { ACKNOWLEDGE_MS = 50, BURST_MAX = 256 };

struct Connector {
	int socket;
	IODescriptorEventSource *source;
	ProcessEvent event;
	void *context;
};

static bool ask(int fd, enum proc_cn_mcast_op operation)
{
	struct cn_msg message = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(operation) };
	struct nlmsghdr header = {
		.nlmsg_len = NLMSG_LENGTH(sizeof(message) + sizeof(operation)),
		.nlmsg_type = NLMSG_DONE,
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ &message, sizeof(message) },
		{ &operation, sizeof(operation) },
	};
	struct msghdr datagram = { .msg_iov = parts, .msg_iovlen = 3 };

	return sendmsg(fd, &datagram, MSG_NOSIGNAL) == (ssize_t)header.nlmsg_len;
}

static int openSocket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);

	if (fd < 0)
		return -1;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    ask(fd, PROC_CN_MCAST_LISTEN))
		return fd;
	close(fd);
	return -1;
}

/* One datagram; false: nothing there. *PRESENT tells whether EVENT was filled. */
static bool receive(int fd, struct proc_event *event, bool *present)
{
	char bytes[NLMSG_SPACE(sizeof(struct cn_msg) + sizeof(struct proc_event)) + 256]
		__attribute__((aligned(8)));
	struct sockaddr_nl from;
	socklen_t fromSize = sizeof(from);
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &fromSize);
	const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;
	const struct cn_msg *message = NLMSG_DATA(header);
	/* Older kernels send shorter events: what is missing is zero. */
	const size_t start = NLMSG_HDRLEN + sizeof(*message);

	*present = false;
	if (n < 0)
		return errno == ENOBUFS || errno == EINTR; /* events were lost; go on */
	if (from.nl_pid != 0 || (size_t)n < start || message->id.idx != CN_IDX_PROC ||
	    message->len > (size_t)n - start)
		return true;
	memset(event, 0, sizeof(*event));
	memcpy(event, bytes + start, message->len < sizeof(*event) ? message->len : sizeof(*event));
	*present = true;
	return true;
}

/* An acknowledgement without error. */
static bool isAcknowledged(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct proc_event event;
	bool present;

	for (int i = 0; i < BURST_MAX && poll(&ready, 1, ACKNOWLEDGE_MS) > 0; i++) {
		if (!receive(fd, &event, &present))
			return false;
		if (present && event.what == PROC_EVENT_NONE)
			return event.event_data.ack.err == 0;
	}
	return false;
}

static void closeSocket(int fd)
{
	ask(fd, PROC_CN_MCAST_IGNORE);
	close(fd);
}

bool connectorWorks(void)
{
	int fd = openSocket();
	bool works = fd >= 0 && isAcknowledged(fd);

	if (fd >= 0)
		closeSocket(fd);
	return works;
}

/* Threads come and go as well; only whole processes are reported. */
static void report(struct Connector *self, const struct proc_event *event)
{
	uint32_t parent = 0;
	char comm[16];

	switch (event->what) {
	case PROC_EVENT_FORK:
		if (event->event_data.fork.child_pid == event->event_data.fork.child_tgid)
			self->event(self->context, KIND_FORK,
				    (uint32_t)event->event_data.fork.child_tgid,
				    (uint32_t)event->event_data.fork.parent_tgid,
				    event->timestamp_ns, NULL);
		break;
	case PROC_EVENT_EXEC:
		if (!processRead((uint32_t)event->event_data.exec.process_tgid, comm, &parent,
				 NULL))
			memset(comm, 0, sizeof(comm));
		self->event(self->context, KIND_EXEC, (uint32_t)event->event_data.exec.process_tgid,
			    parent, event->timestamp_ns, comm);
		break;
	case PROC_EVENT_EXIT:
		if (event->event_data.exit.process_pid == event->event_data.exit.process_tgid)
			self->event(self->context, KIND_EXIT,
				    (uint32_t)event->event_data.exit.process_tgid,
				    event->event_data.exit.exit_code, event->timestamp_ns, NULL);
		break;
	default:
		break;
	}
}

static void readable(void *context, int fd, uint32_t events)
{
	struct Connector *self = context;
	struct proc_event event;
	bool present;

	for (int i = 0; i < BURST_MAX && receive(fd, &event, &present); i++)
		if (present)
			report(self, &event);
}

struct Connector *connectorStart(IOWorkLoop *loop, ProcessEvent event, void *context)
{
	struct Connector *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->event = event;
	self->context = context;
	self->socket = openSocket();
	if (self->socket >= 0 && isAcknowledged(self->socket))
		self->source =
			IODescriptorEventSourceCreate(loop, self->socket, POLLIN, readable, self);
	if (self->source)
		return self;
	if (self->socket >= 0)
		closeSocket(self->socket);
	free(self);
	return NULL;
}

void connectorStop(struct Connector *self)
{
	if (!self)
		return;
	IODescriptorEventSourceRelease(self->source);
	closeSocket(self->socket);
	free(self);
}
