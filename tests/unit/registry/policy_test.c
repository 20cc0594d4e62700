// SPDX-License-Identifier: MIT
/* What is decided, asked on the registry's own thread: of whom, for what, and when memory is short. */
#include "registry/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "registry/console.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "session.h"
#include "wire/policy.h"

#define ADMINISTRATOR "com.apple.developer.driverkit.administrator"
#define AUTHORIZE "org.portico.service.authorize"

static struct session s;
static struct end client, provider;
static uint64_t ids[2]; /* of a bundle, and of none */
/* On the registry's thread. */
static struct registry *r;
static struct registry_peer *peer;
static struct registry_entry *service, *plain;

static void put(const char *text)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/grants", test_folder());
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fputs(text, f);
	test_equal(fclose(f), 0);
	/* Some ask with another uid. */
	test_equal(chmod(path, 0644), 0);
	test_equal(chmod(test_folder(), 0755), 0);
	setenv("PORTICO_POLICY", path, 1);
}

static void begin(const char *grants, const char *const *limits)
{
	scope_cf CFDictionaryRef properties =
		plist_new("<dict><key>CFBundleIdentifier</key><string>org.fixture</string>"
			  "<key>PorticoUserClientTypes</key><array><string>x</string>"
			  "<integer>0</integer><integer>7</integer></array></dict>");
	scope_cf CFDictionaryRef none =
		plist_new("<dict><key>PorticoUserClientTypes</key><string>7</string></dict>");

	put(grants);
	session_start_limited(&s, limits);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	ids[0] = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, properties);
	ids[1] = publish(&provider, 0, "Plain", "", "", WIRE_PUBLISH_REGISTER, none);
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

static void (*job)(void);

static void run_job(struct registry *registry)
{
	r = registry;
	list_for_each(node, &r->peers) {
		struct registry_peer *one = container_of(node, struct registry_peer, link);

		if (one->role == WIRE_ROLE_CLIENT)
			peer = one;
	}
	service = registry_entry_find(&r->tree, ids[0]);
	plain = registry_entry_find(&r->tree, ids[1]);
	job();
}

static void on_registry(void (*fn)(void))
{
	job = fn;
	session_run(&s, run_job);
}

/* --- who ------------------------------------------------------------------------------------ */

static void check_who(void)
{
	struct fd_peer root = { 1, 0, 0 }, own = { 1, 1003, 1003 }, other = { 1, 5, 5 };

	test_equal(seteuid(1003), 0);
	test_true(registry_policy_may_connect(r, &root) && registry_policy_may_provide(r, &root));
	test_true(registry_policy_may_connect(r, &own) && registry_policy_may_provide(r, &own));
	test_true(!registry_policy_may_connect(r, &other));
	test_true(!registry_policy_may_provide(r, &other));
	r->all_users = true;
	test_true(registry_policy_may_connect(r, &other));
	test_true(!registry_policy_may_provide(r, &other));
	r->all_users = false;
	test_equal(seteuid(0), 0);
}

TEST(owner_and_root_may_provide_and_others_at_most_connect)
{
	if (geteuid())
		test_skip("root only");
	begin("", (const char *[]){ NULL });
	on_registry(check_who);
	end();
}

static struct registry_peer as(uid_t uid)
{
	struct registry_peer copy = *peer;

	copy.subject.who.uid = uid;
	return copy;
}

static void check_privileges(void)
{
	struct registry_peer root = as(0), administrator = as(1001), extensions = as(1002),
			     resources = as(1003), nobody = as(1004);

	test_true(registry_policy_is_administrator(&administrator));
	test_true(!registry_policy_is_administrator(&nobody));
	test_true(registry_policy_may_manage_drivers(&root));
	test_true(registry_policy_may_manage_drivers(&extensions));
	test_true(!registry_policy_may_manage_drivers(&nobody));
	r->no_administrator = true;
	test_true(!registry_policy_may_manage_drivers(&root));
	test_true(registry_policy_may_manage_drivers(&extensions));
	r->no_administrator = false;
	test_true(registry_policy_may_set_resources(&administrator));
	test_true(registry_policy_may_set_resources(&resources));
	test_true(!registry_policy_may_set_resources(&nobody));
}

TEST(privileges_are_what_the_grants_say)
{
	begin("[Grant 1]\nEntitlement=" ADMINISTRATOR "\nAllow=uid:1001\n"
	      "[Grant 2]\nEntitlement=com.apple.private.security.kext-collection-management\n"
	      "Allow=uid:1002\n"
	      "[Grant 3]\nEntitlement=com.apple.private.iokit.ioresources.setproperty\n"
	      "Allow=uid:1003\n",
	      (const char *[]){ NULL });
	on_registry(check_privileges);
	end();
}

