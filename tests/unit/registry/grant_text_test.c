// SPDX-License-Identifier: MIT
/* Grant files: what is understood, and that whatever is not denies what it names. */
#include "registry/grant_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "test.h"

static struct registry_grant_table table;
static char reports[128][640];
static size_t n_reports, n_errors;

static err_t find(const char *name, uint32_t *ret_number)
{
	if (!strcmp(name, "broken"))
		return -EIO;
	if (strcmp(name, "lab"))
		return -ENOENT;
	*ret_number = 500;
	return 0;
}

static err_t find_user(void *context, const char *name, uid_t *ret_user)
{
	return find(name, ret_user);
}

static err_t find_group(void *context, const char *name, gid_t *ret_group)
{
	return find(name, ret_group);
}

static void keep_report(void *context, const char *file, unsigned line, bool is_error,
			const char *message)
{
	if (n_reports < 128)
		snprintf(reports[n_reports], sizeof(reports[0]), "%s:%u: %s", file, line, message);
	n_reports++;
	n_errors += is_error;
}

static err_t add_bytes(const char *bytes, size_t size, unsigned force)
{
	struct registry_grant_source source = { .file = "f",
						.force = force,
						.find_user = find_user,
						.find_group = find_group,
						.report = keep_report };

	return registry_grant_text_read(&table, &source, bytes, size);
}

static void begin(void)
{
	registry_grant_table_init(&table, 1000);
	n_reports = n_errors = 0;
}

static void end(void)
{
	registry_grant_table_fini(&table);
}

/* The only file. */
static void read_text(const char *text)
{
	end();
	begin();
	test_equal(add_bytes(text, strlen(text), 1), 0);
	test_equal(registry_grant_table_seal(&table), 0);
}

static enum registry_verdict ask(uid_t uid, const char *service, uint32_t type,
				 const char *entitlement)
{
	struct registry_subject subject = { .who = { .pid = 1, .uid = uid, .gid = 7 } };
	struct registry_grant_question q = { &subject, service, NULL, type };

	return registry_grant_decide(&table, &q, entitlement, NULL);
}

#define GRANTED REGISTRY_GRANTED
#define DENIED REGISTRY_DENIED
#define NOTHING REGISTRY_NOT_GRANTED

/* TEXT has one mistake, which MESSAGE is about, and denies entitlement "e" for everything. */
static void test_denies(const char *text, const char *message)
{
	read_text(text);
	test_equal(n_errors, 1);
	if (!strstr(reports[0], message))
		test_fail(__FILE__, __LINE__, "%s instead of %s", reports[0], message);
	test_equal(ask(1003, "Foo", 0, "e"), DENIED);
	test_equal(ask(0, NULL, 0, "e"), DENIED);
}

TEST(a_file_as_people_write_it)
{
	read_text("# comment\n; another\n\n"
		  "  [Grant lab-sensors]\t\n"
		  "Entitlement = org.example.sensor.read   # of the class below\n"
		  "\tEntitlement=e second\n"
		  "Service     = org.example.Sensor* Foo\n"
		  "Type        = 0 0x10 4294967295\n"
		  "Allow       = group:lab uid:1003 user:lab label:sensor_t unit:logger.service\n"
		  "Deny        = app:* gid:9\n");
	test_equal(n_reports, 0);
	test_equal(table.n_grants, 1);
	test_equal_text(table.grants[0].name, "lab-sensors");
	test_equal_text(table.grants[0].file, "f");
	test_equal(table.grants[0].line, 4);
	test_equal(table.grants[0].force, 1);
	test_equal(ask(1003, "org.example.Sensor7", 16, "org.example.sensor.read"), GRANTED);
	test_equal(ask(1003, "Foo", 0xffffffff, "second"), GRANTED);
	test_equal(ask(500, "Foo", 0, "e"), GRANTED);
	test_equal(ask(1003, "Foo", 1, "e"), NOTHING);
	test_equal(ask(1003, "Food", 0, "e"), NOTHING);
	test_equal(ask(1003, NULL, 0, "e"), NOTHING);
	test_equal(ask(1004, "Foo", 0, "e"), NOTHING);
	test_equal_text(table.grants[0].words[3].shown, "org.example.Sensor*");
	end();
}

