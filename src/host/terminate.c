// SPDX-License-Identifier: MIT
/*
 * The end of objects. The registry leads: it says when a driver hears that its
 * provider will end (will), that it has ended (did), and when the driver itself
 * is to stop. Without a registry the same steps are taken here, for the objects
 * of one driver.
 */
#include <IOKit/IOService.h>

#include <stdlib.h>

#include "base/log.h"
#include "base/scope.h"
#include "host/host_internal.h"

/* What SERVICE, whose list it is in, has heard about one provider. Under the lock of the service. */
struct host_phase {
	struct list link;
	uint64_t provider;
	bool heard_will, heard_did;
	bool is_deferred; /* by its own didTerminate: it says when */
	bool has_let_go;
	bool is_awaited; /* the registry has heard that it has not */
	bool leaves;	 /* it stays, on other providers */
};

static struct host_phase *find_phase_locked(struct IOServiceRuntime *runtime, uint64_t provider)
{
	list_for_each(node, &runtime->phases) {
		struct host_phase *p = container_of(node, struct host_phase, link);

		if (p->provider == provider)
			return p;
	}
	return NULL;
}

static struct host_phase *obtain_phase_locked(struct IOServiceRuntime *runtime, uint64_t provider)
{
	struct host_phase *p = find_phase_locked(runtime, provider);

	if (p || !(p = calloc(1, sizeof(*p))))
		return p;
	p->provider = provider;
	list_add(&runtime->phases, &p->link);
	return p;
}

void host_terminate_fini(struct IOServiceRuntime *runtime)
{
	list_for_each_safe(node, &runtime->phases)
		free(container_of(node, struct host_phase, link));
}

/* What SERVICE stands on, retained; NULL: not on that. */
static IOService *copy_provider(IOService *service, uint64_t id)
{
	struct IOServiceRuntime *runtime = service->runtime;

	pthread_mutex_lock(&runtime->lock);
	IOService *provider = IOServiceRetain(runtime->provider);
	pthread_mutex_unlock(&runtime->lock);
	if (provider && IOServiceGetEntryID(provider) == id)
		return provider;
	IOServiceRelease(provider);
	return host_plane_copy_provider(service, id);
}

/* --- will ------------------------------------------------------------------------------- */

/* True the first time. */
static bool hear(IOService *service, uint64_t provider, bool did)
{
	scope_lock(&service->runtime->lock);
	struct host_phase *p = obtain_phase_locked(service->runtime, provider);
	bool *heard = !p ? NULL : did ? &p->heard_did : &p->heard_will;
	bool is_first = !heard || !*heard;

	if (heard)
		*heard = true;
	return is_first;
}

static void will(IOService *service, IOService *provider, IOOptionBits options)
{
	bool (*op)(IOService *, IOService *, IOOptionBits) =
		host_service_op(service, willTerminate);

	if (hear(service, provider ? IOServiceGetEntryID(provider) : 0, false) && op)
		op(service, provider, options);
}

void host_terminate_will(IOService *service, uint64_t provider_id, IOOptionBits options)
{
	IOService *provider = copy_provider(service, provider_id);

	if (service->runtime->connection && IOServiceIsInactive(service))
		host_client_shut((IOUserClient *)service);
	if (provider)
		will(service, provider, options);
	IOServiceRelease(provider);
}

/* --- did -------------------------------------------------------------------------------- */

static void stop(IOService *service, IOService *provider)
{
	struct IOServiceRuntime *runtime = service->runtime;
	void (*op)(IOService *, IOService *) = host_service_op(service, stop);

	if (runtime->has_stopped || runtime->is_nub)
		return;
	runtime->has_stopped = true;
	if (op)
		op(service, provider);
}

/* SERVICE leaves PROVIDER and goes on with others. */
static void leave_provider(IOService *service, IOService *provider)
{
	struct IOServiceRuntime *runtime = service->runtime;

	pthread_mutex_lock(&runtime->lock);
	bool is_first = runtime->provider == provider;
	pthread_mutex_unlock(&runtime->lock);
	if (!is_first) {
		host_plane_forget_provider(service, provider);
		return;
	}
	stop(service, provider);
	host_service_detach(service);
	/* The next one takes its place. */
	IOService *next = host_plane_take_provider(service);
	if (next)
		host_service_attach(service, next);
	IOServiceRelease(next);
}

struct letting_go {
	struct host *host;
	struct wire_access message;
};

static void send_let_go(void *context)
{
	const struct letting_go *letting_go = context;

	provider_send(letting_go->host->provider, &wire_let_go_layout, &letting_go->message);
}

static void let_registry_know(IOService *service, uint64_t provider)
{
	struct letting_go letting_go = { service->runtime->host,
					 { .client = IOServiceGetEntryID(service),
					   .provider = provider } };

	host_tell(letting_go.host, send_let_go, &letting_go);
}

struct leaving_job {
	struct host_job job;
	IOService *service, *provider; /* retained */
};

