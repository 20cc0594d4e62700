// SPDX-License-Identifier: MIT
/* os_log and asl for macOS programs: to syslog, or to standard error when the environment says so. */
#include <asl.h>
#include <os/log.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CFString.h>

struct os_log_s {
	struct os_log_s *next;
	char *subsystem, *category;
};

/* One for each pair of names, for the life of the program. */
static pthread_mutex_t logs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct os_log_s *logs;

/* Where messages go. Read once: the environment does not change under a running program. */
static struct {
	bool to_stderr, has_debug;
} target;

static void read_target(void)
{
	const char *wanted = getenv("PORTICO_OS_LOG");

	target.has_debug = wanted && !strcmp(wanted, "debug");
	target.to_stderr = target.has_debug || (wanted && !strcmp(wanted, "stderr")) ||
			   getenv("OS_ACTIVITY_DT_MODE");
}

static void need_target(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_target);
}

/* "2026-01-31 12:00:00.123456 name[pid:tid] [subsystem:category] text", in one write. */
static void write_line(int fd, const char *prefix, const char *text)
{
	struct timespec now;
	struct tm t;
	char *line = NULL;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &t);
	n = asprintf(&line, "%04d-%02d-%02d %02d:%02d:%02d.%06ld %s[%d:%ld] %s%s\n",
		     t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
		     now.tv_nsec / 1000, program_invocation_short_name, (int)getpid(),
		     syscall(SYS_gettid), prefix, text);
	if (n < 0)
		return;
	/* A log that cannot be written is nobody's failure. */
	if (write(fd, line, (size_t)n) < 0)
		errno = 0;
	free(line);
}

static void emit(int priority, const char *prefix, const char *text)
{
	need_target();
	if (target.to_stderr)
		write_line(STDERR_FILENO, prefix, text);
	else
		syslog(LOG_USER | priority, "%s%s", prefix, text);
}

/* --- os_log -------------------------------------------------------------------- */

static os_log_t new_log_locked(const char *subsystem, const char *category)
{
	os_log_t log = calloc(1, sizeof(*log));

	if (!log)
		return OS_LOG_DEFAULT;
	log->subsystem = strdup(subsystem);
	log->category = strdup(category);
	if (!log->subsystem || !log->category) {
		free(log->subsystem);
		free(log->category);
		free(log);
		return OS_LOG_DEFAULT;
	}
	log->next = logs;
	logs = log;
	return log;
}

os_log_t os_log_create(const char *subsystem, const char *category)
{
	os_log_t log;

	subsystem = subsystem ? subsystem : "";
	category = category ? category : "";
	pthread_mutex_lock(&logs_lock);
	for (log = logs; log; log = log->next)
		if (!strcmp(log->subsystem, subsystem) && !strcmp(log->category, category))
			break;
	if (!log)
		log = new_log_locked(subsystem, category);
	pthread_mutex_unlock(&logs_lock);
	return log;
}

bool os_log_type_enabled(os_log_t log, os_log_type_t type)
{
	if (log == OS_LOG_DISABLED)
		return false;
	need_target();
	return target.has_debug || (type != OS_LOG_TYPE_INFO && type != OS_LOG_TYPE_DEBUG);
}

/* What CFString formats: without the parts in braces, and with errno's text for %m. */
static char *plain_format(const char *format, int error)
{
	const char *text = strerror(error);
	size_t size = 1;
	char *plain, *to;

	for (const char *at = format; *at; at++)
		size += at[0] == '%' && at[1] == 'm' ? 2 * strlen(text) : 1;
	to = plain = malloc(size);
	for (const char *at = format; plain && *at;) {
		const char *end = at[0] == '%' && at[1] == '{' ? strchr(at, '}') : NULL;

		if (at[0] == '%' && at[1] == 'm') {
			for (const char *c = text; *c; c++) {
				if (*c == '%')
					*to++ = '%';
				*to++ = *c;
			}
			at += 2;
			continue;
		}
		if (at[0] == '%' && at[1] == '%')
			*to++ = *at++;
		*to++ = *at++;
		if (end)
			at = end + 1;
	}
	if (plain)
		*to = '\0';
	return plain;
}

static char *copy_text(const char *format, int error, va_list arguments)
{
	char *plain = plain_format(format, error), *text = NULL;
	CFStringRef cf_format =
		plain ? CFStringCreateWithCString(NULL, plain, kCFStringEncodingUTF8) : NULL;
	CFStringRef string =
		cf_format ? CFStringCreateWithFormatAndArguments(NULL, NULL, cf_format, arguments)
			  : NULL;

	if (string) {
		CFIndex size = CFStringGetMaximumSizeForEncoding(CFStringGetLength(string),
								 kCFStringEncodingUTF8) +
			       1;

		text = malloc((size_t)size);
		if (text && !CFStringGetCString(string, text, size, kCFStringEncodingUTF8))
			text[0] = '\0';
		CFRelease(string);
	}
	if (cf_format)
		CFRelease(cf_format);
	free(plain);
	return text;
}

