// SPDX-License-Identifier: MIT
/*
 * Preloaded into a program that uses the unmodified client library: what the
 * library sends goes out altered, again, late or in part, and what it shares is
 * scribbled over. SHIM_MODE says how, SHIM_SEED makes each run its own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define VISIBLE __attribute__((visibility("default")))

enum { MESSAGE_MAX = 64 * 1024, MAPS = 64, RARELY = 8 };

static struct {
	const char *mode;
	_Atomic uint64_t state;
	pthread_mutex_t lock;
	uint8_t kept[MESSAGE_MAX]; /* guarded by lock: a message for later */
	size_t kept_size;
	_Atomic(volatile uint32_t *) maps[MAPS];
	size_t map_words[MAPS];
	atomic_uint n_maps;
} shim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t next(void)
{
	uint64_t state = atomic_load(&shim.state) * 6364136223846793005u + 1442695040888963407u;

	atomic_store(&shim.state, state);
	return state >> 20;
}

static bool is_mode(const char *mode)
{
	return shim.mode && !strcmp(shim.mode, mode);
}

static void *scribble(void *context)
{
	for (;;) {
		unsigned n = atomic_load(&shim.n_maps);
		uint64_t random = next();

		if (!n)
			continue;
		volatile uint32_t *map = atomic_load(&shim.maps[random % n]);
		size_t words = shim.map_words[random % n];

		if (map && words)
			map[(random >> 8) % (random & 64    ? words
					     : words < 2048 ? words
							    : 2048)] =
				random & 128 ? (uint32_t)(random >> 12) : UINT32_MAX;
	}
	return context;
}

__attribute__((constructor)) static void begin(void)
{
	const char *seed = getenv("SHIM_SEED");
	pthread_t thread;

	shim.mode = getenv("SHIM_MODE");
	atomic_store(&shim.state, seed ? strtoull(seed, NULL, 10) : 1);
	if (is_mode("scribble"))
		pthread_create(&thread, NULL, scribble, NULL);
}

/* --- what is sent ---------------------------------------------------------------------------------- */

static ssize_t send_real(int fd, const struct msghdr *m, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
	return real(fd, m, flags);
}

static ssize_t send_bytes(int fd, const struct msghdr *like, void *bytes, size_t size, int flags)
{
	struct iovec iov = { bytes, size };
	struct msghdr m = *like;

	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	return send_real(fd, &m, flags);
}

/* Another message than the last one goes out, maybe on another socket than it was meant for. */
static ssize_t swap_kept(int fd, const struct msghdr *m, uint8_t *bytes, size_t size, int flags)
{
	static uint8_t old[MESSAGE_MAX];
	ssize_t result = (ssize_t)size;

	pthread_mutex_lock(&shim.lock);
	size_t old_size = shim.kept_size;

	memcpy(old, shim.kept, old_size);
	memcpy(shim.kept, bytes, size);
	shim.kept_size = size;
	if (old_size)
		result = send_bytes(fd, m, old, old_size, flags);
	pthread_mutex_unlock(&shim.lock);
	return result < 0 ? result : (ssize_t)size;
}

VISIBLE ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	uint8_t bytes[MESSAGE_MAX];
	size_t size = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++) {
		if (size + m->msg_iov[i].iov_len > sizeof(bytes))
			return send_real(fd, m, flags);
		memcpy(bytes + size, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		size += m->msg_iov[i].iov_len;
	}
	if (!shim.mode || !size || next() % RARELY)
		return send_real(fd, m, flags);
	if (is_mode("flip"))
		bytes[next() % size] ^= 1u << next() % 8;
	else if (is_mode("cut"))
		size = next() % size;
	else if (is_mode("repeat"))
		send_bytes(fd, m, bytes, size, flags);
	else if (is_mode("swap"))
		return swap_kept(fd, m, bytes, size, flags);
	ssize_t result = send_bytes(fd, m, bytes, size, flags);

	return result < 0 ? result : (ssize_t)size;
}

/* --- what is shared -------------------------------------------------------------------------------- */

VISIBLE void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	static void *(*real)(void *, size_t, int, int, int, off_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "mmap");
	void *map = real(at, size, protection, flags, fd, offset);

	if (map != MAP_FAILED && fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
		unsigned n = atomic_load(&shim.n_maps);

		if (n < MAPS) {
			shim.map_words[n] = size / sizeof(uint32_t);
			atomic_store(&shim.maps[n], map);
			atomic_store(&shim.n_maps, n + 1);
		}
	}
	return map;
}

/* Nothing is scribbled over that is not there: it stays. */
VISIBLE int munmap(void *at, size_t size)
{
	static int (*real)(void *, size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "munmap");
	for (unsigned i = 0; i < atomic_load(&shim.n_maps); i++)
		if (atomic_load(&shim.maps[i]) == at)
			return 0;
	return real(at, size);
}
