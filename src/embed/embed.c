// SPDX-License-Identifier: MIT
#include "embed/embed.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "embed/world.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct embed_world *world; /* under lock */
static pid_t owner;		  /* of WORLD; under lock */
static bool has_ended;		  /* the process is in exit: no new session */
static bool had_parents;	  /* whose handles are here still */

/*
 * The session's threads stayed in the parent; its memory here is nobody's. The lock is not taken
 * around a fork: libIOKit calls us with its own lock held and holds that one while it forks, in the
 * other order. WORLD is stored whole, after everything in it.
 */
static void forget_parents(void)
{
	if (!world || owner == getpid())
		return;
	embed_world_abandon(take_ptr(world));
	had_parents = true;
}

static void after_fork_in_child(void)
{
	forget_parents();
	pthread_mutex_init(&lock, NULL);
}

__attribute__((constructor)) static void begin(void)
{
	log_init("portico", LOG_LEVEL_ERROR);
	pthread_atfork(NULL, NULL, after_fork_in_child);
}

__attribute__((destructor)) static void end(void)
{
	struct embed_world *ending;

	pthread_mutex_lock(&lock);
	forget_parents(); /* of a fork that ran no handlers */
	ending = take_ptr(world);
	has_ended = true;
	pthread_mutex_unlock(&lock);
	embed_world_free(ending);
}

int portico_embedded_connect(int *ret_socket)
{
	err_t err = 0;

	scope_lock(&lock);
	if (has_ended)
		return -ESHUTDOWN;
	forget_parents();
	owner = getpid();
	if (!world)
		err = embed_world_new(had_parents, &world);
	if (!err)
		err = embed_world_connect(world, ret_socket);
	return err;
}