TEST(opening_and_everybody)
{
	read_text("[Grant a]\nService = Foo\nAllow = *\n[Grant b]\nService = *\nAllow = owner\n"
		  "[Grant c]\nEntitlement = e\nAllow = user:1003 group:12\n");
	test_equal(n_reports, 0);
	test_equal(ask(5, "Foo", 3, NULL), GRANTED);
	test_equal(ask(5, "Bar", 3, NULL), NOTHING);
	test_equal(ask(1000, "Bar", 3, NULL), GRANTED);
	test_equal(ask(1003, "Bar", 0, "e"), GRANTED);
	test_equal(ask(5, "Foo", 0, "no.such"), NOTHING);
	read_text("");
	test_equal(ask(0, "Foo", 0, NULL), NOTHING);
	end();
}

#define A "[Grant a]\nEntitlement = e\n"

TEST(a_section_that_is_not_understood_denies_what_it_names)
{
	test_denies(A "Allow = uid:1003\nAllow = \n", "f:4: nothing is said");
	test_denies(A "Allow = uid:1003 # yes\nDeny = # whom?\n", "nothing is said");
	test_denies(A "Allow = uid:-1\n", "\"uid:-1\" cannot be understood");
	test_denies(A "Allow = uid:4294967295\n", "cannot be understood");
	test_denies(A "Allow = uid:4294967296\n", "cannot be understood");
	test_denies(A "Allow = uid:99999999999\n", "cannot be understood");
	test_denies(A "Allow = uid:\n", "cannot be understood");
	test_denies(A "Allow = gid:0x\n", "cannot be understood");
	test_denies(A "Allow = user:\n", "cannot be understood");
	test_denies(A "Allow = user:4294967295\n", "cannot be understood");
	test_denies(A "Allow = user:a*\n", "cannot be understood");
	test_denies(A "Allow = group:a$\n", "cannot be understood");
	test_denies(A "Allow = pid:1\n", "cannot be understood");
	test_denies(A "Allow = everybody\n", "cannot be understood");
	test_denies(A "Allow = **\n", "cannot be understood");
	test_denies(A "Allow = app:\n", "cannot be understood");
	test_denies(A "Allow = app:a*b\n", "cannot be understood");
	test_denies(A "Allow = user:broken\n", "the user \"broken\" cannot be looked up");
	test_denies(A "Deny = group:nobody-such\nAllow = *\n",
		    "the group \"nobody-such\" does not exist");
	test_denies(A "Service = F*o\nAllow = *\n", "cannot be understood");
	test_denies(A "Service = Bar F*o\nAllow = *\n", "cannot be understood");
	test_denies(A "Entitlement = x*\nAllow = *\n", "cannot be understood");
	test_denies(A "Value = \"x\"\nAllow = *\n", "cannot be understood");
	test_denies(A "Calls = 5\nAllow = *\n", "there is no key \"Calls\"");
	test_denies(A "allow = *\n", "there is no key \"allow\"");
	test_denies(A "Allow *\n", "a line is a section");
	test_denies(A "= *\n", "there is no key \"\"");
	test_denies(A, "f:1: there is neither Allow nor Deny");
	test_denies(A "Type = 0\nAllow = *\n", "Type without Service");
	test_denies(A "Allow = *\n[Grant]\n", "a section begins with");
	test_denies(A "Allow = *\n[Grant ]\n", "a section begins with");
	test_denies(A "Allow = *\n[Grant b\n", "a section begins with");
	test_denies(A "Allow = *\n[Grants b]\n", "a section begins with");
	test_denies(A "Allow = *\n[Grant b c]\n", "a section begins with");
	test_denies(A "Allow = *\n[Deny b]\n", "a section begins with");
	test_denies(A "Allow = *", "the last line has no end");
	test_denies(A "Allow = *\nDeny = user:\xc3\xa4\n", "no printable ASCII");
	test_denies(A "Allow = *\r\n", "no printable ASCII");
	test_denies("Entitlement = e\nAllow = *\n", "f:1: this stands in no section");
	test_denies("[Grant x\nEntitlement = e\nAllow = *\n", "a section begins with");
	test_denies(A "Allow = *\n[Grant a]\nEntitlement = e\nAllow = *\n",
		    "f:4: there is another grant \"a\"");
	end();
}

/* What of a section could not be read may have named more services than what could. */
TEST(what_was_not_read_may_have_named_any_service)
{
	static const char *const lines[] = {
		"Servce = Bar\nDeny = *\n",
		"Service Bar\nDeny = *\n",
		"Service = Bar\xc3\xa4\nDeny = *\n",
		"Deny = *\nService = Bar",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), A "Service = Foo\n%s", lines[i]);
		read_text(text);
		test_equal(ask(5, "Foo", 0, "e"), DENIED);
		test_equal(ask(5, "Bar", 0, "e"), DENIED);
		test_equal(ask(5, "Bar", 0, "other"), NOTHING);
	}
	end();
}

