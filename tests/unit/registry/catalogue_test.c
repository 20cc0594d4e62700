// SPDX-License-Identifier: MIT
#include "registry/catalogue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "failing.h"
#include "registry/entry.h"
#include "session.h"

#define HEAD(id) \
	"<key>CFBundleIdentifier</key><string>" id "</string><key>CFBundleExecutable</key>" \
	"<string>x</string><key>CFBundleVersion</key><string>1.2</" \
	"string><key>IOKitPersonalities</key>"

static void names(struct registry_catalogue *c, struct registry_tree *t, const char **expected,
		  size_t n)
{
	struct registry_matched *items;
	size_t count;

	test_equal_error(registry_catalogue_match(c, t->resources, &items, &count), 0);
	test_equal(count, n);
	for (size_t i = 0; i < count; i++) {
		test_equal_text(items[i].personality->name, expected[i]);
		registry_personality_unref(items[i].personality);
	}
	free(items);
}

TEST(spec_n11_n12_n16_personalities)
{
	struct registry_catalogue c;
	struct registry_tree t;
	size_t added;

	write_bundle(test_folder(), "a",
		     HEAD("a.b") "<dict>"
				 "<key>P1</key><dict><key>IOClass</key><string>C</"
				 "string><key>IOProviderClass</key>"
				 "<string>IOResources</string><key>IOProbeScore</key><integer>100</"
				 "integer></dict>"
				 "<key>P2</key><dict><key>IOClass</key><string>D</"
				 "string><key>IOProviderClass</key>"
				 "<string>IOService</string><key>IOProbeScore</key><integer>200</"
				 "integer></dict>"
				 "<key>P3</key><dict><key>IOClass</key><string>E</string></dict>"
				 "<key>P4</key><dict><key>IOClass</key><string>F</"
				 "string><key>IOProviderClass</key>"
				 "<string>IOResources</string><key>IOProbeScore</key><integer>100</"
				 "integer></dict>"
				 "<key>P5</key><dict><key>IOClass</key><string>F</"
				 "string><key>IOProviderClass</key>"
				 "<string>IOMedia</string></dict></dict>");
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	registry_catalogue_init(&c);
	test_equal(c.generation, 1);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, 5);
	test_equal(c.generation, 2);
	const char *expected[] = { "P2", "P1", "P4" };
	names(&c, &t, expected, 3);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, 0);
	test_equal(c.generation, 2);
	struct registry_bundle *b = registry_catalogue_find(&c, "a.b");
	test_equal_text(b->version, "1.2");
	registry_catalogue_remove(&c, b);
	test_equal(c.count, 0);
	test_equal(c.generation, 3);
	names(&c, &t, NULL, 0);
	registry_catalogue_fini(&c);
	registry_tree_fini(&t);
}

/* It is read later, or by somebody else. */
TEST(a_shortage_is_no_broken_bundle)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/a.dext", test_folder());
	write_bundle(
		test_folder(), "a",
		HEAD("a.b") "<dict><key>P1</key><dict><key>IOClass</key><string>C</string>"
			    "<key>IOProviderClass</key><string>IOResources</string></dict></dict>");
	test_each_shortage(s)
	{
		struct registry_bundle *b = NULL;
		struct registry_catalogue c;
		size_t added;

		registry_catalogue_init(&c);
		test_shortage_begin(&s);
		err_t err = registry_catalogue_add(&c, path, &added, &b);
		if (test_shortage_end(&s) && err)
			test_equal_error(err, -ENOMEM);
		else
			test_equal_error(err, 0);
		if (!err) {
			test_true(!b->problem);
			test_equal(added, 1);
		}
		registry_catalogue_fini(&c);
	}
}

/* Without memory for the words of its problem it is not taken for one that has none. */
TEST(a_broken_bundle_is_broken_without_memory)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/a.dext", test_folder());
	write_bundle(test_folder(), "a",
		     HEAD("a.b") "<dict/><key>PorticoSandbox</key><dict><key>ReadWritePaths</key>"
				 "<array><string>/</string></array></dict>");
	test_each_shortage(s)
	{
		struct registry_bundle *b = NULL;

		test_shortage_begin(&s);
		err_t err = registry_bundle_read(path, &b);
		if (test_shortage_end(&s) && err)
			test_equal_error(err, -ENOMEM);
		else
			test_true(b->problem != NULL);
		registry_bundle_free(b);
	}
}

