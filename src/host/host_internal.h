// SPDX-License-Identifier: MIT
/*
 * Shared inside the folder: the host, its drivers, its objects.
 *
 * Threads: the loop thread talks to the registry and never runs driver code.
 * Each driver has a queue thread for everything that creates, starts, opens
 * or stops (host_queue_*). Each connection has receiving threads (receiver.c), the host a thread
 * that sees which of them are late (watcher.c). Work loops have one thread each. The loop thread never waits for another thread; all others may wait for it
 * (host_on_loop).
 *
 * Locks, in order: the watcher's lock, a connection's gate (rwlock), host->lock, an object's or a
 * connection's lock.
 * None is held while waiting for the loop thread, except gates.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/ref.h"
#include "host/account.h"
#include "host/host.h"
#include "host/reference.h"
#include "provider/provider.h"
#include "wire/completion_ring.h"
#include "wire/frame.h"

/* --- threads (thread.c) ---------------------------------------------------- */

struct host_threads {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list finished; /* to be joined */
	unsigned running;
};

void host_threads_init(struct host_threads *threads);
/* Run FN on a new thread, which is joined by the next start or by host_threads_join. */
err_t host_threads_start(struct host_threads *threads, void (*fn)(void *), void *context);
/* Wait for all and join them. False: some still run at DEADLINE_NS (0: wait for ever). */
bool host_threads_join(struct host_threads *threads, uint64_t deadline_ns);
void host_threads_fini(struct host_threads *threads);

/* --- serial queue of one driver (queue.c) ----------------------------------- */

enum { HOST_QUEUE_ROUND = 32 }; /* jobs of a program that go before those that others add later */

struct host_queue;
struct host_job {
	struct list link;
	void (*fn)(struct host_job *job);
	uint32_t who; /* pid of the program that it is for; 0: the host's own */
	/* the queue's, while it waits */
	struct list line;
	uint64_t order, place, round;
};

err_t host_queue_new(struct host_threads *threads, struct host_queue **ret_queue);
/* Is the calling thread one of a queue? */
bool host_queue_is_current(void);
/* The queue of the calling thread, or NULL. */
struct host_queue *host_queue_current(void);
/* On the queue's own thread, from inside a job: go on with the queue until *DONE, which whoever sets it
 * follows up with a poke, or until the queue has finished. */
void host_queue_run_until(struct host_queue *queue, const atomic_bool *done);
void host_queue_poke(struct host_queue *queue);
/* FN runs on the queue's thread; it owns JOB from now on. Jobs of one program run in the order in which they
 * were added, and so do all others as long as no program has more than HOST_QUEUE_ROUND of them waiting: who has
 * lets others go first. No job passes one of the host's own, in either direction. */
void host_queue_add(struct host_queue *queue, struct host_job *job);
/* The thread ends after what is queued: it frees the queue and calls FN(CONTEXT) last. */
void host_queue_finish(struct host_queue *queue, void (*fn)(void *), void *context);

/* --- answers with a descriptor that are not read (unread.c) ----------------------- */

struct host_connection;

/* An answer with a descriptor will be sent, with SIZE bytes in a memory file that nobody else counts. False: not now. */
bool host_unread_add(struct host_connection *connection, uint64_t size);
/* It has been sent, or will not be. */
void host_unread_sent(struct host_connection *connection);
/* The socket is closed. */
void host_unread_fini(struct host_connection *connection);

/* --- who notices slow methods (watcher.c) -------------------------------------- */

struct host;
struct host_connection;
struct host_slots;

struct host_watcher {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list connections;
	uint64_t settled_ns; /* when all of them were last asked for what is read (unread.c) */
	atomic_bool is_asleep;
	bool is_started, is_stopping;
};

void host_watcher_init(struct host_watcher *watcher);
void host_watcher_fini(struct host_watcher *watcher);
/* The first connection starts the thread. */
err_t host_watcher_add(struct host *host, struct host_connection *connection);
void host_watcher_remove(struct host_watcher *watcher, struct host_connection *connection);
void host_watcher_wake(struct host_watcher *watcher);
/* Let the thread end; it is joined with the others. */
void host_watcher_stop(struct host_watcher *watcher);

