/* SPDX-License-Identifier: MIT */
/*
 * The interfaces of USB devices and USB interfaces, as a plug-in offers them:
 * IOCreatePlugInInterfaceForService with the type of a service, then
 * QueryInterface with the identifier of a version. Each version's table begins
 * with the one before. Which versions there are, and what the functions do, is
 * the plug-in's; Portico comes with none.
 */
#ifndef _IOUSBLIB_H
#define _IOUSBLIB_H

#include <stdbool.h>
#include <sys/cdefs.h>

#include <CoreFoundation/CFPlugIn.h>
#include <CoreFoundation/CFRunLoop.h>
#if COREFOUNDATION_CFPLUGINCOM_SEPARATE
#include <CoreFoundation/CFPlugInCOM.h>
#endif

#include <IOKit/IOKitLib.h>
#include <IOKit/usb/USB.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- types of plug-ins, and the factory of macOS's own --------------------- */

/* 9DC7B780-9EC0-11D4-A54F-000A27052861 */
#define kIOUSBDeviceUserClientTypeID \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x9D, 0xC7, 0xB7, 0x80, 0x9E, 0xC0, 0x11, 0xD4, 0xA5, \
				       0x4F, 0x00, 0x0A, 0x27, 0x05, 0x28, 0x61)
/* 2D9786C6-9EF3-11D4-AD51-000A27052861 */
#define kIOUSBInterfaceUserClientTypeID \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x2D, 0x97, 0x86, 0xC6, 0x9E, 0xF3, 0x11, 0xD4, 0xAD, \
				       0x51, 0x00, 0x0A, 0x27, 0x05, 0x28, 0x61)
/* 4547A8AA-9EF3-11D4-A9BD-000A27052861 */
#define kIOUSBFactoryID \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x45, 0x47, 0xA8, 0xAA, 0x9E, 0xF3, 0x11, 0xD4, 0xA9, \
				       0xBD, 0x00, 0x0A, 0x27, 0x05, 0x28, 0x61)

/* --- identifiers of device interfaces; the plain name is the oldest version --- */

/* 5C8187D0-9EF3-11D4-8B45-000A27052861 */
#define kIOUSBDeviceInterfaceID100 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x5C, 0x81, 0x87, 0xD0, 0x9E, 0xF3, 0x11, 0xD4, 0x8B, \
				       0x45, 0x00, 0x0A, 0x27, 0x05, 0x28, 0x61)
/* 152FC496-4891-11D5-9D52-000A27801E86 */
#define kIOUSBDeviceInterfaceID182 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x15, 0x2F, 0xC4, 0x96, 0x48, 0x91, 0x11, 0xD5, 0x9D, \
				       0x52, 0x00, 0x0A, 0x27, 0x80, 0x1E, 0x86)
/* 3C9EE1EB-2402-11B2-8E7E-000A27801E86 */
#define kIOUSBDeviceInterfaceID187 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x3C, 0x9E, 0xE1, 0xEB, 0x24, 0x02, 0x11, 0xB2, 0x8E, \
				       0x7E, 0x00, 0x0A, 0x27, 0x80, 0x1E, 0x86)
/* C809B8D8-0884-11D7-BB96-0003933E3E3E */
#define kIOUSBDeviceInterfaceID197 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xC8, 0x09, 0xB8, 0xD8, 0x08, 0x84, 0x11, 0xD7, 0xBB, \
				       0x96, 0x00, 0x03, 0x93, 0x3E, 0x3E, 0x3E)
/* FE2FD52F-3B5A-473B-977B-AD99001EB3ED */
#define kIOUSBDeviceInterfaceID245 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xFE, 0x2F, 0xD5, 0x2F, 0x3B, 0x5A, 0x47, 0x3B, 0x97, \
				       0x7B, 0xAD, 0x99, 0x00, 0x1E, 0xB3, 0xED)
/* 396104F7-943D-4893-90F1-69BD6CF5C2EB */
#define kIOUSBDeviceInterfaceID300 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x39, 0x61, 0x04, 0xF7, 0x94, 0x3D, 0x48, 0x93, 0x90, \
				       0xF1, 0x69, 0xBD, 0x6C, 0xF5, 0xC2, 0xEB)
