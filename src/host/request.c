// SPDX-License-Identifier: MIT
/*
 * Requests of the registry. The loop thread decodes them and finds the driver;
 * the driver's queue carries them out and answers.
 */
#include "host/host_internal.h"

#include <stdlib.h>
#include <string.h>

#include <IOKit/IOMessage.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"
#include "host/user_service.h"
#include "wire/open.h"
#include "wire/publish.h"

struct request {
	struct host_job job;
	struct host *host;
	struct host_driver *driver; /* retained */
	IOService *service;	    /* retained; NULL for probe, start, drop */
	IOService *sender;	    /* retained; messages of an object of this host */
	struct wire_frame frame;    /* what the message's texts point into */
	uint64_t epoch;
	const struct wire_layout *layout;
	void (*run)(struct request *request);
	union {
		struct wire_probe probe;
		struct wire_start start;
		struct wire_drop drop;
		struct wire_entry_options options;
		struct wire_open_client open;
		struct wire_read_property read;
		struct wire_write_properties write;
		struct wire_message message;
		struct wire_phase phase;
		struct wire_provider_access access;
		struct wire_match_table table;
		struct wire_provider_probe provider_probe;
	} in;
};

static void free_request(struct request *request)
{
	wire_message_clear(request->layout, &request->in);
	wire_frame_fini(&request->frame);
	IOServiceRelease(request->service);
	IOServiceRelease(request->sender);
	if (request->driver)
		host_driver_unref(request->driver);
	free(request);
}

static err_t answer(struct request *request, const struct wire_layout *layout, IOReturn status,
		    const void *message)
{
	return host_reply(request->host, &request->frame.header, request->epoch, layout, status,
			  message);
}

static void answer_status(struct request *request, IOReturn status)
{
	answer(request, &wire_empty_layout, status, NULL);
}

static void run_stop(struct request *request);
static void run_will(struct request *request);
static void run_did(struct request *request);

/* Is it the stop of a whole driver? */
static bool ends_driver(const struct request *request)
{
	return request->run == run_stop &&
	       (!request->service || request->service->runtime->is_main);
}

/* Is it about the end of a user client in which a method runs? */
static bool is_held_up(struct request *request)
{
	IOService *service = request->service;
	bool is_phase = request->run == run_will || request->run == run_did;

	if (!service || !service->runtime->connection)
		return false;
	if (request->run != run_stop && !(is_phase && IOServiceIsInactive(service)))
		return false;
	return host_client_holds_up((IOUserClient *)service, &request->job);
}

static void run_request(struct host_job *job)
{
	struct request *request = container_of(job, struct request, job);

	if (ends_driver(request) && host_driver_hold(request->driver, job))
		return;
	if (is_held_up(request))
		return;
	request->run(request);
	free_request(request);
}

/* --- probe, start, drop, stop ----------------------------------------------------- */

static bool copy_text(CFDictionaryRef dictionary, CFStringRef key, char *text, size_t size)
{
	CFTypeRef value = CFDictionaryGetValue(dictionary, key);

	return value && CFGetTypeID(value) == CFStringGetTypeID() &&
	       CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8);
}

/* The registry asks again after a shortage. */
static IOReturn shortage_or_failure(err_t err)
{
	/* -EAGAIN: of a thread that could not be started. */
	return err == -ENOMEM || err == -EAGAIN ? kIOReturnNoMemory : kIOReturnNoResources;
}

static int32_t initial_score(CFDictionaryRef personality)
{
	CFTypeRef value = CFDictionaryGetValue(personality, CFSTR(kIOProbeScoreKey));
	int32_t score = 0;

	if (value && CFGetTypeID(value) == CFNumberGetTypeID())
		CFNumberGetValue(value, kCFNumberSInt32Type, &score);
	return score;
}

struct declaring {
	struct host *host;
	struct host_bundle *bundle;
};

