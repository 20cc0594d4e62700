// SPDX-License-Identifier: MIT
#include "client/inlet.h"

#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "base/fd.h"
#include "client/connect.h"
#include "fake.h"
#include "test.h"

static size_t count(struct client_connection *connection)
{
	size_t n = 0;

	list_for_each(node, &connection->inlets.list)
		n++;
	return n;
}

static bool last_is_removed(struct client_connection *connection)
{
	return list_last(&connection->inlets.list, struct client_inlet, link)->removed;
}

/* It is noticed by who looks for a message. */
static void look(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} message;

	mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message), port, 1,
		 MACH_PORT_NULL);
}

static void close_as_host(struct fake *fake)
{
	int *inlet = &fake->host_inlets[WIRE_INLET_WAKEUPS];

	fake_wait(fake, *inlet >= 0);
	pthread_mutex_lock(&fake->lock);
	*inlet = fd_close(*inlet);
	pthread_mutex_unlock(&fake->lock);
}

/* Kept for who is to be told of the end, but for each port once. */
TEST(one_that_the_driver_closes_makes_room_for_the_next)
{
	static struct fake fake;
	struct client_connection *connection;
	mach_port_t port = IODataQueueAllocateNotificationPort();
	io_connect_t c = 0;

	fake_start(&fake, NULL);
	io_service_t service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &c), 0);
	test_equal(client_connection_find(c, &connection), 0);
	for (int i = 0; i < 5; i++) {
		/* The host of this test takes the inlet and then says that it wants no port. */
		test_equal_error(IOConnectSetNotificationPort(c, 0, port, 0), kIOReturnUnsupported);
		test_equal(count(connection), 1);
		close_as_host(&fake);
		while (!last_is_removed(connection))
			look(port);
	}
	client_connection_unref(connection);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	IOServiceClose(c);
	IOObjectRelease(service);
	fake_end(&fake);
}

TEST_MAIN
