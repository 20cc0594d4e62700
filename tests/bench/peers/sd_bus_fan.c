// SPDX-License-Identifier: MIT
/* One signal, through a bus, for many programs that have asked for it. */
#include "sd_bus_fan.h"

#include <stdio.h>

#include <systemd/sd-bus.h>

#include "bus.h"
#include "contestant.h"
#include "fan.h"

static char address[256];
static sd_bus *bus;

static bool connect_bus(void)
{
	return sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, address) >= 0 &&
	       sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0;
}

static int told(sd_bus_message *m, void *context, sd_bus_error *error)
{
	fan_told();
	return 0;
}

static void watch(unsigned index)
{
	if (!connect_bus() || sd_bus_match_signal(bus, NULL, NULL, "/org/portico/Bench",
						  "org.portico.Bench", "Appeared", told, NULL) < 0)
		return;
	fan_ready();
	for (int r = 0; r >= 0;) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
}

static bool emit(unsigned watchers)
{
	return sd_bus_emit_signal(bus, "/org/portico/Bench", "org.portico.Bench", "Appeared", "ts",
				  (uint64_t)1, "BenchBeacon") >= 0 &&
	       sd_bus_flush(bus) >= 0;
}

static int play(enum bus_kind kind, uint64_t watchers)
{
	static const struct fan fan = { .watch = watch, .begin = connect_bus, .raise = emit };

	if (!bus_start(kind, address, sizeof(address)))
		return bench_absent("%s", address);
	int status = fan_play(&fan, watchers);
	bus_stop();
	return status;
}

int sd_bus_fan_daemon(uint64_t watchers)
{
	return play(BUS_DAEMON, watchers);
}

int sd_bus_fan_broker(uint64_t watchers)
{
	return play(BUS_BROKER, watchers);
}