TEST(what_it_denies_is_no_more_than_what_it_names)
{
	/* other sections and other names stay in force */
	read_text(A "Allow = *\n[Grant b]\nEntitlement = b\nAllow = what\n");
	test_equal(ask(5, "Foo", 0, "e"), GRANTED);
	test_equal(ask(5, "Foo", 0, "b"), DENIED);
	test_equal(ask(5, "Foo", 0, "c"), NOTHING);
	/* the services are known: those only; of any type */
	read_text(A "Service = Foo\nType = 1\nAllow = what\n");
	test_equal(ask(5, "Foo", 0, "e"), DENIED);
	test_equal(ask(5, "Bar", 0, "e"), NOTHING);
	/* no entitlement is known: the service is not opened at all */
	read_text("[Grant b]\nEntitlement = \"e\"\nService = Foo\nAllow = *\n");
	test_equal(ask(5, "Foo", 0, NULL), DENIED);
	test_equal(ask(5, "Bar", 0, NULL), NOTHING);
	read_text("[Grant b]\nService = F*o Foo\nAllow = *\n");
	test_equal(ask(5, "Foo", 0, NULL), DENIED);
	/* nothing is named */
	read_text("[Grant b]\nAllow = *\n[Grant c]\nValue = x\nService = Foo\nAllow = *\n"
		  "[Grant d]\n");
	test_equal(n_errors, 3);
	test_equal(table.n_grants, 1);
	test_equal(ask(5, "Foo", 0, NULL), DENIED); /* by "c" */
	end();
}

/* Broken in a way that leaves to be seen what was meant. */
TEST(what_is_named_on_a_broken_line_is_denied)
{
	static const char *const texts[] = {
		"[Grant b]\r\nService = Foo\r\nDeny = uid:5\r\n",
		"\xef\xbb\xbf[Grant b]\nService = Foo\nDeny = uid:5\n",
		"[Grant b]\nService = Foo\x01\nDeny = uid:5\n",
		"[Grant b]\nService = Foo, Other\nDeny = uid:5\n",
		"[Grant b]\nService = \"Foo\"\nDeny = uid:5\n",
		"[Grant b]\nService = Fo*,\nDeny = uid:5\n",
		"[Grant b]\nDeny = uid:5\nService = Foo",
		/* a header that is none hides neither what is above it nor what is below */
		A "Service = Other\nAllow = *\n[Grant b\nService = Foo\nDeny = uid:5\n",
	};
	static const char nul[] = "[Grant b]\nService = Bar\0Foo\nDeny = uid:5\n";
	static char text[2 * REGISTRY_GRANT_LINE_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		read_text(texts[i]);
		test_equal(ask(5, "Foo", 0, NULL), DENIED);
		test_equal(ask(5, "Bar", 0, NULL), NOTHING);
	}
	test_equal(ask(5, "Bar", 0, "e"), DENIED);
	end();
	begin();
	test_equal(add_bytes(nul, sizeof(nul) - 1, 1), 0);
	test_equal(registry_grant_table_seal(&table), 0);
	test_equal(n_errors, 1);
	test_equal(ask(5, "Foo", 0, NULL), DENIED);
	sprintf(text, "[Grant b]\nDeny = uid:5\nService = Foo%*s\n", REGISTRY_GRANT_LINE_MAX, "");
	read_text(text);
	test_equal(ask(5, "Foo", 0, NULL), DENIED);
	test_denies("[Grant b]\nEntitlement = e, f\nDeny = uid:5\n", "cannot be understood");
	end();
}

TEST(a_name_that_nobody_has_allows_nobody)
{
	read_text(A "Allow = user:gone group:gone uid:1003\n");
	test_equal(n_reports, 2);
	test_equal(n_errors, 0);
	test_equal_text(reports[0], "f:3: there is no user \"gone\": nobody is meant");
	test_equal_text(reports[1], "f:3: there is no group \"gone\": nobody is meant");
	test_equal(ask(1003, NULL, 0, "e"), GRANTED);
	test_equal(ask(0, NULL, 0, "e"), NOTHING);
	end();
}

