// SPDX-License-Identifier: MIT
/* A driver's say on each call before its user client sees it (spec 5.11). */
#include <IOKit/IOUserClient.h>

#include "host/host_internal.h"

IOReturn IOUserClientRegisterFilterCallbacks(IOService *service,
					     const struct io_filter_callbacks *callbacks,
					     size_t size)
{
	const struct io_filter_callbacks *none = NULL;

	if (!service || !callbacks || size < sizeof(*callbacks))
		return kIOReturnBadArgument;
	return atomic_compare_exchange_strong(&service->runtime->host->filter, &none, callbacks)
		     ? kIOReturnSuccess
		     : kIOReturnBusy;
}

IOReturn host_message_filter_resolve(struct host_connection *connection, uint32_t type)
{
	const struct io_filter_callbacks *filter = atomic_load(&connection->host->filter);
	io_filter_policy_t policy = 0;
	IOReturn status;

	if (!filter || !filter->io_filter_resolver)
		return kIOReturnSuccess;
	status = filter->io_filter_resolver(&connection->task, connection->client, type, &policy);
	if (status)
		return status == kIOReturnUnsupported ? kIOReturnSuccess : status;
	connection->filter = filter;
	connection->filter_policy = policy;
	return kIOReturnSuccess;
}

IOReturn host_message_filter_check(struct host_connection *connection, io_filter_type_t type,
				   uint32_t selector)
{
	const struct io_filter_callbacks *filter = connection->filter;

	if (!connection->filter_policy || !filter->io_filter_applier)
		return kIOReturnSuccess;
	return host_method_table_clean_status(filter->io_filter_applier(
		connection->client, connection->filter_policy, type, selector));
}

void host_message_filter_release(struct host_connection *connection)
{
	if (connection->filter_policy && connection->filter->io_filter_release)
		connection->filter->io_filter_release(connection->filter_policy);
	connection->filter_policy = 0;
}
