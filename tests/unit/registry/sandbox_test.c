// SPDX-License-Identifier: MIT
#include "registry/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry/catalogue.h"
#include "session.h"

static CFTypeRef parse(const char *inner)
{
	char text[2048];

	snprintf(text, sizeof(text), "<plist version=\"1.0\">%s</plist>", inner);
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)text, (CFIndex)strlen(text));
	CFTypeRef value =
		CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
	CFRelease(data);
	test_true(value != NULL);
	return value;
}

static void problem(const char *inner, const char *expected)
{
	CFTypeRef value = parse(inner);
	char why[REGISTRY_SANDBOX_WHY_MAX] = "";

	test_equal(registry_sandbox_check(value, why), !expected);
	test_equal_text(why, expected ? expected : "");
	CFRelease(value);
}

TEST(a_declaration_is_checked_whole)
{
	test_true(registry_sandbox_check(NULL, NULL));
	problem("<dict/>", NULL);
	problem("<dict><key>MinimumTier</key><integer>2</integer><key>Devices</key><array>"
		"<string>/dev/ttyS0</string></array><key>Processes</key><true/></dict>",
		NULL);
	problem("<array/>", "PorticoSandbox is no dictionary");
	problem("<dict><key>Device</key><array/></dict>", "PorticoSandbox: Device is no key of it");
	problem("<dict><key>Devices</key><string>/dev/null</string></dict>",
		"PorticoSandbox: Devices is no array");
	problem("<dict><key>Devices</key><array><integer>1</integer></array></dict>",
		"PorticoSandbox: Devices holds something that is no string");
	problem("<dict><key>ReadOnlyPaths</key><array><string>etc</string></array></dict>",
		"PorticoSandbox: ReadOnlyPaths: \"etc\" is no absolute path below /");
	problem("<dict><key>ReadWritePaths</key><array><string>/</string></array></dict>",
		"PorticoSandbox: ReadWritePaths: \"/\" is no absolute path below /");
	problem("<dict><key>ReadOnlyPaths</key><array><string>/a/../b</string></array></dict>",
		"PorticoSandbox: ReadOnlyPaths: \"/a/../b\" is no absolute path below /");
	problem("<dict><key>ReadOnlyPaths</key><array><string>//./</string></array></dict>",
		"PorticoSandbox: ReadOnlyPaths: \"//./\" is no absolute path below /");
	problem("<dict><key>SocketFamilies</key><array><string>x25</string></array></dict>",
		"PorticoSandbox: SocketFamilies: \"x25\" is unknown");
	problem("<dict><key>MinimumTier</key><integer>0</integer></dict>",
		"PorticoSandbox: MinimumTier is no number that it may be");
	problem("<dict><key>MinimumTier</key><integer>4</integer></dict>",
		"PorticoSandbox: MinimumTier is no number that it may be");
	problem("<dict><key>Processes</key><integer>1</integer></dict>",
		"PorticoSandbox: Processes is no boolean");
}

#define BUNDLE(id, server, sandbox) \
	"<key>CFBundleIdentifier</key><string>" id "</string><key>CFBundleExecutable</key>" \
	"<string>x</string><key>PorticoSandbox</key>" sandbox \
	"<key>IOKitPersonalities</key><dict>" \
	"<key>P</key><dict><key>IOClass</key><string>C</string><key>IOProviderClass</key>" \
	"<string>IOResources</string><key>IOUserServerName</key><string>" server \
	"</string></dict></dict>"

static void join(const struct registry_needs *needs, char *text, size_t size)
{
	text[0] = 0;
	for (size_t i = 0; i < needs->n_arguments; i++) {
		const char *a = needs->arguments[i];

		/* folders of the test have other names each time */
		if (!strncmp(a, test_folder(), strlen(test_folder())))
			a += strlen(test_folder()) + 1;
		snprintf(text + strlen(text), size - strlen(text), "%s%s", i ? " " : "", a);
	}
}

TEST(a_host_needs_what_its_bundles_need_together)
{
	struct registry_catalogue c;
	struct registry_needs needs;
	char text[1024];

	write_bundle(test_folder(), "a",
		     BUNDLE("a", "one", "<dict><key>MinimumTier</key><integer>2</integer></dict>"));
	write_bundle(test_folder(), "b",
		     BUNDLE("b", "one",
			    "<dict><key>Devices</key><array><string>/dev/b</string></array>"
			    "<key>MemoryLimit</key><integer>67108864</integer></dict>"));
	write_bundle(test_folder(), "c", BUNDLE("c", "two", "<dict/>"));
	write_bundle(test_folder(), "d", BUNDLE("d", "two", "<array/>"));
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), NULL), 0);
	test_equal_error(registry_needs_collect(&c, "one", &needs), 0);
	join(&needs, text, sizeof(text));
	test_equal_text(text, "--bundle a.dext --bundle b.dext --device /dev/b --memory 67108864");
	test_equal(needs.minimum, 2);
	test_true(needs.is_stated);
	registry_needs_fini(&needs);
	test_equal_error(registry_needs_collect(&c, "two", &needs), 0);
	join(&needs, text, sizeof(text));
	test_equal_text(text, "--bundle c.dext"); /* a broken declaration is a broken bundle */
	test_equal(needs.minimum, 1);
	test_true(!needs.is_stated);
	registry_needs_fini(&needs);
	registry_catalogue_fini(&c);
}

TEST(a_program_that_is_a_link_may_be_read)
{
	struct registry_catalogue c;
	struct registry_needs needs;
	char text[1024], path[1024];

	write_bundle(test_folder(), "l", BUNDLE("l", "one", "<dict/>"));
	registry_catalogue_init(&c);
	test_equal_error(registry_catalogue_add_folder(&c, test_folder(), NULL), 0);
	const struct registry_bundle *bundle =
		container_of(c.bundles.next, struct registry_bundle, link);
	snprintf(path, sizeof(path), "%s/%s", bundle->path, bundle->executable);
	test_equal(symlink("/bin/true", path), 0);
	test_equal_error(registry_needs_collect(&c, "one", &needs), 0);
	join(&needs, text, sizeof(text));
	test_true(!strncmp(text, "--bundle l.dext --read ", 23));
	registry_needs_fini(&needs);
	registry_catalogue_fini(&c);
}

TEST_MAIN