static void declare(void *context)
{
	struct declaring *declaring = context;
	CFDictionaryRef classes;
	CFArrayRef hooked;

	if (declaring->bundle->declared)
		return;
	classes = host_loader_copy_classes(declaring->bundle);
	hooked = host_loader_copy_hooked(declaring->bundle);
	if (classes && hooked)
		declaring->bundle->declared =
			!provider_declare_classes(declaring->host->provider, classes, hooked);
	if (classes)
		CFRelease(classes);
	if (hooked)
		CFRelease(hooked);
}

/* What matching adds to the properties of its drivers. */
static void remember_match(IOService *service, int32_t score)
{
	struct IOServiceRuntime *runtime = service->runtime;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &score);

	pthread_mutex_lock(&runtime->lock);
	if (number)
		CFDictionarySetValue(runtime->properties, CFSTR(kIOProbeScoreKey), number);
	CFDictionaryAddValue(runtime->properties, CFSTR(kIOMatchCategoryKey),
			     CFSTR(kIODefaultMatchCategoryKey));
	pthread_mutex_unlock(&runtime->lock);
	if (number)
		CFRelease(number);
}

/* Load the bundle, make the object, let it look at the provider. */
static IOReturn probe_driver(struct request *request, struct wire_probe_reply *reply)
{
	struct host_driver *driver = request->driver;
	const struct wire_probe *probe = &request->in.probe;
	const struct IODriverClass *cls;
	char name[WIRE_NAME_MAX + 1];
	IOService *accepted;

	err_t err = host_loader_open(request->host, probe->bundle, &driver->bundle);
	if (err)
		return shortage_or_failure(err);
	host_on_loop(request->host, declare, &(struct declaring){ request->host, driver->bundle });
	cls = host_user_find_class(driver->bundle, probe->personality);
	if (!cls && copy_text(probe->personality, CFSTR(kIOClassKey), name, sizeof(name)))
		cls = host_loader_find_class(driver->bundle, name);
	if (!cls) {
		log_error("bundle %s has no class as its personality wants (IOClass, IOUserClass)",
			  driver->bundle->path);
		return kIOReturnNotFound;
	}
	driver->provider = host_service_find(request->host, probe->provider);
	if (!driver->provider)
		driver->provider =
			host_service_new_remote(driver, probe->provider, probe->provider_class,
						probe->provider_name, probe->provider_properties);
	driver->service =
		driver->provider ? host_service_new(driver, cls, probe->personality) : NULL;
	if (!driver->service)
		return kIOReturnNoMemory;
	driver->service->runtime->is_main = true;
	if (!host_service_init(driver->service, probe->personality) ||
	    !host_service_attach(driver->service, driver->provider))
		return kIOReturnUnsupported;
	IOService *(*probe_op)(IOService *, IOService *, int32_t *) =
		host_service_op(driver->service, probe);
	reply->score = initial_score(probe->personality);
	accepted = probe_op ? probe_op(driver->service, driver->provider, &reply->score)
			    : driver->service;
	if (accepted != driver->service) {
		log_info("%s does not want %s: its probe has refused", cls->name,
			 probe->provider_name);
		return kIOReturnUnsupported;
	}
	reply->class_name = host_service_shown_class(driver->service);
	remember_match(driver->service, reply->score);
	return kIOReturnSuccess;
}

static void run_probe(struct request *request)
{
	struct wire_probe_reply reply = { 0 };
	IOReturn status = probe_driver(request, &reply);

	/* Who has refused is gone before the next candidate is asked. */
	if (status)
		host_driver_end(request->driver, 0, request->epoch);
	answer(request, &wire_probe_reply_layout, status, &reply);
}

static void run_start(struct request *request)
{
	struct host_driver *driver = request->driver;
	IOReturn status = kIOReturnNotFound;

	host_driver_enter(driver);
	if (driver->service && !driver->started && !driver->ended) {
		status = kIOReturnError;
		if (host_service_enter(driver->service, request->in.start.id,
				       request->in.start.proof,
				       IOServiceGetEntryID(driver->provider), 0, request->epoch))
			status = kIOReturnNoMemory;
		else
			driver->started = host_service_start(driver->service, driver->provider);
	}
	/* A registration asked for in start() goes first: the registry keeps it until the answer,
	 * so that the provider is never seen quiet in between. */
	if (driver->started) {
		status = kIOReturnSuccess;
		host_service_flush_register(driver->service);
	}
	/* Otherwise nobody hears of it: the provider has no driver, as if none had fitted. */
	if (driver->service && !driver->started)
		log_info("%s is not there: its start has failed",
			 host_service_shown_class(driver->service));
	/* As in run_probe. */
	if (!driver->started && driver->service && !driver->ended) {
		host_terminate_clients(driver->service, 0, HOST_UNKNOWN);
		host_service_leave(driver->service);
		host_driver_end(driver, 0, request->epoch);
	}
	answer_status(request, status);
	host_driver_leave(driver);
}

