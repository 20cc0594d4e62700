// SPDX-License-Identifier: MIT
/* A user client from its creation to its end. */
#include <IOKit/IOUserClient.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "base/scope.h"
#include "host/host_internal.h"

/* For methods under way when their connection ends: a second. */
enum { ANSWER_NS = 1000 * 1000, ANSWER_TURNS = 1000 };

static IOReturn base_client_died(IOUserClient *client)
{
	IOReturn (*close)(IOUserClient *) = host_client_op(client, clientClose);

	return close ? close(client) : kIOReturnUnsupported;
}

static const struct IOUserClientOperations base_operations = { .clientDied = base_client_died };

const struct IODriverClass IOUserClientBase = {
	.name = "IOUserClient",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct IOUserClient),
	.userClient = &base_operations,
};

const struct IODriverClass IOUserClient2022Base = {
	.name = "IOUserClient2022",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct IOUserClient),
};

/* --- the connection -------------------------------------------------------------- */

err_t host_connection_new(IOUserClient *client, const IOClientTask *task,
			  struct host_connection **ret_connection)
{
	struct host_connection *connection = calloc(1, sizeof(*connection));
	pthread_rwlockattr_t fair;
	pthread_condattr_t monotonic;

	if (!connection)
		return -ENOMEM;
	/* A waiting close goes first, or a busy client could keep it out for ever. */
	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&connection->gate, &fair);
	pthread_rwlockattr_destroy(&fair);
	pthread_mutex_init(&connection->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&connection->left, &monotonic);
	pthread_cond_init(&connection->vacancy, &monotonic);
	pthread_cond_init(&connection->answered, &monotonic);
	list_init(&connection->askings);
	pthread_condattr_destroy(&monotonic);
	list_init(&connection->watched);
	list_init(&connection->held);
	connection->client = client;
	connection->host = client->service.runtime->host;
	{
		scope_lock(&connection->host->connections_lock);
		list_add(&connection->host->connections, &connection->link);
	}
	connection->socket = -1;
	connection->task = *task;
	connection->process = strdup(task->name ? task->name : "");
	connection->task.name = connection->process;
	if (task->rights)
		host_client_rights_init(&connection->rights, task->rights);
	connection->task.rights = &connection->rights;
	err_t err = connection->process
			  ? host_account_init(&connection->account, &connection->host->accounts,
					      task->uid, task->pid, connection->process)
			  : -ENOMEM;
	if (!err) {
		connection->async = host_async_new(&connection->account);
		connection->memories = host_memories_new(&connection->account);
		if (!connection->async || !connection->memories)
			err = -ENOMEM;
	}
	if (err) {
		host_connection_free(connection);
		return err;
	}
	*ret_connection = connection;
	return 0;
}

static void close_inlets(void *context)
{
	struct host_connection *connection = context;
	struct host_inlet *inlet;
	struct map inlets;
	size_t cursor = 0;

	pthread_mutex_lock(&connection->lock);
	inlets = connection->inlets;
	connection->inlets = (struct map)MAP_INIT;
	pthread_mutex_unlock(&connection->lock);
	while ((inlet = map_next(&inlets, &cursor, NULL))) {
		host_inlet_close(inlet);
		host_inlet_unref(inlet);
		host_account_refund(&connection->account, LIMITS_PORTS, 1);
		host_account_refund(&connection->account, LIMITS_DESCRIPTORS, 1);
	}
	map_fini(&inlets);
}

void host_connections_close_inlets(struct host *host)
{
	scope_lock(&host->connections_lock);
	list_for_each(node, &host->connections)
		close_inlets(container_of(node, struct host_connection, link));
}

/* The loop closes the inlets while it runs. After that, whoever holds the lock. */
static void leave_host(struct host_connection *connection)
{
	bool has_ended = host_on_loop(connection->host, close_inlets, connection) != 0;

	scope_lock(&connection->host->connections_lock);
	if (has_ended)
		close_inlets(connection);
	list_remove(&connection->link);
}

