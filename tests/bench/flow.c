// SPDX-License-Identifier: MIT
#include "flow.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "contestant.h"
#include "timing.h"

enum { PERIOD_NS = 1000000 };

static const struct flow *flow;
static int orders[2]; /* pipe: how many records; negative: one each millisecond */

/* --- the sending process ---------------------------------------------------- */

static bool send_cold(int64_t n)
{
	uint64_t begin = bench_now_ns();
	bool ok = true;

	for (int64_t i = 0; ok && i < n; i++) {
		bench_sleep_until(begin + (uint64_t)(i + 1) * PERIOD_NS);
		ok = flow->send(bench_now_ns(), 1);
	}
	return ok;
}

static bool send_hot(uint64_t *word, uint64_t n)
{
	*word += n;
	return flow->send(*word - n, n);
}

static _Noreturn void be_sender(void)
{
	bool ok = !flow->open_sender || flow->open_sender();
	uint64_t word = 0;
	int64_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(orders[1]);
	while (ok && read(orders[0], &n, sizeof(n)) == sizeof(n))
		ok = n < 0 ? send_cold(-n) : send_hot(&word, (uint64_t)n);
	if (!ok)
		kill(getppid(), SIGTERM); /* it waits for what does not come */
	_exit(ok ? 0 : 1);
}

/* --- the receiving one -------------------------------------------------------- */

static bool order(int64_t n)
{
	return write(orders[1], &n, sizeof(n)) == sizeof(n);
}

static uint64_t run_hot(uint64_t n)
{
	uint64_t start = bench_now_ns(), last;

	if (order((int64_t)n) && flow->receive(&last, n))
		return bench_now_ns() - start;
	bench_complain("flow: the sender has gone, or a record is wrong");
	return 0;
}

size_t flow_receive_cold(bool (*receive)(uint64_t *word, uint64_t n), uint64_t n, double *values)
{
	uint64_t *times = calloc(n, sizeof(*times)), began = bench_now_ns(), sent;
	size_t count = 0;

	while (times && count < n && receive(&sent, 1))
		times[count++] = bench_now_ns() - sent;
	count = count == n ? bench_percentiles(times, n, began, values) : 0;
	free(times);
	return count;
}

static size_t run_cold(uint64_t n, double *values)
{
	return order(-(int64_t)n) ? flow_receive_cold(flow->receive, n, values) : 0;
}

static bool open_flow(const struct flow *with, size_t bytes)
{
	flow = with;
	if (pipe(orders) || !flow->open(bytes)) {
		bench_complain("flow: %s", strerror(errno));
		return false;
	}
	pid_t child = fork();
	if (child == 0)
		be_sender();
	close(orders[0]);
	bench_move_away();
	return child > 0 && (!flow->open_receiver || flow->open_receiver());
}

int flow_hot(const struct flow *with, uint64_t bytes)
{
	return open_flow(with, bytes) ? bench_serve(run_hot) : 1;
}

int flow_cold(const struct flow *with, uint64_t bytes)
{
	return open_flow(with, bytes) ? bench_serve_values(run_cold) : 1;
}