static void run_drop(struct request *request)
{
	if (!request->driver->started && !request->driver->ended)
		host_driver_end(request->driver, 0, request->epoch);
}

static void run_stop(struct request *request)
{
	IOService *service = request->service;
	IOOptionBits options = request->in.options.options;

	if (!service || service->runtime->is_main)
		host_driver_end(request->driver, options, request->epoch);
	else if (service->runtime->connection)
		host_client_end((IOUserClient *)service, options, request->epoch);
	else
		host_terminate_now(service, options, request->epoch);
	IOServiceRelease(take_ptr(request->service)); /* freed before we say so */
	answer_status(request, kIOReturnSuccess);
}

/* --- open --------------------------------------------------------------------------- */

static void serve_client(struct request *request, IOUserClient *client)
{
	const struct wire_open_client *in = &request->in.open;
	struct IOServiceRuntime *runtime = client->service.runtime;
	struct wire_open_client_reply reply = { .class_name = host_service_shown_class(
							&client->service) };
	IOReturn status = host_service_enter(&client->service, in->user_client, in->proof,
					     in->service, WIRE_PUBLISH_USER_CLIENT, request->epoch)
				? kIOReturnNoResources
				: host_client_rights_check(runtime->connection, in->type);

	if (!status &&
	    host_connection_serve(runtime->connection, wire_frame_take_fd(&request->frame, 0)))
		status = kIOReturnNoResources;
	if (status) {
		/* Over before the caller hears of it (spec K18). */
		host_client_refuse(client, request->epoch);
		answer_status(request, status);
		return;
	}
	pthread_mutex_lock(&runtime->lock);
	reply.properties = CFDictionaryCreateCopy(NULL, runtime->properties);
	pthread_mutex_unlock(&runtime->lock);
	/* Who has not been told of it has heard of a failure. */
	if (answer(request, &wire_open_client_reply_layout, kIOReturnSuccess, &reply))
		host_client_refuse(client, request->epoch);
	else
		host_service_flush_register(&client->service);
	if (reply.properties)
		CFRelease(reply.properties);
}

static void run_open(struct request *request)
{
	const struct wire_open_client *in = &request->in.open;
	struct IOClientTaskRights rights = {
		.flags = in->flags,
		.service = in->service,
		.entitlements = in->entitlements,
	};
	IOClientTask task = {
		.pid = (int32_t)in->pid,
		.uid = in->uid,
		.gid = in->gid,
		.name = in->process,
		.administrator = in->flags & WIRE_OPEN_ADMINISTRATOR,
		.rights = &rights,
	};
	IOUserClient *client = NULL;

	host_driver_enter(request->driver);
	IOReturn status = host_client_open(request->service, &task, in->type, &client);
	if (status) {
		answer_status(request, status);
	} else {
		IOServiceRetain(&client->service);
		serve_client(request, client);
		IOServiceRelease(&client->service);
	}
	host_driver_leave(request->driver);
}

/* --- properties and messages ---------------------------------------------------------- */

static void run_read(struct request *request)
{
	IOService *service = request->service;
	CFTypeRef (*copy)(IOService *, CFStringRef) = host_service_op(service, copyProperty);
	CFStringRef key =
		CFStringCreateWithCString(NULL, request->in.read.key, kCFStringEncodingUTF8);
	struct wire_value_reply reply = { 0 };

	if (key && copy)
		reply.value = copy(service, key);
	if (key && !reply.value)
		reply.value = IOServiceCopyProperty(service, key);
	answer(request, &wire_value_reply_layout,
	       reply.value ? kIOReturnSuccess : kIOReturnNotFound, &reply);
	if (reply.value)
		CFRelease(reply.value);
	if (key)
		CFRelease(key);
}

