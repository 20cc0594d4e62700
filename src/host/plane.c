// SPDX-License-Identifier: MIT
/* Objects in planes: further parents, names and locations of their own. */
#include <IOKit/IORegistryEntry.h>

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "host/host_internal.h"

enum { PLANE_NAME_MAX = 31 };

/* SERVICE hangs below PARENT in PLANE. In the host's list, in the order of attachment. */
struct host_place {
	struct list link;
	IOService *service; /* borrowed: it leaves all planes before it is freed */
	IOService *parent;  /* retained; NULL: the registry's root */
	char plane[PLANE_NAME_MAX + 1];
};

/* A name or location that SERVICE has, or had, in a plane. Texts stay until the object is freed:
 * callers hold pointers to them. */
struct host_name {
	struct list link;		/* latest first */
	char plane[PLANE_NAME_MAX + 1]; /* "": of no plane */
	bool is_location;
	char text[];
};

/* "" for the IOService plane, which is what everything hangs in anyway. False: no plane's name. */
static bool read_plane(const char *plane, char ret_plane[PLANE_NAME_MAX + 1])
{
	if (!plane || strlen(plane) > PLANE_NAME_MAX || strpbrk(plane, "/:"))
		return false;
	strcpy(ret_plane, plane);
	return plane[0] != 0;
}

/* --- names ------------------------------------------------------------------------ */

static const char *find_name_locked(struct IOServiceRuntime *runtime, const char *plane,
				    bool is_location)
{
	list_for_each(node, &runtime->names) {
		struct host_name *n = container_of(node, struct host_name, link);

		if (n->is_location == is_location && !strcmp(n->plane, plane))
			return n->text;
	}
	return NULL;
}

static err_t add_name_locked(struct IOServiceRuntime *runtime, const char *plane, bool is_location,
			     const char *text)
{
	list_for_each(node, &runtime->names) {
		struct host_name *n = container_of(node, struct host_name, link);

		if (n->is_location != is_location || strcmp(n->plane, plane) ||
		    strcmp(n->text, text))
			continue;
		list_remove(&n->link); /* again what it was before */
		list_add_first(&runtime->names, &n->link);
		return 0;
	}
	struct host_name *n = malloc(sizeof(*n) + strlen(text) + 1);
	if (!n)
		return -ENOMEM;
	strcpy(n->plane, plane);
	n->is_location = is_location;
	strcpy(n->text, text);
	list_add_first(&runtime->names, &n->link);
	return 0;
}

err_t host_plane_remember(IOService *service, const char *name, const char *location)
{
	scope_lock(&service->runtime->lock);
	err_t err = name && *name ? add_name_locked(service->runtime, "", false, name) : 0;

	if (!err && location && *location)
		err = add_name_locked(service->runtime, "", true, location);
	return err;
}

void host_plane_fini(struct IOServiceRuntime *runtime)
{
	list_for_each_safe(node, &runtime->names)
		free(container_of(node, struct host_name, link));
}

struct renaming {
	struct IOServiceRuntime *runtime;
	const char *plane, *name, *location;
	err_t err;
};

static void rename_entry(void *context)
{
	struct renaming *r = context;

	if (r->runtime->entry)
		r->err = provider_rename(r->runtime->entry, r->plane, r->name, r->location);
}

static IOReturn set_text(IOService *service, const char *plane, bool is_location, const char *text)
{
	struct IOServiceRuntime *runtime = service->runtime;
	char own_plane[PLANE_NAME_MAX + 1] = "";
	struct renaming r = { .runtime = runtime, .plane = own_plane };

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	if (!text || strlen(text) > 127 || (plane && !read_plane(plane, own_plane)))
		return kIOReturnBadArgument;
	pthread_mutex_lock(&runtime->lock);
	err_t err = add_name_locked(runtime, own_plane, is_location, text);
	const char *name = find_name_locked(runtime, own_plane, false);
	const char *location = find_name_locked(runtime, own_plane, true);
	r.name = name ? name : "";
	r.location = location ? location : "";
	pthread_mutex_unlock(&runtime->lock);
	if (!err)
		err = host_tell(runtime->host, rename_entry, &r);
	return err || r.err ? kIOReturnNoMemory : kIOReturnSuccess;
}

IOReturn IOServiceSetName(IOService *service, const char *name, const char *plane)
{
	return name && *name ? set_text(service, plane, false, name) : kIOReturnBadArgument;
}

IOReturn IOServiceSetLocation(IOService *service, const char *location, const char *plane)
{
	return set_text(service, plane, true, location ? location : "");
}