TEST(broken_bundles_hurt_nobody)
{
	struct registry_catalogue c;
	char path[512];
	size_t added;

	write_bundle(test_folder(), "bad1", "<key>CFBundleIdentifier</key><string>bad</string>");
	write_bundle(test_folder(), "bad2", "<<<");
	write_bundle(
		test_folder(), "good",
		HEAD("good") "<dict><key>P</key><dict><key>IOClass</key>"
			     "<string>C</string></dict><key>Q</key><string>no</string></dict>");
	write_bundle(test_folder(), "empty",
		     HEAD("empty") "<dict><key>P</key><dict><key>IOClass</key>"
				   "<string>C</string></dict></dict>");
	snprintf(path, sizeof(path), "%s/empty.dext/x.so", test_folder());
	test_equal(truncate(path, 0), 0);
	snprintf(path, sizeof(path), "%s/none.dext", test_folder());
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, 1);
	struct registry_bundle *b;
	test_equal_error(registry_catalogue_add(&c, path, &added, &b), 0);
	test_true(strstr(b->problem, "Info.plist") != NULL);
	test_true(strstr(registry_catalogue_find(&c, "empty")->problem, "CFBundleExecutable"));
	test_true(registry_catalogue_find(&c, "good")->problem == NULL);
	test_true(registry_catalogue_find(&c, "bad")->problem != NULL);
	test_equal_error(registry_catalogue_add_folder(&c, "/nowhere/at/all", &added), -ENOENT);
	registry_catalogue_fini(&c);
}

/* Nor do they hide the one of their identifier that is used, or let in another. */
TEST(a_broken_bundle_hides_no_other)
{
	static const char whole[] = HEAD("b") "<dict><key>P</key><dict><key>IOClass</key>"
					      "<string>C</string></dict></dict>";
	struct registry_catalogue c;
	struct registry_bundle *b;
	size_t added;

	write_bundle(test_folder(), "1", "<key>CFBundleIdentifier</key><string>b</string>");
	write_bundle(test_folder(), "2", whole);
	write_bundle(test_folder(), "3", whole);
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, 1);
	b = registry_catalogue_find(&c, "b");
	test_true(!b->problem && strstr(b->path, "/2.dext"));
	registry_catalogue_remove(&c, b);
	test_true(registry_catalogue_find(&c, "b")->problem != NULL);
	registry_catalogue_fini(&c);
}

TEST(a_repaired_bundle_is_read_again)
{
	struct registry_catalogue c;
	char path[512], file[600];
	size_t added;

	write_bundle(test_folder(), "b", "");
	snprintf(path, sizeof(path), "%s/b.dext", test_folder());
	snprintf(file, sizeof(file), "%s/Info.plist", path);
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add(&c, path, &added, NULL), 0);
	test_equal(added, 0);
	FILE *f = fopen(file, "we");
	fprintf(f, "<plist version=\"1.0\"><dict>" HEAD(
			   "b") "<dict><key>P</key><dict><key>IOClass</key>"
				"<string>C</string></dict></dict></dict></plist>");
	fclose(f);
	test_equal_error(registry_catalogue_add(&c, path, &added, NULL), 0);
	test_equal(added, 1);
	registry_catalogue_fini(&c);
}

TEST(a_bundle_is_known_by_every_path_to_it)
{
	struct registry_catalogue c;
	char link[512], path[512];
	struct registry_bundle *b;
	size_t added;

	write_bundle(test_folder(), "b",
		     HEAD("b") "<dict><key>P</key><dict><key>IOClass</key>"
			       "<string>C</string></dict></dict>");
	snprintf(link, sizeof(link), "%s/link", test_folder());
	test_equal(symlink(test_folder(), link), 0);
	snprintf(path, sizeof(path), "%s/b.dext", test_folder());
	scope_free char *real = realpath(path, NULL);
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, link, &added), 0);
	test_equal(added, 1);
	b = registry_catalogue_find(&c, "b");
	test_equal_text(b->path, real);
	test_true(registry_catalogue_find_path(&c, real) == b);
	registry_catalogue_fini(&c);
}

/* A driver whose host is taken for the bridge could change what the bridge may. */
TEST(nobody_takes_the_place_of_the_bridge)
{
	struct registry_catalogue c;
	struct registry_tree t;
	size_t added;

	write_bundle(
		test_folder(), "by_server",
		HEAD("a.b") "<dict><key>P</key><dict><key>IOClass</key><string>C</string>"
			    "<key>IOProviderClass</key><string>IOResources</string>"
			    "<key>IOUserServerName</key><string>bridge</string></dict></dict>");
	write_bundle(test_folder(), "by_identifier",
		     HEAD("bridge") "<dict><key>P</key><dict><key>IOClass</key><string>C</string>"
				    "<key>IOProviderClass</key><string>IOResources</string>"
				    "</dict></dict>");
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	names(&c, &t, NULL, 0);
	test_true(registry_catalogue_find(&c, "bridge")->problem != NULL);
	registry_catalogue_fini(&c);
	registry_tree_fini(&t);
}

