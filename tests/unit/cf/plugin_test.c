// SPDX-License-Identifier: MIT
#include <CoreFoundation/CoreFoundation.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "../../plugins/Fixture.plugin/Fixture.h"
#include "cf_test.h"
#include "test.h"

static CFUUIDRef id(UInt8 n)
{
	return CFUUIDGetConstantUUIDWithBytes(NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					      15, n);
}

static int made;
static CFUUIDRef made_type;

static void *build_one(CFAllocatorRef allocator, CFUUIDRef type)
{
	made++;
	made_type = type;
	return &made;
}

static CFIndex count(CFArrayRef array)
{
	CFIndex n = array ? CFArrayGetCount(array) : 0;

	if (array)
		CFRelease(array);
	return n;
}

/* UUIDs that live for ever are no leak. */
static void begin(void)
{
	for (UInt8 n = 0; n < 8; n++)
		id(n);
	for (unsigned char n = 0; n < 8; n++)
		FIXTURE_TYPE(n);
	CFBundleGetMainBundle();
	test_reset_baseline();
}

static CFPlugInRef open_plugin(const char *name)
{
	const char *path = test_built(name);
	CFURLRef url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
							       (CFIndex)strlen(path), TRUE);
	CFPlugInRef plugin = CFPlugInCreate(NULL, url);

	test_true(plugin != NULL);
	CFRelease(url);
	return plugin;
}

TEST(factories_and_types)
{
	CFArrayRef found;

	begin();
	test_true(CFPlugInRegisterFactoryFunction(id(1), build_one));
	test_true(CFPlugInRegisterFactoryFunction(id(2), build_one));
	test_true(CFPlugInRegisterPlugInType(id(2), id(5)));
	test_true(CFPlugInRegisterPlugInType(id(1), id(5)));
	test_true(CFPlugInRegisterPlugInType(id(1), id(5)));
	test_true(!CFPlugInRegisterPlugInType(id(3), id(5)));
	found = CFPlugInFindFactoriesForPlugInType(id(5));
	test_equal(CFArrayGetCount(found), 2);
	test_true(CFEqual(CFArrayGetValueAtIndex(found, 0), id(2)));
	CFRelease(found);
	test_true(CFPlugInInstanceCreate(NULL, id(1), id(5)) == &made);
	test_true(made == 1 && CFEqual(made_type, id(5)));
	/* Not its type, not registered. */
	test_true(CFPlugInInstanceCreate(NULL, id(1), id(6)) == NULL);
	test_true(CFPlugInInstanceCreate(NULL, id(3), id(5)) == NULL);
	test_true(CFPlugInUnregisterPlugInType(id(1), id(5)));
	test_equal(count(CFPlugInFindFactoriesForPlugInType(id(5))), 1);
	test_true(CFPlugInUnregisterFactory(id(2)));
	test_true(!CFPlugInUnregisterFactory(id(2)));
	test_true(CFPlugInFindFactoriesForPlugInType(id(5)) == NULL);
	test_true(CFPlugInUnregisterFactory(id(1)));
}

TEST(a_plugin_registers_what_info_says)
{
	CFPlugInRef plugin;
	CFUUIDRef factory;
	CFArrayRef found;

	begin();
	plugin = open_plugin("tests/plugins/Fixture.plugin");
	test_true(CFPlugInGetBundle(plugin) == plugin && CFBundleGetPlugIn(plugin) == plugin);
	test_true(CFPlugInIsLoadOnDemand(plugin) && !CFBundleIsExecutableLoaded(plugin));
	found = CFPlugInFindFactoriesForPlugInTypeInPlugIn(FIXTURE_TYPE(FIXTURE_ORDERS), plugin);
	test_equal(CFArrayGetCount(found), 2);
	factory = CFRetain(CFArrayGetValueAtIndex(found, 0));
	CFRelease(found);
	test_true(!CFBundleIsExecutableLoaded(plugin));
	IUnknownVTbl **instance =
		CFPlugInInstanceCreate(NULL, factory, FIXTURE_TYPE(FIXTURE_ORDERS));
	test_true(instance != NULL && CFBundleIsExecutableLoaded(plugin));
	test_equal((*instance)->Release(instance), 0);
	/* Its factories go with it. */
	CFRelease(plugin);
	test_true(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_ORDERS)) == NULL);
	test_true(CFPlugInInstanceCreate(NULL, factory, FIXTURE_TYPE(FIXTURE_ORDERS)) == NULL);
	CFRelease(factory);
}

