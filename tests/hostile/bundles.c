// SPDX-License-Identifier: MIT
#include "bundles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

const char *bundle_folder(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/drivers", test_folder());
	test_true(!mkdir(path, 0700) || errno == EEXIST);
	return path;
}

void bundle_make(const char *folder, const char *name, const char *program, const char *user_client,
		 const char *body)
{
	char path[512], target[1024], link[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.dext", folder, name);
	test_true(!mkdir(path, 0700) || errno == EEXIST);
	snprintf(target, sizeof(target), "tests/drivers/Hostile.dext/%s", program);
	snprintf(link, sizeof(link), "%s/%s", path, program);
	unlink(link);
	test_equal(symlink(test_built(target), link), 0);
	snprintf(link, sizeof(link), "%s/Info.plist", path);
	f = fopen(link, "we");
	test_true(f != NULL);
	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
		"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		"<plist version=\"1.0\"><dict>\n"
		"<key>CFBundleIdentifier</key><string>org.portico.test.Hostile</string>\n"
		"<key>CFBundleExecutable</key><string>%s</string>\n"
		"<key>IOKitPersonalities</key><dict><key>Hostile</key><dict>\n"
		"<key>CFBundleIdentifier</key><string>org.portico.test.Hostile</string>\n"
		"<key>IOClass</key><string>HostileDriver</string>\n"
		"<key>IOProviderClass</key><string>IOResources</string>\n"
		"<key>IOMatchCategory</key><string>HostileDriver</string>\n"
		"<key>IOUserClientClass</key><string>%s</string>\n"
		"<key>IOUserServerName</key><string>org.portico.test.Hostile</string>\n"
		"%s\n</dict></dict></dict></plist>\n",
		program, user_client, body);
	test_equal(fclose(f), 0);
}