void portico_os_log(os_log_t log, os_log_type_t type, const char *format, ...)
{
	const int error = errno;
	char *prefix = NULL, *text;
	va_list arguments;

	if (!format || !os_log_type_enabled(log, type))
		return;
	va_start(arguments, format);
	text = copy_text(format, error, arguments);
	va_end(arguments);
	if (log && asprintf(&prefix, "[%s:%s] ", log->subsystem, log->category) < 0)
		prefix = NULL;
	if (text)
		emit(type == OS_LOG_TYPE_FAULT	 ? LOG_CRIT
		     : type == OS_LOG_TYPE_ERROR ? LOG_ERR
		     : type == OS_LOG_TYPE_DEBUG ? LOG_DEBUG
		     : type == OS_LOG_TYPE_INFO	 ? LOG_INFO
						 : LOG_NOTICE,
		     prefix ? prefix : "", text);
	free(prefix);
	free(text);
	errno = error;
}

/* --- asl ----------------------------------------------------------------------- */

enum { FILES_MAX = 16 };

struct portico_asl_client {
	char *ident;
	int filter;
	bool to_stderr;
	int files[FILES_MAX];
	int n_files;
};

static pthread_mutex_t asl_lock = PTHREAD_MUTEX_INITIALIZER;
static struct portico_asl_client default_client = {
	.filter = ASL_FILTER_MASK_UPTO(ASL_LEVEL_NOTICE),
};

static struct portico_asl_client *client_of(aslclient client)
{
	return client ? client : &default_client;
}

aslclient asl_open(const char *ident, const char *facility, uint32_t options)
{
	aslclient client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->ident = ident ? strdup(ident) : NULL;
	client->filter = ASL_FILTER_MASK_UPTO(ASL_LEVEL_NOTICE);
	client->to_stderr = options & ASL_OPT_STDERR;
	return client;
}

void asl_close(aslclient client)
{
	if (!client)
		return;
	free(client->ident);
	free(client);
}

int asl_set_filter(aslclient client, int filter)
{
	pthread_mutex_lock(&asl_lock);
	int before = client_of(client)->filter;
	client_of(client)->filter = filter;
	pthread_mutex_unlock(&asl_lock);
	return before;
}

int asl_add_log_file(aslclient client, int descriptor)
{
	struct portico_asl_client *c = client_of(client);
	int result = -1;

	pthread_mutex_lock(&asl_lock);
	if (descriptor >= 0 && c->n_files < FILES_MAX) {
		c->files[c->n_files++] = descriptor;
		result = 0;
	}
	pthread_mutex_unlock(&asl_lock);
	return result;
}

int asl_remove_log_file(aslclient client, int descriptor)
{
	struct portico_asl_client *c = client_of(client);
	int result = -1;

	pthread_mutex_lock(&asl_lock);
	for (int i = 0; i < c->n_files && result; i++)
		if (c->files[i] == descriptor) {
			c->files[i] = c->files[--c->n_files];
			result = 0;
		}
	pthread_mutex_unlock(&asl_lock);
	return result;
}

int asl_vlog(aslclient client, aslmsg message, int level, const char *format, va_list arguments)
{
	struct portico_asl_client copy;
	char *prefix = NULL, *text = NULL;

	if (!format || level < ASL_LEVEL_EMERG || level > ASL_LEVEL_DEBUG)
		return -1;
	pthread_mutex_lock(&asl_lock);
	copy = *client_of(client);
	pthread_mutex_unlock(&asl_lock);
	if (!(copy.filter & ASL_FILTER_MASK(level)))
		return 0;
	if (vasprintf(&text, format, arguments) < 0)
		return -1;
	if (copy.ident && asprintf(&prefix, "%s: ", copy.ident) < 0)
		prefix = NULL;
	emit(level, prefix ? prefix : "", text);
	need_target();
	if (copy.to_stderr && !target.to_stderr)
		write_line(STDERR_FILENO, prefix ? prefix : "", text);
	for (int i = 0; i < copy.n_files; i++)
		write_line(copy.files[i], prefix ? prefix : "", text);
	free(prefix);
	free(text);
	return 0;
}

int asl_log(aslclient client, aslmsg message, int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int result = asl_vlog(client, message, level, format, arguments);
	va_end(arguments);
	return result;
}
