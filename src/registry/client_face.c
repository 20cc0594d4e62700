// SPDX-License-Identifier: MIT
/* Requests from client programs: finds the table that has the message. */
#include "registry/registry_internal.h"

err_t registry_client_message(struct registry_peer *peer, struct wire_frame *frame)
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
	return err == -ENOENT ? -EBADMSG : err;
}
