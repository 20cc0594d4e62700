// SPDX-License-Identifier: MIT
/*
 * Confinement of the calling process, before it runs code that is not ours.
 * The tiers are those of docs/decisions/016: 1, the process gives up by itself
 * what it does not need; 2, it moves into namespaces of its own first; 3,
 * systemd has done so and given it a uid. Used by portico-host; the registry
 * only says what is wanted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	SANDBOX_OFF = 0,    /* asked for by name only */
	SANDBOX_SELF = 1,   /* no_new_privs, seccomp, Landlock, limits, no capabilities */
	SANDBOX_SPACES = 2, /* and user, mount, network, IPC, UTS and cgroup namespaces */
	SANDBOX_UNIT = 3,   /* and a systemd unit with a uid of its own */
	SANDBOX_TIER_MAX = 3,

	SANDBOX_PATHS_MAX = 1024, /* of all bundles together; our own come on top */
	SANDBOX_MISSING_MAX = 255,
};

enum sandbox_access {
	SANDBOX_READ,	/* files and folders below it */
	SANDBOX_WRITE,	/* and create, write, remove */
	SANDBOX_DEVICE, /* one device node (or a folder of them): read, write, ioctl */
};

struct sandbox_path {
	const char *path; /* borrowed */
	enum sandbox_access access;
};

/* What is wanted, and what the driver has declared. */
struct sandbox_config {
	unsigned tier;
	struct sandbox_path paths[SANDBOX_PATHS_MAX];
	size_t n_paths;
	bool processes;	       /* may see other processes: /proc, pidfd_open */
	bool executable;       /* may make memory executable */
	uint64_t families;     /* bit N: may make sockets of address family N (below 64) */
	uint64_t capabilities; /* bit N: keeps capability N if it has it */
	uint64_t memory_bytes; /* 0: the default */
	unsigned threads;      /* 0: the default */
};

struct sandbox_result {
	unsigned tier;
	unsigned threads; /* that there may be; 0: not limited */
	bool is_declared; /* the tier is lower because of what the driver has declared */
	bool is_short;	  /* because memory was missing: in another process it may be there */
	/* What this system lacks of the tier that was wanted, in words; "" when nothing. */
	char missing[SANDBOX_MISSING_MAX + 1];
};

/* Enter the tier that is wanted or, where this system lacks something, the best one below it:
 * the caller compares. Once, before other threads. Never undone. */
void sandbox_enter(const struct sandbox_config *config, struct sandbox_result *ret_result);

/* The tier that is wanted: PORTICO_SANDBOX of the environment, or the best that needs no installation. */
unsigned sandbox_tier_of_environment(void);

/* "net_admin" and the like, without the prefix CAP_; -1: unknown. */
int sandbox_capability(const char *name);
/* "netlink", "inet", "inet6", "unix", "bluetooth", "can", "packet", "vsock"; -1: unknown. */
int sandbox_family(const char *name);
