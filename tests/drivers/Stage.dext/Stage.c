/* SPDX-License-Identifier: MIT */
/* A driver that publishes, changes and ends what a test tells it to. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IORegistryEntry.h>
#include <IOKit/IOUserClient.h>

#include "Stage.h"

enum { EVENTS_MAX = 64 * 1024, WORD_MAX = 8192 };

/* --- events ------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char events[EVENTS_MAX]; /* guarded by lock */

static void note(const char *what, const char *name)
{
	size_t used;

	pthread_mutex_lock(&lock);
	used = strlen(events);
	snprintf(events + used, sizeof(events) - used, "%s %s\n", what, name);
	pthread_mutex_unlock(&lock);
}

/* --- published services -------------------------------------------------------------- */

struct Nub {
	IOService service;
	atomic_int reads;
	atomic_bool sealed;
};

static IOReturn nubProperties(IOService *service, CFTypeRef properties);

static CFTypeRef nubProperty(IOService *service, CFStringRef key)
{
	int32_t n = ++((struct Nub *)service)->reads;

	return CFNumberCreate(NULL, kCFNumberSInt32Type, &n);
}

static const struct IOServiceOperations nubOperations = {
	.setProperties = nubProperties,
	.copyProperty = nubProperty,
};

#define SUPER_IOService IOServiceBase
#define DECLARE(className, superName) \
	static const struct IODriverClass class_##className = { \
		.name = #className, \
		.superclass = &SUPER_##superName, \
		.instanceSize = sizeof(struct Nub), \
		.service = &nubOperations, \
	};
#define SUPER_StageBase class_StageBase
#define SUPER_StageMiddle class_StageMiddle
#define SUPER_IOStorage class_IOStorage
#define SUPER_IONetworkInterface class_IONetworkInterface
STAGE_CLASSES(DECLARE)

/* One that looks at personalities itself. */
static bool pickyMatches(IOService *service, CFDictionaryRef table, int32_t *score)
{
	CFTypeRef own = IOServiceCopyProperty(service, CFSTR("StageTaste"));
	CFTypeRef wanted = CFDictionaryGetValue(table, CFSTR("StageTaste"));
	CFTypeRef bonus = CFDictionaryGetValue(table, CFSTR("StageBonus"));
	bool same = own && wanted && CFEqual(own, wanted);
	int32_t more = 0;

	if (bonus && CFGetTypeID(bonus) == CFNumberGetTypeID())
		CFNumberGetValue(bonus, kCFNumberSInt32Type, &more);
	*score += more;
	if (own)
		CFRelease(own);
	return same;
}

static const struct IODriverClass class_StagePicky = {
	.name = "StagePicky",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct Nub),
	.service =
		&(const struct IOServiceOperations){
			.setProperties = nubProperties,
			.matchPropertyTable = pickyMatches,
		},
};

#define POINT(className, superName) &class_##className,
static const struct IODriverClass *const nubClasses[] = { STAGE_CLASSES(POINT) & class_StagePicky,
							  NULL };

static const struct IODriverClass *findClass(const char *name)
{
	for (size_t i = 0; nubClasses[i]; i++)
		if (!strcmp(nubClasses[i]->name, name))
			return nubClasses[i];
	return NULL;
}

static void setPair(const void *key, const void *value, void *service)
{
	IOServiceSetProperty(service, key, value);
}