/* 01A2D0E9-42F6-4A87-8B8B-77057C8CE0CE */
#define kIOUSBDeviceInterfaceID320 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x01, 0xA2, 0xD0, 0xE9, 0x42, 0xF6, 0x4A, 0x87, 0x8B, \
				       0x8B, 0x77, 0x05, 0x7C, 0x8C, 0xE0, 0xCE)
/* A33CF047-4B5B-48E2-B57D-0207FCEAE13B */
#define kIOUSBDeviceInterfaceID500 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xA3, 0x3C, 0xF0, 0x47, 0x4B, 0x5B, 0x48, 0xE2, 0xB5, \
				       0x7D, 0x02, 0x07, 0xFC, 0xEA, 0xE1, 0x3B)
/* 4AAC1B2E-24C2-476A-964D-91333534F2CC */
#define kIOUSBDeviceInterfaceID650 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x4A, 0xAC, 0x1B, 0x2E, 0x24, 0xC2, 0x47, 0x6A, 0x96, \
				       0x4D, 0x91, 0x33, 0x35, 0x34, 0xF2, 0xCC)
/* 56AD089D-878D-4BEA-A1F5-2C8DC43E8A98 */
#define kIOUSBDeviceInterfaceID942 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x56, 0xAD, 0x08, 0x9D, 0x87, 0x8D, 0x4B, 0xEA, 0xA1, \
				       0xF5, 0x2C, 0x8D, 0xC4, 0x3E, 0x8A, 0x98)
#define kIOUSBDeviceInterfaceID kIOUSBDeviceInterfaceID100

/* --- identifiers of interface interfaces; the plain name is the oldest version --- */

/* 73C97AE8-9EF3-11D4-B1D0-000A27052861 */
#define kIOUSBInterfaceInterfaceID100 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x73, 0xC9, 0x7A, 0xE8, 0x9E, 0xF3, 0x11, 0xD4, 0xB1, \
				       0xD0, 0x00, 0x0A, 0x27, 0x05, 0x28, 0x61)
/* 4923AC4C-4896-11D5-9208-000A27801E86 */
#define kIOUSBInterfaceInterfaceID182 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x49, 0x23, 0xAC, 0x4C, 0x48, 0x96, 0x11, 0xD5, 0x92, \
				       0x08, 0x00, 0x0A, 0x27, 0x80, 0x1E, 0x86)
/* 1C438356-74C4-11D5-92E6-000A27801E86 */
#define kIOUSBInterfaceInterfaceID183 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x1C, 0x43, 0x83, 0x56, 0x74, 0xC4, 0x11, 0xD5, 0x92, \
				       0xE6, 0x00, 0x0A, 0x27, 0x80, 0x1E, 0x86)
/* 8FDB8455-74A6-11D6-97B1-003065D3608E */
#define kIOUSBInterfaceInterfaceID190 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x8F, 0xDB, 0x84, 0x55, 0x74, 0xA6, 0x11, 0xD6, 0x97, \
				       0xB1, 0x00, 0x30, 0x65, 0xD3, 0x60, 0x8E)
/* 6C798A6E-D6E9-11D6-ADD6-0003933E3E3E */
#define kIOUSBInterfaceInterfaceID192 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x6C, 0x79, 0x8A, 0x6E, 0xD6, 0xE9, 0x11, 0xD6, 0xAD, \
				       0xD6, 0x00, 0x03, 0x93, 0x3E, 0x3E, 0x3E)
/* C63D3C92-0884-11D7-9692-0003933E3E3E */
#define kIOUSBInterfaceInterfaceID197 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xC6, 0x3D, 0x3C, 0x92, 0x08, 0x84, 0x11, 0xD7, 0x96, \
				       0x92, 0x00, 0x03, 0x93, 0x3E, 0x3E, 0x3E)
/* 770DE60C-2FE8-11D8-A582-000393DCB1D0 */
#define kIOUSBInterfaceInterfaceID220 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x77, 0x0D, 0xE6, 0x0C, 0x2F, 0xE8, 0x11, 0xD8, 0xA5, \
				       0x82, 0x00, 0x03, 0x93, 0xDC, 0xB1, 0xD0)