static void run_write(struct request *request)
{
	IOReturn (*set)(IOService *, CFTypeRef) = host_service_op(request->service, setProperties);

	answer_status(request,
		      set ? set(request->service, request->in.write.value) : kIOReturnUnsupported);
}

static void run_match_table(struct request *request)
{
	bool (*match)(IOService *, CFDictionaryRef, int32_t *) =
		host_service_op(request->service, matchPropertyTable);
	struct wire_match_table_reply reply = { true, request->in.table.score };

	if (match)
		reply.matches = match(request->service, request->in.table.table, &reply.score);
	answer(request, &wire_match_table_reply_layout, kIOReturnSuccess, &reply);
}

static void run_message(struct request *request)
{
	const struct wire_message *in = &request->in.message;
	void *argument =
		in->argument_size ? (void *)in->data.data : (void *)(uintptr_t)in->argument;
	IOService *sender =
		request->sender ? request->sender : IOServiceGetProvider(request->service);

	/* Objects of one host tell each other directly (message.c), but for this. */
	if (request->sender && in->message_type != kIOMessageServiceIsTerminated) {
		answer_status(request, kIOReturnSuccess);
		return;
	}
	answer_status(request,
		      host_message_deliver(request->service, in->message_type, sender, argument));
}

static void run_request_probe(struct request *request)
{
	IOReturn (*probe)(IOService *, IOOptionBits) =
		host_service_op(request->service, requestProbe);

	answer_status(request, probe ? probe(request->service, request->in.provider_probe.options)
				     : kIOReturnUnsupported);
}

/* --- termination ---------------------------------------------------------------------- */

static void run_will(struct request *request)
{
	host_terminate_will(request->service, request->in.phase.provider,
			    request->in.phase.options);
	answer_status(request, kIOReturnSuccess);
}

static void run_did(struct request *request)
{
	const struct wire_phase *in = &request->in.phase;
	struct wire_number_reply reply = { host_terminate_did(request->service, in->provider,
							      in->options, in->leaves != 0) };

	answer(request, &wire_number_reply_layout, kIOReturnSuccess, &reply);
}

/* --- access of other hosts' objects -------------------------------------------------------- */

/* On a thread of its own: a driver that waits on its queue for another one must not keep that one
 * from opening its service. */
static void run_access(void *context)
{
	struct request *request = context;
	struct wire_number_reply reply = { host_access_remote(request->service,
							      &request->in.access) };

	answer(request, &wire_number_reply_layout, kIOReturnSuccess, &reply);
	free_request(request);
}

/* --- dispatch -------------------------------------------------------------------------- */

static uint64_t entry_of(const struct request *request)
{
	switch (request->frame.header.type) {
	case WIRE_OPEN_CLIENT:
		return request->in.open.service;
	case WIRE_READ_PROPERTY:
		return request->in.read.id;
	case WIRE_WRITE_PROPERTIES:
		return request->in.write.id;
	case WIRE_PROVIDER_MESSAGE:
		return request->in.message.id;
	case WIRE_WILL_TERMINATE:
	case WIRE_DID_TERMINATE:
		return request->in.phase.id;
	case WIRE_PROVIDER_ACCESS:
		return request->in.access.provider;
	case WIRE_MATCH_TABLE:
		return request->in.table.id;
	case WIRE_PROVIDER_PROBE:
		return request->in.provider_probe.id;
	default:
		return request->in.options.id;
	}
}

