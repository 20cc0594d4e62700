// SPDX-License-Identifier: MIT
#include "wire/entitlement.h"

bool wire_entitlement_is_held(CFDictionaryRef held, CFTypeRef name)
{
	return held && name && CFGetTypeID(name) == CFStringGetTypeID() &&
	       CFDictionaryGetValue(held, name) == kCFBooleanTrue;
}

static bool holds_all(CFDictionaryRef held, CFArrayRef names)
{
	for (CFIndex i = 0; i < CFArrayGetCount(names); i++)
		if (!wire_entitlement_is_held(held, CFArrayGetValueAtIndex(names, i)))
			return false;
	return true;
}

bool wire_entitlement_satisfies(CFDictionaryRef held, CFTypeRef wanted)
{
	if (!wanted || CFGetTypeID(wanted) != CFArrayGetTypeID())
		return wire_entitlement_is_held(held, wanted);
	for (CFIndex i = 0; i < CFArrayGetCount(wanted); i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(wanted, i);

		if (CFGetTypeID(one) == CFArrayGetTypeID() ? holds_all(held, one)
							   : wire_entitlement_is_held(held, one))
			return true;
	}
	return false;
}

static bool is_false(CFDictionaryRef held, CFTypeRef name)
{
	return CFGetTypeID(name) == CFStringGetTypeID() &&
	       CFDictionaryGetValue(held, name) == kCFBooleanFalse;
}

static bool denies_one(CFDictionaryRef held, CFArrayRef names)
{
	for (CFIndex i = 0; i < CFArrayGetCount(names); i++)
		if (is_false(held, CFArrayGetValueAtIndex(names, i)))
			return true;
	return false;
}

bool wire_entitlement_is_denied(CFDictionaryRef held, CFTypeRef wanted)
{
	if (!held || !wanted)
		return false;
	if (CFGetTypeID(wanted) != CFArrayGetTypeID())
		return is_false(held, wanted);
	for (CFIndex i = 0; i < CFArrayGetCount(wanted); i++) {
		CFTypeRef one = CFArrayGetValueAtIndex(wanted, i);

		if (CFGetTypeID(one) == CFArrayGetTypeID() ? denies_one(held, one)
							   : is_false(held, one))
			return true;
	}
	return false;
}
