// SPDX-License-Identifier: MIT
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "host/host_internal.h"

static const struct IODriverClass good = {
	.name = "Good",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};
static const struct IODriverClass client = {
	.name = "GoodClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct IOUserClient),
};

static const char *check(const struct IODriverClass *a, const struct IODriverClass *b)
{
	const struct IODriverClass *classes[] = { a, b, NULL };
	struct IODriver driver = { IODRIVER_VERSION, "org.example", classes };

	return host_loader_check(&driver);
}

TEST(good_declarations_pass)
{
	test_true(!check(&good, NULL));
	test_true(!check(&good, &client));
}

TEST(broken_declarations_are_named)
{
	static const struct IOUserClientOperations operations = { NULL };
	static const struct IODriverClass operations_of_client = {
		.name = "X",
		.superclass = &IOServiceBase,
		.instanceSize = sizeof(IOService),
		.userClient = &operations,
	};
	static struct IODriverClass loop_a = { .name = "A", .instanceSize = 64 };
	static struct IODriverClass loop_b = { .name = "B", .instanceSize = 64 };
	struct IODriverClass bad = good;
	struct IODriver driver = { IODRIVER_VERSION + 1, "org.example", NULL };
	char name[200];

	test_true(host_loader_check(&driver) != NULL);
	driver.version = IODRIVER_VERSION;
	test_true(host_loader_check(&driver) != NULL);
	driver.identifier = NULL;
	test_true(host_loader_check(&driver) != NULL);
	test_true(check(NULL, NULL) != NULL);
	test_true(check(&good, &good) != NULL);
	test_true(check(&operations_of_client, NULL) != NULL);
	loop_a.superclass = &loop_b;
	loop_b.superclass = &loop_a;
	test_true(check(&loop_a, NULL) != NULL);
	bad.superclass = NULL;
	test_true(check(&bad, NULL) != NULL);
	bad = good;
	bad.instanceSize = sizeof(IOService) - 1;
	test_true(check(&bad, NULL) != NULL);
	bad.instanceSize = SIZE_MAX;
	test_true(check(&bad, NULL) != NULL);
	bad = good;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	bad.name = name;
	test_true(check(&bad, NULL) != NULL);
	bad.name = "";
	test_true(check(&bad, NULL) != NULL);
}

/* A bundle folder with this Info.plist; its path. */
static const char *make_bundle(const char *executable, const char *raw)
{
	static char path[512];
	char file[600];
	FILE *out;

	snprintf(path, sizeof(path), "%s/Broken.dext", test_folder());
	mkdir(path, 0700);
	snprintf(file, sizeof(file), "%s/Info.plist", path);
	if (!executable && !raw)
		return path;
	out = fopen(file, "we");
	test_true(out != NULL);
	if (raw)
		fputs(raw, out);
	else
		fprintf(out,
			"<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>"
			"<key>CFBundleExecutable</key><string>%s</string></dict></plist>",
			executable);
	fclose(out);
	return path;
}

static err_t open_bundle(const char *path)
{
	struct host host = { 0 };
	struct host_bundle *bundle;
	err_t err;

	pthread_mutex_init(&host.lock, NULL);
	list_init(&host.bundles);
	err = host_loader_open(&host, path, &bundle);
	host_loader_close_all(&host);
	return err;
}

TEST(broken_bundles_are_refused)
{
	char text[600], library[600];
	const char *path;
	FILE *out;

	test_equal_error(open_bundle("/nonexistent/Nothing.dext"), -EINVAL);
	path = make_bundle(NULL, NULL);
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle(NULL, "this is no property list");
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle(NULL, "<?xml version=\"1.0\"?><plist version=\"1.0\"><array/></plist>");
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle("../../../etc/passwd", NULL);
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle("..", NULL);
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle("missing.so", NULL);
	test_equal_error(open_bundle(path), -EINVAL);
	make_bundle("text.so", NULL);
	snprintf(text, sizeof(text), "%s/text.so", path);
	out = fopen(text, "we");
	fputs("no shared object", out);
	fclose(out);
	test_equal_error(open_bundle(path), -EINVAL);
	/* a shared object that is no driver */
	make_bundle("library.so", NULL);
	snprintf(library, sizeof(library), "%s/library.so", path);
	test_equal(symlink("/proc/self/exe", library), 0);
	test_equal_error(open_bundle(path), -EINVAL);
}

/* What may pass is told apart: the registry asks again then. */
TEST(a_shortage_is_no_broken_bundle)
{
	const char *path = make_bundle("missing.so", NULL);

	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		err_t err = open_bundle(path);

		test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : -EINVAL);
	}
	test_fail_call("fstat64", 0, ENFILE);
	test_equal_error(open_bundle(path), -ENOMEM);
	test_true(test_calls_failed());
	test_fail_call("read", 0, EIO);
	test_equal_error(open_bundle(path), -EINVAL);
	test_true(test_calls_failed());
}

TEST(classes_are_found_only_in_their_bundle)
{
	const struct IODriverClass *classes[] = { &good, NULL };
	struct IODriver driver = { IODRIVER_VERSION, "org.example", classes };
	struct host_bundle bundle = { .driver = &driver, .n_classes = 1 };

	test_true(host_loader_find_class(&bundle, "Good") == &good);
	test_true(host_loader_find_class(&bundle, "GoodClient") == NULL);
	test_true(host_loader_find_class(&bundle, "IOService") == NULL);
	test_true(host_loader_owns_class(&bundle, &good));
	test_true(!host_loader_owns_class(&bundle, &client));
	test_true(host_class_conforms(&client, "IOUserClient"));
	test_true(host_class_conforms(&client, "IOService"));
	test_true(!host_class_conforms(&good, "IOUserClient"));
}

TEST(bundles_are_needed_while_there_are_instances_of_their_classes)
{
	const struct IODriverClass *classes[] = { &good, &client, NULL };
	struct IODriver driver = { IODRIVER_VERSION, "org.example", classes };
	atomic_int counts[2] = { 0 };
	struct host_bundle bundle = {
		.driver = &driver, .n_classes = 2, .counts = counts, .path = (char *)"a bundle"
	};
	struct host host = { 0 };

	list_init(&host.bundles);
	list_init(&bundle.link);
	test_true(!host_loader_is_needed(&host));
	list_add(&host.bundles, &bundle.link);
	test_true(!host_loader_is_needed(&host));
	counts[1] = 1;
	test_true(host_loader_is_needed(&host));
	counts[1] = 0;
	test_true(!host_loader_is_needed(&host));
}

TEST_MAIN