struct host_connection *host_connection_free(struct host_connection *connection)
{
	if (!connection)
		return NULL;
	host_message_filter_release(connection);
	host_client_rights_fini(&connection->rights);
	/* Not before: a driver that keeps the object may complete calls when the program has closed. */
	host_async_free(connection->async);
	leave_host(connection);
	host_memories_free(connection->memories);
	host_slots_free(connection->slots);
	map_fini(&connection->inlets);
	foreign_end(connection->socket, connection->task.uid);
	host_unread_fini(connection);
	host_account_fini(&connection->account);
	free(connection->process);
	pthread_cond_destroy(&connection->answered);
	pthread_cond_destroy(&connection->vacancy);
	pthread_cond_destroy(&connection->left);
	pthread_mutex_destroy(&connection->lock);
	pthread_rwlock_destroy(&connection->gate);
	free(connection);
	return NULL;
}

/* --- open --------------------------------------------------------------------------- */

IOReturn IOServiceCreateUserClient(IOService *provider, const struct IODriverClass *cls,
				   const IOClientTask *task, void *securityID, uint32_t type,
				   CFDictionaryRef properties, IOUserClient **client)
{
	struct host_driver *driver = provider->runtime->driver;
	IOReturn status = kIOReturnBadArgument;
	IOUserClient *made;

	if (!client || !cls || !task)
		return kIOReturnBadArgument;
	if (!host_class_conforms(cls, IOUserClientBase.name) ||
	    !host_loader_owns_class(driver->bundle, cls))
		return kIOReturnUnsupported;
	made = (IOUserClient *)host_service_new(driver, cls, properties);
	if (!made)
		return kIOReturnNoMemory;
	err_t err = host_connection_new(made, task, &made->service.runtime->connection);
	if (err) {
		IOServiceRelease(&made->service);
		return err == -ENOSPC ? kIOReturnNoResources : kIOReturnNoMemory;
	}
	const IOClientTask *own = &made->service.runtime->connection->task;
	bool (*init)(IOUserClient *, const IOClientTask *, void *, uint32_t, CFDictionaryRef) =
		host_client_op(made, initWithTask);
	if (!host_service_init(&made->service, properties) ||
	    (init && !init(made, own, (void *)own, type, properties)))
		goto fail;
	status = kIOReturnUnsupported;
	if (!host_service_attach(&made->service, provider))
		goto fail;
	if (!host_service_start(&made->service, provider)) {
		host_service_detach(&made->service);
		goto fail;
	}
	*client = made;
	return kIOReturnSuccess;
fail:
	IOServiceRelease(&made->service);
	return status;
}

/* The class that property IOUserClientClass names, in the bundle that owns the service. */
static IOReturn open_by_property(IOService *service, const IOClientTask *task, uint32_t type,
				 IOUserClient **client)
{
	CFTypeRef value = IOServiceCopyProperty(service, CFSTR(kIOUserClientClassKey));
	const struct IODriverClass *cls;
	char name[WIRE_NAME_MAX + 1];
	bool named = value && CFGetTypeID(value) == CFStringGetTypeID() &&
		     CFStringGetCString(value, name, sizeof(name), kCFStringEncodingUTF8);

	if (value)
		CFRelease(value);
	if (!named)
		return kIOReturnUnsupported;
	cls = host_loader_find_class(service->runtime->driver->bundle, name);
	if (!cls) {
		/* Programs may ask for it as often as they like: not for everybody's log. */
		log_info("%s cannot be opened: its bundle has no class %s (IOUserClientClass)",
			 service->objectClass->name, name);
		return kIOReturnNoMemory; /* as macOS: the class cannot be allocated */
	}
	return IOServiceCreateUserClient(service, cls, task, (void *)task, type, NULL, client);
}

/* A driver may return anything. A client that a program has already would lose that program's socket to
 * the next one, and neither would hear of its end. */