static IOReturn nubProperties(IOService *service, CFTypeRef properties)
{
	CFTypeRef refusal;
	int32_t status;

	if (((struct Nub *)service)->sealed)
		return kIOReturnUnsupported;
	if (CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	refusal = CFDictionaryGetValue(properties, CFSTR("Refuse"));
	if (refusal && CFGetTypeID(refusal) == CFNumberGetTypeID() &&
	    CFNumberGetValue(refusal, kCFNumberSInt32Type, &status))
		return status;
	CFDictionaryApplyFunction(properties, setPair, service);
	return kIOReturnSuccess;
}

/* What the test calls KEY. */
struct Actor {
	struct Actor *next;
	IOService *service; /* retained */
	char key[];
};

struct Stage {
	IOService service;
	struct Actor *actors; /* guarded by lock */
};

static IOService *copyActor(struct Stage *stage, const char *key)
{
	IOService *found = NULL;

	if (!strcmp(key, "driver"))
		return IOServiceRetain(&stage->service);
	if (!strcmp(key, "machine"))
		return IOServiceCopyServiceRoot(&stage->service);
	if (!strcmp(key, "provider"))
		return IOServiceRetain(IOServiceGetProvider(&stage->service));
	pthread_mutex_lock(&lock);
	for (struct Actor *a = stage->actors; a && !found; a = a->next)
		if (!strcmp(a->key, key))
			found = IOServiceRetain(a->service);
	pthread_mutex_unlock(&lock);
	return found;
}

/* Takes SERVICE. */
static IOReturn addActor(struct Stage *stage, const char *key, IOService *service)
{
	struct Actor *a = malloc(sizeof(*a) + strlen(key) + 1);

	if (!a)
		return kIOReturnNoMemory;
	strcpy(a->key, key);
	a->service = service;
	pthread_mutex_lock(&lock);
	a->next = stage->actors;
	stage->actors = a;
	pthread_mutex_unlock(&lock);
	return kIOReturnSuccess;
}

static void dropActor(struct Stage *stage, const char *key)
{
	struct Actor **at, *a;

	pthread_mutex_lock(&lock);
	for (at = &stage->actors; *at && strcmp((*at)->key, key); at = &(*at)->next)
		;
	a = *at;
	if (a)
		*at = a->next;
	pthread_mutex_unlock(&lock);
	if (a)
		IOServiceRelease(a->service);
	free(a);
}

/* --- commands --------------------------------------------------------------------------- */

struct Command {
	struct Stage *stage;
	const IOClientTask *task;
	const char *line;
	CFTypeRef value;    /* or NULL */
	IOService *service; /* "key", retained, or NULL */
	uint64_t out;
	char word[WORD_MAX];
};

/* The value of NAME in a buffer of the command's, which the next one overwrites; NULL: not there. */
static const char *find(struct Command *c, const char *name)
{
	size_t length = strlen(name), n = 0;
	const char *at = c->line;

	while ((at = strchr(at, ' '))) {
		at++;
		if (!strncmp(at, name, length) &&
		    (at[length] == '=' || at[length] == ' ' || at[length] == 0))
			break;
	}
	if (!at)
		return NULL;
	for (at += length + (at[length] == '='); *at && *at != ' ' && n < WORD_MAX - 1; at++) {
		unsigned byte = (unsigned char)*at;

		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1)
			at += 2;
		c->word[n++] = (char)byte;
	}
	c->word[n] = 0;
	return c->word;
}

static int64_t number(struct Command *c, const char *name, int64_t otherwise)
{
	const char *text = find(c, name);

	return text ? (int64_t)strtoull(text, NULL, 0) : otherwise;
}

static CFDictionaryRef dictionary(struct Command *c)
{
	return c->value && CFGetTypeID(c->value) == CFDictionaryGetTypeID() ? c->value : NULL;
}

/* The service called by the word NAME; "driver" when it is not there. */
static IOService *copyNamed(struct Command *c, const char *name)
{
	const char *key = find(c, name);

	return copyActor(c->stage, key ? key : "driver");
}

static IOReturn publish(struct Command *c)
{
	char key[256], name[256] = "", location[256] = "";
	const char *word = find(c, "key");
	const struct IODriverClass *cls;
	IOService *parent, *nub = NULL;
	IOReturn status;

	if (!word)
		return kIOReturnBadArgument;
	snprintf(key, sizeof(key), "%s", word);
	if ((word = find(c, "name")))
		snprintf(name, sizeof(name), "%s", word);
	if ((word = find(c, "location")))
		snprintf(location, sizeof(location), "%s", word);
	word = find(c, "class");
	cls = findClass(word ? word : "StageNub");
	if (!cls)
		return kIOReturnBadArgument;
	parent = copyNamed(c, "parent");
	if (!parent)
		return kIOReturnNotFound;
	status = IOServicePublishNub(parent, cls, name, location, dictionary(c), &nub);
	IOServiceRelease(parent);
	if (status)
		return status;
	c->out = IOServiceGetEntryID(nub);
	if (find(c, "register"))
		status = IOServiceRegister(nub, 0);
	return status ? status : addActor(c->stage, key, nub);
}

