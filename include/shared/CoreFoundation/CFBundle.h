// SPDX-License-Identifier: MIT
/*
 * Bundles: folders with an Info.plist, resources and perhaps code.
 *
 * Info.plist is in Contents/ (its resources then in Contents/Resources, its
 * code in Contents/Linux or Contents/MacOS) or in the folder itself (resources
 * in Resources/ or beside it, code beside it). The executable is a shared
 * object named by CFBundleExecutable, else by the folder; ".so" may follow.
 *
 * There is one object for each folder. Unless noted any thread may call any
 * function; a NULL bundle gives NULL, 0, FALSE or no effect.
 */
#ifndef __COREFOUNDATION_CFBUNDLE__
#define __COREFOUNDATION_CFBUNDLE__

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFString.h>
#include <CoreFoundation/CFURL.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFBundle *CFBundleRef;
typedef struct __CFBundle *CFPlugInRef;

/* Keys of Info.plist. */
CF_EXPORT const CFStringRef kCFBundleInfoDictionaryVersionKey;
CF_EXPORT const CFStringRef kCFBundleExecutableKey;
CF_EXPORT const CFStringRef kCFBundleIdentifierKey;
CF_EXPORT const CFStringRef kCFBundleVersionKey;
CF_EXPORT const CFStringRef kCFBundleDevelopmentRegionKey;
CF_EXPORT const CFStringRef kCFBundleNameKey;
CF_EXPORT const CFStringRef kCFBundleLocalizationsKey;

/* Codes in the domain kCFErrorDomainCocoa. */
enum { kCFBundleExecutableNotFoundError = 4, kCFBundleExecutableLoadError = 3587 };

CF_EXPORT CFTypeID CFBundleGetTypeID(void);

/* --- finding --------------------------------------------------------------------- */

/* The folder that holds the running program, or the bundle around it. Lives for ever. */
CF_EXPORT CFBundleRef CFBundleGetMainBundle(void);
/* One that exists in this process, borrowed. Nothing is searched on disk. */
CF_EXPORT CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef bundleID);
/* All that exist in this process; the array is the library's and replaced by the next call. */
CF_EXPORT CFArrayRef CFBundleGetAllBundles(void);
/* Caller releases. NULL when BUNDLEURL is no folder. */
CF_EXPORT CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef bundleURL);
/* All bundles of a folder, sorted by name; BUNDLETYPE: only those with this extension, NULL: every
 * folder that has an Info.plist. The bundles live as long as the array and who else retains them. */
CF_EXPORT CFArrayRef CFBundleCreateBundlesFromDirectory(CFAllocatorRef allocator,
							CFURLRef directoryURL,
							CFStringRef bundleType);

/* --- what it says of itself -------------------------------------------------------- */

CF_EXPORT CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle);
/* The localized value if there is one, else that of Info.plist; borrowed, NULL when missing. */
CF_EXPORT CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef bundle, CFStringRef key);
/* Info.plist; empty when there is none. Borrowed. */
CF_EXPORT CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef bundle);
/* InfoPlist.strings of the preferred localization, borrowed; NULL when there is none. */
CF_EXPORT CFDictionaryRef CFBundleGetLocalInfoDictionary(CFBundleRef bundle);
/* CFBundlePackageType and CFBundleSignature as four-character codes; what is not given is '????', the
 * type of a bundle with Contents/ is 'BNDL'. */
CF_EXPORT void CFBundleGetPackageInfo(CFBundleRef bundle, UInt32 *packageType,
				      UInt32 *packageCreator);
/* NULL when Info.plist names none. */
CF_EXPORT CFStringRef CFBundleGetIdentifier(CFBundleRef bundle);
/* "1.2.3b4" as 0x01234004-like number: major in BCD, minor and bug one digit each, stage, build. 0 when
 * it is missing or has another form. */
CF_EXPORT UInt32 CFBundleGetVersionNumber(CFBundleRef bundle);
CF_EXPORT CFStringRef CFBundleGetDevelopmentRegion(CFBundleRef bundle);
/* Folders inside the bundle, whether they exist or not; caller releases. */
CF_EXPORT CFURLRef CFBundleCopySupportFilesDirectoryURL(CFBundleRef bundle);
CF_EXPORT CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef bundle);
CF_EXPORT CFURLRef CFBundleCopyPrivateFrameworksURL(CFBundleRef bundle);
CF_EXPORT CFURLRef CFBundleCopySharedFrameworksURL(CFBundleRef bundle);
CF_EXPORT CFURLRef CFBundleCopySharedSupportURL(CFBundleRef bundle);
CF_EXPORT CFURLRef CFBundleCopyBuiltInPlugInsURL(CFBundleRef bundle);
/* Without a bundle object. Empty when the folder has no Info.plist; NULL when it is no folder. */
CF_EXPORT CFDictionaryRef CFBundleCopyInfoDictionaryInDirectory(CFURLRef bundleURL);
/* FALSE when it is no folder. */
CF_EXPORT Boolean CFBundleGetPackageInfoInDirectory(CFURLRef url, UInt32 *packageType,
						    UInt32 *packageCreator);
/* A folder as above; a plain file has no dictionary here: NULL. */
CF_EXPORT CFDictionaryRef CFBundleCopyInfoDictionaryForURL(CFURLRef url);

/* --- resources ---------------------------------------------------------------------- */