struct look {
	const char *name;
	unsigned char type;
	CFIndex n;
};

static void *open_and_look(void *context)
{
	const struct look *look = context;

	for (int i = test_is_slow() ? 50 : 500; i--;) {
		CFPlugInRef plugin = open_plugin(look->name);

		test_equal(count(CFPlugInFindFactoriesForPlugInTypeInPlugIn(
				   FIXTURE_TYPE(look->type), plugin)),
			   look->n);
		CFRelease(plugin);
	}
	return NULL;
}

static void look_from_threads(struct look look)
{
	pthread_t threads[3];

	begin();
	for (int i = 0; i < 3; i++)
		test_equal(pthread_create(&threads[i], NULL, open_and_look, &look), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* The second one finds what the first has only begun to make. */
TEST(threads_find_the_factories_of_a_plugin)
{
	look_from_threads((struct look){ "tests/plugins/Fixture.plugin", FIXTURE_ORDERS, 2 });
}

TEST(threads_find_what_a_plugin_registers_itself)
{
	look_from_threads((struct look){ "tests/plugins/Dynamic.plugin", FIXTURE_NOTHING, 1 });
}

TEST(instances_keep_their_plugin)
{
	CFPlugInRef plugin;
	CFUUIDRef factory;
	CFArrayRef found;

	begin();
	plugin = open_plugin("tests/plugins/Fixture.plugin");
	found = CFPlugInFindFactoriesForPlugInTypeInPlugIn(FIXTURE_TYPE(FIXTURE_ONE), plugin);
	factory = CFRetain(CFArrayGetValueAtIndex(found, 0));
	CFRelease(found);
	CFPlugInAddInstanceForFactory(factory);
	CFRelease(plugin);
	test_equal(count(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_ONE))), 1);
	CFPlugInRemoveInstanceForFactory(factory);
	test_true(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_ONE)) == NULL);
	/* One too many, and one of nobody. */
	CFPlugInRemoveInstanceForFactory(factory);
	CFPlugInAddInstanceForFactory(factory);
	CFRelease(factory);
}

TEST(an_unregistered_factory_ends_with_its_last_instance)
{
	begin();
	CFPlugInRegisterFactoryFunction(id(1), build_one);
	CFPlugInRegisterPlugInType(id(1), id(5));
	CFPlugInAddInstanceForFactory(id(1));
	test_true(CFPlugInUnregisterFactory(id(1)));
	test_true(CFPlugInInstanceCreate(NULL, id(1), id(5)) == NULL);
	/* A new one of that name is another one. */
	CFPlugInRegisterFactoryFunction(id(1), build_one);
	test_true(CFPlugInFindFactoriesForPlugInType(id(5)) == NULL);
	CFPlugInRemoveInstanceForFactory(id(1));
	test_true(CFPlugInUnregisterFactory(id(1)));
}

TEST(dynamic_registration)
{
	CFPlugInRef plugin;

	begin();
	plugin = open_plugin("tests/plugins/Dynamic.plugin");
	test_true(!CFPlugInIsLoadOnDemand(plugin) && !CFBundleIsExecutableLoaded(plugin));
	test_true(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_NOTHING)) == NULL);
	test_equal(count(CFPlugInFindFactoriesForPlugInTypeInPlugIn(FIXTURE_TYPE(FIXTURE_NOTHING),
								    plugin)),
		   1);
	test_true(CFBundleIsExecutableLoaded(plugin));
	CFBundleUnloadExecutable(plugin);
	test_true(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_NOTHING)) == NULL);
	CFPlugInSetLoadOnDemand(plugin, FALSE);
	test_equal(count(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_NOTHING))), 1);
	CFBundleUnloadExecutable(plugin);
	CFRelease(plugin);
}

