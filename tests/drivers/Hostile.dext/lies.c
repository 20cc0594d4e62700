/* SPDX-License-Identifier: MIT */
/*
 * A driver is code in a host's process: it can write to every descriptor and
 * every mapping of that process. Its clients must not believe any of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "driver.h"
#include "wire/protocol.h"

enum { DESCRIPTORS = 1024, SIZE = 4096 };

struct lie {
	struct wire_header header;
	uint64_t payload[(SIZE - sizeof(struct wire_header)) / 8];
};

static bool is_socket(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_SEQPACKET;
}

/* What the host was given on its command line. */
static int registry_socket(void)
{
	char line[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), found = -1;
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	for (char *word = line; n > 0 && word < line + n; word += strlen(word) + 1)
		if (!strcmp(word, "--registry-fd") && word + strlen(word) + 1 < line + n)
			found = atoi(word + strlen(word) + 1);
	return found;
}

static void send_to(int fd, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
	union {
		char space[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&m);

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A proper answer to a method with one scalar of 0x4c4945: what a lie changes then is its own business. */
static size_t make_answer(struct lie *lie, uint32_t id)
{
	memset(lie, 0, sizeof(*lie));
	lie->header = (struct wire_header){ WIRE_CALL, WIRE_FLAG_REPLY, id, 0, 48 };
	lie->payload[0] = 1; /* scalars as the driver left them */
	lie->payload[1] = 0; /* bytes of the structure */
	lie->payload[2] = 1; /* scalars */
	lie->payload[3] = 0x4c4945;
	lie->payload[4] = 0; /* structure */
	lie->header.size = 40;
	return sizeof(lie->header) + 40;
}

static void lie_to(int fd, enum hostile_lie kind)
{
	struct lie lie;
	size_t size = make_answer(&lie, 0x7f000001);
	int null, fds[4];

	switch (kind) {
	case LIE_TWICE:
		for (uint32_t id = 1; id < 200; id++) {
			size = make_answer(&lie, id / 2);
			send_to(fd, &lie, size, NULL, 0);
		}
		return;
	case LIE_TOO_LONG:
		lie.header.size = 4000;
		break;
	case LIE_TOO_MUCH:
		size += 64;
		break;
	case LIE_HUGE_COUNTS:
		lie.payload[2] = UINT64_MAX / 8;
		break;
	case LIE_DESCRIPTORS:
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			null = dup(fd); /* where nothing can be opened */
		for (int i = 0; i < 4; i++)
			fds[i] = null;
		send_to(fd, &lie, size, fds, 4);
		close(null);
		return;
	case LIE_OTHER_TYPE:
		lie.header.type = WIRE_MAP;
		break;
	case LIE_NO_REPLY:
		lie.header.flags = 0;
		break;
	case LIE_NOTICE:
		lie.header = (struct wire_header){ WIRE_NOTICE, 0, 0, 0, 16 };
		size = sizeof(lie.header) + 16;
		break;
	case LIE_DEAD:
		lie.header = (struct wire_header){ WIRE_DEAD, 0, 0, 0, 16 };
		lie.payload[0] = 1;
		lie.payload[1] = WIRE_MACHINE_ID;
		size = sizeof(lie.header) + 16;
		break;
	case LIE_COMPLETION:
		for (uint64_t token = 0; token < 64; token++) {
			lie.header = (struct wire_header){ WIRE_COMPLETION, 0, 0, 0, 24 };
			lie.payload[0] = token * 0x9e3779b97f4a7c15u;
			lie.payload[1] = 0;
			lie.payload[2] = 0;
			send_to(fd, &lie, sizeof(lie.header) + 24, NULL, 0);
		}
		return;
	case LIE_GARBAGE:
		for (size_t i = 0; i < sizeof(lie.payload) / 8; i++)
			lie.payload[i] = (uint64_t)random() << 32 | (uint64_t)random();
		memcpy(&lie.header, lie.payload, sizeof(lie.header));
		size = sizeof(lie);
		break;
	case LIE_EMPTY:
		size = 0;
		break;
	case LIE_MEMORY:
		lie.header.flags |= WIRE_FLAG_MEMORY;
		send_to(fd, &lie, sizeof(lie.header), &fd, 1);
		return;
	default: /* as it is: an ID that nobody waits for */
		break;
	}
	send_to(fd, &lie, size, NULL, 0);
}

unsigned hostile_lie(enum hostile_lie kind, bool to_registry)
{
	int registry = registry_socket();
	unsigned n = 0;

	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (is_socket(fd) && (fd == registry) == to_registry) {
			lie_to(fd, kind);
			n++;
		}
	return n;
}

uint64_t hostile_count_descriptors(uint64_t *ret_inheritable)
{
	uint64_t n = 0;

	*ret_inheritable = 0;
	for (int fd = 3; fd < DESCRIPTORS; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0)
			continue;
		n++;
		*ret_inheritable += !(flags & FD_CLOEXEC);
	}
	return n;
}

struct shared {
	uint32_t *base;
	size_t words;
};

/* Mappings of our own, of the pages that the shared ones of this process have which can be written: those may be
 * unmapped meanwhile, and their addresses be somebody else's. */
static size_t map_shared(struct shared *maps, size_t max)
{
	size_t n = 0;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && n < max && fgets(line, sizeof(line), f)) {
		unsigned long from, to;
		char rights[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[1] != 'w' ||
		    rights[3] != 's' || !strstr(line, "/memfd:"))
			continue;
		void *own = mremap((void *)from, 0, to - from, MREMAP_MAYMOVE);
		if (own != MAP_FAILED)
			maps[n++] = (struct shared){ own, (to - from) / sizeof(uint32_t) };
	}
	if (f)
		fclose(f);
	return n;
}

/* Words anywhere in the shared memory of this process. */
bool hostile_scribble(uint64_t words, uint64_t seed)
{
	struct shared maps[64];
	size_t n = map_shared(maps, 64);

	for (uint64_t i = 0; n && i < words; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		const struct shared *map = &maps[(size_t)(seed >> 33) % n];
		/* Mostly in the first pages, where what counts is. */
		size_t most = seed & 1 && map->words > 8192 ? 8192 : map->words;

		map->base[(size_t)(seed >> 16) % most] = seed & 2 ? (uint32_t)(seed >> 32)
						       : seed & 4 ? UINT32_MAX
								  : 0;
	}
	for (size_t i = 0; i < n; i++)
		munmap(maps[i].base, maps[i].words * sizeof(uint32_t));
	return n != 0;
}