/* --- opening --------------------------------------------------------------------------------- */

static uint32_t flags_of(const struct registry_peer *who)
{
	CFDictionaryRef held = NULL;
	uint32_t flags = 0;

	test_equal_error(registry_policy_open(who, service, 7, &held, &flags), 0);
	CFRelease(held);
	return flags;
}

static const uint32_t console = WIRE_OPEN_CONSOLE_SESSION | WIRE_OPEN_CONSOLE_USER |
				WIRE_OPEN_LOCAL_USER | WIRE_OPEN_SECURE_PROCESS;

static void check_console(void)
{
	static const struct {
		const char *session;
		uint32_t flags;
	} cases[] = {
		{ "<string>no session</string>", 0 },
		{ "<dict/>", 0 },
		{ "<dict><key>kCGSSessionUserIDKey</key><string>1003</string></dict>", 0 },
		{ "<dict><key>kCGSSessionUserIDKey</key><integer>7</integer></dict>", 0 },
		{ "<dict><key>kCGSSessionUserIDKey</key><integer>1003</integer></dict>",
		  WIRE_OPEN_LOCAL_USER },
		{ "<dict><key>kCGSSessionUserIDKey</key><integer>1003</integer>"
		  "<key>kCGSSessionOnConsoleKey</key><true/></dict>",
		  WIRE_OPEN_LOCAL_USER | WIRE_OPEN_CONSOLE_USER | WIRE_OPEN_SECURE_PROCESS },
		{ "<dict><key>kCGSSessionUserIDKey</key><integer>1003</integer>"
		  "<key>kCGSSessionOnConsoleKey</key><true/>"
		  "<key>kCGSSessionSecureInputPID</key><integer>1</integer></dict>",
		  WIRE_OPEN_LOCAL_USER | WIRE_OPEN_CONSOLE_USER },
		{ "<dict><key>kCGSSessionUserIDKey</key><integer>1003</integer>"
		  "<key>kCGSSessionOnConsoleKey</key><true/>"
		  "<key>kCGSSessionSecureInputPID</key><integer>77</integer></dict>",
		  WIRE_OPEN_LOCAL_USER | WIRE_OPEN_CONSOLE_USER | WIRE_OPEN_SECURE_PROCESS },
		{ "<dict><key>kCGSSessionAuditIDKey</key><integer>3</integer>"
		  "<key>kCGSSessionOnConsoleKey</key><true/></dict>",
		  0 },
		{ "<dict><key>kCGSSessionAuditIDKey</key><integer>9</integer>"
		  "<key>kCGSSessionOnConsoleKey</key><true/></dict>",
		  WIRE_OPEN_CONSOLE_SESSION },
	};
	struct registry_peer user = as(1003), without = as(1003);

	user.subject.who.pid = without.subject.who.pid = 77;
	user.subject.has_audit_session = true;
	user.subject.audit_session = 9;
	without.subject.has_audit_session = false;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[600];

		snprintf(text, sizeof(text), "<array>%s</array>", cases[i].session);
		scope_cf CFTypeRef users = plist_new(text);
		registry_console_set(r, users);
		test_equal(flags_of(&user) & console, cases[i].flags);
		test_equal(flags_of(&without) & console,
			   cases[i].flags & ~WIRE_OPEN_CONSOLE_SESSION);
	}
	/* Where nobody knows of sessions, who owns this one is local. */
	scope_cf CFTypeRef nobody = plist_new("<array/>");
	registry_console_set(r, nobody);
	struct registry_peer root = as(0);
	test_equal(flags_of(&user) & console, 0);
	test_equal(flags_of(&root) & console, WIRE_OPEN_LOCAL_USER);
	if (!geteuid()) {
		test_equal(seteuid(1003), 0);
		test_equal(flags_of(&user) & console, WIRE_OPEN_LOCAL_USER);
		test_equal(flags_of(&root) & console, WIRE_OPEN_LOCAL_USER);
		test_equal(seteuid(0), 0);
	}
}

TEST(who_sits_at_the_machine)
{
	begin("", (const char *[]){ NULL });
	on_registry(check_console);
	end();
}

static bool has_access(const char *held)
{
	scope_cf CFDictionaryRef d = plist_new(held);

	return registry_policy_has_driver_access(r, service, d);
}

#define ACCESS(value) "<dict><key>com.apple.private.driverkit.driver-access</key>" value "</dict>"
#define CLIENTS(value) \
	"<dict><key>com.apple.developer.driverkit.userclient-access</key>" value "</dict>"

