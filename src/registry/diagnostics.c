// SPDX-License-Identifier: MIT
#include "registry/diagnostics.h"

#include <stdlib.h>

#include "base/log.h"
#include "registry/deferred.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "registry/tray.h"
#include "wire/publish.h"

/* A host that does not say how many objects it has is left out after this time. */
#define COUNT_TIMEOUT_NS (1000ull * 1000 * 1000)

struct gathering {
	struct registry_deferred *deferred;
	CFStringRef key; /* NULL: everything */
	CFMutableDictionaryRef counts;
	size_t n_awaited;
};

struct count_call {
	struct gathering *gathering;
	struct wire_peer *wire; /* valid while the answer is no error */
};

/* --- counts ------------------------------------------------------------------------------- */

static int32_t count_in(CFDictionaryRef counts, const void *key)
{
	int64_t n = 0;

	registry_number_get(CFDictionaryGetValue(counts, key), &n);
	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

/* Objects of a class in several hosts add up. */
static void add_count(const void *key, const void *value, void *context)
{
	CFMutableDictionaryRef counts = context;
	int64_t n = 0;

	if (!registry_is_string(key) || !registry_number_get(value, &n) || n <= 0 || n > INT32_MAX)
		return;
	n += count_in(counts, key);
	registry_set_number(counts, key, n > INT32_MAX ? INT32_MAX : n, kCFNumberSInt32Type);
}

/* An object that is in the registry, too, counts once. Classes that nobody declared do not appear. */
static void merge_count(const void *key, const void *value, void *context)
{
	CFMutableDictionaryRef classes = context;
	int64_t n = 0;

	if (CFDictionaryContainsKey(classes, key) && registry_number_get(value, &n) &&
	    n > count_in(classes, key))
		registry_set_number(classes, key, n, kCFNumberSInt32Type);
}

static CFDictionaryRef copy_root(struct gathering *g)
{
	CFDictionaryRef root = registry_root_copy_properties(g->deferred->registry);
	CFTypeRef old = root ? CFDictionaryGetValue(root, CFSTR("IOKitDiagnostics")) : NULL;
	scope_cf CFMutableDictionaryRef diagnostics =
		old ? CFDictionaryCreateMutableCopy(NULL, 0, old) : NULL;
	CFTypeRef counts = diagnostics ? CFDictionaryGetValue(diagnostics, CFSTR("Classes")) : NULL;
	scope_cf CFMutableDictionaryRef classes =
		counts ? CFDictionaryCreateMutableCopy(NULL, 0, counts) : NULL;

	if (!classes)
		return root;
	CFDictionaryApplyFunction(g->counts, merge_count, classes);
	CFDictionarySetValue(diagnostics, CFSTR("Classes"), classes);
	CFMutableDictionaryRef all = CFDictionaryCreateMutableCopy(NULL, 0, root);
	if (all)
		CFDictionarySetValue(all, CFSTR("IOKitDiagnostics"), diagnostics);
	CFRelease(root);
	return all;
}

/* --- asking --------------------------------------------------------------------------------- */

static void answer(struct registry_deferred *deferred)
{
	struct gathering *g = deferred->context;
	scope_cf CFDictionaryRef all = copy_root(g);
	struct wire_value_reply reply = { all };

	if (all && g->key)
		reply.value = CFDictionaryGetValue(all, g->key);
	if (reply.value)
		registry_deferred_answer(deferred, &wire_value_reply_layout, kIOReturnSuccess,
					 &reply, NULL, 0);
	else
		registry_deferred_answer(deferred, &wire_empty_layout,
					 all ? kIOReturnNotFound : kIOReturnNoMemory, NULL, NULL,
					 0);
}

static void end(struct gathering *g)
{
	if (g->deferred->peer)
		answer(g->deferred);
	registry_deferred_finish(g->deferred, &wire_empty_layout, kIOReturnSuccess, NULL, NULL, 0);
	if (g->key)
		CFRelease(g->key);
	CFRelease(g->counts);
	free(g);
}

static void handle_counts(void *context, err_t err, struct wire_frame *frame)
{
	struct count_call *call = context;
	struct gathering *g = call->gathering;
	struct wire_value_reply reply = { NULL };

	if (!err && !frame->header.status)
		wire_peer_decode_answer(call->wire, frame, &wire_value_reply_layout, &reply,
					"about its objects");
	if (registry_is_dictionary(reply.value))
		CFDictionaryApplyFunction(reply.value, add_count, g->counts);
	wire_message_clear(&wire_value_reply_layout, &reply);
	free(call);
	if (--g->n_awaited == 0)
		end(g);
}

static void ask(struct gathering *g, struct wire_peer *wire)
{
	struct wire_read_property message = { .key = "" };
	struct count_call *call = malloc(sizeof(*call));

	if (!call)
		return;
	*call = (struct count_call){ g, wire };
	g->n_awaited++;
	if (wire_peer_call(wire, &wire_read_property_layout, &message, NULL, 0, handle_counts,
			   call)) {
		g->n_awaited--;
		free(call);
	}
}

err_t registry_diagnostics_read(struct registry_peer *client, const struct wire_header *request,
				CFStringRef key)
{
	struct registry *r = client->registry;
	struct gathering *g = calloc(1, sizeof(*g));

	registry_trays_take(r);
	if (g)
		g->counts = registry_dictionary_new();
	if (g && g->counts)
		g->deferred =
			registry_deferred_new(client, request, COUNT_TIMEOUT_NS, kIOReturnTimeout);
	if (!g || !g->deferred) {
		if (g && g->counts)
			CFRelease(g->counts);
		free(g);
		return registry_peer_status(client, request, kIOReturnNoResources);
	}
	g->deferred->context = g;
	g->deferred->expired = answer;
	g->key = key ? CFRetain(key) : NULL;
	g->n_awaited = 1; /* our own */
	list_for_each(l, &r->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);

		if (s->peer && !s->is_bridge && registry_peer_may_be_asked(s->peer, 0))
			ask(g, s->peer->wire);
	}
	if (--g->n_awaited == 0)
		end(g);
	return 0;
}
