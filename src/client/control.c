// SPDX-License-Identifier: MIT
/*
 * Session control for tools: one connection for each request, apart from the
 * link that the library itself keeps, because the request may be meant for
 * another session and its answer carries words also when it is a refusal.
 */
#include <portico/session.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/scope.h"
#include "client/discover.h"
#include "client/status.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/policy.h"
#include "wire/publish.h"
#include "wire/query.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define CONTROL_TIMEOUT_MS 10000
#define SUCCESSOR_MS 3000
#define RETRY_MS 10
#define HANG_UPS_MAX 10

static err_t put_path(char *path, size_t size, const char *folder)
{
	int n = snprintf(path, size, "%s" CLIENT_DISCOVER_SOCKET, folder);

	return n < 0 || (size_t)n >= size ? -EMSGSIZE : 0;
}

/* A folder that nobody else could have put there. */
static bool is_own_folder(const char *path)
{
	struct stat s;

	return lstat(path, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid();
}

kern_return_t portico_session_get_user_path(char *path, size_t size)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char folder[4096];
	int n;

	if (!path)
		return kIOReturnBadArgument;
	if (runtime && runtime[0] == '/') {
		n = snprintf(folder, sizeof(folder), "%s/portico", runtime);
	} else {
		n = snprintf(folder, sizeof(folder), "/run/user/%u", (unsigned)geteuid());
		if (is_own_folder(folder))
			n = snprintf(folder, sizeof(folder), "/run/user/%u/portico",
				     (unsigned)geteuid());
		else
			n = snprintf(folder, sizeof(folder), "/tmp/portico-%u",
				     (unsigned)geteuid());
	}
	if (n < 0 || (size_t)n >= sizeof(folder))
		return kIOReturnMessageTooLarge;
	return client_status_of_control(put_path(path, size, folder));
}

kern_return_t portico_session_get_path(char *path, size_t size)
{
	const char *session = secure_getenv("PORTICO_SESSION");
	kern_return_t kr;

	if (!path)
		return kIOReturnBadArgument;
	if (session && *session) {
		if (!strcmp(session, "embedded"))
			return kIOReturnNotFound;
		if (strlen(session) >= size)
			return kIOReturnMessageTooLarge;
		strcpy(path, session);
		return kIOReturnSuccess;
	}
	kr = portico_session_get_user_path(path, size);
	if (kr || client_discover_is_there(path))
		return kr;
	if (access(CLIENT_DISCOVER_MACHINE CLIENT_DISCOVER_SOCKET, F_OK))
		return kIOReturnNotFound;
	return client_status_of_control(put_path(path, size, CLIENT_DISCOVER_MACHINE));
}

static err_t receive(int socket, struct wire_frame *frame)
{
	uint64_t until = loop_now_ns() + CONTROL_TIMEOUT_MS * 1000000ull;
	err_t err;

	while ((err = wire_frame_receive(socket, frame, WIRE_CONTROL_MAX, false)) == -EAGAIN) {
		struct pollfd p = { .fd = socket, .events = POLLIN };
		uint64_t now = loop_now_ns();

		if (now >= until)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)((until - now) / 1000000) + 1) < 0 && errno != EINTR)
			return err_from_errno();
	}
	return err;
}

static err_t greet(int socket, struct wire_frame *frame)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.role = WIRE_ROLE_CLIENT,
		.pid = (uint32_t)getpid(),
		.name = "control",
	};
	struct wire_hello_reply reply;
	err_t err = wire_send(socket, &wire_hello_layout, 1, &hello, NULL, 0, false);

	if (!err)
		err = receive(socket, frame);
	if (err)
		return err;
	if (frame->header.status)
		return frame->header.status == (int32_t)kIOReturnUnsupported ? -EPROTONOSUPPORT
									     : -ENOMEM;
	return wire_frame_decode(frame, &wire_hello_reply_layout, &reply);
}