TEST(a_bundle_has_so_many_personalities_and_no_more)
{
	enum { MANY = REGISTRY_PERSONALITIES_MAX + 100 };
	char *plist = malloc(MANY * 80), *at = plist;
	struct registry_catalogue c;
	size_t added;

	test_true(plist != NULL);
	at += sprintf(at, HEAD("a.b") "<dict>");
	for (int i = 0; i < MANY; i++)
		at += sprintf(at,
			      "<key>P%d</key><dict><key>IOClass</key><string>C%d</string></dict>",
			      i, i);
	sprintf(at, "</dict>");
	write_bundle(test_folder(), "many", plist);
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, REGISTRY_PERSONALITIES_MAX);
	registry_catalogue_fini(&c);
	free(plist);
}

TEST(a_bundle_has_so_many_hosts_and_no_more)
{
	enum { MANY = 100, MOST = 10 };
	char plist[MANY * 160], *at = plist;
	struct registry_catalogue c;
	size_t added;

	at += sprintf(at, HEAD("a.b") "<dict>");
	for (int i = 0; i < MANY; i++)
		at += sprintf(at,
			      "<key>P%03d</key><dict><key>IOClass</key><string>C%d</string>"
			      "<key>IOUserServerName</key><string>s%d</string></dict>",
			      i, i, i / 2);
	sprintf(at, "</dict>");
	write_bundle(test_folder(), "many", plist);
	registry_catalogue_init(&c);
	c.max_servers = MOST;
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), &added), 0);
	test_equal(added, 2 * MOST);
	registry_catalogue_fini(&c);
}

/* Adds the dictionary of XML alone; whether it is a new one. */
static bool is_new(struct registry_catalogue *c, const char *xml)
{
	CFDictionaryRef d = plist_new(xml);
	CFArrayRef all = CFArrayCreate(NULL, (const void **)&d, 1, &kCFTypeArrayCallBacks);
	size_t added;

	test_equal_error(registry_catalogue_add_array(c, all, &added), 0);
	CFRelease(all);
	CFRelease(d);
	return added;
}

/* As kmutil and tests do: what a program adds waits for the driver that it names. */
TEST(a_personality_may_come_before_its_bundle)
{
	struct registry_catalogue c;

	registry_catalogue_init(&c);
	test_true(is_new(&c, "<dict><key>IOClass</key><string>C</string><key>IOProviderClass</key>"
			     "<string>IOResources</string><key>CFBundleIdentifier</key>"
			     "<string>late.bundle</string></dict>"));
	struct registry_personality *p =
		container_of(c.personalities.next, struct registry_personality, link);
	test_true(!p->bundle && !p->server[0]);
	write_bundle(test_folder(), "late", HEAD("late.bundle") "<dict/>");
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), NULL), 0);
	test_true(p->bundle && p->bundle == registry_catalogue_find(&c, "late.bundle"));
	test_equal_text(p->bundle_path, p->bundle->path);
	test_equal_text(p->server, "late.bundle");
	registry_catalogue_fini(&c);
}

#define INNER(one, two) "<key>In</key><dict>" one two "</dict>"
#define A "<key>a</key><array><integer>1</integer><true/></array>"
#define B "<key>b</key><string>2</string>"
#define CLASS "<key>IOClass</key><string>C</string>"

TEST(what_is_there_is_not_added_again)
{
	struct registry_catalogue c;

	registry_catalogue_init(&c);
	test_true(is_new(&c, "<dict>" CLASS INNER(A, B) "</dict>"));
	test_true(!is_new(&c, "<dict>" CLASS INNER(A, B) "</dict>"));
	test_true(!is_new(&c, "<dict>" INNER(B, A) CLASS "</dict>"));
	test_true(is_new(&c, "<dict>" CLASS INNER(A, "") "</dict>"));
	test_true(is_new(&c, "<dict>" CLASS INNER(B, "") "</dict>"));
	test_true(is_new(&c, "<dict>" CLASS A B "</dict>"));
	registry_catalogue_fini(&c);
}

TEST_MAIN
