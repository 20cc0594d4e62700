/* SPDX-License-Identifier: MIT */
/* Open, map, unmap, close: nothing may grow, in the program, in the host or in the registry. */
#include "kill.h"

#include <mach/mach.h>

static void cycle(io_service_t service, struct kill_figures *figures)
{
	uint64_t began = kill_now_ns();
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	io_connect_t connect = 0;
	kern_return_t result = IOServiceOpen(service, mach_task_self(), 0, &connect);

	if (!result)
		result = IOConnectMapMemory64(connect, KILL_MEMORY, mach_task_self(), &address,
					      &size, kIOMapAnywhere);
	if (!result)
		*(volatile uint64_t *)(uintptr_t)address = began;
	if (!result)
		result = IOConnectUnmapMemory64(connect, KILL_MEMORY, mach_task_self(), address);
	if (!result)
		result = IOServiceClose(connect);
	if (result)
		kill_violation("a cycle ends with 0x%x", (unsigned)result);
	kill_figures_count(figures, kill_status_of(result));
	kill_times_add(&figures->answers, kill_now_ns() - began, UINT64_MAX);
	atomic_fetch_add(&figures->kills, 1);
}

void kill_cycles(struct kill_figures *figures, uint64_t until_ns)
{
	uint64_t first = atomic_load(&figures->kills), counts[KILL_N];
	static struct kill_figures warm_up;
	struct kill_session session;
	struct kill_audit before;

	kill_session_make(&session, 1);
	kill_session_start(&session, NULL);
	if (!kill_session_await(&session))
		kill_give_up("the host does not start");
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, kill_session_matching(0));
	for (int i = 0; i < 500; i++)
		cycle(service, &warm_up);
	kill_session_counts(0, counts);
	kill_audit_take(&before, &session, true);
	while (atomic_load(&figures->kills) < figures->wanted && kill_now_ns() < until_ns &&
	       !kill_is_violated())
		cycle(service, figures);
	kill_audit_compare(&before, &session, true, atomic_load(&figures->kills) - first, "cycles");
	kill_session_counts(0, counts);
	if (counts[KILL_OPENS] != counts[KILL_CLOSES] || counts[KILL_DOUBLES] || counts[KILL_LATE])
		kill_violation("cycles: not every opening was closed exactly once");
	IOObjectRelease(service);
	kill_session_end(&session);
}
