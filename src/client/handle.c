// SPDX-License-Identifier: MIT
#include "client/handle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/session.h"
#include "client/status.h"

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map table = MAP_INIT; /* ID -> client_entry, without references */

/* The name of a class, shared by its entries. */
struct client_class_text {
	struct ref refs;
	char text[];
};
static struct client_class_text *last_class; /* used last; under table_lock */

/* --- objects --- */

static void object_retain(void *object)
{
	atomic_fetch_add_explicit(&((struct client_object *)object)->refs, 1, memory_order_relaxed);
}

void client_object_kill(struct client_object *object)
{
	port_kill(object->port);
	/* The last handle may go just now. */
	if (atomic_exchange(&object->named, false))
		client_object_unref(object);
}

static void object_no_senders(void *context)
{
	client_object_kill(context);
}

static const struct port_object_ops object_ops = { object_retain, object_no_senders };

void client_object_init(struct client_object *object, enum client_object_type type,
			void (*free_fn)(struct client_object *object))
{
	object->type = type;
	atomic_init(&object->refs, 1);
	atomic_init(&object->named, false);
	object->port = NULL;
	object->free = free_fn;
}

err_t client_object_name(struct client_object *object, io_object_t *ret_name)
{
	err_t err = port_new_object(CLIENT_KIND_OBJECT, object, &object_ops, &object->port);

	if (err)
		return err;
	/* For the handles, until there are no more. */
	object_retain(object);
	atomic_store(&object->named, true);
	err = port_make_send(object->port, ret_name);
	if (err)
		client_object_kill(object);
	return err;
}

struct client_object *client_object_unref(struct client_object *object)
{
	if (!object)
		return NULL;
	if (object->type == CLIENT_OBJECT_ENTRY) {
		client_entry_unref(container_of(object, struct client_entry, object));
		return NULL;
	}
	if (atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	port_unref(object->port);
	object->free(object);
	return NULL;
}

err_t client_handle_object(io_object_t handle, struct client_object **ret_object)
{
	void *object;
	err_t err = port_copy_object(handle, CLIENT_KIND_OBJECT, &object);

	if (!err)
		*ret_object = object;
	return err;
}

err_t client_handle_entry(io_object_t handle, struct client_entry **ret_entry)
{
	struct client_object *object;
	err_t err = client_handle_object(handle, &object);

	if (err)
		return err;
	if (object->type != CLIENT_OBJECT_ENTRY) {
		client_object_unref(object);
		return -EINVAL;
	}
	*ret_entry = container_of(object, struct client_entry, object);
	return 0;
}

err_t client_handle_service(io_object_t handle, struct client_entry **ret_entry)
{
	err_t err = client_handle_entry(handle, ret_entry);

	if (!err && !((*ret_entry)->kinds & WIRE_STATE_SERVICE)) {
		client_entry_unref(*ret_entry);
		return -EINVAL;
	}
	return err;
}

/* --- entries --- */

static void entry_no_senders(void *context)
{
	struct client_entry *entry = container_of(context, struct client_entry, object);
	bool drop = false;

	pthread_mutex_lock(&table_lock);
	/* A handle may have been made again since. */
	if (entry->named && !port_has_senders(entry->object.port)) {
		entry->named = false;
		drop = true;
	}
	pthread_mutex_unlock(&table_lock);
	if (drop)
		client_entry_unref(entry);
}

static const struct port_object_ops entry_ops = { object_retain, entry_no_senders };

static void class_unref(struct client_class_text *text)
{
	if (text && ref_put(&text->refs))
		free(text);
}

/* Most entries are of the class of the one before. */
static struct client_class_text *class_text_locked(const char *name)
{
	struct client_class_text *text = last_class;

	if (!text || strcmp(text->text, name)) {
		text = malloc(sizeof(*text) + strlen(name) + 1);
		if (!text)
			return NULL;
		ref_init(&text->refs); /* last_class's */
		strcpy(text->text, name);
		class_unref(last_class);
		last_class = text;
	}
	ref_get(&text->refs);
	return text;
}

static void entry_free(struct client_entry *entry)
{
	if (entry->object.port) {
		port_kill(entry->object.port);
		port_unref(entry->object.port);
	}
	class_unref(entry->class_text);
	free(entry->name);
	free(entry);
}

struct client_entry *client_entry_ref(struct client_entry *entry)
{
	object_retain(&entry->object);
	return entry;
}

/* False: there are not REFS any more but what REFS says then. */
static bool drop_one(struct client_entry *entry, unsigned *refs)
{
	return atomic_compare_exchange_weak_explicit(&entry->object.refs, refs, *refs - 1,
						     memory_order_release, memory_order_relaxed);
}

struct client_entry *client_entry_unref(struct client_entry *entry)
{
	uint64_t grants, epoch;
	unsigned refs;
	bool is_dead;