/* Up to eight are there at once. */
static IOReturn churn(struct Command *c)
{
	enum { AT_ONCE = 8 };
	const char *word = find(c, "class");
	const struct IODriverClass *cls = findClass(word ? word : "StageNub");
	IOReturn status = cls ? kIOReturnSuccess : kIOReturnBadArgument;
	IOService *nubs[AT_ONCE] = { NULL };
	int64_t count = number(c, "count", 0);

	for (int64_t i = 0; i < count + AT_ONCE; i++) {
		IOService **nub = &nubs[i % AT_ONCE];

		if (*nub)
			IOServiceTerminate(*nub, 0);
		IOServiceRelease(*nub);
		*nub = NULL;
		if (i >= count || status)
			continue;
		status = IOServicePublishNub(&c->stage->service, cls, "", "", NULL, nub);
		if (!status)
			status = IOServiceRegister(*nub, 0);
	}
	return status;
}

static IOReturn announce(struct Command *c)
{
	return IOServiceRegister(c->service, (IOOptionBits)number(c, "options", 0));
}

static IOReturn end(struct Command *c)
{
	IOReturn status = IOServiceTerminate(c->service, (IOOptionBits)number(c, "options", 0));

	dropActor(c->stage, find(c, "key"));
	return status;
}

static IOReturn set(struct Command *c)
{
	if (!dictionary(c))
		return kIOReturnBadArgument;
	CFDictionaryApplyFunction(c->value, setPair, c->service);
	return kIOReturnSuccess;
}

static CFStringRef copyProperty(struct Command *c)
{
	const char *word = find(c, "property");

	return CFStringCreateWithCString(NULL, word ? word : "", kCFStringEncodingUTF8);
}

static IOReturn unset(struct Command *c)
{
	CFStringRef key = copyProperty(c);
	IOReturn status = IOServiceRemoveProperty(c->service, key);

	CFRelease(key);
	return status;
}

static IOReturn grow(struct Command *c)
{
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFStringRef key = copyProperty(c);
	IOReturn status;

	CFArrayAppendValue(array, key);
	status = IOServiceSetProperty(c->service, key, array);
	CFArrayAppendValue(array, key);
	CFRelease(array);
	CFRelease(key);
	return status;
}

/* Dictionaries in dictionaries. */
static IOReturn nest(struct Command *c)
{
	CFStringRef key = copyProperty(c);
	CFTypeRef value = CFRetain(key);
	IOReturn status;

	for (uint64_t i = number(c, "levels", 1); i > 0; i--) {
		CFTypeRef inner = value;

		value = CFDictionaryCreate(NULL, (const void **)&key, &inner, 1,
					   &kCFTypeDictionaryKeyCallBacks,
					   &kCFTypeDictionaryValueCallBacks);
		CFRelease(inner);
	}
	status = IOServiceSetProperty(c->service, key, value);
	CFRelease(value);
	CFRelease(key);
	return status;
}

static IOReturn makeLive(struct Command *c)
{
	CFStringRef key = copyProperty(c);
	IOReturn status = IOServiceSetLiveProperty(c->service, key);

	CFRelease(key);
	return status;
}

static IOReturn seal(struct Command *c)
{
	if (c->service == &c->stage->service)
		return kIOReturnBadArgument;
	((struct Nub *)c->service)->sealed = true;
	return kIOReturnSuccess;
}

static IOReturn setName(struct Command *c)
{
	char plane[256] = "";
	const char *word = find(c, "plane"), *name;
	bool any = word != NULL;

	if (any)
		snprintf(plane, sizeof(plane), "%s", word);
	name = c->value && CFGetTypeID(c->value) == CFStringGetTypeID()
		     ? CFStringGetCStringPtr(c->value, kCFStringEncodingUTF8)
		     : find(c, "name");
	return IOServiceSetName(c->service, name, any ? plane : NULL);
}

static IOReturn setLocation(struct Command *c)
{
	char plane[256] = "";
	const char *word = find(c, "plane");
	bool any = word != NULL;

	if (any)
		snprintf(plane, sizeof(plane), "%s", word);
	return IOServiceSetLocation(c->service, find(c, "location"), any ? plane : NULL);
}

static IOReturn changeParent(struct Command *c, bool detach)
{
	const char *word = find(c, "parent");
	bool root = word && !strcmp(word, "root");
	IOService *parent = root ? NULL : copyNamed(c, "parent");
	const char *plane = find(c, "plane");
	IOReturn status = kIOReturnNotFound;

	if (parent || root)
		status = detach ? IOServiceDetachFromParent(c->service, parent, plane)
				: IOServiceAttachToParent(c->service, parent, plane);
	IOServiceRelease(parent);
	return status;
}