static void run_leaving(struct host_job *base)
{
	struct leaving_job *job = container_of(base, struct leaving_job, job);

	leave_provider(job->service, job->provider);
	let_registry_know(job->service, IOServiceGetEntryID(job->provider));
	IOServiceRelease(job->provider);
	IOServiceRelease(job->service);
	free(job);
}

/* On the queue of the driver, as every stop. */
static void leave_later(IOService *service, IOService *provider)
{
	struct leaving_job *job = calloc(1, sizeof(*job));

	if (!job)
		return;
	list_init(&job->job.link);
	job->job.fn = run_leaving;
	job->job.who = host_client_pid(service);
	job->service = IOServiceRetain(service);
	job->provider = IOServiceRetain(provider);
	if (host_driver_add_job(service->runtime->driver, &job->job))
		return;
	IOServiceRelease(provider);
	IOServiceRelease(service);
	free(job);
}

/* SERVICE needs PROVIDER no more: the registry hears it now if it has been told otherwise. */
static void let_go(IOService *service, IOService *provider, bool by_itself)
{
	struct IOServiceRuntime *runtime = service->runtime;
	uint64_t id = IOServiceGetEntryID(provider);

	pthread_mutex_lock(&runtime->lock);
	struct host_phase *p = find_phase_locked(runtime, id);
	bool is_due = p && p->heard_did && !p->has_let_go && (!p->is_deferred || by_itself);
	bool tell = is_due && p->is_awaited, leaves = is_due && p->leaves;
	if (is_due)
		p->has_let_go = true;
	pthread_mutex_unlock(&runtime->lock);
	if (tell && leaves)
		leave_later(service, provider);
	else if (tell)
		let_registry_know(service, id);
}

void host_terminate_closed(IOService *service, IOService *provider)
{
	if (!IOServiceIsOpenBy(provider, service))
		let_go(service, provider, false);
}

bool IOServiceDidTerminate(IOService *service, IOService *provider, IOOptionBits options,
			   bool *defer)
{
	if (defer && *defer)
		return true;
	if (IOServiceIsOpenBy(provider, service))
		host_message_deliver(service, kIOMessageServiceIsRequestingClose, provider,
				     (void *)(uintptr_t)options);
	if (!IOServiceIsOpenBy(provider, service))
		let_go(service, provider, true);
	return true;
}

/* A registry that has been started again asks once more. */
static bool is_deferred(IOService *service, uint64_t provider)
{
	scope_lock(&service->runtime->lock);
	const struct host_phase *p = find_phase_locked(service->runtime, provider);

	return p && p->is_deferred && !p->has_let_go;
}

/* The driver's own didTerminate; true: it defers. */
static bool did(IOService *service, IOService *provider, IOOptionBits options)
{
	bool (*plain)(IOService *, IOService *, IOOptionBits) =
		host_service_op(service, didTerminate);
	bool (*full)(IOService *, IOService *, IOOptionBits, bool *) =
		host_service_op(service, didTerminateDeferring);
	uint64_t id = provider ? IOServiceGetEntryID(provider) : 0;
	bool defer = false;

	if (!hear(service, id, true))
		return is_deferred(service, id);
	if (full)
		full(service, provider, options, &defer);
	else if (plain)
		plain(service, provider, options);
	return defer;
}

/* Has it let go; if not, the registry waits for it. */
static bool conclude(IOService *service, uint64_t provider, bool defer)
{
	scope_lock(&service->runtime->lock);
	struct host_phase *p = find_phase_locked(service->runtime, provider);

	if (!p || p->has_let_go)
		return true;
	p->is_deferred = defer;
	p->is_awaited = true;
	return false;
}

bool host_terminate_did(IOService *service, uint64_t provider_id, IOOptionBits options, bool leaves)
{
	struct IOServiceRuntime *runtime = service->runtime;
	IOService *provider = copy_provider(service, provider_id);
	bool has_let_go, defer;

	if (!provider)
		return true;
	if (provider->runtime->is_remote) {
		pthread_mutex_lock(&provider->runtime->lock);
		provider->runtime->inactive = true;
		pthread_mutex_unlock(&provider->runtime->lock);
	}
	defer = did(service, provider, options);
	pthread_mutex_lock(&runtime->lock);
	struct host_phase *p = find_phase_locked(runtime, provider_id);
	if (p)
		p->leaves = leaves;
	pthread_mutex_unlock(&runtime->lock);
	if (!defer)
		IOServiceDidTerminate(service, provider, options, NULL);
	has_let_go = conclude(service, provider_id, defer);
	if (has_let_go && leaves)
		leave_provider(service, provider);
	IOServiceRelease(provider);
	return has_let_go;
}

/* --- the rest ------------------------------------------------------------------------------- */

struct going {
	struct IOServiceRuntime *runtime;
	IOOptionBits options;
	uint64_t known_by;
};

static void leave(void *context)
{
	struct going *going = context;
	struct IOServiceRuntime *runtime = going->runtime;
	struct provider_entry *entry = take_ptr(runtime->entry);

	if (map_find(&runtime->host->services, runtime->id) == runtime)
		map_remove(&runtime->host->services, runtime->id);
	/* Another registry has been told of the entry when the host came back, and of nothing else. */
	if (entry && going->known_by != provider_epoch(runtime->host->provider))
		provider_terminate(entry, going->options);
	else
		provider_forget(entry);
}

