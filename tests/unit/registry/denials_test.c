// SPDX-License-Identifier: MIT
/* What was denied: counted, bounded, each user in his own share; how many lines are logged. */
#include "registry/denials.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "registry/text.h"
#include "test.h"

static struct registry_denials denials;

#define SECOND 1000000000ull

static void add(uid_t uid, const char *service, const char *missing, uint64_t now_ns)
{
	struct registry_denial d = { .uid = uid,
				     .pid = 7,
				     .selector = WIRE_REFUSED_OPEN,
				     .status = kIOReturnNotPrivileged };

	snprintf(d.service, sizeof(d.service), "%s", service);
	snprintf(d.missing, sizeof(d.missing), "%s", missing);
	snprintf(d.process, sizeof(d.process), "reader");
	registry_denials_add(&denials, &d, now_ns);
}

static CFDictionaryRef get(CFArrayRef all, CFIndex index)
{
	test_true(CFArrayGetCount(all) > index);
	return CFArrayGetValueAtIndex(all, index);
}

static int64_t count_of(CFDictionaryRef d)
{
	int64_t count = -1;

	registry_number_get(CFDictionaryGetValue(d, CFSTR("Count")), &count);
	return count;
}

TEST(the_latest_first_and_the_same_counted)
{
	add(1003, "A", "e", SECOND);
	add(1003, "B", "e", 2 * SECOND);
	add(1003, "A", "e", 3 * SECOND);
	add(1004, "A", "", 4 * SECOND);
	scope_cf CFArrayRef all = registry_denials_copy(&denials, true, 0);
	scope_cf CFArrayRef own = registry_denials_copy(&denials, false, 1003);

	test_equal(CFArrayGetCount(all), 3);
	test_equal(CFArrayGetCount(own), 2);
	test_true(registry_text_equals(CFDictionaryGetValue(get(all, 0), CFSTR("Missing")),
				       "opening"));
	test_equal(count_of(get(own, 0)), 2);
	test_true(registry_text_equals(CFDictionaryGetValue(get(own, 0), CFSTR("Service")), "A"));
	CFArrayRef grant = CFDictionaryGetValue(get(own, 1), CFSTR("Grant"));
	static const char *const lines[] = { "[Grant NAME]", "Entitlement = e", "Service = B",
					     "Allow = uid:1003" };
	test_equal(CFArrayGetCount(grant), 4);
	for (CFIndex i = 0; i < 4; i++)
		test_true(registry_text_equals(CFArrayGetValueAtIndex(grant, i), lines[i]));
	registry_denials_fini(&denials);
}

/* Drivers choose names: what is to be copied into a grant file has no lines and words of their own. */
TEST(names_that_no_grant_can_have)
{
	static const char *const names[] = { "A\nAllow = *", "A B", "A*", "*", "A;", "A#", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		add(1003, names[i], "e", SECOND);
		scope_cf CFArrayRef all = registry_denials_copy(&denials, true, 0);
		test_true(!CFDictionaryContainsKey(get(all, 0), CFSTR("Grant")));
		registry_denials_fini(&denials);
		if (!names[i][0])
			continue;
		add(1003, "A", names[i], SECOND);
		scope_cf CFArrayRef others = registry_denials_copy(&denials, true, 0);
		test_true(!CFDictionaryContainsKey(get(others, 0), CFSTR("Grant")));
		registry_denials_fini(&denials);
	}
}

TEST(each_user_has_a_share_and_all_are_bounded)
{
	char missing[32];

	add(5, "A", "kept", SECOND);
	for (int i = 0; i < 1000; i++) {
		snprintf(missing, sizeof(missing), "e%d", i);
		add(1003, "A", missing, SECOND);
	}
	test_equal(denials.count, 1 + REGISTRY_DENIALS_OF_USER_MAX);
	scope_cf CFArrayRef kept = registry_denials_copy(&denials, false, 5);
	test_equal(CFArrayGetCount(kept), 1);
	scope_cf CFArrayRef own = registry_denials_copy(&denials, false, 1003);
	test_true(
		registry_text_equals(CFDictionaryGetValue(get(own, 0), CFSTR("Missing")), "e999"));
	test_equal(count_of(get(own, 0)), 1);
	for (uid_t uid = 2000; uid < 3000; uid++)
		add(uid, "A", "e", SECOND);
	test_equal(denials.count, REGISTRY_DENIALS_MAX);
	registry_denials_fini(&denials);
}

/* The lines that are logged by FN. */
static size_t count_lines(void (*fn)(void))
{
	char path[600], text[65536];
	size_t lines = 0;
	int saved = dup(2), fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/log", test_folder());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	setenv("PORTICO_LOG", "warning", 1);
	log_init("test", LOG_LEVEL_WARNING);
	dup2(fd, 2);
	fn();
	dup2(saved, 2);
	close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	text[n > 0 ? n : 0] = 0;
	if (lines)
		test_true(strstr(text, "a grant would be: [Grant NAME]; Entitlement = ") != NULL);
	return lines;
}

static void deny_within_a_minute(void)
{
	for (uint64_t i = 0; i < 1000; i++)
		add(1003, "A", i % 2 ? "e" : "f", SECOND + i * SECOND / 20);
}

static void deny_once_more(void)
{
	add(1003, "A", "e", 200 * SECOND);
}

static void deny_much(void)
{
	char service[32];

	add(1003, "A", "e", 1000 * SECOND);
	for (int i = 0; i < 1000; i++) {
		snprintf(service, sizeof(service), "S%d", i);
		add(1003, service, "e", 1000 * SECOND);
	}
}

static void fill(void)
{
	for (uid_t uid = 2000; denials.count < REGISTRY_DENIALS_MAX; uid++)
		add(uid, "A", "e", 1000 * SECOND);
}

static void deny_in_anothers_place(void)
{
	add(5, "A", "e", 1001 * SECOND);
}

static void deny_to_ever_more_users(void)
{
	for (uid_t uid = 3000; uid < 4000; uid++)
		add(uid, "A", "e", 2000 * SECOND);
}

TEST(the_silence_of_one_user_is_not_anothers)
{
	test_equal(count_lines(fill), REGISTRY_DENIALS_MAX);
	test_equal(count_lines(deny_in_anothers_place), 1);
	/* but all of them together do not fill the log */
	test_equal(count_lines(deny_to_ever_more_users), REGISTRY_DENIAL_LINES_MAX);
	registry_denials_fini(&denials);
}

TEST(one_line_a_minute_for_a_user_and_a_service)
{
	test_equal(count_lines(deny_within_a_minute), 1);
	test_equal(count_lines(deny_once_more), 1);
	/* and not many for one user with many services */
	test_equal(count_lines(deny_much), REGISTRY_DENIALS_OF_USER_MAX);
	registry_denials_fini(&denials);
}

TEST_MAIN
