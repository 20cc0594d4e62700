// SPDX-License-Identifier: MIT
/* Requests from client programs: finds the table that has the message. */
#include "registry/notify.h"
#include "registry/tray.h"

static err_t dispatch(struct registry_peer *peer, struct wire_frame *frame)
{
	err_t err = registry_peer_dispatch(peer, frame, registry_browse_handlers,
					   registry_n_browse_handlers);

	if (err == -ENOENT)
		err = registry_peer_dispatch(peer, frame, registry_query_handlers,
					     registry_n_query_handlers);
	if (err == -ENOENT)
		err = registry_peer_dispatch(peer, frame, registry_control_handlers,
					     registry_n_control_handlers);
	if (err == -ENOENT)
		err = registry_peer_dispatch(peer, frame, registry_catalogue_handlers,
					     registry_n_catalogue_handlers);
	if (err == -ENOENT)
		err = registry_peer_dispatch(peer, frame, registry_policy_handlers,
					     registry_n_policy_handlers);
	return err == -ENOENT ? -EBADMSG : err;
}

err_t registry_client_message(struct registry_peer *peer, struct wire_frame *frame)
{
	/* What was laid down before the message was sent counts before it. */
	registry_tray_take(peer);
	err_t err = dispatch(peer, frame);
	registry_notify_flush(peer->registry);
	return err;
}