void host_service_leave(IOService *service)
{
	struct going going = { .runtime = service->runtime };

	host_tell(service->runtime->host, leave, &going);
	host_plane_leave(service);
}

/* The first object of this driver that is attached to SERVICE, retained. */
static IOService *first_client(IOService *service)
{
	struct IOServiceRuntime *runtime = service->runtime;

	scope_lock(&runtime->lock);
	list_for_each(node, &runtime->clients) {
		struct IOServiceRuntime *client =
			container_of(node, struct IOServiceRuntime, client_link);

		if (client->driver == runtime->driver)
			return IOServiceRetain(client->object);
	}
	return NULL;
}

void host_terminate_clients(IOService *service, IOOptionBits options, uint64_t known_by)
{
	IOService *client;

	while ((client = first_client(service))) {
		host_message_deliver(client, kIOMessageServiceIsTerminated, service,
				     (void *)(uintptr_t)options);
		if (client->runtime->connection)
			host_client_end((IOUserClient *)client, options, known_by);
		else
			host_terminate_now(client, options, known_by);
		IOServiceRelease(client);
	}
}

void host_terminate_now(IOService *service, IOOptionBits options, uint64_t known_by)
{
	struct IOServiceRuntime *runtime = service->runtime;
	IOService *provider = IOServiceRetain(IOServiceGetProvider(service));
	bool (*finalize)(IOService *, IOOptionBits) = host_service_op(service, finalize);
	struct going going = { runtime, options, known_by };

	if (runtime->ended) {
		IOServiceRelease(provider);
		return;
	}
	runtime->ended = true;
	pthread_mutex_lock(&runtime->lock);
	runtime->inactive = true;
	pthread_mutex_unlock(&runtime->lock);
	if (provider)
		will(service, provider, options);
	host_terminate_clients(service, options, known_by);
	if (provider)
		did(service, provider, options);
	stop(service, provider);
	if (finalize)
		finalize(service, options);
	if (provider && IOServiceIsOpenBy(provider, service))
		IOServiceCloseProvider(service, provider);
	host_tell(runtime->host, leave, &going);
	host_plane_leave(service);
	host_service_detach(service);
	IOServiceRelease(provider);
}

/* --- asking for it ----------------------------------------------------------------------------- */

static void run_end(struct host_job *job)
{
	struct IOServiceRuntime *runtime = container_of(job, struct IOServiceRuntime, end);
	IOService *service = runtime->object;

	if (runtime->connection)
		host_client_end((IOUserClient *)service, runtime->end_options, HOST_UNKNOWN);
	else
		host_terminate_now(service, runtime->end_options, HOST_UNKNOWN);
	IOServiceRelease(service);
}

/* Without the registry; once. */
static void end_by_ourselves(IOService *service, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = service->runtime;

	if (runtime->is_main) {
		host_driver_end_later(runtime->driver, options, HOST_UNKNOWN);
		return;
	}
	list_init(&runtime->end.link);
	runtime->end.fn = run_end;
	runtime->end.who = host_client_pid(service);
	runtime->end_options = options;
	IOServiceRetain(service);
	if (!host_driver_add_job(runtime->driver, &runtime->end))
		IOServiceRelease(service); /* the driver is ending and takes it along */
}

struct retiring {
	struct IOServiceRuntime *runtime;
	IOOptionBits options;
	bool is_led; /* by the registry */
};

static void retire(void *context)
{
	struct retiring *retiring = context;
	struct provider_entry *entry = retiring->runtime->entry;

	retiring->is_led = entry && !retiring->runtime->host->ending &&
			   !provider_retire(entry, retiring->options);
}

IOReturn host_terminate_request(IOService *service, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = service->runtime;
	struct retiring retiring = { runtime, options & ~(IOOptionBits)kIOServiceSynchronous,
				     false };

	/* It ends when that has returned. */
	if (runtime->is_main && host_driver_is_inside(runtime->driver))
		options &= ~(IOOptionBits)kIOServiceSynchronous;
	pthread_mutex_lock(&runtime->lock);
	bool again = runtime->is_retiring;
	runtime->is_retiring = true;
	pthread_mutex_unlock(&runtime->lock);
	if (!again) {
		host_tell(runtime->host, retire, &retiring);
		if (!retiring.is_led) {
			end_by_ourselves(service, options);
			return kIOReturnSuccess;
		}
	}
	if (!(options & kIOServiceSynchronous))
		return kIOReturnSuccess;
	struct wire_entry_options message = { IOServiceGetEntryID(service), options };
	IOReturn status = host_ask(runtime->host, &wire_retire_layout, &message, NULL, NULL, true);
	/* Not known any more: over. */
	return status == kIOReturnNotFound ? kIOReturnSuccess : status;
}

IOReturn IOServiceTerminate(IOService *service, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = service->runtime;

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	if (runtime->connection)
		return host_client_retire(runtime->connection, options);
	return host_terminate_request(service, options);
}