/* A request begins: connection->turn has been set. */
static inline void host_watcher_rouse(struct host_watcher *watcher)
{
	if (atomic_load(&watcher->is_asleep))
		host_watcher_wake(watcher);
}

/* --- the host ------------------------------------------------------------------ */

struct host_bundle {
	struct list link;
	char *path;
	void *handle; /* of dlopen */
	const struct IODriver *driver;
	size_t n_classes;
	atomic_int *counts; /* instances of each class */
	bool declared;
};

struct host {
	struct loop *loop;
	pthread_t loop_thread;
	struct provider *provider;
	struct host_threads threads;
	struct host_watcher watcher;
	bool in_process;
	struct host_accounts accounts;			  /* of the clients */
	const struct io_filter_callbacks *_Atomic filter; /* NULL until a driver registers one */

	/* loop thread only */
	struct map candidates; /* candidate -> struct host_driver */
	struct map services;   /* entry ID -> struct IOServiceRuntime */
	struct list drivers;
	bool ending;
	err_t result;
	struct loop_timer give_up;

	/* changes that the registry was told of by other threads than queues, and how many of them
	 * it is known to have made */
	_Atomic uint64_t told, settled;

	/* guarded by lock */
	pthread_mutex_t lock;
	struct list bundles;
	struct list places; /* struct host_place: attachments beyond the provider (plane.c) */

	pthread_mutex_t values_lock; /* of the one client whose properties are decoded */

	/* guarded by connections_lock, with which no driver's code runs */
	pthread_mutex_t connections_lock;
	struct list connections;
};

/* Run FN(CONTEXT) on the loop thread and wait for it; at once when already there. -ESHUTDOWN:
 * the loop runs no more. */
err_t host_on_loop(struct host *host, void (*fn)(void *), void *context);
/* The same for FN that tells the registry of a change. */
err_t host_tell(struct host *host, void (*fn)(void *), void *context);
/* Wait until the registry has made all changes that it was told of: a program that hears of a change
 * from its driver must find it there. Any thread but the loop's, which returns at once. */
void host_settle(struct host *host);
/* Ask the registry and wait for the answer, whose status this is; kIOReturnOffline when there is no
 * registry. REPLY (may be NULL) is decoded on success; it has numbers only. On a queue's
 * thread the queue goes on meanwhile when NESTED, so that what is asked for may need it. Not on the
 * loop's thread. */
IOReturn host_ask(struct host *host, const struct wire_layout *layout, const void *message,
		  const struct wire_layout *reply_layout, void *reply, bool nested);
/* Answer a request from any thread; dropped when the connection it came on has gone. */
err_t host_reply(struct host *host, const struct wire_header *request, uint64_t epoch,
		 const struct wire_layout *layout, int32_t status, const void *message);

/* --- bundles (loader.c) --------------------------------------------------------- */

/* Load or find the bundle at PATH. Borrowed: bundles live as long as the host. A failure is logged
 * with what is wrong. */
err_t host_loader_open(struct host *host, const char *path, struct host_bundle **ret_bundle);
void host_loader_close_all(struct host *host);
/* Are there instances left of a bundle's classes? They are logged. */
bool host_loader_is_needed(const struct host *host);
/* NULL: no such class in this bundle. */
const struct IODriverClass *host_loader_find_class(const struct host_bundle *bundle,
						   const char *name);
bool host_loader_owns_class(const struct host_bundle *bundle, const struct IODriverClass *cls);
/* What is wrong with a declaration, NULL when nothing is. Pure. */
const char *host_loader_check(const struct IODriver *driver);
/* Class name -> superclass name of all classes; a new dictionary or NULL. */
CFDictionaryRef host_loader_copy_classes(const struct host_bundle *bundle);
/* Names of the classes with an operation matchPropertyTable; a new array or NULL. */
CFArrayRef host_loader_copy_hooked(const struct host_bundle *bundle);
bool host_class_conforms(const struct IODriverClass *cls, const char *name);
/* Class name -> number of instances, over all bundles; a new dictionary or NULL. */
CFDictionaryRef host_loader_copy_counts(struct host *host);

