// SPDX-License-Identifier: MIT
#include "host/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum {
	OPTION_BUNDLE = 256,
	OPTION_READ,
	OPTION_WRITE,
	OPTION_DEVICE,
	OPTION_PROCESSES,
	OPTION_EXECUTABLE,
	OPTION_FAMILY,
	OPTION_CAPABILITY,
	OPTION_MEMORY,
	OPTION_THREADS,
	OPTION_SANDBOX,
};

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *ret_number <= max;
}

static bool add_path(struct sandbox_config *sandbox, const char *path, enum sandbox_access access)
{
	if (path[0] != '/' || sandbox->n_paths == SANDBOX_PATHS_MAX)
		return false;
	sandbox->paths[sandbox->n_paths++] = (struct sandbox_path){ path, access };
	return true;
}

static bool add_bundle(struct host_options *o, const char *path)
{
	if (!add_path(&o->sandbox, path, SANDBOX_READ))
		return false;
	o->bundles[o->n_bundles++] = path;
	return true;
}

static bool add_bit(uint64_t *bits, int number)
{
	if (number < 0)
		return false;
	*bits |= 1ull << number;
	return true;
}

static bool parse_confinement(struct host_options *o, int option)
{
	struct sandbox_config *s = &o->sandbox;
	uint64_t number;

	switch (option) {
	case OPTION_SANDBOX:
		if (!parse_number(optarg, SANDBOX_TIER_MAX, &number))
			return false;
		s->tier = (unsigned)number;
		return true;
	case OPTION_BUNDLE:
		return add_bundle(o, optarg);
	case OPTION_READ:
		return add_path(s, optarg, SANDBOX_READ);
	case OPTION_WRITE:
		return add_path(s, optarg, SANDBOX_WRITE);
	case OPTION_DEVICE:
		return add_path(s, optarg, SANDBOX_DEVICE);
	case OPTION_PROCESSES:
		s->processes = true;
		return true;
	case OPTION_EXECUTABLE:
		s->executable = true;
		return true;
	case OPTION_FAMILY:
		return add_bit(&s->families, sandbox_family(optarg));
	case OPTION_CAPABILITY:
		return add_bit(&s->capabilities, sandbox_capability(optarg));
	case OPTION_MEMORY:
		return parse_number(optarg, UINT64_MAX, &s->memory_bytes);
	case OPTION_THREADS:
		if (!parse_number(optarg, UINT32_MAX, &number))
			return false;
		s->threads = (unsigned)number;
		return true;
	default:
		return false;
	}
}

bool host_options_parse(struct host_options *ret_options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "token", required_argument, NULL, 't' },
		{ "registry-fd", required_argument, NULL, 'f' },
		{ "listen-fd", required_argument, NULL, 'l' },
		{ "socket", required_argument, NULL, 'p' },
		{ "sandbox", required_argument, NULL, OPTION_SANDBOX },
		{ "bundle", required_argument, NULL, OPTION_BUNDLE },
		{ "read", required_argument, NULL, OPTION_READ },
		{ "write", required_argument, NULL, OPTION_WRITE },
		{ "device", required_argument, NULL, OPTION_DEVICE },
		{ "processes", no_argument, NULL, OPTION_PROCESSES },
		{ "executable-memory", no_argument, NULL, OPTION_EXECUTABLE },
		{ "family", required_argument, NULL, OPTION_FAMILY },
		{ "capability", required_argument, NULL, OPTION_CAPABILITY },
		{ "memory", required_argument, NULL, OPTION_MEMORY },
		{ "threads", required_argument, NULL, OPTION_THREADS },
		{ 0 },
	};
	struct host_options o = { .registry_socket = -1, .sandbox = { .tier = SANDBOX_SELF } };
	uint64_t number;
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 's')
			o.server = optarg;
		else if (option == 't' && parse_number(optarg, UINT64_MAX, &number))
			o.token = number;
		else if (option == 'f' && parse_number(optarg, INT32_MAX, &number))
			o.registry_socket = (int)number;
		else if (option == 'l' && parse_number(optarg, INT32_MAX, &number))
			o.listener = (int)number;
		else if (option == 'p')
			o.socket_path = optarg;
		else if (!parse_confinement(&o, option))
			return false;
	}
	*ret_options = o;
	return optind == argc && o.server && (o.registry_socket >= 0) != (o.listener > 0);
}