static const struct {
	uint32_t type;
	const struct wire_layout *layout;
	void (*run)(struct request *request);
	bool by_candidate;
} requests[] = {
	{ WIRE_PROBE, &wire_probe_layout, run_probe, true },
	{ WIRE_START, &wire_start_layout, run_start, true },
	{ WIRE_DROP, &wire_drop_layout, run_drop, true },
	{ WIRE_STOP, &wire_stop_layout, run_stop, false },
	{ WIRE_OPEN_CLIENT, &wire_open_client_layout, run_open, false },
	{ WIRE_READ_PROPERTY, &wire_read_property_layout, run_read, false },
	{ WIRE_WRITE_PROPERTIES, &wire_write_properties_layout, run_write, false },
	{ WIRE_PROVIDER_MESSAGE, &wire_provider_message_layout, run_message, false },
	{ WIRE_WILL_TERMINATE, &wire_will_terminate_layout, run_will, false },
	{ WIRE_DID_TERMINATE, &wire_did_terminate_layout, run_did, false },
	{ WIRE_PROVIDER_PROBE, &wire_provider_probe_layout, run_request_probe, false },
	{ WIRE_PROVIDER_ACCESS, &wire_provider_access_layout, NULL, false },
	{ WIRE_MATCH_TABLE, &wire_match_table_layout, run_match_table, false },
};

/* The program it is for. What concerns a user client, its end above all, is in the line of the one that has
 * it, whoever asks: no question passes a stop. */
static uint32_t program_of(const struct request *request)
{
	uint32_t holder = request->service ? host_client_pid(request->service) : 0;

	if (holder)
		return holder;
	switch (request->frame.header.type) {
	case WIRE_OPEN_CLIENT:
		return request->in.open.pid;
	case WIRE_READ_PROPERTY:
		return request->in.read.pid;
	case WIRE_WRITE_PROPERTIES:
		return request->in.write.pid;
	case WIRE_PROVIDER_PROBE:
		return request->in.provider_probe.pid;
	default:
		return 0;
	}
}

/* The driver a candidate number names; a probe makes it. */
static err_t find_candidate(struct request *request)
{
	struct host *host = request->host;
	uint64_t candidate = request->in.start.candidate; /* first in probe, start and drop */
	struct host_driver *driver = map_find(&host->candidates, candidate);
	err_t err;

	_Static_assert(offsetof(struct wire_probe, candidate) == 0, "see entry above");
	_Static_assert(offsetof(struct wire_drop, candidate) == 0, "see entry above");
	if (request->run == run_probe) {
		if (driver)
			return -EBADMSG;
		err = host_driver_new(host, candidate, &driver);
		if (err)
			return err;
		err = map_set(&host->candidates, candidate, driver);
		if (err) {
			host_driver_end_later(driver, 0, HOST_UNKNOWN);
			return err;
		}
	}
	if (!driver)
		return -ENOENT;
	if (request->run == run_start)
		driver->entry = request->in.start.id;
	request->driver = host_driver_ref(driver);
	return 0;
}

/* The driver that is to start as entry ID and has not come so far that it is one. */
static struct host_driver *find_starting(const struct host *host, uint64_t id)
{
	list_for_each(node, &host->drivers) {
		struct host_driver *driver = container_of(node, struct host_driver, link);

		if (id && driver->entry == id)
			return driver;
	}
	return NULL;
}

static err_t find_entry(struct request *request)
{
	struct host *host = request->host;
	struct IOServiceRuntime *runtime = map_find(&host->services, entry_of(request)), *sender;
	struct host_driver *starting = !runtime && request->run == run_stop
					     ? find_starting(host, entry_of(request))
					     : NULL;

	/* It stops when it has started, behind that in its queue. */
	if (starting)
		request->driver = host_driver_ref(starting);
	if (!runtime)
		return starting ? 0 : -ENOENT;
	request->service = IOServiceRetain(runtime->object);
	request->driver = host_driver_ref(runtime->driver);
	if (request->run == run_message &&
	    (sender = map_find(&host->services, request->in.message.provider)))
		request->sender = IOServiceRetain(sender->object);
	return 0;
}

/* Read without any driver: instance counts of this host (ID 0). */
static bool answer_counts(struct request *request)
{
	struct wire_value_reply reply;

	if (request->run != run_read || request->in.read.id)
		return false;
	reply.value = host_loader_copy_counts(request->host);
	answer(request, &wire_value_reply_layout,
	       reply.value ? kIOReturnSuccess : kIOReturnNoMemory, &reply);
	if (reply.value)
		CFRelease(reply.value);
	return true;
}