/* --- drivers and objects (service.c, property.c, open.c) ------------------------ */

/* One driver: an instance of a personality's IOClass and everything it makes. */
struct host_driver {
	struct host *host;
	struct list link; /* host->drivers; loop thread */
	uint64_t candidate;
	uint64_t entry; /* as which it is to start; 0: not yet. Loop thread */
	struct host_bundle *bundle;
	struct ref ref;		       /* the list's and one for each object */
	IOService *service, *provider; /* queue thread */
	bool started;		       /* queue thread */
	bool ended;		       /* queue thread */
	unsigned n_inside;	       /* queue thread: start, newUserClient */
	struct list held;	       /* jobs that would end it, until those have returned */
	/* Its end, which has to come without memory as well. */
	struct host_job end;
	IOOptionBits end_options;
	uint64_t end_known_by;
	/* guarded by lock */
	pthread_mutex_t lock;
	bool is_ending;		  /* END is queued */
	struct host_queue *queue; /* NULL: finished */
	IOWorkLoop *work_loop;
};

/* The private part of an IOService. */
struct IOServiceRuntime {
	IOService *object;
	struct host *host;
	struct host_driver *driver;
	struct host_bundle *bundle; /* that owns the class; NULL: base class */
	struct ref ref;
	char *name;
	bool is_remote;	    /* stands for a provider in another process */
	char *remote_class; /* its class then */
	bool is_main;	    /* the driver's own service */
	bool is_nub;	    /* made by IOServicePublishNub: not started, not stopped */
	struct host_connection *connection; /* user clients, from initialisation on */
	struct host_user *user; /* of a DriverKit-style object (user_service.h); else NULL */

	/* guarded by lock */
	pthread_mutex_t lock;
	CFMutableDictionaryRef properties;
	CFMutableDictionaryRef pending; /* changes before the entry is known; may be NULL */
	CFMutableArrayRef live;		/* may be NULL */
	uint64_t id;
	IOService *provider;	  /* retained */
	IOService *owner;	  /* who has opened it; borrowed. On a stand-in: who of this host */
	struct list standins;	  /* of clients in other hosts that use this one; retained */
	struct list standin_link; /* guarded by the lock of what it uses */
	struct list phases;	  /* struct host_phase: providers that end (terminate.c) */
	struct list clients;	  /* objects attached to this one */
	struct list names;	  /* struct host_name: what it was ever called (plane.c) */
	struct list client_link;  /* guarded by the provider's lock */
	bool inactive, starting, register_wanted;
	bool is_retiring;    /* the registry has been asked to end it */
	bool has_stopped;    /* its stop has run */
	struct host_job end; /* queued once, when the registry does not lead (terminate.c) */
	IOOptionBits end_options;
	IOOptionBits register_options;
	bool ended; /* queue thread of its driver */

	bool has_left; /* all planes; guarded by the host's lock */

	/* loop thread only */
	struct provider_entry *entry;
};

/* What the drivers of DRIVER see of an object that lives elsewhere. NULL: no memory. */
IOService *host_service_new_remote(struct host_driver *driver, uint64_t id, const char *class_name,
				   const char *name, CFDictionaryRef properties);
/* A new object, not initialised. BUNDLE NULL for base classes. */
IOService *host_service_new(struct host_driver *driver, const struct IODriverClass *cls,
			    CFDictionaryRef properties);