TEST(limits)
{
	static char text[REGISTRY_GRANT_FILE_MAX + 4096];
	size_t n;

	/* a line */
	n = (size_t)sprintf(text, A "Allow = uid:1003 #");
	memset(text + n, 'x', REGISTRY_GRANT_LINE_MAX);
	text[n + REGISTRY_GRANT_LINE_MAX - 18] = '\n';
	text[n + REGISTRY_GRANT_LINE_MAX - 17] = 0;
	read_text(text);
	test_equal(n_reports, 0);
	text[n + REGISTRY_GRANT_LINE_MAX - 18] = 'x';
	text[n + REGISTRY_GRANT_LINE_MAX - 17] = '\n';
	text[n + REGISTRY_GRANT_LINE_MAX - 16] = 0;
	test_denies(text, "the line is too long");
	/* a file: nothing of it is in force any more */
	n = (size_t)sprintf(text, A "Allow = uid:1003\n");
	memset(text + n, '\n', REGISTRY_GRANT_FILE_MAX - n);
	end();
	begin();
	test_equal(add_bytes(text, REGISTRY_GRANT_FILE_MAX, 1), 0);
	test_equal(n_reports, 0);
	end();
	begin();
	test_equal(add_bytes(text, REGISTRY_GRANT_FILE_MAX + 1, 1), 0);
	test_equal(registry_grant_table_seal(&table), 0);
	test_equal(n_errors, 1);
	test_equal(ask(1003, NULL, 0, "e"), DENIED);
	end();
	/* cut off inside a line */
	memcpy(text + REGISTRY_GRANT_FILE_MAX - 13, "Deny = uid:9\n", 13);
	text[REGISTRY_GRANT_FILE_MAX - 1] = '9';
	begin();
	test_equal(add_bytes(text, REGISTRY_GRANT_FILE_MAX + 1, 1), 0);
	test_equal(registry_grant_table_seal(&table), 0);
	test_equal(n_errors, 1);
	test_equal(ask(5, NULL, 0, "e"), DENIED);
	/* a name */
	memset(text, 'n', sizeof(text));
	n = strlen(A "Allow = *\nEntitlement = ");
	memcpy(text, A "Allow = *\nEntitlement = ", n);
	strcpy(text + n + REGISTRY_GRANT_NAME_MAX, "\n");
	read_text(text);
	test_equal(n_reports, 0);
	strcpy(text + n + REGISTRY_GRANT_NAME_MAX, "n\n");
	test_denies(text, "cannot be understood");
	/* the words of a section */
	n = (size_t)sprintf(text, A "Allow = *\n");
	for (int i = 2; i < REGISTRY_GRANT_WORDS_MAX; i++)
		n += (size_t)sprintf(text + n, "Deny=gid:9\n");
	read_text(text);
	test_equal(n_reports, 0);
	test_equal(ask(5, NULL, 0, "e"), GRANTED);
	sprintf(text + n, "Deny=gid:9\n");
	test_denies(text, "more than 1024 words");
	/* reports */
	for (n = 0; n < 3 * REGISTRY_GRANT_REPORTS_MAX; n++)
		memcpy(text + 2 * n, "?\n", 3);
	read_text(text);
	test_equal(n_reports, REGISTRY_GRANT_REPORTS_MAX);
	end();
}

TEST(a_table_is_full)
{
	char text[64];
	size_t n;

	begin();
	for (int i = 0; i < REGISTRY_GRANTS_MAX; i++) {
		n = (size_t)sprintf(text, "[Grant g%d]\nService=*\nAllow=*\n", i % 7);
		test_equal(add_bytes(text, n, 1), 0);
	}
	test_equal(add_bytes(text, n, 1), -E2BIG);
	test_equal(registry_grant_table_seal(&table), 0);
	test_equal(table.n_grants, REGISTRY_GRANTS_MAX);
	end();
}

/* --- broken by the thousand ------------------------------------------------------------------- */

static const char sample[] = "# sensors of the laboratory\n"
			     "[Grant lab-sensors]\n"
			     "Entitlement = org.example.sensor.read org.example.sensor.log\n"
			     "Service = org.example.Sensor* Meter\n"
			     "Type = 0 3\n"
			     "Deny = app:* uid:1500\n"
			     "Allow = group:lab uid:1003 label:sensor_t unit:logger.service\n"
			     "[Grant driverkit]\n"
			     "Entitlement = com.apple.developer.driverkit.userclient-access\n"
			     "Value = org.example.driver org.example.other\n"
			     "Allow = user:lab gid:12\n"
			     "[Grant opening]\n"
			     "Service = Meter\n"
			     "Deny = gid:66\n"
			     "Allow = uid:1003\n";

static const char *const names[] = {
	NULL,
	"org.example.sensor.read",
	"org.example.sensor.log",
	"com.apple.developer.driverkit.userclient-access",
	"com.apple.developer.driverkit.administrator",
};

/* Who is not named gets nothing, whatever a file has become. */
static void test_strangers(void)
{
	static const char *const services[] = { "Meter", "org.example.Sensor1", "Other" };

	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			test_true(ask(77777, services[s], 0, names[i]) != GRANTED);
}

