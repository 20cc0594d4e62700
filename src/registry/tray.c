// SPDX-License-Identifier: MIT
#include "registry/tray.h"

#include "registry/notify.h"

IOReturn registry_tray_open(struct registry_peer *client, uint64_t size, int fd)
{
	if (client->tray.memory || size != WIRE_TRAY_SIZE)
		return kIOReturnBadArgument;
	err_t err = wire_tray_attach(&client->tray, fd);
	return !err ? kIOReturnSuccess : err == -EBADMSG ? kIOReturnBadArgument : kIOReturnNoMemory;
}

void registry_tray_close(struct registry_peer *client)
{
	wire_tray_detach(&client->tray);
}

static void take_one(struct registry_peer *client, struct wire_tray_record record)
{
	/* More than it holds is refused and hurts nobody. */
	if (record.n_grants) {
		registry_peer_release(client, record.id, record.n_grants);
		return;
	}
	struct registry_subscription *s = registry_notify_find(client, record.id);
	if (s && s->matching)
		registry_notify_arm(s);
}

void registry_tray_take(struct registry_peer *client)
{
	struct wire_tray_record records[WIRE_TRAY_SLOTS];
	size_t n;

	if (!client->tray.memory)
		return;
	if (wire_tray_take(&client->tray, records, &n)) {
		registry_peer_warn(client, "%s: malformed tray; the connection is closed",
				   registry_peer_name(client));
		wire_peer_close(client->wire);
		return;
	}
	for (size_t i = 0; i < n; i++)
		take_one(client, records[i]);
}

void registry_trays_take(struct registry *registry)
{
	list_for_each(l, &registry->peers)
		registry_tray_take(container_of(l, struct registry_peer, link));
	registry_notify_flush(registry);
}