static IOReturn take_new(IOUserClient *client, IOUserClient **ret_client)
{
	if (!client || !client->service.runtime->connection)
		return kIOReturnError;
	if (atomic_exchange(&client->service.runtime->connection->is_given, true)) {
		log_error("a user client of class %s was returned for a second opening",
			  IOServiceGetClassName(&client->service));
		return kIOReturnUnsupported;
	}
	*ret_client = client;
	return kIOReturnSuccess;
}

IOReturn host_client_open(IOService *service, const IOClientTask *task, uint32_t type,
			  IOUserClient **ret_client)
{
	__typeof__(((struct IOServiceOperations *)0)->newUserClient) full =
		host_service_op(service, newUserClient);
	__typeof__(((struct IOServiceOperations *)0)->newUserClientSimple) simple =
		host_service_op(service, newUserClientSimple);
	IOUserClient *client = NULL;
	IOReturn status;

	if (full) {
		status = full(service, task, (void *)task, type, NULL, &client);
	} else {
		status = simple ? simple(service, task, (void *)task, type, &client)
				: kIOReturnUnsupported;
		if (status)
			status = open_by_property(service, task, type, &client);
	}
	if (status)
		return status;
	return take_new(client, ret_client);
}

uint32_t host_client_pid(const IOService *service)
{
	const struct host_connection *connection = service->runtime->connection;

	return connection ? (uint32_t)connection->task.pid : 0;
}

/* --- close and end -------------------------------------------------------------------- */

void host_client_close_locked(struct host_connection *connection, bool died)
{
	IOUserClient *client = connection->client;
	IOReturn (*close)(IOUserClient *) =
		died ? host_client_op(client, clientDied) : host_client_op(client, clientClose);

	if (atomic_load(&connection->closed) && (died || !connection->shared_instance))
		return;
	atomic_store(&connection->closed, true);
	if (!died)
		atomic_store(&connection->is_left, true);
	if (close)
		close(client);
}

static void run_end(struct host_job *job)
{
	struct host_connection *connection = container_of(job, struct host_connection, end_job);
	IOUserClient *client = connection->client;

	host_client_shut(client);
	host_terminate_request(&client->service, 0);
	IOServiceRelease(&client->service);
}

/* JOB retains the client, and so all that is used here. */
static void queue_job(struct host_connection *connection, struct host_job *job)
{
	IOService *service = &connection->client->service;

	if (host_driver_add_job(service->runtime->driver, job))
		return;
	/* The driver has ended meanwhile. */
	if (job == &connection->end_job)
		IOServiceRelease(service);
	else
		job->fn(job);
}

/* True when no method runs; none begins any more. */
static bool is_quiet(struct host_connection *connection)
{
	if (atomic_load(&connection->n_beside))
		return false;
	if (atomic_load(&connection->closed))
		return true;
	if (pthread_rwlock_trywrlock(&connection->gate))
		return false;
	pthread_rwlock_unlock(&connection->gate);
	return true;
}

/* Answers still go out for a while (looked at again and again: the thread sanitizer does not know how to wait for the
 * gate by a clock that nobody sets), but a call that no thread has taken gets none: its caller does not wait for
 * another one's method that does not return. */
static void await_answers(struct host_connection *connection)
{
	static const struct timespec a_while = { .tv_nsec = ANSWER_NS };

	for (int turns = 0; turns < ANSWER_TURNS; turns++) {
		if (is_quiet(connection))
			return;
		nanosleep(&a_while, NULL);
	}
	scope_lock(&connection->lock);
	if (connection->socket >= 0)
		shutdown(connection->socket, SHUT_RDWR);
}

static void await_quiet(struct host_connection *connection)
{
	await_answers(connection);
	pthread_rwlock_wrlock(&connection->gate);
	pthread_rwlock_unlock(&connection->gate);
	pthread_mutex_lock(&connection->lock);
	while (atomic_load(&connection->n_beside))
		pthread_cond_wait(&connection->left, &connection->lock);
	pthread_mutex_unlock(&connection->lock);
}

/* No new requests; answers of calls in flight still go out. */
static void refuse_requests(struct host_connection *connection)
{
	atomic_store(&connection->ending, true);
	atomic_store(&connection->inactive, true);
	host_client_memory_wake(connection);
	if (connection->socket >= 0)
		shutdown(connection->socket, SHUT_RD);
}