static err_t connect_once(const char *path, int *ret_socket, struct wire_frame *frame)
{
	scope_fd int socket = -1;
	err_t err = client_discover_connect_within(path, CONTROL_TIMEOUT_MS, &socket);

	if (err == -ENOENT || err == -ECONNREFUSED || err == -ENOTDIR)
		return -ENOTCONN;
	if (!err)
		err = greet(socket, frame);
	if (!err)
		*ret_socket = take_fd(&socket);
	return err;
}

/* Who hangs up before it has greeted ends just now, and then soon nobody listens there; or it has no room for
 * more connections of this user. */
static err_t connect_to(const char *path, int *ret_socket, struct wire_frame *frame)
{
	for (int i = 0; i < HANG_UPS_MAX; i++) {
		err_t err = connect_once(path, ret_socket, frame);

		if (err != -EPIPE)
			return err;
		poll(NULL, 0, RETRY_MS);
	}
	return -EMFILE;
}

/* Ask the registry at PATH. FRAME has the answer; RET_STATUS its verdict. */
static err_t ask(const char *path, const struct wire_layout *layout, const void *request,
		 struct wire_frame *frame, int *ret_socket, int32_t *ret_status)
{
	scope_fd int socket = -1;
	err_t err = connect_to(path, &socket, frame);

	if (!err)
		err = wire_send(socket, layout, 2, request, NULL, 0, false);
	/* Other traffic on this connection would be events; they are not answers. */
	while (!err) {
		err = receive(socket, frame);
		if (!err && (frame->header.flags & WIRE_FLAG_REPLY) && frame->header.id == 2)
			break;
	}
	if (err)
		return err;
	*ret_status = frame->header.status;
	*ret_socket = take_fd(&socket);
	return 0;
}

/* PATH or the own session's path, copied to BUFFER. */
static kern_return_t choose_path(const char *path, char *buffer, size_t size)
{
	if (!path)
		return portico_session_get_path(buffer, size);
	if (strlen(path) >= size)
		return kIOReturnMessageTooLarge;
	strcpy(buffer, path);
	return kIOReturnSuccess;
}

/* Ask for a dictionary. */
static kern_return_t copy_dictionary(const char *socket_path, const struct wire_layout *layout,
				     const void *request, CFDictionaryRef *ret_dictionary)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_value_reply reply = { 0 };
	char path[4096];
	int32_t verdict = 0;
	scope_fd int socket = -1;
	kern_return_t kr = choose_path(socket_path, path, sizeof(path));
	err_t err;

	if (kr)
		return kr;
	err = ask(path, layout, request, &frame, &socket, &verdict);
	if (!err && !verdict)
		err = wire_frame_decode(&frame, &wire_value_reply_layout, &reply);
	wire_frame_fini(&frame);
	if (err || verdict)
		return err ? client_status_of_control(err) : verdict;
	if (!reply.value || CFGetTypeID(reply.value) != CFDictionaryGetTypeID()) {
		if (reply.value)
			CFRelease(reply.value);
		return kIOReturnIPCError;
	}
	*ret_dictionary = reply.value;
	return kIOReturnSuccess;
}

kern_return_t portico_session_copy_status(const char *socket_path, CFDictionaryRef *status)
{
	struct wire_empty nothing = { 0 };

	return status ? copy_dictionary(socket_path, &wire_status_layout, &nothing, status)
		      : kIOReturnBadArgument;
}

/* --- the policy --------------------------------------------------------------------------- */

kern_return_t portico_session_copy_policy(const char *socket_path, CFDictionaryRef *policy)
{
	struct wire_empty nothing = { 0 };

	return policy ? copy_dictionary(socket_path, &wire_policy_layout, &nothing, policy)
		      : kIOReturnBadArgument;
}

static bool is_short(const char *text)
{
	return !text || strlen(text) <= WIRE_ENTITLEMENT_MAX;
}

static bool is_sound(const struct portico_subject *s)
{
	return s->n_groups <= WIRE_GROUPS_MAX && (!s->n_groups || s->groups) &&
	       is_short(s->label) && is_short(s->unit) && is_short(s->app);
}