	if (!entry)
		return NULL;
	refs = atomic_load_explicit(&entry->object.refs, memory_order_relaxed);
	while (refs > 1) {
		if (drop_one(entry, &refs))
			return NULL;
	}
	pthread_mutex_lock(&table_lock);
	if (atomic_fetch_sub_explicit(&entry->object.refs, 1, memory_order_acq_rel) != 1) {
		pthread_mutex_unlock(&table_lock);
		return NULL;
	}
	/* A message may have brought a handle that nobody counted. */
	if (entry->object.port && !entry->dead && port_has_senders(entry->object.port)) {
		entry->named = true;
		atomic_store_explicit(&entry->object.refs, 1, memory_order_relaxed);
		pthread_mutex_unlock(&table_lock);
		return NULL;
	}
	is_dead = entry->dead;
	if (!is_dead)
		map_remove(&table, entry->id);
	grants = entry->grants;
	epoch = entry->epoch;
	pthread_mutex_unlock(&table_lock);
	if (grants)
		client_session_release(epoch, entry->id, grants, is_dead);
	entry_free(entry);
	return NULL;
}

static struct client_entry *entry_new_locked(uint64_t id, uint32_t state, const char *class_name)
{
	struct client_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->class_text = class_text_locked(class_name ? class_name : "IOService");
	if (!entry->class_text) {
		free(entry);
		return NULL;
	}
	entry->class_name = entry->class_text->text;
	entry->object.type = CLIENT_OBJECT_ENTRY;
	atomic_init(&entry->object.refs, 1);
	entry->id = id;
	entry->kinds = state & (WIRE_STATE_SERVICE | WIRE_STATE_USER_CLIENT);
	return entry;
}

static struct client_entry *find_locked(uint64_t id)
{
	struct client_entry *entry = map_find(&table, id);

	return entry ? client_entry_ref(entry) : NULL;
}

/* The known entry, or a new one; referenced. */
static struct client_entry *intern_locked(uint64_t id, uint32_t state, const char *class_name)
{
	struct client_entry *entry = find_locked(id);

	if (entry)
		return entry;
	entry = entry_new_locked(id, state, class_name);
	if (entry && map_set(&table, id, entry)) {
		entry_free(entry);
		return NULL;
	}
	return entry;
}

/* One hold is enough for a handle, but each answer with the entry brings another: they are given back now and then,
 * for who asks often while he has the handle. */
enum { GRANTS_KEPT = 64 };

static struct client_entry *grant_locked(uint64_t id, uint32_t state, const char *class_name,
					 uint32_t n_grants, uint64_t epoch, uint64_t *ret_surplus)
{
	struct client_entry *entry = intern_locked(id, state, class_name);

	if (entry && entry->epoch < epoch) {
		entry->epoch = epoch;
		entry->grants = 0;
	}
	*ret_surplus = 0;
	if (entry && entry->epoch == epoch)
		entry->grants += n_grants;
	if (entry && entry->grants > GRANTS_KEPT) {
		*ret_surplus = entry->grants - 1;
		entry->grants = 1;
	}
	return entry;
}

/* No memory is no failure: the name is asked for when it is wanted. */
static void note_name_locked(struct client_entry *entry, const char *name, uint64_t names)
{
	if (!entry->name || strcmp(entry->name, name)) {
		free(entry->name);
		entry->name = strdup(name);
	}
	entry->names = names;
}

/* ENTRY is what could be made of the grant. */
static err_t finish_grant(struct client_entry *entry, uint64_t id, uint32_t n_grants,
			  uint64_t epoch, uint64_t surplus, struct client_entry **ret_entry)
{
	if (surplus)
		client_session_release(epoch, id, surplus, false);
	if (entry) {
		*ret_entry = entry;
		return 0;
	}
	if (n_grants)
		client_session_release(epoch, id, n_grants, false);
	return -ENOMEM;
}

err_t client_handle_grant_id(uint64_t id, uint32_t state, const char *class_name, uint32_t n_grants,
			     uint64_t epoch, struct client_entry **ret_entry)
{
	uint64_t surplus;

	pthread_mutex_lock(&table_lock);
	struct client_entry *entry = grant_locked(id, state, class_name, n_grants, epoch, &surplus);
	pthread_mutex_unlock(&table_lock);
	return finish_grant(entry, id, n_grants, epoch, surplus, ret_entry);
}

err_t client_handle_grant(const struct wire_entry *entry, uint64_t epoch,
			  struct client_entry **ret_entry)
{
	return client_handle_grant_named(entry, epoch, 0, ret_entry);
}

err_t client_handle_grant_named(const struct wire_entry *from, uint64_t epoch, uint64_t names,
				struct client_entry **ret_entry)
{
	uint64_t surplus;