/* The section that byte N of the sample is in: the last header before it. */
static const char *find_section(size_t n)
{
	static const char *const sections[] = { "opening", "driverkit", "lab-sensors" };
	char header[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(header, sizeof(header), "[Grant %s]\n", sections[i]);
		if (n >= (size_t)(strstr(sample, header) - sample) + strlen(header))
			return sections[i];
	}
	return "";
}

static bool is_granted_by(uid_t uid, const char *entitlement, const char *section)
{
	struct registry_subject subject = { .who = { .pid = 1, .uid = uid, .gid = 7 } };
	struct registry_grant_question q = { &subject, "Meter", NULL, 0 };
	const struct registry_grant *by;

	return registry_grant_decide(&table, &q, entitlement, &by) == REGISTRY_GRANTED &&
	       !strcmp(by->name, section);
}

TEST(every_truncation)
{
	size_t whole = sizeof(sample) - 1;

	for (size_t n = 0; n <= whole; n++) {
		char *copy = malloc(n + 1);

		/* the end of the memory is the end of the file */
		memcpy(copy, sample, n);
		begin();
		test_equal(add_bytes(copy, n, 1), 0);
		free(copy);
		test_equal(registry_grant_table_seal(&table), 0);
		test_strangers();
		/* Inside a line: its section denies; without it, nothing has been allowed so far. */
		if (n > 0 && sample[n - 1] != '\n')
			for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
				test_true(!is_granted_by(1003, names[i], find_section(n)) &&
					  !is_granted_by(500, names[i], find_section(n)));
		end();
	}
}

TEST(every_flipped_bit)
{
	size_t size = sizeof(sample) - 1;

	for (size_t bit = 0; bit < 8 * size; bit++) {
		char *copy = malloc(size);

		memcpy(copy, sample, size);
		copy[bit / 8] ^= (char)(1u << bit % 8);
		begin();
		test_equal(add_bytes(copy, size, 1), 0);
		free(copy);
		test_equal(registry_grant_table_seal(&table), 0);
		test_strangers();
		/* and who is named, no more than he was */
		test_true(ask(1003, "Other", 0, NULL) != GRANTED);
		test_true(ask(1003, "Meter", 0, names[4]) != GRANTED);
		end();
	}
}

TEST(random_bytes)
{
	static const char alphabet[] =
		"[]Grant =*#;\n\n\n\tuid:0user:lab.EntitlementServiceAllowDeny";
	unsigned seed = 1;

	for (int i = 0; i < (test_is_slow() ? 2000 : 20000); i++) {
		char bytes[256];
		size_t n = (size_t)rand_r(&seed) % sizeof(bytes);

		for (size_t k = 0; k < n; k++)
			bytes[k] = rand_r(&seed) % 16
					 ? alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)]
					 : (char)rand_r(&seed);
		begin();
		test_equal(add_bytes(bytes, n, 1), 0);
		test_equal(registry_grant_table_seal(&table), 0);
		ask(77777, "Meter", 0, NULL);
		end();
	}
}

/* --- without memory ------------------------------------------------------------------------------- */

static bool tell(void *context, const char *entitlement, enum registry_verdict verdict,
		 const char *const *values, size_t n_values)
{
	return true;
}

static err_t read_and_tell(const char *text)
{
	struct registry_subject subject = { .who = { .pid = 1, .uid = 500, .gid = 12 } };
	struct registry_grant_question q = { &subject, "Meter", NULL, 0 };
	err_t err = add_bytes(text, strlen(text), 1);

	if (!err)
		err = registry_grant_table_seal(&table);
	return err ? err : registry_grant_each(&table, &q, tell, NULL);
}

/* Whichever allocation is the first that fails, it is an error and nothing is lost. */
TEST(every_allocation_may_fail)
{
	static const char bad[] = "[Grant a]\nEntitlement = a b c d e f g h\nno key\n";

	for (int which = 0; which < 2; which++)
		test_each_shortage(s)
		{
			begin();
			test_shortage_begin(&s);
			err_t err = read_and_tell(which ? bad : sample);
			test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
			end();
		}
	/* a table can be filled on after a text found no room */
	begin();
	test_true(registry_grant_table_keep(&table, "a", 1) != NULL);
	end();
	struct test_shortage second = { .at = 1 };
	begin();
	test_shortage_begin(&second);
	test_true(registry_grant_table_keep(&table, "a", 1) == NULL);
	test_true(test_shortage_end(&second));
	test_true(registry_grant_table_keep(&table, "a", 1) != NULL);
	end();
}

TEST_MAIN