/* 64BABDD2-0F6B-4B4F-8E3E-DC36046987AD */
#define kIOUSBInterfaceInterfaceID245 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x64, 0xBA, 0xBD, 0xD2, 0x0F, 0x6B, 0x4B, 0x4F, 0x8E, \
				       0x3E, 0xDC, 0x36, 0x04, 0x69, 0x87, 0xAD)
/* BCEAADDC-884D-4F27-8340-36D69FAB90F6 */
#define kIOUSBInterfaceInterfaceID300 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xBC, 0xEA, 0xAD, 0xDC, 0x88, 0x4D, 0x4F, 0x27, 0x83, \
				       0x40, 0x36, 0xD6, 0x9F, 0xAB, 0x90, 0xF6)
/* 6C0D38C3-B093-4EA7-809B-09FB5DDDAC16 */
#define kIOUSBInterfaceInterfaceID500 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x6C, 0x0D, 0x38, 0xC3, 0xB0, 0x93, 0x4E, 0xA7, 0x80, \
				       0x9B, 0x09, 0xFB, 0x5D, 0xDD, 0xAC, 0x16)
/* 6AE44D3F-EB45-487F-8E8E-B93B99F8EA9E */
#define kIOUSBInterfaceInterfaceID550 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x6A, 0xE4, 0x4D, 0x3F, 0xEB, 0x45, 0x48, 0x7F, 0x8E, \
				       0x8E, 0xB9, 0x3B, 0x99, 0xF8, 0xEA, 0x9E)
/* 08151A89-8081-4087-8F9E-0AFEDFDB5D9F */
#define kIOUSBInterfaceInterfaceID650 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x08, 0x15, 0x1A, 0x89, 0x80, 0x81, 0x40, 0x87, 0x8F, \
				       0x9E, 0x0A, 0xFE, 0xDF, 0xDB, 0x5D, 0x9F)
/* 17F9E59C-B0A1-401D-9AC0-8DE27AC6047E */
#define kIOUSBInterfaceInterfaceID700 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x17, 0xF9, 0xE5, 0x9C, 0xB0, 0xA1, 0x40, 0x1D, 0x9A, \
				       0xC0, 0x8D, 0xE2, 0x7A, 0xC6, 0x04, 0x7E)
/* 33A85DB0-0C3B-4328-8F02-FDA81B117F4C */
#define kIOUSBInterfaceInterfaceID800 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x33, 0xA8, 0x5D, 0xB0, 0x0C, 0x3B, 0x43, 0x28, 0x8F, \
				       0x02, 0xFD, 0xA8, 0x1B, 0x11, 0x7F, 0x4C)
/* 8752663B-C07B-4BAE-9584-22032FAB9C5A */
#define kIOUSBInterfaceInterfaceID942 \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0x87, 0x52, 0x66, 0x3B, 0xC0, 0x7B, 0x4B, 0xAE, 0x95, \
				       0x84, 0x22, 0x03, 0x2F, 0xAB, 0x9C, 0x5A)
#define kIOUSBInterfaceInterfaceID kIOUSBInterfaceInterfaceID100

/* --- functions of device interfaces, version by version ---------------- */