const char *IOServiceGetName(IOService *service, const char *plane)
{
	struct IOServiceRuntime *runtime = service->runtime;

	scope_lock(&runtime->lock);
	const char *name = plane ? find_name_locked(runtime, plane, false) : NULL;
	if (!name)
		name = find_name_locked(runtime, "", false);
	return name ? name : runtime->name;
}

const char *IOServiceGetLocation(IOService *service, const char *plane)
{
	scope_lock(&service->runtime->lock);
	const char *location = plane ? find_name_locked(service->runtime, plane, true) : NULL;

	if (!location)
		location = find_name_locked(service->runtime, "", true);
	return location && *location ? location : NULL;
}

/* --- the machine ------------------------------------------------------------------- */

IOService *IOServiceCopyServiceRoot(IOService *service)
{
	struct host_driver *driver = service->runtime->driver;
	IOService *root = host_service_new(driver, &IOServiceBase, NULL);

	if (!root)
		return NULL;
	root->runtime->is_remote = true;
	root->runtime->id = WIRE_MACHINE_ID;
	root->runtime->remote_class = strdup("IOPlatformExpertDevice");
	if (!root->runtime->remote_class) {
		IOServiceRelease(root);
		return NULL;
	}
	return root;
}

/* --- attachment -------------------------------------------------------------------- */

struct attaching {
	struct IOServiceRuntime *runtime;
	uint64_t parent;
	const char *plane;
	bool detach;
	/* the answer */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	int32_t status;
};

static void answered(void *context, int32_t status)
{
	struct attaching *a = context;

	pthread_mutex_lock(&a->lock);
	a->status = status;
	a->done = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void attach(void *context)
{
	struct attaching *a = context;
	err_t err = -ENOENT;

	if (a->runtime->entry)
		err = provider_attach(a->runtime->entry, a->parent, a->plane, a->detach, answered,
				      a);
	if (err)
		answered(a, err == -ENOMEM ? kIOReturnNoMemory : kIOReturnNotAttached);
}

/* Tell the registry and wait for what it says. */
static IOReturn ask(IOService *service, uint64_t parent, const char *plane, bool detach)
{
	struct attaching a = {
		.runtime = service->runtime, .parent = parent, .plane = plane, .detach = detach
	};

	pthread_mutex_init(&a.lock, NULL);
	pthread_cond_init(&a.changed, NULL);
	if (host_on_loop(service->runtime->host, attach, &a)) {
		a.done = true;
		a.status = kIOReturnNotAttached;
	}
	pthread_mutex_lock(&a.lock);
	while (!a.done)
		pthread_cond_wait(&a.changed, &a.lock);
	pthread_mutex_unlock(&a.lock);
	pthread_cond_destroy(&a.changed);
	pthread_mutex_destroy(&a.lock);
	return a.status;
}

static struct host_place *find_place_locked(struct host *host, const IOService *service,
					    const IOService *parent, const char *plane)
{
	list_for_each(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);

		if (p->service == service && p->parent == parent && !strcmp(p->plane, plane))
			return p;
	}
	return NULL;
}

static void drop_place(struct host_place *place)
{
	IOServiceRelease(place->parent);
	free(place);
}

static struct host_place *take_place(struct host *host, const IOService *service,
				     const IOService *parent, const char *plane)
{
	scope_lock(&host->lock);
	struct host_place *p = find_place_locked(host, service, parent, plane);

	if (p)
		list_remove(&p->link);
	return p;
}

IOReturn IOServiceAttachToParent(IOService *service, IOService *parent, const char *plane)
{
	struct host *host = service->runtime->host;
	uint64_t id = parent ? IOServiceGetEntryID(parent) : WIRE_ROOT_ID;
	struct host_place *place;
	IOReturn status;

	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	if (!id || !IOServiceGetEntryID(service))
		return kIOReturnNotAttached;
	place = calloc(1, sizeof(*place));
	if (!place)
		return kIOReturnNoMemory;
	if (!read_plane(plane, place->plane)) {
		free(place);
		return kIOReturnBadArgument;
	}
	place->service = service;
	place->parent = IOServiceRetain(parent);
	status = ask(service, id, place->plane, false);
	pthread_mutex_lock(&host->lock);
	/* Either may have ended meanwhile: then nobody would take the place out again. */
	bool is_new = !status && !service->runtime->has_left &&
		      (!parent || !parent->runtime->has_left) &&
		      !find_place_locked(host, service, parent, place->plane);
	if (is_new)
		list_add(&host->places, &place->link);
	pthread_mutex_unlock(&host->lock);
	if (!is_new)
		drop_place(place);
	return status;
}