	pthread_mutex_lock(&table_lock);
	struct client_entry *entry =
		grant_locked(from->id, from->state, from->class_name, 1, epoch, &surplus);
	if (entry && names && !(from->state & WIRE_STATE_PLANE_NAME))
		note_name_locked(entry, from->name, names);
	if (entry && from->state & WIRE_STATE_OWN_CLASS)
		entry->own_class = names;
	pthread_mutex_unlock(&table_lock);
	return finish_grant(entry, from->id, 1, epoch, surplus, ret_entry);
}

bool client_entry_has_own_class(struct client_entry *entry)
{
	uint64_t names = client_session_name_generation();
	scope_lock(&table_lock);

	return names && entry->own_class == names;
}

bool client_entry_copy_known_name(struct client_entry *entry, io_name_t ret_name)
{
	uint64_t names = client_session_name_generation();
	scope_lock(&table_lock);

	if (!entry->name || !names || entry->names != names)
		return false;
	client_handle_cut_name(ret_name, entry->name);
	return true;
}

struct client_entry *client_handle_find(uint64_t id)
{
	scope_lock(&table_lock);
	return find_locked(id);
}

static err_t need_port_locked(struct client_entry *entry)
{
	if (entry->object.port)
		return 0;
	return port_new_object(CLIENT_KIND_OBJECT, &entry->object, &entry_ops, &entry->object.port);
}

io_object_t client_entry_name(struct client_entry *entry)
{
	mach_port_name_t name;

	scope_lock(&table_lock);
	if (need_port_locked(entry) || port_make_send(entry->object.port, &name))
		return MACH_PORT_NULL;
	if (!entry->named) {
		entry->named = true;
		client_entry_ref(entry);
	}
	return name;
}

struct port *client_entry_copy_port(struct client_entry *entry)
{
	scope_lock(&table_lock);
	return need_port_locked(entry) ? NULL : port_ref(entry->object.port);
}

static void kill_entry(struct client_entry *entry)
{
	struct port *port;
	bool named;

	pthread_mutex_lock(&table_lock);
	if (!entry->dead) {
		entry->dead = true;
		map_remove(&table, entry->id);
	}
	named = entry->named;
	entry->named = false;
	port = entry->object.port;
	pthread_mutex_unlock(&table_lock);
	if (port)
		port_kill(port);
	if (named)
		client_entry_unref(entry);
}

void client_handle_kill(uint64_t id)
{
	struct client_entry *entry = client_handle_find(id);

	if (entry) {
		kill_entry(entry);
		client_entry_unref(entry);
	}
}

static struct client_entry **copy_all_locked(size_t *ret_count)
{
	struct client_entry **entries = malloc((table.count + 1) * sizeof(*entries));
	size_t cursor = 0, n = 0;
	struct client_entry *entry;

	while (entries && (entry = map_next(&table, &cursor, NULL)))
		entries[n++] = client_entry_ref(entry);
	*ret_count = n;
	return entries;
}

struct client_entry **client_handle_reset_grants(uint64_t epoch, size_t *ret_count)
{
	size_t cursor = 0;
	struct client_entry *entry;

	scope_lock(&table_lock);
	while ((entry = map_next(&table, &cursor, NULL))) {
		if (entry->epoch < epoch)
			entry->grants = 0;
	}
	return copy_all_locked(ret_count);
}

void client_handle_kill_all(void)
{
	struct client_entry **entries;
	size_t n = 0;

	pthread_mutex_lock(&table_lock);
	entries = copy_all_locked(&n);
	pthread_mutex_unlock(&table_lock);
	for (size_t i = 0; i < n; i++) {
		kill_entry(entries[i]);
		client_entry_unref(entries[i]);
	}
	free(entries);
}

/* --- names --- */

IOReturn client_handle_check_main_port(mach_port_t port)
{
	mach_port_type_t type;
	void *object;
	err_t err;

	if (port == MACH_PORT_NULL)
		return kIOReturnSuccess;
	err = port_copy_object(port, CLIENT_KIND_MAIN, &object);
	/* A receive right alone is no object's name, but a live port. */
	if (err == -ENOENT && mach_port_type(mach_task_self(), port, &type) == KERN_SUCCESS &&
	    (type & MACH_PORT_TYPE_RECEIVE))
		return kIOReturnNotPrivileged;
	return err == -EINVAL ? kIOReturnNotPrivileged : client_status_of_handle(err);
}

const char *client_handle_cut_name(io_name_t storage, const char *text)
{
	size_t n = text ? strnlen(text, sizeof(io_name_t) - 1) : 0;

	memcpy(storage, n ? text : "", n);
	storage[n] = '\0';
	return storage;
}

void client_handle_lock(void)
{
	pthread_mutex_lock(&table_lock);
}

void client_handle_unlock(void)
{
	pthread_mutex_unlock(&table_lock);
}

void client_handle_forget(void)
{
	/* Port names are gone already, and with them all uses: only the memory is left behind. */
	map_fini(&table);
	table = (struct map)MAP_INIT;
	last_class = NULL;
}