#define IOUSB_DEVICE_FUNCTIONS_100 \
	IOReturn (*CreateDeviceAsyncEventSource)(void *self, CFRunLoopSourceRef *source); \
	CFRunLoopSourceRef (*GetDeviceAsyncEventSource)(void *self); \
	IOReturn (*CreateDeviceAsyncPort)(void *self, mach_port_t *port); \
	mach_port_t (*GetDeviceAsyncPort)(void *self); \
	IOReturn (*USBDeviceOpen)(void *self); \
	IOReturn (*USBDeviceClose)(void *self); \
	IOReturn (*GetDeviceClass)(void *self, UInt8 *devClass); \
	IOReturn (*GetDeviceSubClass)(void *self, UInt8 *devSubClass); \
	IOReturn (*GetDeviceProtocol)(void *self, UInt8 *devProtocol); \
	IOReturn (*GetDeviceVendor)(void *self, UInt16 *devVendor); \
	IOReturn (*GetDeviceProduct)(void *self, UInt16 *devProduct); \
	IOReturn (*GetDeviceReleaseNumber)(void *self, UInt16 *devRelNum); \
	IOReturn (*GetDeviceAddress)(void *self, USBDeviceAddress *addr); \
	IOReturn (*GetDeviceBusPowerAvailable)(void *self, UInt32 *powerAvailable); \
	IOReturn (*GetDeviceSpeed)(void *self, UInt8 *devSpeed); \
	IOReturn (*GetNumberOfConfigurations)(void *self, UInt8 *numConfig); \
	IOReturn (*GetLocationID)(void *self, UInt32 *locationID); \
	IOReturn (*GetConfigurationDescriptorPtr)(void *self, UInt8 configIndex, \
						  IOUSBConfigurationDescriptorPtr *desc); \
	IOReturn (*GetConfiguration)(void *self, UInt8 *configNum); \
	IOReturn (*SetConfiguration)(void *self, UInt8 configNum); \
	IOReturn (*GetBusFrameNumber)(void *self, UInt64 *frame, AbsoluteTime *atTime); \
	IOReturn (*ResetDevice)(void *self); \
	IOReturn (*DeviceRequest)(void *self, IOUSBDevRequest *req); \
	IOReturn (*DeviceRequestAsync)(void *self, IOUSBDevRequest *req, \
				       IOAsyncCallback1 callback, void *refCon); \
	IOReturn (*CreateInterfaceIterator)(void *self, IOUSBFindInterfaceRequest *req, \
					    io_iterator_t *iter)
#define IOUSB_DEVICE_FUNCTIONS_182 \
	IOUSB_DEVICE_FUNCTIONS_100; \
	IOReturn (*USBDeviceOpenSeize)(void *self); \
	IOReturn (*DeviceRequestTO)(void *self, IOUSBDevRequestTO *req); \
	IOReturn (*DeviceRequestAsyncTO)(void *self, IOUSBDevRequestTO *req, \
					 IOAsyncCallback1 callback, void *refCon); \
	IOReturn (*USBDeviceSuspend)(void *self, Boolean suspend); \
	IOReturn (*USBDeviceAbortPipeZero)(void *self); \
	IOReturn (*USBGetManufacturerStringIndex)(void *self, UInt8 *msi); \
	IOReturn (*USBGetProductStringIndex)(void *self, UInt8 *psi); \
	IOReturn (*USBGetSerialNumberStringIndex)(void *self, UInt8 *snsi)
#define IOUSB_DEVICE_FUNCTIONS_187 \
	IOUSB_DEVICE_FUNCTIONS_182; \
	IOReturn (*USBDeviceReEnumerate)(void *self, UInt32 options)
#define IOUSB_DEVICE_FUNCTIONS_197 \
	IOUSB_DEVICE_FUNCTIONS_187; \
	IOReturn (*GetBusMicroFrameNumber)(void *self, UInt64 *microFrame, AbsoluteTime *atTime); \
	IOReturn (*GetIOUSBLibVersion)(void *self, NumVersion *ioUSBLibVersion, \
				       NumVersion *usbFamilyVersion)
#define IOUSB_DEVICE_FUNCTIONS_245 IOUSB_DEVICE_FUNCTIONS_197
#define IOUSB_DEVICE_FUNCTIONS_300 \
	IOUSB_DEVICE_FUNCTIONS_245; \
	IOReturn (*GetBusFrameNumberWithTime)(void *self, UInt64 *frame, AbsoluteTime *atTime)
#define IOUSB_DEVICE_FUNCTIONS_320 \
	IOUSB_DEVICE_FUNCTIONS_300; \
	IOReturn (*GetUSBDeviceInformation)(void *self, UInt32 *info); \
	IOReturn (*RequestExtraPower)(void *self, UInt32 type, UInt32 requestedPower, \
				      UInt32 *powerAvailable); \
	IOReturn (*ReturnExtraPower)(void *self, UInt32 type, UInt32 powerReturned); \
	IOReturn (*GetExtraPowerAllocated)(void *self, UInt32 type, UInt32 *powerAllocated)
