// SPDX-License-Identifier: MIT
#include "bridge/bridge.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "bridge/platform.h"
#include "provider/provider.h"

struct bridge {
	struct loop *loop;
	struct provider *provider;
	err_t result;
};

static void ended(void *context, err_t err)
{
	struct bridge *bridge = context;

	bridge->result = err;
	loop_stop(bridge->loop);
}

static const struct provider_ops ops = { .ended = ended };

static err_t publish_machine(struct bridge *bridge)
{
	struct bridge_platform_roots roots = bridge_platform_roots();
	CFMutableDictionaryRef properties;
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	err_t err = bridge_platform_read(&roots, &properties, name);

	if (err)
		return err;
	err = provider_update_machine(bridge->provider, properties, NULL);
	if (!err)
		err = provider_rename_machine(bridge->provider, name);
	CFRelease(properties);
	return err;
}

err_t bridge_run(const struct bridge_config *config)
{
	struct bridge bridge = { .loop = NULL };
	struct provider_config provider = {
		.name = "bridge",
		.token = config->token,
		.socket = config->registry_socket,
		.socket_path = config->socket_path,
		.listener = config->listener,
		.ops = &ops,
		.context = &bridge,
	};
	err_t err = loop_new(&bridge.loop);

	if (err) {
		fd_close(config->registry_socket);
		return err;
	}
	provider.loop = bridge.loop;
	err = provider_new(&provider, &bridge.provider);
	if (!err)
		err = publish_machine(&bridge);
	if (!err)
		err = loop_run(bridge.loop);
	if (!err)
		err = bridge.result;
	provider_free(bridge.provider);
	loop_free(bridge.loop);
	return err;
}
