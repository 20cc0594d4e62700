// SPDX-License-Identifier: MIT
/* In a file of its own: the registry checks declarations with them and needs nothing else of this folder. */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sandbox/sandbox.h"

struct name {
	const char *name;
	int number;
};

static int find(const struct name *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i].name, name))
			return names[i].number;
	return -1;
}

int sandbox_capability(const char *name)
{
	/* What a driver of a device may have a use for. Those that are as good as all are not here. */
	static const struct name names[] = {
		{ "net_admin", CAP_NET_ADMIN },	      { "net_raw", CAP_NET_RAW },
		{ "sys_rawio", CAP_SYS_RAWIO },	      { "sys_nice", CAP_SYS_NICE },
		{ "ipc_lock", CAP_IPC_LOCK },	      { "sys_tty_config", CAP_SYS_TTY_CONFIG },
		{ "sys_resource", CAP_SYS_RESOURCE }, { "wake_alarm", CAP_WAKE_ALARM },
	};

	return find(names, sizeof(names) / sizeof(names[0]), name);
}

int sandbox_family(const char *name)
{
	static const struct name names[] = {
		{ "unix", AF_UNIX },	   { "inet", AF_INET },	  { "inet6", AF_INET6 },
		{ "netlink", AF_NETLINK }, { "can", AF_CAN },	  { "bluetooth", AF_BLUETOOTH },
		{ "packet", AF_PACKET },   { "vsock", AF_VSOCK },
	};

	return find(names, sizeof(names) / sizeof(names[0]), name);
}

unsigned sandbox_tier_of_environment(void)
{
	const char *value = secure_getenv("PORTICO_SANDBOX");

	if (value && value[0] >= '0' && value[0] <= '0' + SANDBOX_SPACES && !value[1])
		return (unsigned)(value[0] - '0');
	return SANDBOX_SPACES;
}
