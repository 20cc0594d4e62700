/* SPDX-License-Identifier: MIT */
/* The class of serial ports and its properties. All are C string literals. */
#ifndef _IOKIT_SERIAL_IOSERIALKEYS_H
#define _IOKIT_SERIAL_IOSERIALKEYS_H

/* the class to match, and kinds of it for kIOSerialBSDTypeKey */
#define kIOSerialBSDServiceValue "IOSerialBSDClient"
#define kIOSerialBSDTypeKey "IOSerialBSDClientType"
#define kIOSerialBSDAllTypes "IOSerialStream"
#define kIOSerialBSDModemType "IOModemSerialStream"
#define kIOSerialBSDRS232Type "IORS232SerialStream"

/* names: base name and suffix make the device's; paths of device nodes for calling out and in */
#define kIOTTYDeviceKey "IOTTYDevice"
#define kIOTTYBaseNameKey "IOTTYBaseName"
#define kIOTTYSuffixKey "IOTTYSuffix"
#define kIOCalloutDeviceKey "IOCalloutDevice"
#define kIODialinDeviceKey "IODialinDevice"
#define kIOTTYWaitForIdleKey "IOTTYWaitForIdle"

#endif
