/* SPDX-License-Identifier: MIT */
/*
 * The system management controller of a Mac as programs know it: keys of four
 * characters, read through one structure (selector 2, 80 bytes both ways).
 */
#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

enum { SELECTOR_CALL = 2 };
/* what to do, in data8 */
enum { READ_BYTES = 5, KEY_BY_INDEX = 8, READ_INFO = 9 };
enum { KEY_NOT_FOUND = 0x84, BAD_COMMAND = 0x82 };

struct SMCCall {
	uint32_t key;
	uint8_t version[8], limits[16];
	uint32_t size, type;
	uint8_t attributes[4];
	uint8_t result, status, command;
	uint32_t index;
	uint8_t bytes[32];
};
_Static_assert(sizeof(struct SMCCall) == 80, "the structure that programs pass");
_Static_assert(offsetof(struct SMCCall, size) == 28, "its key information");
_Static_assert(offsetof(struct SMCCall, result) == 40, "its answer");

#define CODE(text) \
	((uint32_t)(text)[0] << 24 | (uint32_t)(text)[1] << 16 | (uint32_t)(text)[2] << 8 | \
	 (uint32_t)(text)[3])

struct SMCKey {
	const char *name, *type;
	uint8_t size, bytes[4];
};

/* Temperatures: 52.5, 48.25 and 55.75 degrees, as Macs with Intel processors have them (sp78: signed,
 * 8.8 bits, big endian) and as those with Apple's (flt: 32 bits, little endian). */
static const struct SMCKey keys[] = {
	{ "#KEY", "ui32", 4, { 0, 0, 0, 9 } },
	{ "F0Ac", "fpe2", 2, { 0x1c, 0x20 } },
	{ "FNum", "ui8 ", 1, { 1 } },
	{ "TC0P", "sp78", 2, { 0x34, 0x80 } },
	{ "TC1C", "sp78", 2, { 0x30, 0x40 } },
	{ "TC2C", "sp78", 2, { 0x37, 0xc0 } },
	{ "Tp01", "flt ", 4, { 0, 0, 0x52, 0x42 } },
	{ "Tp05", "flt ", 4, { 0, 0, 0x41, 0x42 } },
	{ "Tp0D", "flt ", 4, { 0, 0, 0x5f, 0x42 } },
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

static const struct SMCKey *findKey(uint32_t code)
{
	for (int i = 0; i < N_KEYS; i++)
		if (CODE(keys[i].name) == code)
			return &keys[i];
	return NULL;
}

static IOReturn call(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const struct SMCCall *in = arguments->structureInput;
	struct SMCCall *out = arguments->structureOutput;
	const struct SMCKey *key;

	memset(out, 0, sizeof(*out));
	if (in->command == KEY_BY_INDEX) {
		if (in->index >= N_KEYS)
			out->result = KEY_NOT_FOUND;
		else
			out->key = CODE(keys[in->index].name);
		return kIOReturnSuccess;
	}
	key = findKey(in->key);
	if (!key) {
		out->result = KEY_NOT_FOUND;
		return kIOReturnSuccess;
	}
	out->key = in->key;
	switch (in->command) {
	case READ_INFO:
		out->size = key->size;
		out->type = CODE(key->type);
		break;
	case READ_BYTES:
		if (in->size != key->size)
			out->result = BAD_COMMAND;
		else
			memcpy(out->bytes, key->bytes, key->size);
		break;
	default:
		out->result = BAD_COMMAND;
	}
	return kIOReturnSuccess;
}

static IOReturn externalMethod(IOUserClient *client, uint32_t selector,
			       IOExternalMethodArguments *arguments)
{
	static const IOExternalMethodDispatch method = { call, 0, sizeof(struct SMCCall), 0,
							 sizeof(struct SMCCall) };

	return selector == SELECTOR_CALL ? IOUserClientExternalMethod(client, selector, arguments,
								      &method, client, NULL)
					 : kIOReturnUnsupported;
}

static IOReturn clientClose(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static bool start(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IODriverClass clientClass = {
	.name = "AppleSMCClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient = &(const struct IOUserClientOperations){ .externalMethod = externalMethod,
							      .clientClose = clientClose },
};

static const struct IODriverClass driverClass = {
	.name = "AppleSMC",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &(const struct IOServiceOperations){ .start = start },
};

static const struct IODriverClass *const classes[] = { &driverClass, &clientClass, NULL };

const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.SMC",
	.classes = classes,
};