/* What the registry shows as the class of the object. */
const char *host_service_shown_class(const IOService *service);
/* Run the chain of init. */
bool host_service_init(IOService *service, CFDictionaryRef properties);
/* False: PROVIDER is inactive. Retains it. */
bool host_service_attach(IOService *service, IOService *provider);
void host_service_detach(IOService *service);
/* The operation at OFFSET of struct IOServiceOperations, inherited; NULL when nobody has it. */
void *host_service_operation(const struct IODriverClass *cls, size_t offset);
void *host_client_operation(const struct IODriverClass *cls, size_t offset);
#define host_service_op(service, member) \
	((__typeof__(((struct IOServiceOperations *)0)->member))host_service_operation( \
		(service)->objectClass, offsetof(struct IOServiceOperations, member)))
#define host_client_op(client, member) \
	((__typeof__(((struct IOUserClientOperations *)0)->member))host_client_operation( \
		(client)->service.objectClass, offsetof(struct IOUserClientOperations, member)))
bool host_service_start(IOService *service, IOService *provider);
/* Entry ID is known: find it by ID, mirror it, send what was set before. -ESTALE: the registry of EPOCH
 * (provider_epoch), whose ID it is, has a successor. */
err_t host_service_enter(IOService *service, uint64_t id, uint64_t proof, uint64_t parent,
			 uint32_t flags, uint64_t epoch);
/* Out of the tables again, without a word to the registry. */
void host_service_leave(IOService *service);
/* What start has postponed. */
void host_service_flush_register(IOService *service);
/* The object with entry ID, retained, or NULL. Any thread. */
IOService *host_service_find(struct host *host, uint64_t id);

/* --- the end of objects (terminate.c) ------------------------------------------------ */

/* Have the registry end SERVICE and what stands on it, phase by phase; by ourselves when there is no
 * registry. Any thread. */
IOReturn host_terminate_request(IOService *service, IOOptionBits options);
/* The phases, on the queue's thread. */
void host_terminate_will(IOService *service, uint64_t provider, IOOptionBits options);
/* False: it needs PROVIDER for a while, the registry hears when it does not. LEAVES: it stays, on
 * other providers. */
bool host_terminate_did(IOService *service, uint64_t provider, IOOptionBits options, bool leaves);
/* SERVICE has closed PROVIDER, which may be what its end waits for. */
void host_terminate_closed(IOService *service, IOService *provider);
#define HOST_UNKNOWN 0 /* epochs begin with 1 */
/* What is left to do: willTerminate, didTerminate, stop, finalize, detach, out of the tables. KNOWN_BY: the
 * registry that has asked for it (provider_epoch); HOST_UNKNOWN: none. One that has come meanwhile is
 * told. Queue thread. */
void host_terminate_now(IOService *service, IOOptionBits options, uint64_t known_by);
/* All that hangs below, leaves first. Queue thread. */
void host_terminate_clients(IOService *service, IOOptionBits options, uint64_t known_by);
void host_terminate_fini(struct IOServiceRuntime *runtime);

/* --- messages and exclusive access (message.c, access.c) -------------------------------- */

/* Message between objects of this host, on the caller's thread. */
IOReturn host_message_deliver(IOService *service, uint32_t type, IOService *provider,
			      void *argument);
/* To everybody who hears SERVICE's messages, but for EXCEPT (may be NULL). */
void host_message_tell(IOService *service, uint32_t type, void *argument, size_t size,
		       IOService *except);
/* WIRE_PROVIDER_ACCESS: open, close or ask for a client of another host. Any thread but the loop's. */
struct wire_provider_access;
bool host_access_remote(IOService *provider, const struct wire_provider_access *access);
/* The stand-ins of the clients of an object that is being freed. */
void host_access_fini(struct IOServiceRuntime *runtime);
/* Loop thread; CONTEXT: the host. Tell a registry that has been started again who of other hosts has what open here. */
void host_access_remind(void *context);

/* --- planes (plane.c) ------------------------------------------------------------ */

