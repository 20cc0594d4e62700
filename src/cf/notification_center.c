// SPDX-License-Identifier: MIT
#include "cf/notification_center.h"

#include <pthread.h>
#include <stdlib.h>

struct observer {
	struct list link;
	_Atomic unsigned refs;
	bool removed; /* guarded by lock */
	const void *observer;
	CFNotificationCallback callback;
	CFStringRef name;   /* or NULL */
	const void *object; /* or NULL; of the distributed center a string, retained */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
CF_FREE_AFTER_FORK(lock)

#define CENTER(kind) \
	{ \
		CF_OBJECT_STATIC(CF_TYPE_NOTIFICATION_CENTER), kind, \
			LIST_INIT(centers[kind].observers) \
	}
static struct __CFNotificationCenter centers[CENTERS] = {
	[CENTER_LOCAL] = CENTER(CENTER_LOCAL),
	[CENTER_DISTRIBUTED] = CENTER(CENTER_DISTRIBUTED),
	[CENTER_DARWIN] = CENTER(CENTER_DARWIN),
};

const struct cf_class cf_notification_center_class = { .name = "CFNotificationCenter" };

CFTypeID CFNotificationCenterGetTypeID(void)
{
	return CF_TYPE_NOTIFICATION_CENTER;
}

CFNotificationCenterRef CFNotificationCenterGetLocalCenter(void)
{
	return &centers[CENTER_LOCAL];
}

CFNotificationCenterRef CFNotificationCenterGetDistributedCenter(void)
{
	return &centers[CENTER_DISTRIBUTED];
}

CFNotificationCenterRef CFNotificationCenterGetDarwinNotifyCenter(void)
{
	return &centers[CENTER_DARWIN];
}

static bool is_center(CFNotificationCenterRef center)
{
	return cf_is(center, CF_TYPE_NOTIFICATION_CENTER);
}

static void observer_unref(struct observer *o)
{
	if (atomic_fetch_sub(&o->refs, 1) != 1)
		return;
	cf_drop(o->name);
	free(o);
}

/* --- observing ---------------------------------------------------------------------------- */

void CFNotificationCenterAddObserver(CFNotificationCenterRef center, const void *observer,
				     CFNotificationCallback callBack, CFStringRef name,
				     const void *object,
				     CFNotificationSuspensionBehavior suspensionBehavior)
{
	struct observer *o;

	if (!is_center(center) || !callBack || (name && !cf_string_is(name)))
		return;
	if (center->kind == CENTER_DARWIN) {
		object = NULL;
		if (!name)
			return;
	}
	if (center->kind == CENTER_DISTRIBUTED && object && !cf_string_is(object))
		return;
	o = calloc(1, sizeof(*o));
	if (!o)
		return;
	atomic_init(&o->refs, 1);
	o->observer = observer;
	o->callback = callBack;
	o->name = name ? CFStringCreateCopy(NULL, name) : NULL;
	/* Strings of other processes are never the same pointer. */
	o->object = center->kind == CENTER_DISTRIBUTED && object ? CFStringCreateCopy(NULL, object)
								 : object;
	pthread_mutex_lock(&lock);
	list_add(&center->observers, &o->link);
	pthread_mutex_unlock(&lock);
	if (center->kind != CENTER_LOCAL)
		center_wire_listen();
}

static bool is_same_object(enum center_kind kind, const void *a, const void *b)
{
	return a == b || (kind == CENTER_DISTRIBUTED && a && cf_string_is(b) && CFEqual(a, b));
}

static void remove_observers(CFNotificationCenterRef center, const void *observer, CFStringRef name,
			     const void *object)
{
	struct list removed;

	list_init(&removed);
	pthread_mutex_lock(&lock);
	list_for_each_safe(node, &center->observers) {
		struct observer *o = container_of(node, struct observer, link);

		if (o->observer != observer || (name && !(o->name && CFEqual(o->name, name))) ||
		    (object && !is_same_object(center->kind, o->object, object)))
			continue;
		list_remove(&o->link);
		list_add(&removed, &o->link);
		o->removed = true;
	}
	pthread_mutex_unlock(&lock);
	list_for_each_safe(node, &removed) {
		struct observer *o = container_of(node, struct observer, link);

		list_remove(&o->link);
		if (center->kind == CENTER_DISTRIBUTED)
			cf_drop(o->object);
		observer_unref(o);
	}
}

void CFNotificationCenterRemoveObserver(CFNotificationCenterRef center, const void *observer,
					CFNotificationName name, const void *object)
{
	if (is_center(center))
		remove_observers(center, observer, name,
				 center->kind == CENTER_DARWIN ? NULL : object);
}

void CFNotificationCenterRemoveEveryObserver(CFNotificationCenterRef center, const void *observer)
{
	if (is_center(center))
		remove_observers(center, observer, NULL, NULL);
}

/* --- posting --------------------------------------------------------------------------------- */

static bool observes(enum center_kind kind, const struct observer *o, CFStringRef name,
		     const void *object)
{
	return (!o->name || CFEqual(o->name, name)) &&
	       (!o->object || is_same_object(kind, o->object, object));
}

/* References to the observers of NAME; to be freed. */
static struct observer **observers_of(enum center_kind kind, CFStringRef name, const void *object,
				      size_t *ret_n)
{
	struct observer **found;
	size_t n = 0;

	pthread_mutex_lock(&lock);
	list_for_each(node, &centers[kind].observers)
		n++;
	found = malloc((n + 1) * sizeof(struct observer *));
	n = 0;
	list_for_each(node, &centers[kind].observers) {
		struct observer *o = container_of(node, struct observer, link);

		if (!found || !observes(kind, o, name, object))
			continue;
		atomic_fetch_add(&o->refs, 1);
		found[n++] = o;
	}
	pthread_mutex_unlock(&lock);
	*ret_n = n;
	return found;
}

void center_deliver(enum center_kind kind, CFStringRef name, const void *object,
		    CFDictionaryRef info)
{
	struct observer **found;
	size_t n;

	found = observers_of(kind, name, object, &n);
	for (size_t i = 0; i < n; i++) {
		bool removed;

		/* Whoever was removed by an earlier one is not called any more. */
		pthread_mutex_lock(&lock);
		removed = found[i]->removed;
		pthread_mutex_unlock(&lock);
		if (!removed)
			found[i]->callback(&centers[kind], (void *)(uintptr_t)found[i]->observer,
					   name, object, info);
		observer_unref(found[i]);
	}
	free(found);
}

void CFNotificationCenterPostNotificationWithOptions(CFNotificationCenterRef center,
						     CFNotificationName name, const void *object,
						     CFDictionaryRef userInfo,
						     CFOptionFlags options)
{
	scope_cf CFStringRef copy = NULL;

	if (!is_center(center) || !cf_string_is(name))
		return;
	copy = CFStringCreateCopy(NULL, name);
	switch (center->kind) {
	case CENTER_DISTRIBUTED:
		if (!object || cf_string_is(object))
			center_wire_post(CENTER_DISTRIBUTED, copy, object, userInfo);
		return;
	case CENTER_DARWIN:
		center_wire_post(CENTER_DARWIN, copy, NULL, NULL);
		return;
	default:
		center_deliver(CENTER_LOCAL, copy, object, userInfo);
	}
}

void CFNotificationCenterPostNotification(CFNotificationCenterRef center, CFNotificationName name,
					  const void *object, CFDictionaryRef userInfo,
					  Boolean deliverImmediately)
{
	CFNotificationCenterPostNotificationWithOptions(
		center, name, object, userInfo,
		deliverImmediately ? kCFNotificationDeliverImmediately : 0);
}