static void check_driver_access(void)
{
	static char fixture[] = "org.fixture", not_fixture[] = "org.other",
		    host[] = "fixture.server", another[] = "another";
	struct registry_server server = { .name = "fixture.server" };
	struct registry_bundle bundle = { .identifier = fixture }, other = bundle;
	struct registry_personality personalities[4] = {
		{ .server = another, .bundle = &bundle },
		{ .server = host }, /* not loaded */
		{ .server = host, .bundle = &other },
		{ .server = host, .bundle = &bundle },
	};

	other.identifier = not_fixture;
	test_true(!has_access(ACCESS("<string>a</string>")));
	test_true(has_access(CLIENTS("<array><string>org.fixture</string></array>")));
	test_true(!has_access(CLIENTS("<array><string>org.other</string></array>")));
	service->owner->server = &server;
	test_true(!has_access(ACCESS("<string>a</string>")));
	for (int i = 0; i < 4; i++)
		list_add(&r->catalogue.personalities, &personalities[i].link);
	test_true(!has_access(ACCESS("<string>a</string>")));
	bundle.entitlements = plist_new("<dict><key>a</key><true/></dict>");
	test_true(has_access(ACCESS("<string>a</string>")));
	test_true(!has_access(ACCESS("<string>b</string>")));
	test_true(!has_access("<dict/>"));
	struct registry_peer user = as(1003);
	test_true(!(flags_of(&user) & (WIRE_OPEN_CLIENT_MEMORY | WIRE_OPEN_DRIVER_ACCESS)));
	bundle.asks_for_memory = true;
	CFRelease(bundle.entitlements);
	bundle.entitlements =
		plist_new("<dict><key>com.apple.developer.driverkit.allow-any-userclient-access"
			  "</key><true/></dict>");
	test_true(has_access("<dict/>"));
	test_true(flags_of(&user) & WIRE_OPEN_CLIENT_MEMORY);
	test_true(flags_of(&user) & WIRE_OPEN_DRIVER_ACCESS);
	/* A nub names no bundle: it is of the only one, when there is one. */
	scope_cf CFDictionaryRef none = plist_new("<dict/>");
	test_true(!registry_policy_has_driver_access(r, plain, none));
	personalities[2].bundle = &bundle;
	test_true(registry_policy_has_driver_access(r, plain, none));
	/* None of the host's is the one that it names. */
	personalities[2].bundle = personalities[3].bundle = &other;
	test_true(!has_access("<dict/>"));
	for (int i = 0; i < 4; i++)
		list_remove(&personalities[i].link);
	service->owner->server = NULL;
	CFRelease(bundle.entitlements);
	/* Nobody's, and what has no identifier. */
	scope_cf CFDictionaryRef names =
		plist_new(CLIENTS("<array><string>org.fixture</string></array>"));
	test_true(!registry_policy_has_driver_access(r, registry_entry_find(&r->tree, WIRE_ROOT_ID),
						     names));
	test_true(!registry_policy_has_driver_access(r, plain, names));
}

TEST(drivers_say_who_may_open_them)
{
	begin("", (const char *[]){ NULL });
	on_registry(check_driver_access);
	end();
}