/* The location that a new object is published with. */
err_t host_plane_remember(IOService *service, const char *name, const char *location);
/* SERVICE leaves all planes: its own attachments and those of others to it. */
void host_plane_leave(IOService *service);
/* Parent ID of SERVICE in the IOService plane besides its provider, retained, or NULL. */
IOService *host_plane_copy_provider(IOService *service, uint64_t id);
/* The first of them, which it does not hang below any more, retained, or NULL. */
IOService *host_plane_take_provider(IOService *service);
/* SERVICE does not hang below PARENT in the IOService plane any more. */
void host_plane_forget_provider(IOService *service, IOService *parent);
/* The names of an object that is being freed. */
void host_plane_fini(struct IOServiceRuntime *runtime);

/* --- requests of the registry (driver.c, request.c) --------------------------------- */

struct host_driver *host_driver_ref(struct host_driver *driver);
struct host_driver *host_driver_unref(struct host_driver *driver);
/* Loop thread; in the host's list, without objects. */
err_t host_driver_new(struct host *host, uint64_t candidate, struct host_driver **ret_driver);
/* False: the driver's queue has finished; JOB is untouched. */
bool host_driver_add_job(struct host_driver *driver, struct host_job *job);
/* Around start and newUserClient: what waits in them runs other jobs meanwhile, and none of those may end
 * the driver. One that would asks host_driver_hold first and is, if that is true, run by host_driver_leave. Queue
 * thread, all three. */
void host_driver_enter(struct host_driver *driver);
bool host_driver_hold(struct host_driver *driver, struct host_job *job);
void host_driver_leave(struct host_driver *driver);
/* Is it the calling thread that is inside? Then its end cannot be waited for. Any thread. */
bool host_driver_is_inside(struct host_driver *driver);
/* Queue the end of a driver. Any thread. */
void host_driver_end_later(struct host_driver *driver, IOOptionBits options, uint64_t known_by);
/* End it: objects, work loop, queue. Queue thread; once. */
void host_driver_end(struct host_driver *driver, IOOptionBits options, uint64_t known_by);
err_t host_request(void *host, struct wire_frame *frame);
/* Stop and free all drivers, then stop the loop. Loop thread. */
void host_driver_end_all(struct host *host);

/* --- one user client's connection (user_client.c, receiver.c, call_server.c) --------- */

struct host_async;
struct host_memories;

/* What the registry knows of a program (wire/open.h). */
struct IOClientTaskRights {
	uint32_t flags;		      /* WIRE_OPEN_* */
	uint64_t service;	      /* what it opened */
	CFDictionaryRef entitlements; /* may be NULL */
};

enum { HOST_SLOW_SLOTS = 64 };

struct host_connection {
	struct list link;     /* in host->connections */
	IOUserClient *client; /* which owns this */
	struct host *host;
	int socket; /* -1 until connected */
	IOClientTask task;
	struct IOClientTaskRights rights; /* of the task */
	_Atomic uint64_t refused_ns;	  /* when the registry was last told of a refused method */
	char *process;
	struct host_account account;
	_Atomic uint64_t unread;		  /* what lies in the socket, perhaps (unread.c) */
	atomic_uint n_answering;		  /* threads that are about to send some of it */
	const struct io_filter_callbacks *filter; /* valid with a policy */
	io_filter_policy_t filter_policy;	  /* 0: none; fixed at open */

	/* The gate: methods hold it shared, close and the others exclusively (turn.h). */
	pthread_rwlock_t gate;
	atomic_uint n_beside; /* requests that run without the gate */
	bool locking, single_thread, lock_set_properties, shared_instance; /* fixed at open */
	atomic_bool is_given;	 /* to a program, or about to be */
	atomic_bool closed;	 /* nothing begins any more; changed under the gate */
	atomic_bool is_left;	 /* its program has closed it; else it ends for other reasons */
	atomic_bool ending;	 /* its end is queued or running */
	struct host_job end_job; /* once .ending was set; retains the client */
	struct list held;	 /* jobs of its end that wait for methods; guarded by lock */
	atomic_bool inactive;	 /* no more requests */

