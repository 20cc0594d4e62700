// SPDX-License-Identifier: MIT
/* Hosts that systemd starts when the registry connects to their sockets, which a process of the test listens on. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "life.h"
#include "test.h"
#include "world.h"

static const char calculator[] = "org.portico.driver.Calculator";
static const char *server = calculator; /* of the unit */
static int *n_starts;			/* of its host */
/* What else is open is none of the host's. */
enum { LISTENER = 7 };

static int listen_in(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	mkdir(folder, 0755);
	test_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", folder,
			   server) < (int)sizeof(address.sun_path));
	test_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	test_equal(listen(fd, 8), 0);
	return fd;
}

/* As packaging/systemd/portico-host@.service does, but with the registry's uid. */
static void run_host(const char *bundle)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	const char *program = strdup(test_built("bin/portico-host"));

	execl(program, "portico-host", "--server", server, "--listen-fd", "7", "--sandbox", "3",
	      bundle ? "--bundle" : NULL, bundle, (char *)NULL);
	_exit(127);
}

/* A host at a time, as long as somebody connects. */
static pid_t play_systemd(int listener, const char *bundle)
{
	n_starts = mmap(NULL, sizeof(*n_starts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	test_true(n_starts != MAP_FAILED);
	fflush(stdout);
	pid_t pid = fork();
	if (pid > 0)
		close(listener);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	test_equal(dup2(listener, LISTENER), LISTENER);
	fcntl(LISTENER, F_SETFD, 0);
	for (;;) {
		struct pollfd p = { .fd = LISTENER, .events = POLLIN };

		poll(&p, 1, -1);
		++*n_starts;
		pid_t host = fork();
		if (!host)
			run_host(bundle);
		waitpid(host, NULL, 0);
	}
}

static char folder[300];

static pid_t start_with_unit(const char *bundle)
{
	snprintf(folder, sizeof(folder), "%s/units", test_folder());
	pid_t systemd = play_systemd(listen_in(folder), bundle);
	world_add_option("--units", folder);
	return systemd;
}

static int tier_of(const char *class_name)
{
	io_service_t service = world_service(class_name);
	CFNumberRef number =
		IORegistryEntryCreateCFProperty(service, CFSTR("PorticoSandboxTier"), NULL, 0);
	int tier = -1;

	test_true(number && CFNumberGetValue(number, kCFNumberIntType, &tier));
	CFRelease(number);
	IOObjectRelease(service);
	return tier;
}

static void end(pid_t systemd)
{
	kill(systemd, SIGKILL);
	world_stop();
}

TEST(a_host_of_a_unit_serves)
{
	char bundle[512];
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;

	snprintf(bundle, sizeof(bundle), "%s", test_built("drivers/Calculator.dext"));
	pid_t systemd = start_with_unit(bundle);
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, out, &n), 0);
	test_equal(out[0], 3);
	test_equal(world_host_pid(calculator), 0); /* the registry has started none */
	/* It has the registry's uid: that is less than the highest tier. */
	test_equal(tier_of("CalculatorDriver"), 1);
	IOServiceClose(c);
	end(systemd);
}

/* What a unit lets its host read was settled when it was made. */
TEST(a_bundle_that_the_unit_does_not_name_is_not_used)
{
	pid_t systemd = start_with_unit(NULL);

	world_start_with(test_built("drivers"));
	world_await_log("its unit does not name");
	test_equal(world_host_pid(calculator), 0);
	IOServiceClose(world_open("MirrorDriver", 0));
	end(systemd);
}

/* systemd gives up a unit that crashes too often, and removes its socket. */
TEST(a_unit_that_has_gone_is_waited_for)
{
	char bundle[512], path[512];

	snprintf(bundle, sizeof(bundle), "%s", test_built("drivers/Calculator.dext"));
	pid_t systemd = start_with_unit(bundle);
	world_start();
	IOServiceClose(world_open("CalculatorDriver", 0));
	snprintf(path, sizeof(path), "%s/%s.sock", folder, calculator);
	test_equal(unlink(path), 0);
	kill(systemd, SIGKILL);
	world_await_log("the unit of host org.portico.driver.Calculator cannot be used");
	test_equal(world_host_pid(calculator), 0);
	systemd = play_systemd(listen_in(folder), bundle);
	IOServiceClose(world_open("CalculatorDriver", 0));
	test_equal(world_host_pid(calculator), 0);
	end(systemd);
}

/* The registry may not kill what has another uid. */
TEST(a_host_that_does_not_start_its_driver_is_started_again)
{
	char bundle[512], limit[32];

	snprintf(bundle, sizeof(bundle), "%s", test_built("tests/drivers/Life.dext"));
	snprintf(limit, sizeof(limit), "start-time=%u", test_is_slow() ? 3000 : 300);
	server = "org.portico.test.Life";
	world_add_option("--limit", limit);
	pid_t systemd = start_with_unit(bundle);
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeHold");
	world_await_log("does not answer; its host is ended");
	test_await(*n_starts >= 2);
	end(systemd);
}

TEST_MAIN