/* A file or folder NAME.TYPE (TYPE NULL or "": the name is whole) in the folder of resources, in
 * SUBDIRNAME (may be NULL) of it, else in the preferred localization's folder. NULL when there is
 * none. NAME NULL: the first of that type. */
CF_EXPORT CFURLRef CFBundleCopyResourceURL(CFBundleRef bundle, CFStringRef resourceName,
					   CFStringRef resourceType, CFStringRef subDirName);
/* All of a type, sorted by name; TYPE NULL: everything. Never NULL for a bundle. */
CF_EXPORT CFArrayRef CFBundleCopyResourceURLsOfType(CFBundleRef bundle, CFStringRef resourceType,
						    CFStringRef subDirName);
CF_EXPORT CFURLRef CFBundleCopyResourceURLInDirectory(CFURLRef bundleURL, CFStringRef resourceName,
						      CFStringRef resourceType,
						      CFStringRef subDirName);
CF_EXPORT CFArrayRef CFBundleCopyResourceURLsOfTypeInDirectory(CFURLRef bundleURL,
							       CFStringRef resourceType,
							       CFStringRef subDirName);
/* LOCALIZATIONNAME: one of the bundle's localizations. */
CF_EXPORT CFURLRef CFBundleCopyResourceURLForLocalization(CFBundleRef bundle,
							  CFStringRef resourceName,
							  CFStringRef resourceType,
							  CFStringRef subDirName,
							  CFStringRef localizationName);
CF_EXPORT CFArrayRef CFBundleCopyResourceURLsOfTypeForLocalization(CFBundleRef bundle,
								   CFStringRef resourceType,
								   CFStringRef subDirName,
								   CFStringRef localizationName);
/* The text of KEY in TABLENAME.strings (NULL: Localizable) of the preferred localization, else VALUE,
 * else KEY. Caller releases. */
CF_EXPORT CFStringRef CFBundleCopyLocalizedString(CFBundleRef bundle, CFStringRef key,
						  CFStringRef value, CFStringRef tableName);
#define CFCopyLocalizedString(key, comment) \
	CFBundleCopyLocalizedString(CFBundleGetMainBundle(), (key), (key), NULL)
#define CFCopyLocalizedStringFromTable(key, tbl, comment) \
	CFBundleCopyLocalizedString(CFBundleGetMainBundle(), (key), (key), (tbl))
#define CFCopyLocalizedStringFromTableInBundle(key, tbl, bundle, comment) \
	CFBundleCopyLocalizedString((bundle), (key), (key), (tbl))
#define CFCopyLocalizedStringWithDefaultValue(key, tbl, bundle, value, comment) \
	CFBundleCopyLocalizedString((bundle), (key), (value), (tbl))
/* Names of the NAME.lproj folders, with what CFBundleLocalizations adds; sorted. */
CF_EXPORT CFArrayRef CFBundleCopyBundleLocalizations(CFBundleRef bundle);
/* Those that the user's languages (LANGUAGE, LC_ALL, LC_MESSAGES, LANG) ask for, best first; the first
 * of the array when none is. */
CF_EXPORT CFArrayRef CFBundleCopyPreferredLocalizationsFromArray(CFArrayRef locArray);
/* The same for languages of one's own; PREFARRAY NULL: the user's. */
CF_EXPORT CFArrayRef CFBundleCopyLocalizationsForPreferences(CFArrayRef locArray,
							     CFArrayRef prefArray);
CF_EXPORT CFArrayRef CFBundleCopyLocalizationsForURL(CFURLRef url);

/* --- code ----------------------------------------------------------------------------- */

/* NULL when there is none. */
CF_EXPORT CFURLRef CFBundleCopyExecutableURL(CFBundleRef bundle);
/* A program beside the executable. */
CF_EXPORT CFURLRef CFBundleCopyAuxiliaryExecutableURL(CFBundleRef bundle,
						      CFStringRef executableName);
/* Loaded, or a readable ELF file of this processor? *ERROR (may be NULL; caller releases). */
CF_EXPORT Boolean CFBundlePreflightExecutable(CFBundleRef bundle, CFErrorRef *error);
/* Load the executable unless it is; a plug-in's dynamic registration follows. *ERROR as above. */
CF_EXPORT Boolean CFBundleLoadExecutableAndReturnError(CFBundleRef bundle, CFErrorRef *error);
CF_EXPORT Boolean CFBundleLoadExecutable(CFBundleRef bundle);
CF_EXPORT Boolean CFBundleIsExecutableLoaded(CFBundleRef bundle);
/* Pointers into it are void from now on; factories that its code has registered by address make nothing any more.
 * The main bundle stays. A bundle that is freed leaves its code in place. */
CF_EXPORT void CFBundleUnloadExecutable(CFBundleRef bundle);
/* The address of an exported symbol, the executable loaded if need be; NULL when there is none. */
CF_EXPORT void *CFBundleGetFunctionPointerForName(CFBundleRef bundle, CFStringRef functionName);
CF_EXPORT void CFBundleGetFunctionPointersForNames(CFBundleRef bundle, CFArrayRef functionNames,
						   void *ftbl[]);
CF_EXPORT void *CFBundleGetDataPointerForName(CFBundleRef bundle, CFStringRef symbolName);
CF_EXPORT void CFBundleGetDataPointersForNames(CFBundleRef bundle, CFArrayRef symbolNames,
					       void *stbl[]);

/* The bundle as a plug-in, borrowed; NULL when it is none. */
CF_EXPORT CFPlugInRef CFBundleGetPlugIn(CFBundleRef bundle);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