/* What is held goes on in the order in which it came. */
static void await_for_held(void *context)
{
	struct host_connection *connection = context;
	struct list held;

	await_quiet(connection);
	list_init(&held);
	pthread_mutex_lock(&connection->lock);
	list_splice(&held, &connection->held);
	pthread_mutex_unlock(&connection->lock);
	while (!list_is_empty(&held)) {
		struct host_job *job = list_first(&held, struct host_job, link);

		list_remove(&job->link);
		queue_job(connection, job);
	}
}

/* True when JOB is put on the driver's queue when no method runs any more: one that does not return must not keep
 * that from other clients. */
static bool hold(struct host_connection *connection, struct host_job *job)
{
	scope_lock(&connection->lock);
	bool is_first = list_is_empty(&connection->held);

	if (is_first && is_quiet(connection))
		return false;
	list_add(&connection->held, &job->link);
	if (!is_first ||
	    !host_threads_start(&connection->host->threads, await_for_held, connection))
		return true;
	list_remove(&job->link);
	return false;
}

bool host_client_holds_up(IOUserClient *client, struct host_job *job)
{
	struct host_connection *connection = client->service.runtime->connection;

	refuse_requests(connection);
	return hold(connection, job);
}

/* Without memory of its own: who is short of it has all the more reason to end. */
void host_client_end_later(struct host_connection *connection)
{
	if (atomic_exchange(&connection->ending, true))
		return;
	list_init(&connection->end_job.link);
	connection->end_job.fn = run_end;
	connection->end_job.who = host_client_pid(&connection->client->service);
	IOServiceRetain(&connection->client->service);
	refuse_requests(connection);
	if (!hold(connection, &connection->end_job))
		queue_job(connection, &connection->end_job);
}

IOReturn host_client_retire(struct host_connection *connection, IOOptionBits options)
{
	host_client_end_later(connection);
	return options & kIOServiceSynchronous
		     ? host_terminate_request(&connection->client->service, options)
		     : kIOReturnSuccess;
}

void host_client_shut(IOUserClient *client)
{
	struct host_connection *connection = client->service.runtime->connection;

	refuse_requests(connection);
	await_answers(connection);
	pthread_rwlock_wrlock(&connection->gate);
	host_client_close_locked(connection, true);
	pthread_rwlock_unlock(&connection->gate);
	if (connection->socket >= 0)
		shutdown(connection->socket, SHUT_RDWR);
	host_connection_wait(connection);
}

void host_client_end(IOUserClient *client, IOOptionBits options, uint64_t known_by)
{
	struct IOServiceRuntime *runtime = client->service.runtime;
	struct host_connection *connection = runtime->connection;

	if (runtime->ended)
		return;
	host_client_shut(client);
	IOServiceRetain(&client->service);
	host_terminate_now(&client->service, options, known_by);
	pthread_mutex_lock(&connection->lock);
	int socket = take_fd(&connection->socket);
	pthread_mutex_unlock(&connection->lock);
	foreign_end(socket, connection->task.uid);
	IOServiceRelease(&client->service); /* the framework's, from newUserClient */
	IOServiceRelease(&client->service);
}

void host_client_refuse(IOUserClient *client, uint64_t known_by)
{
	struct host_connection *connection = client->service.runtime->connection;

	/* Its end, if clientClose asks for one, comes here and not later. */
	atomic_store(&connection->ending, true);
	pthread_rwlock_wrlock(&connection->gate);
	host_client_close_locked(connection, false);
	pthread_rwlock_unlock(&connection->gate);
	host_client_end(client, 0, known_by);
}

/* --- rights ------------------------------------------------------------------------------ */

const IOClientTask *IOUserClientGetTask(IOUserClient *client)
{
	struct host_connection *connection = client->service.runtime->connection;

	return connection && !atomic_load(&connection->closed) ? &connection->task : NULL;
}