IOReturn IOServiceDetachFromParent(IOService *service, IOService *parent, const char *plane)
{
	struct host *host = service->runtime->host;
	uint64_t id = parent ? IOServiceGetEntryID(parent) : WIRE_ROOT_ID;
	char own_plane[PLANE_NAME_MAX + 1];
	struct host_place *place;

	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	if (!read_plane(plane, own_plane))
		return kIOReturnBadArgument;
	place = take_place(host, service, parent, own_plane);
	if (place)
		drop_place(place);
	return id ? ask(service, id, own_plane, true) : kIOReturnNotAttached;
}

static bool concerns(const struct host_place *place, const IOService *service)
{
	return place->service == service || place->parent == service;
}

void host_plane_leave(IOService *service)
{
	struct host *host = service->runtime->host;
	struct list mine;

	list_init(&mine);
	pthread_mutex_lock(&host->lock);
	service->runtime->has_left = true;
	list_for_each_safe(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);

		if (!concerns(p, service))
			continue;
		list_remove(&p->link);
		list_add(&mine, &p->link);
	}
	pthread_mutex_unlock(&host->lock);
	/* The registry detaches what ends by itself. */
	list_for_each_safe(node, &mine)
		drop_place(container_of(node, struct host_place, link));
}

IOService *host_plane_copy_provider(IOService *service, uint64_t id)
{
	struct host *host = service->runtime->host;

	scope_lock(&host->lock);
	list_for_each(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);

		if (p->service == service && p->parent && !strcmp(p->plane, kIOServicePlane) &&
		    IOServiceGetEntryID(p->parent) == id)
			return IOServiceRetain(p->parent);
	}
	return NULL;
}

IOService *host_plane_take_provider(IOService *service)
{
	struct host *host = service->runtime->host;
	struct host_place *found = NULL;

	pthread_mutex_lock(&host->lock);
	list_for_each(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);

		if (!found && p->service == service && p->parent &&
		    !strcmp(p->plane, kIOServicePlane))
			found = p;
	}
	if (found)
		list_remove(&found->link);
	pthread_mutex_unlock(&host->lock);
	if (!found)
		return NULL;
	IOService *parent = IOServiceRetain(found->parent);
	drop_place(found);
	return parent;
}

void host_plane_forget_provider(IOService *service, IOService *parent)
{
	struct host_place *place =
		take_place(service->runtime->host, service, parent, kIOServicePlane);

	if (place)
		drop_place(place);
}

static IOService *copy_related(IOService *service, const char *plane, size_t index, bool parents)
{
	struct host *host = service->runtime->host;

	scope_lock(&host->lock);
	list_for_each(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);
		IOService *here = parents ? p->service : p->parent;
		IOService *there = parents ? p->parent : p->service;

		if (here == service && there && !strcmp(p->plane, plane) && !index--)
			return IOServiceRetain(there);
	}
	return NULL;
}

static IOService *copy_client(IOService *service, size_t *index)
{
	scope_lock(&service->runtime->lock);
	list_for_each(node, &service->runtime->clients)
		if (!(*index)--)
			return IOServiceRetain(
				container_of(node, struct IOServiceRuntime, client_link)->object);
	return NULL;
}

IOService *IOServiceCopyParent(IOService *service, const char *plane, size_t index)
{
	IOService *provider = NULL;

	if (!plane)
		return NULL;
	if (!strcmp(plane, kIOServicePlane)) {
		scope_lock(&service->runtime->lock);
		provider = service->runtime->provider;
		if (provider && !index--)
			return IOServiceRetain(provider);
	}
	return copy_related(service, plane, index, true);
}

IOService *IOServiceCopyChild(IOService *service, const char *plane, size_t index)
{
	IOService *client = NULL;

	if (!plane)
		return NULL;
	if (!strcmp(plane, kIOServicePlane))
		client = copy_client(service, &index);
	return client ? client : copy_related(service, plane, index, false);
}

bool IOServiceInPlane(IOService *service, const char *plane)
{
	struct host *host = service->runtime->host;

	if (!plane || !strcmp(plane, kIOServicePlane))
		return IOServiceGetProvider(service) != NULL;
	scope_lock(&host->lock);
	list_for_each(node, &host->places) {
		struct host_place *p = container_of(node, struct host_place, link);

		if (p->service == service && !strcmp(p->plane, plane))
			return true;
	}
	return false;
}