static void check_opening(void)
{
	CFDictionaryRef held;
	uint32_t flags;
	struct rlimit limit, none;
	struct registry_peer gone = as(1003), unknown = as(1003), root = as(0);

	/* The service's own list of types; one that is no list has none. */
	test_equal_error(registry_policy_open(peer, service, 8, &held, &flags),
			 kIOReturnUnsupported);
	test_equal_error(registry_policy_open(peer, plain, 7, &held, &flags), kIOReturnUnsupported);
	test_true(flags_of(&root) & WIRE_OPEN_ADMINISTRATOR);
	test_true(flags_of(&root) & WIRE_OPEN_UNSTATED);
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	gone.subject.process = (int)syscall(SYS_pidfd_open, child, 0);
	test_equal(waitpid(child, NULL, 0), child);
	test_equal_error(registry_policy_open(&gone, service, 7, &held, &flags),
			 kIOReturnNotPermitted);
	test_true(registry_policy_copy_held(&gone, service) == NULL);
	fd_close(gone.subject.process);
	/* That nobody could look is no reason to remember. */
	unknown.subject.process = -1;
	test_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	test_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	test_equal_error(registry_policy_open(&unknown, service, 7, &held, &flags),
			 kIOReturnNoResources);
	test_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(who_has_gone_opens_nothing)
{
	begin("", (const char *[]){ NULL });
	on_registry(check_opening);
	end();
}

static void check_short_of_memory(void)
{
	struct registry_peer user = as(1003);

	/* Read before: what is asked is the decision. */
	test_true(registry_grants_look(r->grants) != NULL);
	test_each_shortage(m)
	{
		CFDictionaryRef held = NULL;
		uint32_t flags = 0;

		/* Who sits at the machine is asked anew. */
		if (r->console_seen)
			CFRelease(r->console_seen);
		r->console_seen = NULL;
		test_shortage_begin(&m);
		IOReturn status = registry_policy_open(&user, service, 7, &held, &flags);
		bool failed = test_shortage_end(&m);
		test_true(status == 0 || (failed && status == kIOReturnNoResources));
		if (held) {
			/* Nothing, or all that it holds. */
			CFTypeRef values = CFDictionaryGetValue(held, CFSTR("held"));

			test_true(values && CFArrayGetCount(values) == 2);
			test_true(CFDictionaryGetValue(held, CFSTR("denied")) == kCFBooleanFalse);
			CFRelease(held);
		}
	}
	test_each_shortage(m)
	{
		test_shortage_begin(&m);
		CFDictionaryRef held = registry_policy_copy_held(&user, service);
		bool failed = test_shortage_end(&m);
		test_true(held || failed);
		if (held)
			CFRelease(held);
	}
	user.subject.who.uid = 1001;
	test_each_shortage(m)
	{
		struct map authorized = MAP_INIT;
		user.authorized = authorized;
		test_shortage_begin(&m);
		IOReturn status = registry_policy_authorize(&user, service);
		bool failed = test_shortage_end(&m);
		test_true(status == 0 || (failed && status == kIOReturnNoResources));
		test_equal(user.authorized.count, !status);
		map_fini(&user.authorized);
		if (!status)
			account_refund(&user.account, LIMITS_AUTHORIZATIONS, 1);
	}
}

TEST(without_memory_nobody_holds_more)
{
	begin("[Grant 1]\nEntitlement=held\nAllow=uid:1003\nValue=one two\n"
	      "[Grant 2]\nEntitlement=denied\nDeny=uid:1003\n"
	      "[Grant 3]\nEntitlement=true\nAllow=uid:1003\n"
	      "[Grant 4]\nEntitlement=" AUTHORIZE "\nAllow=uid:1001\nDeny=uid:1003\n",
	      (const char *[]){ NULL });
	on_registry(check_short_of_memory);
	end();
}

/* --- authorizing and denials -------------------------------------------------------------------- */

static void check_authorizing(void)
{
	test_equal_error(registry_policy_authorize(peer, service), 0);
	test_equal_error(registry_policy_authorize(peer, service), 0);
	test_true(flags_of(peer) & WIRE_OPEN_AUTHORIZED);
	test_equal_error(registry_policy_authorize(peer, plain), kIOReturnNoResources);
}

static void check_denied(void)
{
	test_equal_error(registry_policy_authorize(peer, plain), kIOReturnNotPermitted);
	test_equal_error(registry_policy_authorize(peer, service), kIOReturnNotPermitted);
	test_true(!(flags_of(peer) & WIRE_OPEN_AUTHORIZED));
}

TEST(who_is_authorized_is_so_until_it_is_denied)
{
	begin("[Grant 1]\nEntitlement=" AUTHORIZE "\nAllow=*\n",
	      (const char *[]){ "authorizations=1", NULL });
	on_registry(check_authorizing);
	put("[Grant 1]\nEntitlement=" AUTHORIZE "\nDeny=*\n");
	on_registry(check_denied);
	put("[Grant 1]\nEntitlement=" AUTHORIZE "\nAllow=nonsense\n");
	on_registry(check_denied);
	end();
}

static void check_refused(void)
{
	struct registry_opener *opener = calloc(1, sizeof(*opener) + 8);
	struct registry_attention attention = { .opener = NULL };
	struct registry_entry user_client = { .attention = NULL };

	/* Who opened it is not known: nothing can be told. */
	registry_policy_refused(r, &user_client, kIOReturnNotPrivileged, 1, "a", "");
	user_client.attention = &attention;
	registry_policy_refused(r, &user_client, kIOReturnNotPrivileged, 1, "a", "");
	scope_cf CFArrayRef none = registry_denials_copy(&r->denials, true, 0);
	test_equal(CFArrayGetCount(none), 0);
	attention.opener = opener;
	opener->service = 123456789; /* which has gone */
	registry_policy_refused(r, &user_client, kIOReturnNotPermitted, 1, "a", "");
	registry_policy_refused(r, &user_client, kIOReturnNotPermitted, 2, "b", "value");
	registry_policy_refused(r, &user_client, kIOReturnNotPrivileged, 3, "c", "");
	opener->service = ids[1];
	registry_policy_refused(r, &user_client, kIOReturnNotPrivileged, 4, "d", "");
	scope_cf CFArrayRef all = registry_denials_copy(&r->denials, true, 0);
	test_equal(CFArrayGetCount(all), 4);
	free(opener);
}

TEST(what_a_host_refuses_needs_an_opener)
{
	begin("", (const char *[]){ NULL });
	on_registry(check_refused);
	end();
}

TEST_MAIN
