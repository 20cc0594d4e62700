// SPDX-License-Identifier: MIT
#include "registry/plane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/text.h"
#include "test.h"

static struct registry_entry *child(struct registry_tree *t, struct registry_entry *parent,
				    const char *name, const char *location)
{
	struct registry_entry *e;

	test_equal_error(
		registry_entry_new(t, 0, registry_class_find(&t->classes, "IOService"), NULL, &e),
		0);
	test_equal_error(registry_entry_rename(e, NULL, name, location), 0);
	test_equal_error(registry_plane_attach(e, parent, t->planes.service), 0);
	registry_entry_unref(e);
	return e;
}

static void expect_path(struct registry_entry *e, const char *expected)
{
	struct bytes path = BYTES_INIT;

	test_equal_error(registry_path_write(e, e->tree->planes.service, &path), 0);
	test_equal_text((char *)path.data, expected);
	test_true(registry_path_find(e->tree, expected) == e);
	bytes_fini(&path);
}

TEST(spec_e07_e08_paths_are_exact)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *a = child(&t, t.machine, "A", "");
	expect_path(t.machine, "IOService:/");
	expect_path(a, "IOService:/A");
	const char *bad[] = { "IOService:/A/",
			      "IOService/A",
			      "/A",
			      "Nope:/A",
			      "",
			      "IOService:",
			      "IOService:A",
			      "IOService:/A:",
			      "IOService://A",
			      "IOService:/B",
			      "IOService:/AA",
			      "IOService:/A@1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		test_true(registry_path_find(&t, bad[i]) == NULL);
	struct bytes path = BYTES_INIT;
	test_equal_error(registry_path_write(t.root, t.planes.service, &path), -ENOENT);
	test_equal_error(registry_path_write(a, t.planes.device_tree, &path), -ENOENT);
	bytes_fini(&path);
	registry_tree_fini(&t);
}

TEST(spec_e09_e10_e12_locations)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *usb = child(&t, t.machine, "usb", "14000000");
	struct registry_entry *hub1 = child(&t, usb, "hub", "1"),
			      *hub2 = child(&t, usb, "hub", "2");
	test_true(registry_path_find(&t, "IOService:/usb@14000000") == usb);
	test_true(registry_path_find(&t, "IOService:/usb@0014000000") == usb);
	test_true(registry_path_find(&t, "IOService:/usb") == usb);
	test_true(registry_path_find(&t, "IOService:/usb/hub") == hub1);
	test_true(registry_path_find(&t, "IOService:/usb/hub@2") == hub2);
	test_true(registry_path_find(&t, "IOService:/usb/@2") == hub2);
	test_true(registry_path_find(&t, "IOService:/usb/@3") == NULL);
	expect_path(hub2, "IOService:/usb@14000000/hub@2");
	test_true(registry_location_equal("1,0", 3, "1", 1));
	test_true(registry_location_equal("0A", 2, "a", 1));
	test_true(registry_location_equal("1:2", 3, "1,2", 3));
	test_true(!registry_location_equal("1,1", 3, "1", 1));
	test_true(!registry_location_equal("x", 1, "1", 1));
	registry_tree_fini(&t);
}

TEST(spec_e14_long_paths)
{
	struct registry_tree t;
	char *path = malloc(20000), *expected = path;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = t.machine;
	strcpy(path, "IOService:");
	for (int i = 0; i < 500; i++) {
		e = child(&t, e, "component", "");
		strcat(path, "/component");
	}
	expect_path(e, expected);
	for (int i = 0; i < 1500; i++)
		e = child(&t, e, "component", "");
	struct bytes b = BYTES_INIT;
	test_equal_error(registry_path_write(e, t.planes.service, &b), -ENAMETOOLONG);
	bytes_fini(&b);
	free(path);
	registry_tree_fini(&t);
}

TEST(spec_e17_names_of_planes)
{
	struct registry_tree t;
	struct registry_plane *usb;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = child(&t, t.machine, "Hub", "1");
	usb = registry_plane_find(&t.planes, "IOUSB");
	test_equal_error(registry_plane_attach(e, t.root, usb), 0);
	test_equal_error(registry_entry_rename(e, usb, "hub/usb", "2"), 0);
	test_equal_text(registry_entry_name(e, usb), "hub:usb");
	test_equal_text(registry_entry_name(e, NULL), "Hub");
	test_equal_text(registry_entry_location(e, usb), "2");
	test_equal_text(registry_entry_location(e, t.planes.service), "1");
	test_true(registry_path_find(&t, "IOUSB:/") == e);
	test_equal_error(registry_plane_need(&t.planes, "a/b", &usb), -EINVAL);
	test_equal_error(registry_plane_need(&t.planes, "12345678901234567890123456789012", &usb),
			 -EINVAL);
	test_equal_error(registry_plane_need(&t.planes, "Mine", &usb), 0);
	test_true(registry_plane_find(&t.planes, "Mine") == usb);
	registry_tree_fini(&t);
}

TEST(attach_refuses_loops_and_twins)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *a = child(&t, t.machine, "a", ""), *b = child(&t, a, "b", "");
	test_equal_error(registry_plane_attach(b, a, t.planes.service), -EEXIST);
	test_equal_error(registry_plane_attach(a, b, t.planes.service), -ELOOP);
	test_equal_error(registry_plane_attach(a, a, t.planes.service), -ELOOP);
	test_equal_error(registry_plane_attach(b, t.machine, t.planes.service), 0);
	test_true(registry_plane_first_parent(b, t.planes.service) == a);
	test_true(registry_plane_detach(b, a, t.planes.service));
	test_true(!registry_plane_detach(b, a, t.planes.service));
	test_true(registry_plane_first_parent(b, t.planes.service) == t.machine);
	registry_tree_fini(&t);
}

TEST(aliases_of_the_device_tree)
{
	struct registry_tree t;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *aliases, *disk;
	struct registry_class *class = registry_class_find(&t.classes, "IORegistryEntry");
	test_equal_error(registry_entry_new(&t, 0, class, NULL, &aliases), 0);
	test_equal_error(registry_entry_rename(aliases, NULL, "aliases", ""), 0);
	test_equal_error(registry_plane_attach(aliases, t.machine, t.planes.device_tree), 0);
	registry_entry_unref(aliases);
	test_equal_error(registry_entry_new(&t, 0, class, NULL, &disk), 0);
	test_equal_error(registry_entry_rename(disk, NULL, "disk", "0"), 0);
	test_equal_error(registry_plane_attach(disk, t.machine, t.planes.device_tree), 0);
	registry_entry_unref(disk);
	registry_entry_set(aliases, CFSTR("hd"), CFSTR("/disk@0"));
	test_true(registry_path_find(&t, "IODeviceTree:hd") == disk);
	test_true(registry_path_find(&t, "IODeviceTree:nothing") == NULL);
	test_true(registry_path_find(&t, "IODeviceTree:/disk") == disk);
	registry_tree_fini(&t);
}

TEST_MAIN