static IOReturn attach(struct Command *c)
{
	return changeParent(c, false);
}

static IOReturn detach(struct Command *c)
{
	return changeParent(c, true);
}

static IOReturn message(struct Command *c)
{
	if (c->value && CFGetTypeID(c->value) == CFDataGetTypeID())
		return IOServiceMessageClients(c->service, (uint32_t)number(c, "type", 0),
					       (void *)CFDataGetBytePtr(c->value),
					       (size_t)CFDataGetLength(c->value));
	return IOServiceMessageClients(c->service, (uint32_t)number(c, "type", 0),
				       (void *)(uintptr_t)number(c, "argument", 0), 0);
}

static IOReturn clientID(struct Command *c)
{
	CFTypeRef pid = NULL;
	IOReturn status =
		IOServiceMessageClients(c->service, kIOMessageCopyClientID, &pid, sizeof(pid));

	if (pid)
		CFNumberGetValue(pid, kCFNumberSInt64Type, &c->out);
	if (pid)
		CFRelease(pid);
	return status;
}

static IOReturn busy(struct Command *c)
{
	return IOServiceAdjustBusy(c->service, (int32_t)number(c, "delta", 1));
}

static IOReturn resource(struct Command *c)
{
	const char *name = find(c, "name");

	return IOServicePublishResource(&c->stage->service, name ? name : "",
					c->value ? c->value : kCFBooleanTrue);
}

static IOReturn identify(struct Command *c)
{
	c->out = IOServiceGetEntryID(c->service);
	return kIOReturnSuccess;
}

static IOReturn privilege(struct Command *c)
{
	return IOUserClientClientHasPrivilege(c->task, find(c, "name"));
}

static const struct {
	const char *verb;
	IOReturn (*run)(struct Command *c);
	bool needsService;
} commands[] = {
	{ "publish", publish, false },	{ "churn", churn, false },
	{ "register", announce, true }, { "terminate", end, true },
	{ "set", set, true },		{ "remove", unset, true },
	{ "grow", grow, true },		{ "nest", nest, true },
	{ "live", makeLive, true },	{ "seal", seal, true },
	{ "name", setName, true },	{ "location", setLocation, true },
	{ "attach", attach, true },	{ "detach", detach, true },
	{ "message", message, true },	{ "clientid", clientID, true },
	{ "busy", busy, true },		{ "resource", resource, false },
	{ "id", identify, true },	{ "privilege", privilege, false },
};

static IOReturn runCommand(struct Command *c)
{
	size_t length = strcspn(c->line, " ");
	IOReturn status = kIOReturnBadArgument;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strlen(commands[i].verb) != length ||
		    strncmp(commands[i].verb, c->line, length))
			continue;
		if (commands[i].needsService && !(c->service = copyNamed(c, "key")))
			return kIOReturnNotFound;
		status = commands[i].run(c);
		IOServiceRelease(c->service);
	}
	return status;
}

/* --- user client ---------------------------------------------------------------------------- */

struct Client {
	IOUserClient client;
	struct Stage *stage;
};

static IOReturn doCommand(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const char *bytes = arguments->structureInput;
	size_t size = arguments->structureInputSize, length;
	struct Command *c = calloc(1, sizeof(*c));
	IOReturn status = kIOReturnBadArgument;
	CFDataRef list;

	if (arguments->structureInputDescriptor) {
		bytes = IOMemoryDescriptorGetBytes(arguments->structureInputDescriptor);
		size = IOMemoryDescriptorGetLength(arguments->structureInputDescriptor);
	}
	length = bytes ? strnlen(bytes, size) : 0;
	if (c && length < size) {
		c->stage = ((struct Client *)target)->stage;
		c->task = IOUserClientGetTask(target);
		c->line = bytes;
		list = CFDataCreate(NULL, (const UInt8 *)bytes + length + 1,
				    (CFIndex)(size - length - 1));
		if (CFDataGetLength(list))
			c->value = CFPropertyListCreateWithData(
				NULL, list, kCFPropertyListImmutable, NULL, NULL);
		CFRelease(list);
		status = runCommand(c);
		arguments->scalarOutput[0] = c->out;
	}
	if (c && c->value)
		CFRelease(c->value);
	free(c);
	return status;
}

