/* SPDX-License-Identifier: MIT */
/*
 * Serial ports: one on a USB adapter, one on none. Each is a terminal of its
 * own (a pseudo terminal) that sends back what it receives, in capitals.
 */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOWorkLoop.h>

enum { N_PORTS = 2 };

struct SerialPort {
	int master, slave; /* the slave is held open, so that the master never sees a hang-up */
	IODescriptorEventSource *source;
	IOService *nub;
};

struct SerialPorts {
	IOService service;
	IOService *device;
	struct SerialPort ports[N_PORTS];
};

static const struct IODriverClass deviceClass = {
	.name = "IOUSBHostDevice",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};
static const struct IODriverClass portClass = {
	.name = "IOSerialBSDClient",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};

/* --- the terminals ---------------------------------------------------------------- */

static void echo(void *context, int fd, uint32_t events)
{
	char bytes[256];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++)
		bytes[i] = (char)toupper((unsigned char)bytes[i]);
	if (n > 0 && write(fd, bytes, (size_t)n) < 0)
		return; /* nobody reads: the bytes are lost, as on a line */
}

static bool openPort(struct SerialPort *port, IOWorkLoop *workLoop, char path[64])
{
	struct termios settings;

	port->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (port->master < 0 || grantpt(port->master) || unlockpt(port->master) ||
	    ptsname_r(port->master, path, 64))
		return false;
	port->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port->slave < 0 || tcgetattr(port->slave, &settings))
		return false;
	cfmakeraw(&settings);
	tcsetattr(port->slave, TCSANOW, &settings);
	port->source = IODescriptorEventSourceCreate(workLoop, port->master, POLLIN, echo, port);
	return port->source != NULL;
}

static void closePort(struct SerialPort *port)
{
	IODescriptorEventSourceRelease(port->source);
	if (port->master >= 0)
		close(port->master);
	if (port->slave >= 0)
		close(port->slave);
	IOServiceRelease(port->nub);
}

/* --- what the registry shows -------------------------------------------------------- */

static void setText(CFMutableDictionaryRef properties, CFStringRef key, const char *text)
{
	CFStringRef value = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	CFDictionarySetValue(properties, key, value);
	CFRelease(value);
}

static void setNumber(CFMutableDictionaryRef properties, CFStringRef key, int32_t number)
{
	CFNumberRef value = CFNumberCreate(NULL, kCFNumberSInt32Type, &number);

	CFDictionarySetValue(properties, key, value);
	CFRelease(value);
}

static CFMutableDictionaryRef newDictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static bool publishDevice(struct SerialPorts *self)
{
	CFMutableDictionaryRef properties = newDictionary(), types = newDictionary();
	IOReturn status;

	/* the name that macOS's own driver gives: a plug-in inside of a kernel extension */
	setText(types, CFSTR("9dc7b780-9ec0-11d4-a54f-000a27052861"),
		"IOUSBFamily.kext/Contents/PlugIns/USBDevice.plugin");
	CFDictionarySetValue(properties, CFSTR("IOCFPlugInTypes"), types);
	CFRelease(types);
	setNumber(properties, CFSTR("idVendor"), 0x0403);
	setNumber(properties, CFSTR("idProduct"), 0x6001);
	setNumber(properties, CFSTR("bcdDevice"), 0x0600);
	setNumber(properties, CFSTR("locationID"), 0x14120000);
	setNumber(properties, CFSTR("USB Address"), 7);
	setText(properties, CFSTR("USB Vendor Name"), "Portico Works");
	setText(properties, CFSTR("USB Product Name"), "Test Adapter");
	setText(properties, CFSTR("USB Serial Number"), "PW-0042");
	status = IOServicePublishNub(&self->service, &deviceClass, "Test Adapter", "14120000",
				     properties, &self->device);
	CFRelease(properties);
	return status == kIOReturnSuccess && !IOServiceRegister(self->device, 0);
}

static bool publishPort(struct SerialPorts *self, IOService *parent, struct SerialPort *port,
			const char *type)
{
	IOWorkLoop *workLoop = IOServiceGetWorkLoop(&self->service);
	CFMutableDictionaryRef properties;
	IOReturn status;
	char path[64];

	if (!workLoop || !openPort(port, workLoop, path))
		return false;
	properties = newDictionary();
	setText(properties, CFSTR("IOCalloutDevice"), path);
	setText(properties, CFSTR("IODialinDevice"), path);
	setText(properties, CFSTR("IOTTYDevice"), path + 5);
	setText(properties, CFSTR("IOSerialBSDClientType"), type);
	status = IOServicePublishNub(parent, &portClass, "IOSerialBSDClient", NULL, properties,
				     &port->nub);
	CFRelease(properties);
	return status == kIOReturnSuccess && !IOServiceRegister(port->nub, 0);
}

/* --- life ------------------------------------------------------------------------------ */

static bool start(IOService *service, IOService *provider)
{
	struct SerialPorts *self = (struct SerialPorts *)service;

	for (int i = 0; i < N_PORTS; i++)
		self->ports[i].master = self->ports[i].slave = -1;
	return publishDevice(self) &&
	       publishPort(self, self->device, &self->ports[0], "IOModemSerialStream") &&
	       publishPort(self, service, &self->ports[1], "IORS232SerialStream") &&
	       !IOServiceRegister(service, 0);
}

static void stop(IOService *service, IOService *provider)
{
	struct SerialPorts *self = (struct SerialPorts *)service;

	for (int i = 0; i < N_PORTS; i++)
		closePort(&self->ports[i]);
	IOServiceRelease(self->device);
}

static const struct IODriverClass driverClass = {
	.name = "SerialPorts",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct SerialPorts),
	.service = &(const struct IOServiceOperations){ .start = start, .stop = stop },
};

static const struct IODriverClass *const classes[] = { &driverClass, &deviceClass, &portClass,
						       NULL };

const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Serial",
	.classes = classes,
};