	/* receiving threads; guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t left;
	unsigned n_threads;
	unsigned n_standby; /* of them wait for a vacancy */
	bool is_vacant;	    /* there is no receiver */
	pthread_cond_t vacancy;
	/* without a lock */
	_Atomic uint64_t turn; /* odd: the receiver handles a request (receiver.c) */
	_Atomic size_t slot;   /* of the method it runs; HOST_SLOW_SLOTS: none */
	_Atomic uint8_t slow[HOST_SLOW_SLOTS + 1]; /* by selector: not 0, it takes long */
	/* guarded by the watcher's lock */
	struct list watched;
	uint64_t seen_turn;

	/* the program's memory (client_memory.c); guarded by lock */
	struct list askings;
	pthread_cond_t answered;
	uint32_t last_asking;
	unsigned n_methods;	/* of a program whose memory may be asked for */
	uint64_t memory_period; /* grows when none runs any more */

	struct map inlets; /* number -> struct host_inlet; guarded by lock */
	struct host_async *async;
	struct host_memories *memories;
	struct host_slots *slots; /* NULL: none; set once, under lock */
};

err_t host_connection_new(IOUserClient *client, const IOClientTask *task,
			  struct host_connection **ret_connection);
struct host_connection *host_connection_free(struct host_connection *connection);
/* After the loop's end: drivers that complete calls then are told that nobody receives it. */
void host_connections_close_inlets(struct host *host);
/* Start the first thread that receives. */
err_t host_receiver_start(struct host_connection *connection);
/* Is TURN that of a request which is being handled? */
static inline bool host_receiver_is_busy(uint64_t turn)
{
	return turn & 1;
}
/* Request TURN has taken long: unless it has finished, another thread receives from now on. */
void host_receiver_is_late(struct host_connection *connection, uint64_t turn);
/* Start receiving, when the driver's demands have been met (host_client_rights_check). Takes SOCKET
 * on success and failure. */
err_t host_connection_serve(struct host_connection *connection, int socket);
/* Another thread for the connection, within its limits; with the lock held. FN ends with
 * host_connection_leave. */
err_t host_connection_add_thread_locked(struct host_connection *connection, void (*fn)(void *));
/* The thread's last use of the connection. */
void host_connection_leave(struct host_connection *connection);
/* Call slots (slots.c) in the memory FD, which is borrowed. -EBADMSG: it is no such memory. */
err_t host_slots_start(struct host_connection *connection, int fd);
void host_slots_wake(struct host_slots *slots);
struct host_slots *host_slots_free(struct host_slots *slots);
/* Wait until all receiving threads have left. */
void host_connection_wait(struct host_connection *connection);
/* clientClose at most once (see shared_instance); the gate is held exclusively. */
void host_client_close_locked(struct host_connection *connection, bool died);
/* Queue the end of the user client, once. Any thread. */
void host_client_end_later(struct host_connection *connection);
/* The same for its own IOServiceTerminate. */
IOReturn host_client_retire(struct host_connection *connection, IOOptionBits options);
/* Nothing is received any more and clientClose has run: waits for calls in flight. Queue thread; may be
 * repeated. */
void host_client_shut(IOUserClient *client);
/* Before it is shut on the driver's queue, which other clients need: true when JOB, which retains it, is put there
 * once more when no method of it runs any more. */
bool host_client_holds_up(IOUserClient *client, struct host_job *job);
/* End it now: waits for calls in flight. Queue thread. */
void host_client_end(IOUserClient *client, IOOptionBits options, uint64_t known_by);
/* pid of the program whose user client SERVICE is; 0: it is none. */
uint32_t host_client_pid(const IOService *service);
/* The opening has failed after the client was made: clientClose, then the end. Queue thread. */
void host_client_refuse(IOUserClient *client, uint64_t known_by);
/* The five-argument open with all its defaults. */
IOReturn host_client_open(IOService *service, const IOClientTask *task, uint32_t type,
			  IOUserClient **ret_client);

/* --- rights (client_rights.c), message filter (message_filter.c) ------------------------ */

