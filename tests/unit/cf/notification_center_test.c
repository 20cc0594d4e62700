// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFNotificationCenter.h>
#include <CoreFoundation/CFRunLoop.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cf_test.h"

static char trace[256];
static CFNotificationCenterRef center;

static void note(CFNotificationCenterRef c, void *observer, CFNotificationName name,
		 const void *object, CFDictionaryRef info)
{
	test_true(c == center);
	strcat(trace, observer);
	strcat(trace, text_of(name));
	if (info)
		test_true(CFDictionaryContainsKey(info, CFSTR("key")));
}

static void note_and_remove(CFNotificationCenterRef c, void *observer, CFNotificationName name,
			    const void *object, CFDictionaryRef info)
{
	note(c, observer, name, object, info);
	CFNotificationCenterRemoveEveryObserver(c, "b");
}

static void add(const char *observer, CFNotificationCallback callback, CFStringRef name,
		const void *object)
{
	CFNotificationCenterAddObserver(center, observer, callback, name, object,
					CFNotificationSuspensionBehaviorDeliverImmediately);
}

static const char *post(CFStringRef name, const void *object)
{
	trace[0] = '\0';
	CFNotificationCenterPostNotification(center, name, object, NULL, TRUE);
	return trace;
}

TEST(local_names_and_objects)
{
	int one, other;

	center = CFNotificationCenterGetLocalCenter();
	test_equal(CFGetTypeID(center), CFNotificationCenterGetTypeID());
	add("a", note, CFSTR("n"), NULL);
	add("b", note, CFSTR("n"), &one);
	add("c", note, NULL, &one);
	add("d", note, NULL, NULL);
	test_equal_text(post(CFSTR("n"), NULL), "andn");
	test_equal_text(post(CFSTR("n"), &one), "anbncndn");
	test_equal_text(post(CFSTR("n"), &other), "andn");
	test_equal_text(post(CFSTR("m"), &one), "cmdm");
	CFNotificationCenterRemoveObserver(center, "b", CFSTR("m"), NULL);
	CFNotificationCenterRemoveObserver(center, "a", NULL, &one);
	test_equal_text(post(CFSTR("n"), &one), "anbncndn");
	CFNotificationCenterRemoveObserver(center, "b", CFSTR("n"), &one);
	CFNotificationCenterRemoveObserver(center, "a", NULL, NULL);
	test_equal_text(post(CFSTR("n"), &one), "cndn");
	CFNotificationCenterRemoveEveryObserver(center, "c");
	CFNotificationCenterRemoveEveryObserver(center, "d");
	test_equal_text(post(CFSTR("n"), &one), "");
}

TEST(an_observer_may_remove_others_while_called)
{
	center = CFNotificationCenterGetLocalCenter();
	add("a", note_and_remove, CFSTR("n"), NULL);
	add("b", note, CFSTR("n"), NULL);
	test_equal_text(post(CFSTR("n"), NULL), "an");
	CFNotificationCenterRemoveEveryObserver(center, "a");
}

TEST(nonsense_is_ignored)
{
	center = CFNotificationCenterGetDarwinNotifyCenter();
	add("a", note, NULL, NULL); /* Darwin notifications have names */
	add("a", NULL, CFSTR("n"), NULL);
	CFNotificationCenterAddObserver(NULL, "a", note, CFSTR("n"), NULL, 0);
	CFNotificationCenterPostNotification(NULL, CFSTR("n"), NULL, NULL, TRUE);
	CFNotificationCenterPostNotification(center, NULL, NULL, NULL, TRUE);
	test_equal_text(trace, "");
}

/* --- other processes ------------------------------------------------------------------------ */

static void start(void)
{
	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	CFRunLoopGetMain();
}

static void run_until(const char *expected)
{
	while (strcmp(trace, expected) && strlen(trace) < strlen(expected))
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, TRUE);
	test_equal_text(trace, expected);
}

static void post_from_child(void)
{
	const void *keys[] = { CFSTR("key") }, *values[] = { CFSTR("value") };
	pid_t child = fork();
	int status;

	if (!child) {
		CFDictionaryRef info =
			CFDictionaryCreate(NULL, keys, values, 1, &kCFTypeDictionaryKeyCallBacks,
					   &kCFTypeDictionaryValueCallBacks);

		CFNotificationCenterPostNotification(center, CFSTR("n"), CFSTR("object"), info,
						     TRUE);
		CFNotificationCenterPostNotification(center, CFSTR("n"), CFSTR("other"), info,
						     TRUE);
		CFNotificationCenterPostNotification(center, CFSTR("end"), NULL, NULL, TRUE);
		_exit(0);
	}
	waitpid(child, &status, 0);
	test_equal(status, 0);
}