kern_return_t portico_session_explain(const char *socket_path, const char *service, unsigned type,
				      const struct portico_subject *subject,
				      CFDictionaryRef *answer)
{
	struct wire_explain request = {
		.service = service, .type = type, .label = "", .unit = "", .app = ""
	};
	uint64_t groups[WIRE_GROUPS_MAX];

	if (!service || !answer || !is_short(service) || (subject && !is_sound(subject)))
		return kIOReturnBadArgument;
	if (subject) {
		for (size_t i = 0; i < subject->n_groups; i++)
			groups[i] = subject->groups[i];
		request.is_other = 1;
		request.uid = subject->uid;
		request.gid = subject->gid;
		request.groups = (struct wire_u64s){ groups, subject->n_groups };
		request.label = subject->label ? subject->label : "";
		request.unit = subject->unit ? subject->unit : "";
		request.app = subject->app ? subject->app : "";
	}
	return copy_dictionary(socket_path, &wire_explain_layout, &request, answer);
}

kern_return_t portico_session_revoke(const char *socket_path, const char *service,
				     const unsigned *uid, size_t *count)
{
	struct wire_revoke request = { .service = service ? service : "",
				       .has_uid = uid != NULL,
				       .uid = uid ? *uid : 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_number_reply reply;
	char path[4096];
	int32_t verdict = 0;
	scope_fd int socket = -1;
	kern_return_t kr;
	err_t err;

	if (!count || !is_short(service) || (!request.service[0] && !uid))
		return kIOReturnBadArgument;
	kr = choose_path(socket_path, path, sizeof(path));
	if (kr)
		return kr;
	err = ask(path, &wire_revoke_layout, &request, &frame, &socket, &verdict);
	if (!err && !verdict)
		err = wire_frame_decode(&frame, &wire_number_reply_layout, &reply);
	wire_frame_fini(&frame);
	if (err || verdict)
		return err ? client_status_of_control(err) : verdict;
	*count = (size_t)reply.number;
	return kIOReturnSuccess;
}

static kern_return_t change(const char *socket_path, const struct wire_layout *layout,
			    const char *argument, CFStringRef *text)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_load request = { .text = argument };
	struct wire_text_reply reply = { 0 };
	char path[4096];
	int32_t verdict = 0;
	scope_fd int socket = -1;
	kern_return_t kr;
	err_t err;

	if (!argument || !text)
		return kIOReturnBadArgument;
	*text = NULL;
	kr = choose_path(socket_path, path, sizeof(path));
	if (kr)
		return kr;
	err = ask(path, layout, &request, &frame, &socket, &verdict);
	/* A refusal has words or nothing at all. Paths in them may be no UTF-8. */
	if (!err && !wire_frame_decode(&frame, &wire_text_reply_layout, &reply) && reply.text[0]) {
		*text = CFStringCreateWithCString(NULL, reply.text, kCFStringEncodingUTF8);
		if (!*text)
			*text = CFStringCreateWithCString(NULL, reply.text,
							  kCFStringEncodingISOLatin1);
	}
	wire_frame_fini(&frame);
	return err ? client_status_of_control(err) : verdict;
}

kern_return_t portico_session_load(const char *socket_path, const char *bundle_path,
				   CFStringRef *text)
{
	return change(socket_path, &wire_load_layout, bundle_path, text);
}

kern_return_t portico_session_unload(const char *socket_path, const char *identifier,
				     CFStringRef *text)
{
	return change(socket_path, &wire_unload_layout, identifier, text);
}

kern_return_t portico_session_wait_quiet(const char *socket_path, unsigned timeout_ms)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_wait_quiet_request request = { .timeout_ns = timeout_ms * 1000000ull };
	char path[4096];
	int32_t verdict = 0;
	scope_fd int socket = -1;
	kern_return_t kr;
	err_t err;

	if (timeout_ms > CONTROL_TIMEOUT_MS)
		return kIOReturnBadArgument;
	kr = choose_path(socket_path, path, sizeof(path));
	if (kr)
		return kr;
	err = ask(path, &wire_wait_quiet_request_layout, &request, &frame, &socket, &verdict);
	wire_frame_fini(&frame);
	return err ? client_status_of_control(err) : verdict;
}

