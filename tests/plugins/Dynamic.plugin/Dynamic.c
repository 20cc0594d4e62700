/* SPDX-License-Identifier: MIT */
/* A plug-in that registers itself when it is loaded. */
#include <CoreFoundation/CFBundle.h>
#include <CoreFoundation/CFPlugIn.h>
#include <sched.h>

#include "../Fixture.plugin/Fixture.h"

#pragma GCC visibility push(default)
void register_all(CFPlugInRef plugIn);
void unregister_all(CFPlugInRef plugIn);
void *make_none(CFAllocatorRef allocator, CFUUIDRef type);
#pragma GCC visibility pop

static CFUUIDRef factory(void)
{
	return CFUUIDGetConstantUUIDWithBytes(NULL, 0xF1, 0x87, 0, 2, 0, 0, 0x40, 0, 0x80, 0, 0, 0,
					      0, 0, 0, 1);
}

static void yield_often(void)
{
	for (int i = 0; i < 100; i++)
		sched_yield();
}

/* Libraries may ask CoreFoundation as they begin, when the loader waits for them. */
__attribute__((constructor)) static void begin(void)
{
	yield_often();
	CFBundleGetBundleWithIdentifier(CFSTR("org.portico.test.none"));
}

void *make_none(CFAllocatorRef allocator, CFUUIDRef type)
{
	return NULL;
}

void register_all(CFPlugInRef plugIn)
{
	/* Other threads may ask meanwhile. */
	yield_often();
	CFPlugInRegisterFactoryFunctionByName(factory(), plugIn, CFSTR("make_none"));
	CFPlugInRegisterPlugInType(factory(), FIXTURE_TYPE(FIXTURE_NOTHING));
}

void unregister_all(CFPlugInRef plugIn)
{
	CFPlugInUnregisterFactory(factory());
}