static IOReturn status_of(struct request *request, err_t err)
{
	if (err == -ENOENT) /* what is gone is stopped */
		return request->run == run_stop || request->run == run_will ? kIOReturnSuccess
									    : kIOReturnNotFound;
	return shortage_or_failure(err);
}

static bool is_valid(const struct request *request)
{
	const struct wire_probe *probe = &request->in.probe;
	const struct wire_open_client *open = &request->in.open;

	if (request->run == run_open)
		return !open->entitlements ||
		       CFGetTypeID(open->entitlements) == CFDictionaryGetTypeID();
	if (request->run == run_match_table)
		return request->in.table.table &&
		       CFGetTypeID(request->in.table.table) == CFDictionaryGetTypeID();
	if (request->run != run_probe)
		return true;
	return probe->personality && CFGetTypeID(probe->personality) == CFDictionaryGetTypeID() &&
	       (!probe->provider_properties ||
		CFGetTypeID(probe->provider_properties) == CFDictionaryGetTypeID());
}

static err_t begin(struct host *host, struct wire_frame *frame, size_t index)
{
	struct request *request = calloc(1, sizeof(*request));
	err_t err;

	if (!request)
		return -ENOMEM;
	list_init(&request->job.link);
	request->job.fn = run_request;
	request->host = host;
	request->epoch = provider_epoch(host->provider);
	request->layout = requests[index].layout;
	request->run = requests[index].run;
	err = wire_frame_decode(frame, request->layout, &request->in);
	request->frame = *frame; /* payload and descriptors move along */
	memset(frame, 0, sizeof(*frame));
	if (!err && !is_valid(request))
		err = -EBADMSG;
	if (err || answer_counts(request)) {
		free_request(request);
		return err;
	}
	err = requests[index].by_candidate ? find_candidate(request) : find_entry(request);
	request->job.who = program_of(request);
	if (!err && !request->run) {
		err = host_threads_start(&host->threads, run_access, request);
		if (!err)
			return 0;
	} else if (!err && !host_driver_add_job(request->driver, &request->job)) {
		err = -ENOENT;
	}
	if (err) {
		if (err != -EBADMSG)
			answer_status(request, status_of(request, err));
		free_request(request);
	}
	return err == -EBADMSG ? err : 0;
}

/* At once, on the loop's thread: attachments and opens are refused from now on. */
static err_t mark_inactive(struct host *host, struct wire_frame *frame)
{
	struct wire_inactive in;
	err_t err = wire_frame_decode(frame, &wire_inactive_layout, &in);

	for (size_t i = 0; !err && i < in.ids.count; i++) {
		struct IOServiceRuntime *runtime = map_find(&host->services, in.ids.items[i]);

		if (!runtime)
			continue;
		pthread_mutex_lock(&runtime->lock);
		runtime->inactive = true;
		pthread_mutex_unlock(&runtime->lock);
	}
	return err;
}

/* What clients may make us keep. */
static err_t set_limits(struct host *host, struct wire_frame *frame)
{
	struct wire_limits in;
	struct wire_value_reply reply = { NULL };
	char why[LIMITS_WHY_MAX];
	err_t err = wire_frame_decode(frame, &wire_limits_layout, &in);

	if (err)
		return err;
	if (host_accounts_set(&host->accounts, in.limits, why))
		log_warning("limits of the registry: %s", why);
	if (!frame->header.id)
		return 0;
	reply.value = host_accounts_copy(&host->accounts);
	host_reply(host, &frame->header, provider_epoch(host->provider), &wire_value_reply_layout,
		   reply.value ? kIOReturnSuccess : kIOReturnNoMemory, &reply);
	if (reply.value)
		CFRelease(reply.value);
	return 0;
}

err_t host_request(void *context, struct wire_frame *frame)
{
	if (frame->header.type == WIRE_INACTIVE)
		return mark_inactive(context, frame);
	if (frame->header.type == WIRE_LIMITS)
		return set_limits(context, frame);
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (requests[i].type == frame->header.type)
			return begin(context, frame, i);
	return -EBADMSG;
}
