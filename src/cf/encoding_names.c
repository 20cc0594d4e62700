// SPDX-License-Identifier: MIT
/* What encodings are called, and their numbers in other worlds. */
#include <strings.h>

#include "cf/string_internal.h"

#define NO_CODEPAGE 0

static const struct encoding_name {
	CFStringEncoding encoding;
	const char *iana, *name;
	unsigned long ns; /* NSStringEncoding */
	UInt32 codepage;
} names[] = {
	{ kCFStringEncodingUTF8, "utf-8", "Unicode (UTF-8)", 4, 65001 },
	{ kCFStringEncodingASCII, "us-ascii", "Western (ASCII)", 1, 20127 },
	{ kCFStringEncodingISOLatin1, "iso-8859-1", "Western (ISO Latin 1)", 5, 28591 },
	{ kCFStringEncodingMacRoman, "macintosh", "Western (Mac OS Roman)", 30, 10000 },
	{ kCFStringEncodingWindowsLatin1, "windows-1252", "Western (Windows Latin 1)", 12, 1252 },
	{ kCFStringEncodingUTF16, "utf-16", "Unicode (UTF-16)", 10, 1200 },
	{ kCFStringEncodingUTF16BE, "utf-16be", "Unicode (UTF-16BE)", 0x90000100, 1201 },
	{ kCFStringEncodingUTF16LE, "utf-16le", "Unicode (UTF-16LE)", 0x94000100, 1200 },
	{ kCFStringEncodingUTF32, "utf-32", "Unicode (UTF-32)", 0x8c000100, 12000 },
	{ kCFStringEncodingUTF32BE, "utf-32be", "Unicode (UTF-32BE)", 0x98000100, 12001 },
	{ kCFStringEncodingUTF32LE, "utf-32le", "Unicode (UTF-32LE)", 0x9c000100, 12000 },
	{ kCFStringEncodingNextStepLatin, "x-nextstep", "Western (NextStep)", 2, NO_CODEPAGE },
	{ kCFStringEncodingNonLossyASCII, NULL, "Non-lossy ASCII", 7, NO_CODEPAGE },
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* Other names of the same, as they stand in documents. */
static const struct {
	const char *iana;
	CFStringEncoding encoding;
} aliases[] = {
	{ "utf8", kCFStringEncodingUTF8 },
	{ "ascii", kCFStringEncodingASCII },
	{ "ansi_x3.4-1968", kCFStringEncodingASCII },
	{ "iso646-us", kCFStringEncodingASCII },
	{ "iso_8859-1", kCFStringEncodingISOLatin1 },
	{ "latin1", kCFStringEncodingISOLatin1 },
	{ "l1", kCFStringEncodingISOLatin1 },
	{ "mac", kCFStringEncodingMacRoman },
	{ "x-mac-roman", kCFStringEncodingMacRoman },
	{ "cp1252", kCFStringEncodingWindowsLatin1 },
	{ "unicode", kCFStringEncodingUTF16 },
	{ "iso-10646-ucs-2", kCFStringEncodingUTF16 },
	{ "iso-10646-ucs-4", kCFStringEncodingUTF32 },
};

static const struct encoding_name *name_find(CFStringEncoding encoding)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].encoding == encoding)
			return &names[i];
	return NULL;
}

CFStringRef CFStringGetNameOfEncoding(CFStringEncoding encoding)
{
	const struct encoding_name *n = name_find(encoding);

	return n ? __CFStringMakeConstantString(n->name) : NULL;
}

CFStringRef CFStringConvertEncodingToIANACharSetName(CFStringEncoding encoding)
{
	const struct encoding_name *n = name_find(encoding);

	return n && n->iana ? __CFStringMakeConstantString(n->iana) : NULL;
}

CFStringEncoding CFStringConvertIANACharSetNameToEncoding(CFStringRef theString)
{
	char name[32];

	if (!CFStringGetCString(theString, name, sizeof(name), kCFStringEncodingASCII))
		return kCFStringEncodingInvalidId;
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].iana && !strcasecmp(names[i].iana, name))
			return names[i].encoding;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcasecmp(aliases[i].iana, name))
			return aliases[i].encoding;
	return kCFStringEncodingInvalidId;
}

unsigned long CFStringConvertEncodingToNSStringEncoding(CFStringEncoding encoding)
{
	const struct encoding_name *n = name_find(encoding);

	return n ? n->ns : kCFStringEncodingInvalidId;
}

CFStringEncoding CFStringConvertNSStringEncodingToEncoding(unsigned long encoding)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].ns == encoding)
			return names[i].encoding;
	return kCFStringEncodingInvalidId;
}

UInt32 CFStringConvertEncodingToWindowsCodepage(CFStringEncoding encoding)
{
	const struct encoding_name *n = name_find(encoding);

	return n && n->codepage != NO_CODEPAGE ? n->codepage : kCFStringEncodingInvalidId;
}

CFStringEncoding CFStringConvertWindowsCodepageToEncoding(UInt32 codepage)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (codepage != NO_CODEPAGE && names[i].codepage == codepage)
			return names[i].encoding;
	return kCFStringEncodingInvalidId;
}

CFStringEncoding CFStringGetMostCompatibleMacStringEncoding(CFStringEncoding encoding)
{
	/* All that are known are Western or Unicode. */
	return name_find(encoding) ? kCFStringEncodingMacRoman : kCFStringEncodingInvalidId;
}

CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding)
{
	CFIndex each = 1;

	switch (encoding) {
	case kCFStringEncodingUTF8:
		each = 3;
		break;
	case kCFStringEncodingUTF16:
	case kCFStringEncodingUTF16BE:
	case kCFStringEncodingUTF16LE:
		each = 2;
		break;
	case kCFStringEncodingUTF32:
	case kCFStringEncodingUTF32BE:
	case kCFStringEncodingUTF32LE:
		each = 4;
		break;
	case kCFStringEncodingNonLossyASCII:
		each = 6;
		break;
	}
	if (length < 0 || length > LONG_MAX / each)
		return kCFNotFound;
	return length * each;
}

CFStringEncoding CFStringGetSystemEncoding(void)
{
	return kCFStringEncodingUTF8;
}
