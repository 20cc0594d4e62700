// SPDX-License-Identifier: MIT
#include "client/class.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/list.h"
#include "base/scope.h"
#include "client/handle.h"
#include "client/session.h"
#include "wire/browse.h"

struct known_class {
	struct list link;
	CFArrayRef ancestry;
	CFStringRef bundle;
	char name[];
};

/* More classes than this are asked again each time. */
enum { KNOWN_MAX = 512 };

static pthread_mutex_t class_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list known_classes = LIST_INIT(known_classes);
static unsigned n_known;

static bool find_known(const char *name, CFArrayRef *ret_ancestry, CFStringRef *ret_bundle)
{
	scope_lock(&class_lock);
	list_for_each(node, &known_classes) {
		struct known_class *known = container_of(node, struct known_class, link);

		if (strcmp(known->name, name))
			continue;
		*ret_ancestry = CFRetain(known->ancestry);
		*ret_bundle = CFRetain(known->bundle);
		return true;
	}
	return false;
}

static void remember(const char *name, CFArrayRef ancestry, CFStringRef bundle)
{
	size_t size = strlen(name) + 1;
	struct known_class *known = malloc(sizeof(*known) + size);

	if (!known)
		return;
	memcpy(known->name, name, size);
	known->ancestry = CFRetain(ancestry);
	known->bundle = CFRetain(bundle);
	scope_lock(&class_lock);
	n_known++;
	list_add_first(&known_classes, &known->link);
	if (n_known > KNOWN_MAX) {
		struct known_class *oldest = list_last(&known_classes, struct known_class, link);

		n_known--;
		list_remove(&oldest->link);
		CFRelease(oldest->ancestry);
		CFRelease(oldest->bundle);
		free(oldest);
	}
}

static bool ask(const char *name, CFArrayRef *ret_ancestry, CFStringRef *ret_bundle)
{
	struct wire_class_request request = { .name = name };
	struct wire_class_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	bool good = false;

	if (!client_session_ask(&wire_class_request_layout, &request, &wire_class_reply_layout,
				&reply, &frame, NULL)) {
		good = reply.ancestry && CFGetTypeID(reply.ancestry) == CFArrayGetTypeID();
		for (CFIndex i = 0; good && i < CFArrayGetCount(reply.ancestry); i++)
			good = CFGetTypeID(CFArrayGetValueAtIndex(reply.ancestry, i)) ==
			       CFStringGetTypeID();
		if (good) {
			*ret_bundle = CFStringCreateWithCString(NULL, reply.bundle,
								kCFStringEncodingUTF8);
			*ret_ancestry = CFRetain(reply.ancestry);
			good = *ret_bundle != NULL;
			if (!good)
				CFRelease(*ret_ancestry);
		}
		wire_message_clear(&wire_class_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return good;
}

bool client_class_copy_ancestry(const char *name, CFArrayRef *ret_ancestry, CFStringRef *ret_bundle)
{
	CFStringRef bundle;
	io_name_t cut;

	name = client_handle_cut_name(cut, name);
	if (!find_known(name, ret_ancestry, &bundle)) {
		if (!ask(name, ret_ancestry, &bundle))
			return false;
		remember(name, *ret_ancestry, bundle);
	}
	if (ret_bundle)
		*ret_bundle = bundle;
	else
		CFRelease(bundle);
	return true;
}

bool client_class_conforms(const char *name, const char *ancestor)
{
	CFArrayRef ancestry;
	bool found = !strcmp(name, ancestor);
	char text[sizeof(io_name_t) * 4];

	if (found || !client_class_copy_ancestry(name, &ancestry, NULL))
		return found;
	for (CFIndex i = 0; !found && i < CFArrayGetCount(ancestry); i++)
		found = CFStringGetCString(CFArrayGetValueAtIndex(ancestry, i), text, sizeof(text),
					   kCFStringEncodingUTF8) &&
			!strcmp(text, ancestor);
	CFRelease(ancestry);
	return found;
}

void client_class_forget(void)
{
	scope_lock(&class_lock);
	list_for_each_safe(node, &known_classes) {
		struct known_class *known = container_of(node, struct known_class, link);

		list_remove(node);
		CFRelease(known->ancestry);
		CFRelease(known->bundle);
		free(known);
	}
	n_known = 0;
}

void client_class_lock(void)
{
	pthread_mutex_lock(&class_lock);
}

void client_class_unlock(void)
{
	pthread_mutex_unlock(&class_lock);
}
