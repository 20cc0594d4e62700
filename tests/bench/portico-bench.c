// SPDX-License-Identifier: MIT
#include "bench.h"

#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "contestant.h"

enum { RACES_MAX = 256, PATTERNS_MAX = 32 };

static const struct bench_rows *const families[] = {
	&bench_rows_call,     &bench_rows_completion, &bench_rows_queue,      &bench_rows_registry,
	&bench_rows_dispatch, &bench_rows_start,      &bench_rows_protection,
};

struct options {
	struct bench_plan plan;
	const char *only[PATTERNS_MAX];
	size_t n_only;
	const char *json;
	bool list;
};

static const char help[] =
	"usage: portico-bench [OPTION]...\n"
	"Measure Portico, the machine's limits and its peers in turn, and print one table.\n"
	"  --only PATTERN   races whose name begins with PATTERN, or matches it (may be repeated)\n"
	"  --list           the names of the races and of who takes part\n"
	"  --quick          few and short rounds: under a minute for all\n"
	"  --rounds N       how often each contestant has its turn\n"
	"  --turn MS        how long a turn takes\n"
	"  --json FILE      write the table to FILE as well, as JSON\n"
	"  --help           this text\n"
	"docs/performance.md explains the rows. The exit status is 1 when a contestant that is\n"
	"there could not be measured, otherwise 0, whatever the times are.\n";

static bool parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "only", required_argument, NULL, 'o' },
		{ "list", no_argument, NULL, 'l' },
		{ "quick", no_argument, NULL, 'q' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "turn", required_argument, NULL, 't' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int rounds = 0, c;
	double turn_ms = 0;

	while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (c == 'o' && o->n_only < PATTERNS_MAX)
			o->only[o->n_only++] = optarg;
		else if (c == 'l')
			o->list = true;
		else if (c == 'q')
			o->plan = (struct bench_plan){ .quick = true, .rounds = 3, .turn_ms = 25 };
		else if (c == 'r')
			rounds = atoi(optarg);
		else if (c == 't')
			turn_ms = atof(optarg);
		else if (c == 'j')
			o->json = optarg;
		else if (c == 'h')
			exit(fputs(help, stdout) < 0);
		else
			return false;
	}
	if (rounds)
		o->plan.rounds = rounds;
	if (turn_ms)
		o->plan.turn_ms = turn_ms;
	return optind == argc && o->plan.rounds > 0 && o->plan.rounds <= BENCH_ROUNDS_MAX &&
	       o->plan.turn_ms > 0;
}

static bool is_wanted(const struct options *o, const struct bench_race *race)
{
	for (size_t i = 0; i < o->n_only; i++)
		if (!strncmp(race->name, o->only[i], strlen(o->only[i])) ||
		    !fnmatch(o->only[i], race->name, 0))
			return true;
	return !o->n_only;
}

static void list_contestant(const struct bench_contestant *contestant, const char *part)
{
	if (contestant)
		printf("    %s%s\n", part, contestant->name);
}

static void list_race(const struct bench_race *race)
{
	printf("%s\n", race->name);
	list_contestant(race->ours, "");
	for (size_t i = 0; i < sizeof(race->limits) / sizeof(*race->limits); i++)
		list_contestant(race->limits[i], "limit: ");
	for (size_t i = 0; i < sizeof(race->also) / sizeof(*race->also); i++)
		list_contestant(race->also[i], "also: ");
	for (size_t i = 0; i < sizeof(race->peers) / sizeof(*race->peers); i++)
		list_contestant(race->peers[i], "peer: ");
}

static size_t select_races(const struct options *o, const struct bench_race **races)
{
	size_t n = 0;

	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++)
		for (size_t i = 0; i < families[f]->count && n < RACES_MAX; i++)
			if (is_wanted(o, &families[f]->races[i]))
				races[n++] = &families[f]->races[i];
	return n;
}

/* The closing lines. True when all that is there could be measured. */
static bool sum_up(const struct bench_result *results, size_t n)
{
	int goals[3] = { 0 }, failed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct bench_race *race = results[i].race;

		for (size_t e = 0; e < results[i].n_entrants; e++)
			failed += results[i].entrants[e].process.problem[0] != '\0';
		for (size_t m = 0; m < BENCH_MEASURES_MAX && race->measures[m].name; m++)
			for (size_t g = 0; g < BENCH_GOALS_MAX; g++)
				if (race->measures[m].goals[g].at_most ||
				    race->measures[m].goals[g].at_least)
					goals[bench_result_judge(&results[i], m,
								 &race->measures[m].goals[g])]++;
	}
	printf("goals: %d met, %d missed, %d not judged; contestants that failed: %d\n",
	       goals[BENCH_MET], goals[BENCH_MISSED], goals[BENCH_UNKNOWN], failed);
	return !failed;
}

int main(int argc, char **argv)
{
	struct options options = { .plan = { .rounds = 9, .turn_ms = 120 } };
	const struct bench_race *races[RACES_MAX];

	if (!parse(&options, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	size_t n = select_races(&options, races);
	struct bench_result *results = calloc(n ? n : 1, sizeof(*results));
	if (!n || !results) {
		bench_complain("no race has such a name; see --list");
		free(results);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* others.c */
	if (!options.list)
		bench_table_head();
	for (size_t i = 0; i < n; i++) {
		if (options.list) {
			list_race(races[i]);
			continue;
		}
		bench_race_run(races[i], &options.plan, &results[i]);
		bench_table_rows(&results[i]);
	}
	bool ok = options.list || sum_up(results, n);
	if (options.json && !options.list)
		ok &= bench_json_write(results, n, &options.plan, options.json);
	free(results);
	return ok ? 0 : 1;
}
