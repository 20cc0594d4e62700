// SPDX-License-Identifier: MIT
/* The bare channel as a hand-over: the server adds two words, or sends the payload back. */
#include "limits/channel.h"

#include <stdlib.h>

#include "limits/pair.h"

enum { ADD = 0, ECHO = 1 };

struct ends {
	struct channel client, server;
};

static bool channel_open(struct pair *pair)
{
	struct ends *ends = malloc(sizeof(*ends));

	if (!ends)
		return false;
	channel_init(&ends->client, pair->shared, CHANNEL_CLIENT, pair_back(pair), pair_there(pair),
		     pair->bytes);
	channel_init(&ends->server, pair->shared, CHANNEL_SERVER, pair_there(pair), pair_back(pair),
		     pair->bytes);
	pair->state = ends;
	return true;
}

static void channel_serve(struct pair *pair, uint64_t n)
{
	struct channel *server = &((struct ends *)pair->state)->server;
	struct channel_message m;

	for (; n && channel_receive(server, &m, pair->mine); n--) {
		if (m.code == ADD && m.n_words == 2) {
			m.words[0] += m.words[1];
			m.n_words = 1;
		}
		m.code = 0;
		channel_post(server, &m, pair->mine);
	}
	channel_settle(server);
}

static uint64_t channel_call(struct pair *pair, uint64_t a, uint64_t b)
{
	struct channel *client = &((struct ends *)pair->state)->client;
	struct channel_message m = { .code = pair->bytes ? ECHO : ADD,
				     .n_words = pair->bytes ? 0 : 2,
				     .n_bytes = (uint32_t)pair->bytes,
				     .words = { a, b } };

	channel_post(client, &m, pair->mine);
	if (!channel_receive(client, &m, pair->mine))
		return 0;
	return m.words[0];
}

const struct handover handover_channel = {
	.open = channel_open,
	.serve = channel_serve,
	.call = channel_call,
};
