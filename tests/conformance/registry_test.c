// SPDX-License-Identifier: MIT
/* Reading the registry: spec 11.5. */
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "stage.h"
#include "test.h"
#include "world.h"

TEST(E17)
{
	io_connect_t stage = stage_begin();
	io_service_t s = stage_publish_service(stage, NULL, "key=a name=global register");
	io_name_t name;

	stage_do(stage, NULL, "attach key=a parent=root plane=StagePlane");
	stage_do(stage, NULL, "name key=a name=planar plane=StagePlane");
	test_equal_error(IORegistryEntryGetNameInPlane(s, "StagePlane", name), 0);
	test_equal_text(name, "planar");
	test_equal_error(IORegistryEntryGetName(s, name), 0);
	test_equal_text(name, "global");
	test_equal_error(IORegistryEntryGetNameInPlane(s, NULL, name), 0);
	test_equal_text(name, "global");
	IOObjectRelease(s);
	stage_end(stage);
}

TEST_MAIN
