// SPDX-License-Identifier: MIT
/*
 * A session with the Stage driver alone (tests/drivers/Stage.dext/Stage.h says
 * what it does), and a connection to it. What a command has changed is in the
 * registry when it returns.
 *
 *	io_connect_t stage = stage_begin();
 *	uint64_t id = stage_publish(stage, NULL, "key=a class=StageLeaf name=n location=5 register");
 *	stage_do(stage, NULL, "attach key=a parent=root plane=IOUSB");
 *	io_service_t a = stage_service(id);
 *	...
 *	stage_end(stage);
 */
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

/* With the bundles named in NAMES (ends with NULL), of tests/drivers and drivers, only. */
void world_start_bundles(const char *const *names);
/* A session with Stage.dext and a connection to it. */
io_connect_t stage_begin(void);
/* The same with more bundles ("Fixture.dext", ..., NULL). */
io_connect_t stage_begin_with(const char *const *more);
/* Another connection in a session that runs already. */
io_connect_t stage_open(void);
/* Close and end the session. */
void stage_end(io_connect_t stage);

/* Run a command of Stage.h with VALUE (a property list or NULL; sets and the like cannot go); its
 * result. RET_OUT may be NULL. */
IOReturn stage_try(io_connect_t stage, CFTypeRef value, uint64_t *ret_out, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same; the test fails unless it succeeds. The output of the command. */
uint64_t stage_do(io_connect_t stage, CFTypeRef value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "publish " FORMAT; with "register" it is matched when this returns. Its entry ID. */
uint64_t stage_publish(io_connect_t stage, CFTypeRef properties, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The matched service with that entry ID; one reference; the test fails when there is none. */
io_service_t stage_service(uint64_t id);
/* The same by stage_publish. */
io_service_t stage_publish_service(io_connect_t stage, CFTypeRef properties, const char *format,
				   ...) __attribute__((format(printf, 3, 4)));
/* What STAGE_READ gives. The caller frees it. */
char *stage_read(io_connect_t stage);
/* Wait until STAGE_READ gives a line LINE. */
void stage_await(io_connect_t stage, const char *line);

/* Dictionaries for the above: pairs of key (const char *) and value (consumed), ends with NULL. */
CFMutableDictionaryRef stage_dictionary(const char *key, ...);
CFNumberRef stage_number(int64_t value);   /* 64 bits */
CFNumberRef stage_number32(int32_t value); /* 32 bits */
CFStringRef stage_text(const char *text);
/* Texts, ends with NULL. */
CFArrayRef stage_texts(const char *first, ...);