#define IOUSB_DEVICE_FUNCTIONS_500 \
	IOUSB_DEVICE_FUNCTIONS_320; \
	IOReturn (*GetBandwidthAvailableForDevice)(void *self, UInt32 *bandwidth)
#define IOUSB_DEVICE_FUNCTIONS_650 \
	IOUSB_DEVICE_FUNCTIONS_500; \
	IOReturn (*SetConfigurationV2)(void *self, UInt8 configNum, bool startInterfaceMatching, \
				       bool issueRemoteWakeup); \
	IOReturn (*RegisterForNotification)(void *self, UInt64 notificationMask, \
					    IOAsyncCallback2 callback, void *refCon, \
					    UInt64 *pRegistrationToken); \
	IOReturn (*UnregisterNotification)(void *self, UInt64 registrationToken); \
	IOReturn (*AcknowledgeNotification)(void *self, UInt64 notificationToken)
#define IOUSB_DEVICE_FUNCTIONS_942 \
	IOUSB_DEVICE_FUNCTIONS_650; \
	IONotificationPortRef (*GetDeviceAsyncNotificationPort)(void *self)

typedef struct IOUSBDeviceStruct100 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_100;
} IOUSBDeviceInterface100;
typedef struct IOUSBDeviceStruct182 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_182;
} IOUSBDeviceInterface182;
typedef struct IOUSBDeviceStruct187 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_187;
} IOUSBDeviceInterface187;
typedef struct IOUSBDeviceStruct197 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_197;
} IOUSBDeviceInterface197;
typedef struct IOUSBDeviceStruct245 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_245;
} IOUSBDeviceInterface245;
typedef struct IOUSBDeviceStruct300 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_300;
} IOUSBDeviceInterface300;
typedef struct IOUSBDeviceStruct320 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_320;
} IOUSBDeviceInterface320;
typedef struct IOUSBDeviceStruct500 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_500;
} IOUSBDeviceInterface500;
typedef struct IOUSBDeviceStruct650 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_650;
} IOUSBDeviceInterface650;
typedef struct IOUSBDeviceStruct942 {
	IUNKNOWN_C_GUTS;
	IOUSB_DEVICE_FUNCTIONS_942;
} IOUSBDeviceInterface942;
/* The plain name is the newest version. */
typedef IOUSBDeviceInterface942 IOUSBDeviceInterface;

/* --- functions of interface interfaces, version by version ---------------- */

#define IOUSB_INTERFACE_FUNCTIONS_100 \
	IOReturn (*CreateInterfaceAsyncEventSource)(void *self, CFRunLoopSourceRef *source); \
	CFRunLoopSourceRef (*GetInterfaceAsyncEventSource)(void *self); \
	IOReturn (*CreateInterfaceAsyncPort)(void *self, mach_port_t *port); \
	mach_port_t (*GetInterfaceAsyncPort)(void *self); \
	IOReturn (*USBInterfaceOpen)(void *self); \
	IOReturn (*USBInterfaceClose)(void *self); \
	IOReturn (*GetInterfaceClass)(void *self, UInt8 *intfClass); \
	IOReturn (*GetInterfaceSubClass)(void *self, UInt8 *intfSubClass); \
	IOReturn (*GetInterfaceProtocol)(void *self, UInt8 *intfProtocol); \
	IOReturn (*GetDeviceVendor)(void *self, UInt16 *devVendor); \
	IOReturn (*GetDeviceProduct)(void *self, UInt16 *devProduct); \
	IOReturn (*GetDeviceReleaseNumber)(void *self, UInt16 *devRelNum); \
	IOReturn (*GetConfigurationValue)(void *self, UInt8 *configVal); \
	IOReturn (*GetInterfaceNumber)(void *self, UInt8 *intfNumber); \
	IOReturn (*GetAlternateSetting)(void *self, UInt8 *intfAltSetting); \
	IOReturn (*GetNumEndpoints)(void *self, UInt8 *intfNumEndpoints); \
	IOReturn (*GetLocationID)(void *self, UInt32 *locationID); \
	IOReturn (*GetDevice)(void *self, io_service_t *device); \
	IOReturn (*SetAlternateInterface)(void *self, UInt8 alternateSetting); \
	IOReturn (*GetBusFrameNumber)(void *self, UInt64 *frame, AbsoluteTime *atTime); \
	IOReturn (*ControlRequest)(void *self, UInt8 pipeRef, IOUSBDevRequest *req); \
	IOReturn (*ControlRequestAsync)(void *self, UInt8 pipeRef, IOUSBDevRequest *req, \
					IOAsyncCallback1 callback, void *refCon); \
	IOReturn (*GetPipeProperties)(void *self, UInt8 pipeRef, UInt8 *direction, UInt8 *number, \
				      UInt8 *transferType, UInt16 *maxPacketSize, \
				      UInt8 *interval); \
	IOReturn (*GetPipeStatus)(void *self, UInt8 pipeRef); \
	IOReturn (*AbortPipe)(void *self, UInt8 pipeRef); \
	IOReturn (*ResetPipe)(void *self, UInt8 pipeRef); \
	IOReturn (*ClearPipeStall)(void *self, UInt8 pipeRef); \
	IOReturn (*ReadPipe)(void *self, UInt8 pipeRef, void *buf, UInt32 *size); \
	IOReturn (*WritePipe)(void *self, UInt8 pipeRef, void *buf, UInt32 size); \
	IOReturn (*ReadPipeAsync)(void *self, UInt8 pipeRef, void *buf, UInt32 size, \
				  IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*WritePipeAsync)(void *self, UInt8 pipeRef, void *buf, UInt32 size, \
				   IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*ReadIsochPipeAsync)(void *self, UInt8 pipeRef, void *buf, UInt64 frameStart, \
				       UInt32 numFrames, IOUSBIsocFrame *frameList, \
				       IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*WriteIsochPipeAsync)(void *self, UInt8 pipeRef, void *buf, UInt64 frameStart, \
					UInt32 numFrames, IOUSBIsocFrame *frameList, \
					IOAsyncCallback1 callback, void *refcon)
