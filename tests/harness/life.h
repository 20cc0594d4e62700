// SPDX-License-Identifier: MIT
/*
 * A session with the Stage and the Life driver (tests/drivers/Life.dext/Life.h
 * says what it does): services of one process, drivers on them in another.
 *
 *	struct life l = life_begin();
 *	uint64_t id = stage_publish(l.stage, life_named("d"), "key=a register");
 *	life_await(&l, "start d");
 *	life_do(&l, "open d 0");
 *	life_end(&l);
 */
#pragma once

#include "stage.h"

struct life {
	io_connect_t stage, life;
};

struct life life_begin(void);
void life_end(struct life *l);
/* {"LifeName": NAME}, to be extended; for stage_publish, which consumes nothing: release it. */
CFMutableDictionaryRef life_named(const char *name);
/* Publish and register a StageNub KEY with a driver NAME on it, and wait until that has started (with
 * LifeHold in FLAGS: begun to). FLAGS: properties that are true, separated by blanks. Its entry ID. */
uint64_t life_publish(struct life *l, const char *key, const char *name, const char *flags);
/* Run a command of Life.h; its output. The test fails unless it succeeds. */
uint64_t life_do(struct life *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What LIFE_READ gives. The caller frees it. */
char *life_read(struct life *l);
/* Wait until there is a line LINE. */
void life_await(struct life *l, const char *line);
/* Is there a line LINE? */
bool life_has(struct life *l, const char *line);
/* How many lines LINE there are. */
int life_count(struct life *l, const char *line);
/* The line EARLIER comes before the line LATER; both must be there. */
void life_expect_order(struct life *l, const char *earlier, const char *later);
