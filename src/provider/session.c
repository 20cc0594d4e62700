// SPDX-License-Identifier: MIT
#include "provider/provider.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "provider/provider_internal.h"
#include "wire/hello.h"
#include "wire/open.h"

enum { RETRY_NS = 50 * 1000 * 1000 };
static const int32_t status_unsupported = (int32_t)0xe00002c7;

static void end(struct provider *provider, err_t err)
{
	if (provider->state == PROVIDER_ENDED)
		return;
	provider->state = PROVIDER_ENDED;
	provider_mirror_abandon(provider);
	provider->ops->ended(provider->context, err);
}

static void retry_in(struct provider *provider, uint64_t ns)
{
	loop_timer_start(provider->loop, &provider->retry, loop_now_ns() + ns);
}

static void go_away(struct provider *provider);

static void greeted(void *context, err_t err, struct wire_frame *frame)
{
	struct provider *provider = context;
	bool again = provider->was_connected;

	if (err)
		return; /* the closed callback follows */
	if (frame->header.status) {
		log_error("%s: the registry refuses this provider (0x%08x)", provider->name,
			  (unsigned)frame->header.status);
		provider->give_up_ns = 0;
		wire_peer_close(provider->peer);
		return;
	}
	provider->state = PROVIDER_CONNECTED;
	provider->was_connected = true;
	provider_mirror_send(provider, again);
	if (provider->ops->connected)
		provider->ops->connected(provider->context, again);
}

static err_t receive(void *context, struct wire_peer *peer, struct wire_frame *frame)
{
	struct provider *provider = context;

	if (frame->header.type == WIRE_SHUTDOWN) {
		provider->end_reason = 0;
		provider->give_up_ns = 0;
		wire_peer_close(peer);
		return 0;
	}
	if (frame->header.type == WIRE_HEARTBEAT)
		return wire_peer_reply(peer, &frame->header, &wire_empty_layout, 0,
				       &(struct wire_empty){ 0 }, NULL, 0);
	if (!provider->ops->request) {
		if (!frame->header.id)
			return 0;
		return wire_peer_reply(peer, &frame->header, &wire_empty_layout, status_unsupported,
				       &(struct wire_empty){ 0 }, NULL, 0);
	}
	return provider->ops->request(provider->context, frame);
}

static void closed(void *context, struct wire_peer *peer)
{
	struct provider *provider = context;

	provider->peer = wire_peer_free(peer);
	provider_mirror_lost(provider);
	if (provider->state == PROVIDER_CONNECTED && provider->give_up_ns) {
		provider->give_up_ns = loop_now_ns() + PROVIDER_RECONNECT_NS;
		provider->end_reason = -EPIPE;
	}
	if ((!provider->socket_path && provider->listener < 0) || !provider->give_up_ns ||
	    loop_now_ns() >= provider->give_up_ns) {
		end(provider, provider->end_reason);
		return;
	}
	go_away(provider);
}

static const struct wire_peer_ops peer_ops = { .message = receive, .closed = closed };

static err_t greet(struct provider *provider, int socket)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.role = WIRE_ROLE_PROVIDER,
		.pid = (uint32_t)getpid(),
		.token = provider->token,
		.name = provider->name,
	};
	err_t err = wire_peer_new(provider->loop, socket, WIRE_CONTROL_MAX, &peer_ops, provider,
				  "registry", &provider->peer);
	if (err)
		return err;
	/* Clients that open and close in a hurry make more work than the registry reads at once. */
	wire_peer_set_patient(provider->peer);
	provider->state = PROVIDER_GREETING;
	provider->epoch++;
	err = wire_peer_call(provider->peer, &wire_hello_layout, &hello, NULL, 0, greeted,
			     provider);
	if (!err && provider->confined)
		err = wire_peer_send(provider->peer, &wire_confined_layout, provider->confined,
				     NULL, 0);
	if (err)
		provider->peer = wire_peer_free(provider->peer);
	return err;
}