/* -1: unknown, or this very process. Before Linux 6.5 its number may be another one's by now, if somebody else
 * has its listening socket: then it is not looked at by who could end what the server's user cannot. */
static int open_process_at(int socket)
{
	struct fd_peer peer;
	int fd;
	socklen_t size = sizeof(fd);

	if (fd_peer(socket, &peer) || peer.pid <= 0 || peer.pid == getpid())
		return -1;
	if (!getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size))
		return fd;
	return peer.uid == geteuid() ? (int)syscall(SYS_pidfd_open, peer.pid, 0) : -1;
}

static err_t wait_for_exit(int process)
{
	struct pollfd p = { .fd = process, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, CONTROL_TIMEOUT_MS)) < 0 && errno == EINTR)
		;
	return n > 0 ? 0 : -ETIMEDOUT;
}

/* The registry closes the connection, and then ends its hosts and itself. */
static err_t wait_for_end(int socket, struct wire_frame *frame)
{
	scope_fd int process = open_process_at(socket);
	err_t err;

	do
		err = receive(socket, frame);
	while (!err);
	if (err != -EPIPE)
		return err;
	return process < 0 ? 0 : wait_for_exit(process);
}

/* A registry of another version does not understand the request, but ends in order when its process is told to. */
static err_t end_foreign(const char *path)
{
	scope_fd int socket = -1, process = -1;
	err_t err = client_discover_connect_within(path, CONTROL_TIMEOUT_MS, &socket);

	if (err)
		return err;
	process = open_process_at(socket);
	if (process < 0)
		return -EPROTONOSUPPORT;
	if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) < 0)
		return err_from_errno();
	return wait_for_exit(process);
}

/* Until somebody listens at PATH. */
static err_t await_registry(const char *path, struct wire_frame *frame, unsigned timeout_ms)
{
	uint64_t until = loop_now_ns() + timeout_ms * 1000000ull;
	int socket;
	err_t err;

	while ((err = connect_to(path, &socket, frame)) && loop_now_ns() < until)
		poll(NULL, 0, RETRY_MS);
	if (!err)
		fd_close(socket);
	return err == -ENOTCONN ? -ETIMEDOUT : err;
}

/* One that was killed leaves the folder of its hosts, and whoever watches it starts another. */
static bool expects_registry(const char *path)
{
	char folder[4096 + sizeof(WIRE_HOSTS_SUFFIX)];

	snprintf(folder, sizeof(folder), "%s" WIRE_HOSTS_SUFFIX, path);
	return is_own_folder(folder);
}

/* Ask the registry to end, see it go, and its successor come if there is to be one. */
static kern_return_t end_registry(const char *socket_path, const struct wire_layout *layout,
				  bool has_successor)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_empty nothing = { 0 };
	char path[4096];
	int32_t verdict = 0;
	scope_fd int socket = -1;
	kern_return_t kr;
	err_t err;

	kr = choose_path(socket_path, path, sizeof(path));
	if (kr)
		return kr;
	err = ask(path, layout, &nothing, &frame, &socket, &verdict);
	if (err == -ENOTCONN && expects_registry(path) &&
	    !await_registry(path, &frame, SUCCESSOR_MS))
		err = ask(path, layout, &nothing, &frame, &socket, &verdict);
	if (err == -EPROTONOSUPPORT && !has_successor)
		err = end_foreign(path);
	else if (err == -EPIPE) /* It may be gone before its answer was read. */
		err = 0;
	else if (!err && !verdict)
		err = wait_for_end(socket, &frame);
	if (!err && !verdict && has_successor)
		err = await_registry(path, &frame, CONTROL_TIMEOUT_MS);
	wire_frame_fini(&frame);
	return err ? client_status_of_control(err) : verdict;
}

kern_return_t portico_session_stop(const char *socket_path)
{
	return end_registry(socket_path, &wire_stop_session_layout, false);
}

kern_return_t portico_session_restart(const char *socket_path)
{
	return end_registry(socket_path, &wire_restart_session_layout, true);
}