#define IOUSB_INTERFACE_FUNCTIONS_182 \
	IOUSB_INTERFACE_FUNCTIONS_100; \
	IOReturn (*ControlRequestTO)(void *self, UInt8 pipeRef, IOUSBDevRequestTO *req); \
	IOReturn (*ControlRequestAsyncTO)(void *self, UInt8 pipeRef, IOUSBDevRequestTO *req, \
					  IOAsyncCallback1 callback, void *refCon); \
	IOReturn (*ReadPipeTO)(void *self, UInt8 pipeRef, void *buf, UInt32 *size, \
			       UInt32 noDataTimeout, UInt32 completionTimeout); \
	IOReturn (*WritePipeTO)(void *self, UInt8 pipeRef, void *buf, UInt32 size, \
				UInt32 noDataTimeout, UInt32 completionTimeout); \
	IOReturn (*ReadPipeAsyncTO)(void *self, UInt8 pipeRef, void *buf, UInt32 size, \
				    UInt32 noDataTimeout, UInt32 completionTimeout, \
				    IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*WritePipeAsyncTO)(void *self, UInt8 pipeRef, void *buf, UInt32 size, \
				     UInt32 noDataTimeout, UInt32 completionTimeout, \
				     IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*USBInterfaceGetStringIndex)(void *self, UInt8 *si)
#define IOUSB_INTERFACE_FUNCTIONS_183 \
	IOUSB_INTERFACE_FUNCTIONS_182; \
	IOReturn (*USBInterfaceOpenSeize)(void *self)
#define IOUSB_INTERFACE_FUNCTIONS_190 \
	IOUSB_INTERFACE_FUNCTIONS_183; \
	IOReturn (*ClearPipeStallBothEnds)(void *self, UInt8 pipeRef); \
	IOReturn (*SetPipePolicy)(void *self, UInt8 pipeRef, UInt16 maxPacketSize, \
				  UInt8 maxInterval); \
	IOReturn (*GetBandwidthAvailable)(void *self, UInt32 *bandwidth); \
	IOReturn (*GetEndpointProperties)( \
		void *self, UInt8 alternateSetting, UInt8 endpointNumber, UInt8 direction, \
		UInt8 *transferType, UInt16 *maxPacketSize, UInt8 *interval)