static IOReturn doRead(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	if (!arguments->structureVariableOutputData)
		return kIOReturnBadArgument;
	pthread_mutex_lock(&lock);
	*arguments->structureVariableOutputData =
		CFDataCreate(NULL, (const UInt8 *)events, (CFIndex)strlen(events) + 1);
	pthread_mutex_unlock(&lock);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch methods[] = {
	[STAGE_COMMAND] = { doCommand, 0, kIOUCVariableStructureSize, 1, 0 },
	[STAGE_READ] = { doRead, 0, 0, 0, kIOUCVariableStructureSize },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	if (selector >= sizeof(methods) / sizeof(*methods))
		return kIOReturnBadArgument;
	return IOUserClientExternalMethod(client, selector, arguments, &methods[selector], client,
					  NULL);
}

static bool clientStart(IOService *service, IOService *provider)
{
	((struct Client *)service)->stage = (struct Stage *)provider;
	return true;
}

static IOReturn clientClose(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static const struct IODriverClass clientClass = {
	.name = "StageClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct Client),
	.service = &(const struct IOServiceOperations){ .start = clientStart },
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.clientDied = clientClose,
		},
};

/* --- the stage itself ------------------------------------------------------------------------- */

static bool stageStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static void stageStop(IOService *service, IOService *provider)
{
	struct Stage *stage = (struct Stage *)service;

	while (stage->actors)
		dropActor(stage, stage->actors->key);
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	return IOServiceCreateUserClient(service, &clientClass, task, securityID, type, properties,
					 client);
}

static const struct IODriverClass stageClass = {
	.name = "Stage",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct Stage),
	.service =
		&(const struct IOServiceOperations){
			.start = stageStart,
			.stop = stageStop,
			.newUserClient = newUserClient,
		},
};

/* --- drivers that behave as their personality says ----------------------------------------------- */

static void noteService(const char *what, IOService *service)
{
	CFTypeRef value = IOServiceCopyProperty(service, CFSTR("StageName"));
	char name[256];

	if (!value || !CFStringGetCString(value, name, sizeof(name), kCFStringEncodingUTF8))
		snprintf(name, sizeof(name), "%s", IOServiceGetClassName(service));
	if (value)
		CFRelease(value);
	note(what, name);
}

static bool refuses(IOService *service, CFStringRef key)
{
	CFTypeRef value = IOServiceCopyProperty(service, key);
	bool no = value == kCFBooleanFalse;

	if (value)
		CFRelease(value);
	return no;
}

static bool driverInit(IOService *service, CFDictionaryRef properties)
{
	noteService("init", service);
	return !refuses(service, CFSTR("StageInit"));
}

static IOService *driverProbe(IOService *service, IOService *provider, int32_t *score)
{
	noteService("probe", service);
	*score = (int32_t)IOServiceGetNumberProperty(service, CFSTR("StageProbe"), *score);
	return refuses(service, CFSTR("StageProbe")) ? NULL : service;
}

static bool driverStart(IOService *service, IOService *provider)
{
	CFTypeRef value = IOServiceCopyProperty(service, CFSTR("StageStart"));
	bool no = value == kCFBooleanFalse;

	noteService("start", service);
	if (value && !no)
		IOServiceRegister(service, 0);
	if (value)
		CFRelease(value);
	return !no;
}

static void driverStop(IOService *service, IOService *provider)
{
	noteService("stop", service);
}

static void driverFree(IOService *service)
{
	noteService("free", service);
}

static const struct IODriverClass driverClass = {
	.name = "StageDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service =
		&(const struct IOServiceOperations){
			.init = driverInit,
			.probe = driverProbe,
			.start = driverStart,
			.stop = driverStop,
			.free = driverFree,
		},
};

static const struct IODriverClass subClass = {
	.name = "StageSub",
	.superclass = &driverClass,
	.instanceSize = sizeof(IOService),
};

static const struct IODriverClass *const classes[] = {
	&stageClass, &clientClass, &driverClass, &subClass, STAGE_CLASSES(POINT) & class_StagePicky,
	NULL
};
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = STAGE_IDENTIFIER,
	.classes = classes,
};