static void retry(void *context)
{
	struct provider *provider = context;
	int socket;
	err_t err = -EAGAIN;

	if (provider->listener < 0)
		err = fd_connect(provider->socket_path, &socket);
	else
		loop_remove_fd(provider->loop, provider->listener);
	if (!err)
		err = greet(provider, socket);
	if (!err)
		return;
	if (loop_now_ns() >= provider->give_up_ns)
		end(provider, -EPIPE);
	else
		go_away(provider);
}

/* It has ended again, in order, before we noticed it: there is nobody to greet. */
static bool is_over(int socket)
{
	struct wire_header header;

	return recv(socket, &header, sizeof(header), MSG_PEEK | MSG_DONTWAIT) == sizeof(header) &&
	       header.type == WIRE_SHUTDOWN;
}

/* The next registry has connected, or somebody who is none. */
static void arrived(void *context, int listener, uint32_t events)
{
	struct provider *provider = context;
	struct fd_peer who;
	int socket;

	if (fd_accept(listener, &socket))
		return;
	if (fd_peer(socket, &who) || (who.uid != provider->registry_uid && who.uid != 0)) {
		log_warning("%s: connection of another user refused", provider->name);
		fd_close(socket);
		return;
	}
	loop_remove_fd(provider->loop, listener);
	loop_timer_stop(&provider->retry);
	if (is_over(socket)) {
		fd_close(socket);
		provider->state = PROVIDER_GREETING;
		end(provider, 0);
	} else if (greet(provider, socket)) {
		go_away(provider);
	}
}

static void go_away(struct provider *provider)
{
	provider->state = PROVIDER_AWAY;
	if (provider->listener < 0)
		retry_in(provider, RETRY_NS);
	else if (loop_add_fd(provider->loop, provider->listener, EPOLLIN, arrived, provider))
		end(provider, -EPIPE);
	else
		loop_timer_start(provider->loop, &provider->retry, provider->give_up_ns);
}

static err_t init(struct provider *provider, const struct provider_config *config)
{
	CFMutableDictionaryRef *tables[] = { &provider->classes, &provider->machine,
					     &provider->resources };

	provider->name = strdup(config->name);
	if (!provider->name)
		return -ENOMEM;
	if (config->socket_path && !(provider->socket_path = strdup(config->socket_path)))
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		*tables[i] = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
						       &kCFTypeDictionaryValueCallBacks);
		if (!*tables[i])
			return -ENOMEM;
	}
	return 0;
}

err_t provider_new(const struct provider_config *config, struct provider **ret_provider)
{
	struct provider *provider = calloc(1, sizeof(*provider));
	int socket = config->socket;
	err_t err = -ENOMEM;
	struct fd_peer who;

	if (!provider)
		goto fail;
	provider->loop = config->loop;
	provider->token = config->token;
	provider->listener = config->listener > 0 ? config->listener : -1;
	provider->confined = config->confined;
	provider->ops = config->ops;
	provider->context = config->context;
	provider->give_up_ns = loop_now_ns() + PROVIDER_RECONNECT_NS;
	provider->end_reason = -EPIPE;
	list_init(&provider->entries);
	list_init(&provider->forgotten);
	list_init(&provider->waiting);
	list_init(&provider->in_flight);
	list_init(&provider->to_retire);
	list_init(&provider->settling);
	loop_timer_init(&provider->retry, retry, provider);
	loop_timer_init(&provider->again, provider_turns_again, provider);
	err = init(provider, config);
	if (err)
		goto fail;
	if (socket < 0)
		err = config->socket_path ? fd_connect(config->socket_path, &socket) : -EINVAL;
	if (err)
		goto fail;
	provider->registry_uid = fd_peer(socket, &who) ? geteuid() : who.uid;
	err = greet(provider, socket);
	socket = -1;
	if (err)
		goto fail;
	*ret_provider = provider;
	return 0;
fail:
	fd_close(socket);
	provider_free(provider);
	return err;
}