#define IOUSB_INTERFACE_FUNCTIONS_192 \
	IOUSB_INTERFACE_FUNCTIONS_190; \
	IOReturn (*LowLatencyReadIsochPipeAsync)( \
		void *self, UInt8 pipeRef, void *buf, UInt64 frameStart, UInt32 numFrames, \
		UInt32 updateFrequency, IOUSBLowLatencyIsocFrame *frameList, \
		IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*LowLatencyWriteIsochPipeAsync)( \
		void *self, UInt8 pipeRef, void *buf, UInt64 frameStart, UInt32 numFrames, \
		UInt32 updateFrequency, IOUSBLowLatencyIsocFrame *frameList, \
		IOAsyncCallback1 callback, void *refcon); \
	IOReturn (*LowLatencyCreateBuffer)(void *self, void **buffer, IOByteCount size, \
					   UInt32 bufferType); \
	IOReturn (*LowLatencyDestroyBuffer)(void *self, void *buffer)
#define IOUSB_INTERFACE_FUNCTIONS_197 \
	IOUSB_INTERFACE_FUNCTIONS_192; \
	IOReturn (*GetBusMicroFrameNumber)(void *self, UInt64 *microFrame, AbsoluteTime *atTime); \
	IOReturn (*GetFrameListTime)(void *self, UInt32 *microsecondsInFrame); \
	IOReturn (*GetIOUSBLibVersion)(void *self, NumVersion *ioUSBLibVersion, \
				       NumVersion *usbFamilyVersion)
#define IOUSB_INTERFACE_FUNCTIONS_220 \
	IOUSB_INTERFACE_FUNCTIONS_197; \
	IOUSBDescriptorHeader *(*FindNextAssociatedDescriptor)( \
		void *self, const void *currentDescriptor, UInt8 descriptorType); \
	IOUSBDescriptorHeader *(*FindNextAltInterface)(void *self, const void *current, \
						       IOUSBFindInterfaceRequest *request)
#define IOUSB_INTERFACE_FUNCTIONS_245 IOUSB_INTERFACE_FUNCTIONS_220
#define IOUSB_INTERFACE_FUNCTIONS_300 \
	IOUSB_INTERFACE_FUNCTIONS_245; \
	IOReturn (*GetBusFrameNumberWithTime)(void *self, UInt64 *frame, AbsoluteTime *atTime)
#define IOUSB_INTERFACE_FUNCTIONS_500 \
	IOUSB_INTERFACE_FUNCTIONS_300; \
	IOReturn (*GetPipePropertiesV2)(void *self, UInt8 pipeRef, UInt8 *direction, \
					UInt8 *number, UInt8 *transferType, UInt16 *maxPacketSize, \
					UInt8 *interval, UInt8 *maxBurst, UInt8 *mult, \
					UInt16 *bytesPerInterval)
#define IOUSB_INTERFACE_FUNCTIONS_550 \
	IOUSB_INTERFACE_FUNCTIONS_500; \
	IOReturn (*GetPipePropertiesV3)(void *self, UInt8 pipeRef, \
					IOUSBEndpointProperties *properties); \
	IOReturn (*GetEndpointPropertiesV3)(void *self, IOUSBEndpointProperties *properties); \
	IOReturn (*SupportsStreams)(void *self, UInt8 pipeRef, UInt32 *supportsStreams); \
	IOReturn (*CreateStreams)(void *self, UInt8 pipeRef, UInt32 streamID); \
	IOReturn (*GetConfiguredStreams)(void *self, UInt8 pipeRef, UInt32 *configuredStreams); \
	IOReturn (*ReadStreamsPipeTO)(void *self, UInt8 pipeRef, UInt32 streamID, void *buf, \
				      UInt32 *size, UInt32 noDataTimeout, \
				      UInt32 completionTimeout); \
	IOReturn (*WriteStreamsPipeTO)(void *self, UInt8 pipeRef, UInt32 streamID, void *buf, \
				       UInt32 size, UInt32 noDataTimeout, \
				       UInt32 completionTimeout); \
	IOReturn (*ReadStreamsPipeAsyncTO)(void *self, UInt8 pipeRef, UInt32 streamID, void *buf, \
					   UInt32 size, UInt32 noDataTimeout, \
					   UInt32 completionTimeout, IOAsyncCallback1 callback, \
					   void *refcon); \
	IOReturn (*WriteStreamsPipeAsyncTO)(void *self, UInt8 pipeRef, UInt32 streamID, void *buf, \
					    UInt32 size, UInt32 noDataTimeout, \
					    UInt32 completionTimeout, IOAsyncCallback1 callback, \
					    void *refcon); \
	IOReturn (*AbortStreamsPipe)(void *self, UInt8 pipeRef, UInt32 streamID)