TEST(functions_of_code_that_has_gone_are_not_called)
{
	void (*register_in_code)(CFUUIDRef factory);
	CFPlugInRef plugin;

	begin();
	plugin = open_plugin("tests/plugins/Fixture.plugin");
	test_true(CFPlugInRegisterFactoryFunction(id(2), build_one));
	test_true(CFPlugInRegisterPlugInType(id(2), FIXTURE_TYPE(FIXTURE_NOTHING)));
	register_in_code = (void (*)(CFUUIDRef))CFBundleGetFunctionPointerForName(
		plugin, CFSTR("fixture_register"));
	register_in_code(id(1));
	test_true(CFPlugInInstanceCreate(NULL, id(1), FIXTURE_TYPE(FIXTURE_NOTHING)) != NULL);
	CFBundleUnloadExecutable(plugin);
	test_true(!CFBundleIsExecutableLoaded(plugin));
	test_true(CFPlugInInstanceCreate(NULL, id(1), FIXTURE_TYPE(FIXTURE_NOTHING)) == NULL);
	/* Those of others are left alone, and what Info.plist names is loaded again. */
	test_equal(count(CFPlugInFindFactoriesForPlugInType(FIXTURE_TYPE(FIXTURE_NOTHING))), 1);
	test_equal(count(CFPlugInFindFactoriesForPlugInTypeInPlugIn(FIXTURE_TYPE(FIXTURE_ONE),
								    plugin)),
		   1);
	test_true(CFPlugInUnregisterFactory(id(2)));
	CFRelease(plugin);
}

static atomic_bool is_over;

static void *begin_libraries(void *path)
{
	while (!atomic_load(&is_over))
		dlclose(dlopen(path, RTLD_NOW));
	return NULL;
}

/* Neither waits for the other: a library that begins may ask for bundles. */
TEST(code_goes_while_a_library_begins)
{
	pthread_t thread;
	CFPlugInRef plugin;

	begin();
	plugin = open_plugin("tests/plugins/Fixture.plugin");
	test_true(CFPlugInRegisterFactoryFunction(id(2), build_one));
	test_equal(pthread_create(&thread, NULL, begin_libraries,
				  (void *)test_built("tests/plugins/Dynamic.plugin/Dynamic.so")),
		   0);
	for (int i = test_is_slow() ? 10 : 50; i--;) {
		test_true(CFBundleLoadExecutable(plugin));
		for (int k = 0; k < 2 * i; k++)
			sched_yield();
		CFBundleUnloadExecutable(plugin);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	test_true(CFPlugInUnregisterFactory(id(2)));
	CFRelease(plugin);
}

static int ended;

static void end_data(void *data)
{
	ended += *(int *)data;
}

static Boolean get_interface(CFPlugInInstanceRef instance, CFStringRef name, void **ftbl)
{
	*ftbl = &ended;
	return CFEqual(name, CFSTR("right"));
}

TEST(older_instances)
{
	CFPlugInInstanceRef instance;
	CFStringRef name, text;
	void *table = NULL;

	begin();
	CFPlugInRegisterFactoryFunction(id(1), build_one);
	name = CFUUIDCreateString(NULL, id(1));
	instance = CFPlugInInstanceCreateWithInstanceDataSize(NULL, sizeof(int), end_data, name,
							      get_interface);
	*(int *)CFPlugInInstanceGetInstanceData(instance) = 42;
	text = CFPlugInInstanceGetFactoryName(instance);
	test_true(CFEqual(text, name));
	test_true(CFPlugInInstanceGetInterfaceFunctionTable(instance, CFSTR("right"), &table));
	test_true(table == &ended);
	test_true(!CFPlugInInstanceGetInterfaceFunctionTable(instance, CFSTR("wrong"), &table));
	test_equal(CFGetTypeID(instance), CFPlugInInstanceGetTypeID());
	CFRelease(text);
	CFRelease(name);
	CFRelease(instance);
	test_equal(ended, 42);
	CFPlugInUnregisterFactory(id(1));
}

TEST_MAIN