TEST(other_programs_are_heard)
{
	start();
	center = CFNotificationCenterGetDistributedCenter();
	add("a", note, CFSTR("n"), CFSTR("object"));
	add("b", note, CFSTR("end"), NULL);
	test_reset_baseline(); /* the socket stays */
	post_from_child();
	run_until("anbend");
	trace[0] = '\0';
	CFNotificationCenterPostNotification(center, CFSTR("end"), NULL, NULL, TRUE);
	test_equal_text(trace, ""); /* the loop delivers */
	run_until("bend");
	CFNotificationCenterRemoveEveryObserver(center, "a");
	CFNotificationCenterRemoveEveryObserver(center, "b");
	test_reset_baseline();
}

TEST(darwin_notifications_have_names_only)
{
	start();
	center = CFNotificationCenterGetDarwinNotifyCenter();
	add("a", note, CFSTR("n"), CFSTR("ignored"));
	add("b", note, CFSTR("end"), NULL);
	test_reset_baseline();
	post_from_child();
	run_until("ananbend");
	CFNotificationCenterRemoveEveryObserver(center, "a");
	CFNotificationCenterRemoveEveryObserver(center, "b");
	test_reset_baseline();
}

/* The only socket there is. */
static void find_socket(char *path, size_t size)
{
	char folder[512];
	struct dirent *entry;
	DIR *d;

	snprintf(folder, sizeof(folder), "%s/portico/notify", test_folder());
	d = opendir(folder);
	test_true(d != NULL);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			test_true((size_t)snprintf(path, size, "%s/%s", folder, entry->d_name) <
				  size);
	closedir(d);
}

/* A process that could not take its own away. */
TEST(the_socket_of_a_process_that_was_killed_goes)
{
	char path[512];
	int status;

	start();
	CFNotificationCenterGetDistributedCenter();
	test_reset_baseline();
	pid_t child = fork();
	if (!child) {
		center = CFNotificationCenterGetDistributedCenter();
		add("a", note, CFSTR("n"), NULL);
		raise(SIGKILL);
	}
	test_equal(waitpid(child, &status, 0), child);
	find_socket(path, sizeof(path));
	center = CFNotificationCenterGetDistributedCenter();
	CFNotificationCenterPostNotification(center, CFSTR("n"), NULL, NULL, TRUE);
	test_equal(access(path, F_OK), -1);
}

TEST(damaged_datagrams_do_no_harm)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char *const bad[] = { "", "x", "bplist00", "<plist><array/></plist>",
					   "<plist><dict><key>name</key><true/></dict></plist>" };
	int fd;

	start();
	center = CFNotificationCenterGetDistributedCenter();
	add("b", note, CFSTR("end"), NULL);
	test_reset_baseline();
	find_socket(address.sun_path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		test_equal(sendto(fd, bad[i], strlen(bad[i]), 0, (struct sockaddr *)&address,
				  sizeof(address)),
			   strlen(bad[i]));
	close(fd);
	CFNotificationCenterPostNotification(center, CFSTR("end"), NULL, NULL, TRUE);
	run_until("bend");
	CFNotificationCenterRemoveEveryObserver(center, "b");
	test_reset_baseline();
}

TEST(a_folder_that_others_may_write_is_not_used)
{
	char path[512];

	start();
	snprintf(path, sizeof(path), "%s/portico", test_folder());
	test_equal(mkdir(path, 0700), 0);
	test_equal(chmod(path, 0777), 0);
	center = CFNotificationCenterGetDistributedCenter();
	add("a", note, CFSTR("n"), NULL);
	test_equal_text(post(CFSTR("n"), NULL), "an"); /* in this process, at once */
	CFNotificationCenterRemoveEveryObserver(center, "a");
	test_reset_baseline();
}

/* --- forks -------------------------------------------------------------------------------------- */

static void ignore(CFNotificationCenterRef local, void *observer, CFStringRef name,
		   const void *object, CFDictionaryRef info)
{
}

static void come_and_go(void)
{
	CFNotificationCenterRef local = CFNotificationCenterGetLocalCenter();

	CFNotificationCenterAddObserver(local, &local, ignore, CFSTR("fork"), NULL, 0);
	CFNotificationCenterPostNotification(local, CFSTR("fork"), NULL, NULL, true);
	CFNotificationCenterRemoveObserver(local, &local, NULL, NULL);
}

static _Atomic bool is_over;

static void *come_and_go_all_the_time(void *context)
{
	while (!is_over)
		come_and_go();
	return NULL;
}

TEST(a_child_of_fork_has_the_center_whoever_was_just_using_it)
{
	pthread_t thread;
	int status;

	test_equal(pthread_create(&thread, NULL, come_and_go_all_the_time, NULL), 0);
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();

		if (!child) {
			alarm(10);
			come_and_go();
			_exit(0);
		}
		test_equal(waitpid(child, &status, 0), child);
		test_equal(status, 0);
	}
	is_over = true;
	pthread_join(thread, NULL);
}

TEST_MAIN