/* A copy with references of its own. */
void host_client_rights_init(struct IOClientTaskRights *rights,
			     const struct IOClientTaskRights *other);
void host_client_rights_fini(struct IOClientTaskRights *rights);
/* Steps 8 to 12 of an opening (spec 5.1): reads the locking properties, compares what the user
 * client demands with what the program has, asks the filter. The caller closes it on failure. */
IOReturn host_client_rights_check(struct host_connection *connection, uint32_t type);
/* Does the program of CLIENT hold entitlement NAME, for method SELECTOR? NotPrivileged, NotPermitted when
 * a grant denies it. */
IOReturn host_client_rights_check_method(IOUserClient *client, uint32_t selector, const char *name);
IOReturn host_message_filter_resolve(struct host_connection *connection, uint32_t type);
IOReturn host_message_filter_check(struct host_connection *connection, io_filter_type_t type,
				   uint32_t selector);
void host_message_filter_release(struct host_connection *connection);

/* --- method tables of the time before (legacy_method.c) ----------------------------------- */

IOReturn host_legacy_method_run(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments);
IOExternalTrap *host_legacy_method_find_trap(IOUserClient *client, IOService **target,
					     uint32_t index);

/* --- pure checks (method_table.c) ----------------------------------------------------- */

IOReturn host_method_table_check(const IOExternalMethodDispatch *dispatch,
				 const IOExternalMethodArguments *arguments);
/* ENTITLED tells whether the caller holds the entry's entitlement (else the status for him); asked only
 * when there is one. */
IOReturn host_method_table_check_2022(const IOExternalMethodDispatch2022 *array, size_t count,
				      uint32_t selector, const IOExternalMethodArguments *arguments,
				      IOReturn (*entitled)(void *context, const char *name),
				      void *context);
/* Codes that must not travel (MIG's own, -300 to -325) become kIOReturnError. */
IOReturn host_method_table_clean_status(IOReturn status);

/* --- inlets (inlet.c): the host's end of a wake port -------------------------------------- */

enum { HOST_INLET_QUEUE_MAX = 65534 };

struct host_inlet;

/* Takes SOCKET on success and failure. LOOP writes what had to wait, which is charged to ACCOUNT (borrowed
 * until the inlet is closed; may be NULL). */
err_t host_inlet_new(struct loop *loop, int socket, uint32_t inlet_class,
		     struct host_account *account, struct host_inlet **ret_inlet);
struct host_inlet *host_inlet_ref(struct host_inlet *inlet);
struct host_inlet *host_inlet_unref(struct host_inlet *inlet);
uint32_t host_inlet_class(const struct host_inlet *inlet);
/* Completions go into the memory behind FD (borrowed) from now on, not through the socket. To be called
 * before the first. -EBADMSG: it is no such memory; -ENOMEM. */
err_t host_inlet_use_ring(struct host_inlet *inlet, int fd);
/* Never blocks. 1: it waits, and the receiver should have the processor if it needs this one; -EPIPE:
 * the receiver has gone; -EAGAIN: CAN_DROP and it would have to wait;
 * -ENOBUFS: too many wait (never for a release). */
err_t host_inlet_put(struct host_inlet *inlet, const struct wire_ring_record *record,
		     bool can_drop);
/* A wake-up: one that cannot be sent at once is dropped. 0 or -EPIPE. */
err_t host_inlet_wake(struct host_inlet *inlet);
/* A driver's own message, now or never: -EPIPE; -EAGAIN: too many are unread. */
err_t host_inlet_post(struct host_inlet *inlet, uint32_t id, const void *data, size_t size);
/* Loop thread: forget what waits, no more callbacks. Sends fail with -EPIPE from now on. */
void host_inlet_close(struct host_inlet *inlet);
uint64_t host_inlet_dropped(struct host_inlet *inlet);
/* As much waits as may wait: nothing that leads to more should begin. */
bool host_inlet_is_full(struct host_inlet *inlet);
/* A wake port is the driver's view of an inlet of class WIRE_INLET_WAKEUPS. */
IOWakePort *host_inlet_wake_port(struct host_inlet *inlet);