struct provider *provider_free(struct provider *provider)
{
	if (!provider)
		return NULL;
	loop_timer_stop(&provider->retry);
	loop_timer_stop(&provider->again);
	if (provider->state == PROVIDER_AWAY && provider->listener >= 0)
		loop_remove_fd(provider->loop, provider->listener);
	provider->peer = wire_peer_free(provider->peer);
	if (provider->settling.next)
		provider_settle_waiting(provider);
	if (provider->entries.next)
		provider_mirror_free(provider);
	map_fini(&provider->by_id);
	if (provider->classes)
		CFRelease(provider->classes);
	if (provider->hooked)
		CFRelease(provider->hooked);
	if (provider->machine)
		CFRelease(provider->machine);
	if (provider->resources)
		CFRelease(provider->resources);
	free(provider->machine_name);
	free(provider->socket_path);
	free(provider->name);
	free(provider);
	return NULL;
}

bool provider_is_connected(const struct provider *provider)
{
	return provider->state == PROVIDER_CONNECTED;
}

uint64_t provider_epoch(const struct provider *provider)
{
	return provider->epoch;
}

err_t provider_post(struct provider *provider, const struct wire_layout *layout,
		    const void *message)
{
	if (provider->state != PROVIDER_CONNECTED || !provider->peer)
		return 0;
	return wire_peer_send(provider->peer, layout, message, NULL, 0);
}

err_t provider_send(struct provider *provider, const struct wire_layout *layout,
		    const void *message)
{
	return provider_post(provider, layout, message);
}

err_t provider_ask(struct provider *provider, const struct wire_layout *layout, const void *message,
		   void (*fn)(void *context, err_t err, struct wire_frame *frame), void *context)
{
	if (provider->state != PROVIDER_CONNECTED || !provider->peer)
		return -ENOTCONN;
	return wire_peer_call(provider->peer, layout, message, NULL, 0, fn, context);
}

struct settling {
	struct list link; /* while there is more to be sent first */
	void (*fn)(void *context);
	void *context;
};

static void settled(void *context, err_t err, struct wire_frame *frame)
{
	struct settling *settling = context;

	settling->fn(settling->context);
	free(settling);
}

/* Requests are answered in order; to declare no class is the one that does nothing. */
static err_t ask_settled(struct provider *provider, struct settling *settling)
{
	CFDictionaryRef none =
		CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	struct wire_declare_classes nothing = { .classes = none };
	err_t err = none ? wire_peer_call(provider->peer, &wire_declare_classes_layout, &nothing,
					  NULL, 0, settled, settling)
			 : -ENOMEM;

	if (none)
		CFRelease(none);
	return err;
}

void provider_settle_waiting(struct provider *provider)
{
	while (!list_is_empty(&provider->settling)) {
		struct settling *s = list_first(&provider->settling, struct settling, link);

		list_remove(&s->link);
		if (provider->state != PROVIDER_CONNECTED || !provider->peer ||
		    ask_settled(provider, s))
			settled(s, 0, NULL);
	}
}

err_t provider_settle(struct provider *provider, void (*fn)(void *context), void *context)
{
	struct settling *settling = malloc(sizeof(*settling));
	err_t err = 0;

	if (!settling)
		return -ENOMEM;
	*settling = (struct settling){ .fn = fn, .context = context };
	list_init(&settling->link);
	if (provider->state != PROVIDER_CONNECTED || !provider->peer)
		settled(settling, 0, NULL);
	else if (!list_is_empty(&provider->waiting))
		list_add(&provider->settling, &settling->link);
	else if ((err = ask_settled(provider, settling)))
		free(settling);
	return err;
}

err_t provider_reply(struct provider *provider, const struct wire_header *request,
		     const struct wire_layout *layout, int32_t status, const void *message,
		     const int *fds, size_t n_fds)
{
	if (!request->id || !provider->peer)
		return 0;
	return wire_peer_reply(provider->peer, request, layout, status, message, fds, n_fds);
}