#define IOUSB_INTERFACE_FUNCTIONS_650 \
	IOUSB_INTERFACE_FUNCTIONS_550; \
	IOReturn (*RegisterForNotification)(void *self, UInt64 notificationMask, \
					    IOAsyncCallback2 callback, void *refCon, \
					    UInt64 *pRegistrationToken); \
	IOReturn (*UnregisterNotification)(void *self, UInt64 registrationToken); \
	IOReturn (*AcknowledgeNotification)(void *self, UInt64 notificationToken)
#define IOUSB_INTERFACE_FUNCTIONS_700 \
	IOUSB_INTERFACE_FUNCTIONS_650; \
	IOReturn (*RegisterDriver)(void *self)
#define IOUSB_INTERFACE_FUNCTIONS_800 \
	IOUSB_INTERFACE_FUNCTIONS_700; \
	IOReturn (*SetDeviceIdlePolicy)(void *self, UInt32 deviceIdleTimeout); \
	IOReturn (*SetPipeIdlePolicy)(void *self, UInt8 pipeRef, UInt32 ioIdleTimeout)
#define IOUSB_INTERFACE_FUNCTIONS_942 \
	IOUSB_INTERFACE_FUNCTIONS_800; \
	IONotificationPortRef (*GetInterfaceAsyncNotificationPort)(void *self)

typedef struct IOUSBInterfaceStruct100 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_100;
} IOUSBInterfaceInterface100;
typedef struct IOUSBInterfaceStruct182 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_182;
} IOUSBInterfaceInterface182;
typedef struct IOUSBInterfaceStruct183 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_183;
} IOUSBInterfaceInterface183;
typedef struct IOUSBInterfaceStruct190 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_190;
} IOUSBInterfaceInterface190;
typedef struct IOUSBInterfaceStruct192 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_192;
} IOUSBInterfaceInterface192;
typedef struct IOUSBInterfaceStruct197 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_197;
} IOUSBInterfaceInterface197;
typedef struct IOUSBInterfaceStruct220 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_220;
} IOUSBInterfaceInterface220;
typedef struct IOUSBInterfaceStruct245 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_245;
} IOUSBInterfaceInterface245;
typedef struct IOUSBInterfaceStruct300 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_300;
} IOUSBInterfaceInterface300;
typedef struct IOUSBInterfaceStruct500 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_500;
} IOUSBInterfaceInterface500;
typedef struct IOUSBInterfaceStruct550 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_550;
} IOUSBInterfaceInterface550;
typedef struct IOUSBInterfaceStruct650 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_650;
} IOUSBInterfaceInterface650;
typedef struct IOUSBInterfaceStruct700 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_700;
} IOUSBInterfaceInterface700;
typedef struct IOUSBInterfaceStruct800 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_800;
} IOUSBInterfaceInterface800;
typedef struct IOUSBInterfaceStruct942 {
	IUNKNOWN_C_GUTS;
	IOUSB_INTERFACE_FUNCTIONS_942;
} IOUSBInterfaceInterface942;
/* The plain name is the newest version. */
typedef IOUSBInterfaceInterface942 IOUSBInterfaceInterface;

/* --- classes to match: those of the release that the program is built for --- */

#if MAC_OS_X_VERSION_MIN_REQUIRED <= MAC_OS_X_VERSION_10_14
#define kIOUSBDeviceClassName "IOUSBDevice"
#define kIOUSBInterfaceClassName "IOUSBInterface"
#else
#define kIOUSBDeviceClassName kIOUSBHostDeviceClassName
#define kIOUSBInterfaceClassName kIOUSBHostInterfaceClassName
#endif

#ifdef __cplusplus
}
#endif

#endif