/* --- asynchronous references (async_result.c) ---------------------------------------------- */

/* ACCOUNT (borrowed, may be NULL) pays for the outstanding references. */
struct host_async *host_async_new(struct host_account *account);
struct host_async *host_async_free(struct host_async *async);
/* A call begins: INLET (borrowed) may be NULL (no wake port). Fills word 0, the others are the
 * client's WORDS. -ENOSPC, -ENOMEM. */
err_t host_async_begin(struct host_async *async, struct host_inlet *inlet, uint64_t token,
		       const uint64_t *words, size_t n_words, OSAsyncReference64 ret_reference);
IOReturn host_async_send(struct host_async *async, OSAsyncReference64 reference, IOReturn result,
			 const io_user_reference_t *arguments, uint32_t count,
			 IOOptionBits options);
/* The client is told that nothing follows. False: unknown or released already. */
bool host_async_release(struct host_async *async, const OSAsyncReference64 reference);
void host_async_release_all(struct host_async *async);
size_t host_async_count(struct host_async *async);

/* --- memory (memory.c) ------------------------------------------------------------------------ */

/* Memory of one call: BYTES lie inside ALLOCATION, which is taken on success (free). NULL: no
 * memory. */
IOMemoryDescriptor *host_memory_wrap(void *allocation, void *bytes, uint64_t length);
/* Release it. Where nobody else holds it, its allocation is the caller's again; else NULL. NULL is
 * harmless. */
void *host_memory_unwrap(IOMemoryDescriptor *memory);
/* A descriptor to hand to a client, owned by the caller; -EINVAL for memory that is not shared. */
err_t host_memory_share(IOMemoryDescriptor *memory, bool read_only, int *ret_fd);
bool host_memory_is_read_only(const IOMemoryDescriptor *memory);

/* --- memory of programs, by address (client_memory.c) ------------------------------------------ */

struct host_client_memory;

/* Takes OF_CLIENT on success. */
IOMemoryDescriptor *host_memory_of_client(struct host_client_memory *of_client, uint64_t length);
/* How many bytes could be copied. */
uint64_t host_client_memory_read(const struct host_client_memory *memory, uint64_t offset,
				 void *bytes, uint64_t size);
uint64_t host_client_memory_write(const struct host_client_memory *memory, uint64_t offset,
				  const void *bytes, uint64_t size);
void host_client_memory_free(struct host_client_memory *memory);
/* Around a method. */
void host_client_memory_begin(struct host_connection *connection);
void host_client_memory_end(struct host_connection *connection);
/* The connection is ending: nobody waits for its program any more. */
void host_client_memory_wake(struct host_connection *connection);
/* What programs that map it are told about it: DATA (retained) under KEY. Before it is shared; once.
 * False: no memory. */
bool host_memory_set_context(IOMemoryDescriptor *memory, CFStringRef key, CFDataRef data);
/* Borrowed, may be NULL. */
CFDictionaryRef host_memory_context(const IOMemoryDescriptor *memory);

/* The memories a connection has mapped, with their numbers. */
struct host_memories *host_memories_new(struct host_account *account);
struct host_memories *host_memories_free(struct host_memories *memories);
/* Number of MEMORY, retained on first sight. -ENOSPC, -ENOMEM. */
err_t host_memories_add(struct host_memories *memories, IOMemoryDescriptor *memory,
			uint64_t *ret_number);
uint64_t host_memories_find(struct host_memories *memories, IOMemoryDescriptor *memory);

/* --- work loops (work_loop.c) --------------------------------------------------------------------
 */

err_t host_work_loop_new(IOWorkLoop **ret_loop);
/* Stops and joins the thread; outstanding event sources become inert. NULL is accepted. */
IOWorkLoop *host_work_loop_free(IOWorkLoop *loop);
