/* SPDX-License-Identifier: MIT */
/*
 * USB for programs: requests, descriptors, errors and messages. Descriptors are
 * in bus order (little endian).
 */
#ifndef _USB_H
#define _USB_H

#include <AvailabilityMacros.h>
#include <MacTypes.h>
#include <libkern/OSByteOrder.h>
#include <mach/mach_types.h>

#include <IOKit/IOMessage.h>
#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>
#include <IOKit/usb/AppleUSBDefinitions.h>
#include <IOKit/usb/USBSpec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* between bus and host order */
#define USBToHostWord OSSwapLittleToHostInt16
#define HostToUSBWord OSSwapHostToLittleInt16
#define USBToHostLong OSSwapLittleToHostInt32
#define HostToUSBLong OSSwapHostToLittleInt32

/* a mask of the bits START to END, and where it begins */
#define USBBitRange(start, end) \
	((((UInt32)0xFFFFFFFF << (31 - (end))) >> ((31 - (end)) + (start))) << (start))
#define USBBitRangePhase(start, end) (start)

/* bmRequestType from its parts; with bRequest in the upper byte */
#define USBmakebmRequestType(direction, type, recipient) \
	((((direction)&kUSBRqDirnMask) << kUSBRqDirnShift) | \
	 (((type)&kUSBRqTypeMask) << kUSBRqTypeShift) | ((recipient)&kUSBRqRecipientMask))
#define EncodeRequest(request, direction, type, recipient) \
	(((UInt16)(request) << 8) + ((UInt16)(recipient) + ((UInt16)(type) << kUSBRqTypeShift) + \
				     ((UInt16)(direction) << kUSBRqDirnShift)))

/* limits, and the parts of addresses */
enum {
	kUSBDeviceIDShift = 7,
	kUSBMaxDevices = 128,
	kUSBMaxDevice = kUSBMaxDevices - 1,
	kUSBDeviceIDMask = 0x7f,
	kUSBPipeIDMask = 0xf,
	kUSBMaxPipes = 32,
	kUSBInterfaceIDShift = 8,
	kUSBMaxInterfaces = 1 << kUSBInterfaceIDShift,
	kUSBInterfaceIDMask = kUSBMaxInterfaces - 1,
	kUSBEndPtShift = 7,
	kUSBDeviceMask = ((1 << kUSBEndPtShift) - 1),
	kUSBNoPipeIdx = -1,
	kUSBStream0 = 0,
	kUSBMaxStream = 65533,
	kUSBPRimeStream = 0xfffe,
	kUSBNoStream = 0xffff
};

/* parts of bmRequestType */
enum {
	kUSBRqDirnShift = 7,
	kUSBRqDirnMask = 1,
	kUSBRqTypeShift = 5,
	kUSBRqTypeMask = 3,
	kUSBRqRecipientMask = 0X1F
};

/* bytes of an isochronous packet, frames of a request */
enum {
	kUSBMaxFSIsocEndpointReqCount = 1023,
	kUSBMaxHSIsocEndpointReqCount = 3072,
	kUSBMaxHSIsocFrameCount = 7168
};

/* whole requests */
enum {
	kClearDeviceFeature = EncodeRequest(kUSBRqClearFeature, kUSBOut, kUSBStandard, kUSBDevice),
	kClearInterfaceFeature =
		EncodeRequest(kUSBRqClearFeature, kUSBOut, kUSBStandard, kUSBInterface),
	kClearEndpointFeature =
		EncodeRequest(kUSBRqClearFeature, kUSBOut, kUSBStandard, kUSBEndpoint),
	kGetConfiguration = EncodeRequest(kUSBRqGetConfig, kUSBIn, kUSBStandard, kUSBDevice),
	kGetDescriptor = EncodeRequest(kUSBRqGetDescriptor, kUSBIn, kUSBStandard, kUSBDevice),
	kGetInterface = EncodeRequest(kUSBRqGetInterface, kUSBIn, kUSBStandard, kUSBInterface),
	kGetDeviceStatus = EncodeRequest(kUSBRqGetStatus, kUSBIn, kUSBStandard, kUSBDevice),
	kGetInterfaceStatus = EncodeRequest(kUSBRqGetStatus, kUSBIn, kUSBStandard, kUSBInterface),
	kGetEndpointStatus = EncodeRequest(kUSBRqGetStatus, kUSBIn, kUSBStandard, kUSBEndpoint),
	kSetAddress = EncodeRequest(kUSBRqSetAddress, kUSBOut, kUSBStandard, kUSBDevice),
	kSetConfiguration = EncodeRequest(kUSBRqSetConfig, kUSBOut, kUSBStandard, kUSBDevice),
	kSetDescriptor = EncodeRequest(kUSBRqSetDescriptor, kUSBOut, kUSBStandard, kUSBDevice),
	kSetDeviceFeature = EncodeRequest(kUSBRqSetFeature, kUSBOut, kUSBStandard, kUSBDevice),
	kSetInterfaceFeature =
		EncodeRequest(kUSBRqSetFeature, kUSBOut, kUSBStandard, kUSBInterface),
	kSetEndpointFeature = EncodeRequest(kUSBRqSetFeature, kUSBOut, kUSBStandard, kUSBEndpoint),
	kSetInterface = EncodeRequest(kUSBRqSetInterface, kUSBOut, kUSBStandard, kUSBInterface),
	kSyncFrame = EncodeRequest(kUSBRqSyncFrame, kUSBIn, kUSBStandard, kUSBEndpoint)
};

/* wMaxPacketSize of high-speed endpoints */
enum { addPacketShift = 11 };

/* what matches everything in IOUSBMatch */
enum {
	kIOUSBAnyClass = 0xFFFF,
	kIOUSBAnySubClass = 0xFFFF,
	kIOUSBAnyProtocol = 0xFFFF,
	kIOUSBAnyVendor = 0xFFFF,
	kIOUSBAnyProduct = 0xFFFF
};

/* timeouts in milliseconds */
enum { kUSBDefaultControlNoDataTimeoutMS = 5000, kUSBDefaultControlCompletionTimeoutMS = 0 };

/* options of opening */
enum {
	kIOUSBInterfaceOpenAlt = 0x00010000,
	kIOUSBInterfaceOpenAlternateInterfaceBit = 16,
	kUSBOptionBitOpenExclusivelyBit = 17,
	kIOUSBInterfaceOpenAlternateInterfaceMask = (1 << kIOUSBInterfaceOpenAlternateInterfaceBit),
	kUSBOptionBitOpenExclusivelyMask = (1 << kUSBOptionBitOpenExclusivelyBit)
};

/* what matches everything in IOUSBFindInterfaceRequest */
enum { kIOUSBFindInterfaceDontCare = 0xFFFF };

enum { kIOUSBVendorIDAppleComputer = 0x05AC };

/* what GetDeviceSpeed answers */
enum {
	kUSBDeviceSpeedLow = 0,
	kUSBDeviceSpeedFull = 1,
	kUSBDeviceSpeedHigh = 2,
	kUSBDeviceSpeedSuper = 3,
	kUSBDeviceSpeedSuperPlus = 4,
	kUSBDeviceSpeedSuperPlusBy2 = 5
};

/* what GetFrameListTime answers */
enum { kUSBFullSpeedMicrosecondsInFrame = 1000, kUSBHighSpeedMicrosecondsInFrame = 125 };

enum {
	kUSBLowLatencyIsochTransferKey = 0x6c6c6974 /* llit */
};

/* for LowLatencyCreateBuffer */
typedef enum {
	kUSBLowLatencyWriteBuffer = 0,
	kUSBLowLatencyReadBuffer = 1,
	kUSBLowLatencyFrameListBuffer = 2
} USBLowLatencyBufferType;

enum {
	kUSBNoUserNotificationType = 0,
	kUSBNotEnoughPowerNotificationType = 1,
	kUSBIndividualOverCurrentNotificationType = 2,
	kUSBGangOverCurrentNotificationType = 3
};

/* options of USBDeviceReEnumerate */
typedef enum {
	kUSBAddExtraResetTimeBit = 31,
	kUSBReEnumerateCaptureDeviceBit = 30,
	kUSBReEnumerateReleaseDeviceBit = 29,
	kUSBAddExtraResetTimeMask = (int)(1u << kUSBAddExtraResetTimeBit),
	kUSBReEnumerateCaptureDeviceMask = (1 << kUSBReEnumerateCaptureDeviceBit),
	kUSBReEnumerateReleaseDeviceMask = (1 << kUSBReEnumerateReleaseDeviceBit)
} USBReEnumerateOptions;

/* what GetUSBDeviceInformation answers */
typedef enum {
	kUSBInformationDeviceIsCaptiveBit = 0,
	kUSBInformationDeviceIsAttachedToRootHubBit = 1,
	kUSBInformationDeviceIsInternalBit = 2,
	kUSBInformationDeviceIsConnectedBit = 3,
	kUSBInformationDeviceIsEnabledBit = 4,
	kUSBInformationDeviceIsSuspendedBit = 5,
	kUSBInformationDeviceIsInResetBit = 6,
	kUSBInformationDeviceOvercurrentBit = 7,
	kUSBInformationDevicePortIsInTestModeBit = 8,
	kUSBInformationDeviceIsRootHub = 9,
	kUSBInformationRootHubisBuiltIn = 10,
	kUSBInformationDeviceIsRemote = 11,
	kUSBInformationDeviceIsAttachedToEnclosure = 12,
	kUSBInformationDeviceIsCaptiveMask = (1 << kUSBInformationDeviceIsCaptiveBit),
	kUSBInformationDeviceIsAttachedToRootHubMask =
		(1 << kUSBInformationDeviceIsAttachedToRootHubBit),
	kUSBInformationDeviceIsInternalMask = (1 << kUSBInformationDeviceIsInternalBit),
	kUSBInformationDeviceIsConnectedMask = (1 << kUSBInformationDeviceIsConnectedBit),
	kUSBInformationDeviceIsEnabledMask = (1 << kUSBInformationDeviceIsEnabledBit),
	kUSBInformationDeviceIsSuspendedMask = (1 << kUSBInformationDeviceIsSuspendedBit),
	kUSBInformationDeviceIsInResetMask = (1 << kUSBInformationDeviceIsInResetBit),
	kUSBInformationDeviceOvercurrentMask = (1 << kUSBInformationDeviceOvercurrentBit),
	kUSBInformationDevicePortIsInTestModeMask = (1 << kUSBInformationDevicePortIsInTestModeBit),
	kUSBInformationDeviceIsRootHubMask = (1 << kUSBInformationDeviceIsRootHub),
	kUSBInformationRootHubisBuiltInMask = (1 << kUSBInformationRootHubisBuiltIn),
	kUSBInformationDeviceIsRemoteMask = (1 << kUSBInformationDeviceIsRemote),
	kUSBInformationDeviceIsAttachedToEnclosureMask =
		(1 << kUSBInformationDeviceIsAttachedToEnclosure)
} USBDeviceInformationBits;

/* for RequestExtraPower and its relatives */
typedef enum {
	kUSBPowerDuringSleep = 0,
	kUSBPowerDuringWake = 1,
	kUSBPowerRequestWakeRelease = 2,
	kUSBPowerRequestSleepRelease = 3,
	kUSBPowerRequestWakeReallocate = 4,
	kUSBPowerRequestSleepReallocate = 5,
	kUSBPowerDuringWakeRevokable = 6
} USBPowerRequestTypes;

/* ports and their connectors */
typedef enum { kUSBPortNotConnectable = 0, kUSBPortConnectable = 1 } kUSBConnectable;

typedef enum {
	kUSBTypeAConnector = 0x00,
	kUSBTypeMiniABConnector = 0x01,
	kUSBTypeExpressCard = 0x02,
	kUSBProprietaryConnector = 0xFF
} kUSBHostConnectorType;

/* parts of a port's state */
enum {
	kUSBSpeed_Mask = USBBitRange(0, 1),
	kUSBSpeed_Shift = USBBitRangePhase(0, 1),
	kUSBAddress_Mask = USBBitRange(8, 15),
	kUSBAddress_Shift = USBBitRangePhase(8, 15)
};

/* addresses of root hubs */
enum { kXHCISSRootHubAddress = kUSBMaxDevices, kXHCIUSB2RootHubAddress = kUSBMaxDevices + 1 };

#define mungeMaxPacketSize(w) \
	((w) > 1024 ? (((w) >> addPacketShift) + 1) * ((w) & ((1 << addPacketShift) - 1)) : (w))

typedef UInt16 USBDeviceAddress;
typedef uint32_t USBPhysicalAddress32;
typedef UInt16 USBStatus;
typedef USBStatus *USBStatusPtr;

/* --- frames and completions --- */

typedef struct IOUSBIsocFrame {
	IOReturn frStatus;
	UInt16 frReqCount;
	UInt16 frActCount;
} IOUSBIsocFrame;

typedef struct IOUSBLowLatencyIsocFrame {
	IOReturn frStatus;
	UInt16 frReqCount;
	UInt16 frActCount;
	AbsoluteTime frTimeStamp;
} IOUSBLowLatencyIsocFrame;

typedef void (*IOUSBCompletionAction)(void *target, void *parameter, IOReturn status,
				      UInt32 bufferSizeRemaining);
typedef struct IOUSBCompletion {
	void *target;
	IOUSBCompletionAction action;
	void *parameter;
} IOUSBCompletion;

typedef void (*IOUSBCompletionActionWithTimeStamp)(void *target, void *parameter, IOReturn status,
						   UInt32 bufferSizeRemaining,
						   AbsoluteTime timeStamp);
typedef struct IOUSBCompletionWithTimeStamp {
	void *target;
	IOUSBCompletionActionWithTimeStamp action;
	void *parameter;
} IOUSBCompletionWithTimeStamp;

typedef void (*IOUSBIsocCompletionAction)(void *target, void *parameter, IOReturn status,
					  IOUSBIsocFrame *pFrames);
typedef struct IOUSBIsocCompletion {
	void *target;
	IOUSBIsocCompletionAction action;
	void *parameter;
} IOUSBIsocCompletion;

typedef void (*IOUSBLowLatencyIsocCompletionAction)(void *target, void *parameter, IOReturn status,
						    IOUSBLowLatencyIsocFrame *pFrames);
typedef struct IOUSBLowLatencyIsocCompletion {
	void *target;
	IOUSBLowLatencyIsocCompletionAction action;
	void *parameter;
} IOUSBLowLatencyIsocCompletion;

/* --- reports of boot devices --- */

typedef struct IOUSBMouseData {
	UInt16 buttons;
	SInt16 XDelta;
	SInt16 YDelta;
} IOUSBMouseData;
typedef IOUSBMouseData *IOUSBMouseDataPtr;

typedef struct IOUSBKeyboardData {
	UInt16 keycount;
	UInt16 usbkeycode[32];
} IOUSBKeyboardData;
typedef IOUSBKeyboardData *IOUSBKeyboardDataPtr;

typedef union IOUSBHIDData {
	IOUSBKeyboardData kbd;
	IOUSBMouseData mouse;
} IOUSBHIDData;
typedef IOUSBHIDData *IOUSBHIDDataPtr;

/* --- descriptors --- */

typedef struct IOUSBDeviceDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt16 bcdUSB;
	UInt8 bDeviceClass;
	UInt8 bDeviceSubClass;
	UInt8 bDeviceProtocol;
	UInt8 bMaxPacketSize0;
	UInt16 idVendor;
	UInt16 idProduct;
	UInt16 bcdDevice;
	UInt8 iManufacturer;
	UInt8 iProduct;
	UInt8 iSerialNumber;
	UInt8 bNumConfigurations;
} IOUSBDeviceDescriptor;
typedef IOUSBDeviceDescriptor *IOUSBDeviceDescriptorPtr;

typedef struct IOUSBDescriptorHeader {
	UInt8 bLength;
	UInt8 bDescriptorType;
} IOUSBDescriptorHeader;
typedef IOUSBDescriptorHeader *IOUSBDescriptorHeaderPtr;

typedef struct IOUSBBOSDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt16 wTotalLength;
	UInt8 bNumDeviceCaps;
} __attribute__((packed)) IOUSBBOSDescriptor;
typedef IOUSBBOSDescriptor *IOUSBBOSDescriptorPtr;

typedef struct IOUSBDeviceCapabilityDescriptorHeader {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bDevCapabilityType;
	UInt8 bNumDeviceCaps;
} __attribute__((packed)) IOUSBDeviceCapabilityDescriptorHeader;
typedef IOUSBDeviceCapabilityDescriptorHeader *IOUSBDeviceCapabilityDescriptorHeaderPtr;

typedef struct IOUSBDeviceCapabilityUSB2Extension {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bDevCapabilityType;
	UInt32 bmAttributes;
} __attribute__((packed)) IOUSBDeviceCapabilityUSB2Extension;
typedef IOUSBDeviceCapabilityUSB2Extension *IOUSBDeviceCapabilityUSB2ExtensionPtr;

typedef struct IOUSBDeviceCapabilitySuperSpeedUSB {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bDevCapabilityType;
	UInt8 bmAttributes;
	UInt16 wSpeedsSupported;
	UInt8 bFunctionalitySupport;
	UInt8 bU1DevExitLat;
	UInt16 wU2DevExitLat;
} __attribute__((packed)) IOUSBDeviceCapabilitySuperSpeedUSB;
typedef IOUSBDeviceCapabilitySuperSpeedUSB *IOUSBDeviceCapabilitySuperSpeedUSBPtr;

typedef struct IOUSBDeviceCapabilityContainerID {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bDevCapabilityType;
	UInt8 bReservedID;
	UInt8 containerID[16];
} __attribute__((packed)) IOUSBDeviceCapabilityContainerID;
typedef IOUSBDeviceCapabilityContainerID *IOUSBDeviceCapabilityContainerIDPtr;
typedef struct IOUSBDeviceCapabilityBillboardAltConfig {
	UInt16 wSVID;
	UInt8 bAltenateMode;
	UInt8 iAlternateModeString;
} __attribute__((packed)) IOUSBDeviceCapabilityBillboardAltConfig;
typedef IOUSBDeviceCapabilityBillboardAltConfig *IOUSBDeviceCapabilityBillboardAltConfigPtr;

typedef struct IOUSBConfigurationDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt16 wTotalLength;
	UInt8 bNumInterfaces;
	UInt8 bConfigurationValue;
	UInt8 iConfiguration;
	UInt8 bmAttributes;
	UInt8 MaxPower;
} IOUSBConfigurationDescriptor;
typedef IOUSBConfigurationDescriptor *IOUSBConfigurationDescriptorPtr;

typedef struct IOUSBConfigurationDescHeader {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt16 wTotalLength;
} IOUSBConfigurationDescHeader;
typedef IOUSBConfigurationDescHeader *IOUSBConfigurationDescHeaderPtr;

typedef struct IOUSBInterfaceDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bInterfaceNumber;
	UInt8 bAlternateSetting;
	UInt8 bNumEndpoints;
	UInt8 bInterfaceClass;
	UInt8 bInterfaceSubClass;
	UInt8 bInterfaceProtocol;
	UInt8 iInterface;
} IOUSBInterfaceDescriptor;
typedef IOUSBInterfaceDescriptor *IOUSBInterfaceDescriptorPtr;

typedef struct IOUSBEndpointDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bEndpointAddress;
	UInt8 bmAttributes;
	UInt16 wMaxPacketSize;
	UInt8 bInterval;
} IOUSBEndpointDescriptor;
typedef IOUSBEndpointDescriptor *IOUSBEndpointDescriptorPtr;

typedef struct IOUSBSuperSpeedEndpointCompanionDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bMaxBurst;
	UInt8 bmAttributes;
	UInt16 wBytesPerInterval;
} __attribute__((packed)) IOUSBSuperSpeedEndpointCompanionDescriptor;
typedef IOUSBSuperSpeedEndpointCompanionDescriptor *IOUSBSuperSpeedEndpointCompanionDescriptorPtr;

typedef struct IOUSBHIDDescriptor {
	UInt8 descLen;
	UInt8 descType;
	UInt16 descVersNum;
	UInt8 hidCountryCode;
	UInt8 hidNumDescriptors;
	UInt8 hidDescriptorType;
	UInt8 hidDescriptorLengthLo;
	UInt8 hidDescriptorLengthHi;
} IOUSBHIDDescriptor;
typedef IOUSBHIDDescriptor *IOUSBHIDDescriptorPtr;

typedef struct IOUSBHIDReportDesc {
	UInt8 hidDescriptorType;
	UInt8 hidDescriptorLengthLo;
	UInt8 hidDescriptorLengthHi;
} IOUSBHIDReportDesc;
typedef IOUSBHIDReportDesc *IOUSBHIDReportDescPtr;

typedef struct IOUSBDeviceQualifierDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt16 bcdUSB;
	UInt8 bDeviceClass;
	UInt8 bDeviceSubClass;
	UInt8 bDeviceProtocol;
	UInt8 bMaxPacketSize0;
	UInt8 bNumConfigurations;
	UInt8 bReserved;
} __attribute__((packed)) IOUSBDeviceQualifierDescriptor;
typedef IOUSBDeviceQualifierDescriptor *IOUSBDeviceQualifierDescriptorPtr;

typedef struct IOUSBDFUDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bmAttributes;
	UInt16 wDetachTimeout;
	UInt16 wTransferSize;
} __attribute__((packed)) IOUSBDFUDescriptor;
typedef IOUSBDFUDescriptor *IOUSBDFUDescriptorPtr;

typedef struct IOUSBInterfaceAssociationDescriptor {
	UInt8 bLength;
	UInt8 bDescriptorType;
	UInt8 bFirstInterface;
	UInt8 bInterfaceCount;
	UInt8 bFunctionClass;
	UInt8 bFunctionSubClass;
	UInt8 bFunctionProtocol;
	UInt8 iFunction;
} __attribute__((packed)) IOUSBInterfaceAssociationDescriptor;
typedef IOUSBInterfaceAssociationDescriptor *IOUSBInterfaceAssociationDescriptorPtr;

/* --- requests --- */

typedef struct IOUSBMatch {
	UInt16 usbClass;
	UInt16 usbSubClass;
	UInt16 usbProtocol;
	UInt16 usbVendor;
	UInt16 usbProduct;
} IOUSBMatch;

typedef struct {
	UInt8 type;
	UInt8 direction;
	UInt16 maxPacketSize;
	UInt8 interval;
} IOUSBFindEndpointRequest;

typedef struct {
	UInt8 bmRequestType;
	UInt8 bRequest;
	UInt16 wValue;
	UInt16 wIndex;
	UInt16 wLength;
	void *pData;
	UInt32 wLenDone;
} IOUSBDevRequest;
typedef IOUSBDevRequest *IOUSBDeviceRequestPtr;

typedef struct {
	UInt8 bmRequestType;
	UInt8 bRequest;
	UInt16 wValue;
	UInt16 wIndex;
	UInt16 wLength;
	void *pData;
	UInt32 wLenDone;
	UInt32 noDataTimeout;
	UInt32 completionTimeout;
} IOUSBDevRequestTO;

typedef struct {
	UInt32 pipeRef;
	void *buf;
	UInt32 size;
	UInt32 noDataTimeout;
	UInt32 completionTimeout;
} IOUSBBulkPipeReq;

typedef struct {
	UInt8 bmRequestType;
	UInt8 bRequest;
	UInt16 wValue;
	UInt16 wIndex;
	UInt16 wLength;
	void *pData;
	UInt32 wLenDone;
	UInt8 pipeRef;
} IOUSBDevReqOOL;

typedef struct {
	UInt8 bmRequestType;
	UInt8 bRequest;
	UInt16 wValue;
	UInt16 wIndex;
	UInt16 wLength;
	void *pData;
	UInt32 wLenDone;
	UInt8 pipeRef;
	UInt32 noDataTimeout;
	UInt32 completionTimeout;
} IOUSBDevReqOOLTO;

typedef struct {
	UInt32 fPipe;
	void *fBuffer;
	UInt32 fBufSize;
	UInt64 fStartFrame;
	UInt32 fNumFrames;
	IOUSBIsocFrame *fFrameCounts;
} IOUSBIsocStruct;

typedef struct IOUSBLowLatencyIsocStruct {
	UInt32 fPipe;
	UInt32 fBufSize;
	UInt64 fStartFrame;
	UInt32 fNumFrames;
	UInt32 fUpdateFrequency;
	UInt32 fDataBufferCookie;
	UInt32 fDataBufferOffset;
	UInt32 fFrameListBufferCookie;
	UInt32 fFrameListBufferOffset;
} IOUSBLowLatencyIsocStruct;

typedef struct {
	UInt64 frame;
	AbsoluteTime timeStamp;
} IOUSBGetFrameStruct;

typedef struct {
	UInt16 bInterfaceClass;
	UInt16 bInterfaceSubClass;
	UInt16 bInterfaceProtocol;
	UInt16 bAlternateSetting;
} IOUSBFindInterfaceRequest;

/* What an endpoint is like. The caller of GetPipePropertiesV3 and GetEndpointPropertiesV3 fills in
 * bVersion, the latter's also bAlternateSetting, bDirection and bEndpointNumber. */
enum { kUSBEndpointPropertiesVersion3 = 0x03 };
typedef struct IOUSBEndpointProperties {
	UInt8 bVersion;
	UInt8 bAlternateSetting;
	UInt8 bDirection;
	UInt8 bEndpointNumber;
	UInt8 bTransferType;
	UInt8 bUsageType;
	UInt8 bSyncType;
	UInt8 bInterval;
	UInt16 wMaxPacketSize;
	UInt8 bMaxBurst;
	UInt8 bMaxStreams;
	UInt8 bMult;
	UInt16 wBytesPerInterval;
} IOUSBEndpointProperties;
typedef IOUSBEndpointProperties *IOUSBEndpointPropertiesPtr;

/* --- errors and messages --- */

#define iokit_usb_err(return ) (sys_iokit | sub_iokit_usb | return )
#define kIOUSBUnknownPipeErr iokit_usb_err(0x61)
#define kIOUSBTooManyPipesErr iokit_usb_err(0x60)
#define kIOUSBNoAsyncPortErr iokit_usb_err(0x5f)
#define kIOUSBNotEnoughPipesErr iokit_usb_err(0x5e)
#define kIOUSBNotEnoughPowerErr iokit_usb_err(0x5d)
#define kIOUSBEndpointNotFound iokit_usb_err(0x57)
#define kIOUSBConfigNotFound iokit_usb_err(0x56)
#define kIOUSBTransactionTimeout iokit_usb_err(0x51)
#define kIOUSBTransactionReturned iokit_usb_err(0x50)
#define kIOUSBPipeStalled iokit_usb_err(0x4f)
#define kIOUSBInterfaceNotFound iokit_usb_err(0x4e)
#define kIOUSBLowLatencyBufferNotPreviouslyAllocated iokit_usb_err(0x4d)
#define kIOUSBLowLatencyFrameListNotPreviouslyAllocated iokit_usb_err(0x4c)
#define kIOUSBHighSpeedSplitError iokit_usb_err(0x4b)
#define kIOUSBSyncRequestOnWLThread iokit_usb_err(0x4a)
#define kIOUSBDeviceNotHighSpeed iokit_usb_err(0x49)
#define kIOUSBDeviceTransferredToCompanion iokit_usb_err(0x49)
#define kIOUSBClearPipeStallNotRecursive iokit_usb_err(0x48)
#define kIOUSBDevicePortWasNotSuspended iokit_usb_err(0x47)
#define kIOUSBEndpointCountExceeded iokit_usb_err(0x46)
#define kIOUSBDeviceCountExceeded iokit_usb_err(0x45)
#define kIOUSBStreamsNotSupported iokit_usb_err(0x44)
#define kIOUSBLinkErr iokit_usb_err(0x10)
#define kIOUSBNotSent2Err iokit_usb_err(0x0f)
#define kIOUSBNotSent1Err iokit_usb_err(0x0e)
#define kIOUSBBufferUnderrunErr iokit_usb_err(0x0d)
#define kIOUSBBufferOverrunErr iokit_usb_err(0x0c)
#define kIOUSBReserved2Err iokit_usb_err(0x0b)
#define kIOUSBReserved1Err iokit_usb_err(0x0a)
#define kIOUSBWrongPIDErr iokit_usb_err(0x07)
#define kIOUSBPIDCheckErr iokit_usb_err(0x06)
#define kIOUSBDataToggleErr iokit_usb_err(0x03)
#define kIOUSBBitstufErr iokit_usb_err(0x02)
#define kIOUSBCRCErr iokit_usb_err(0x01)

#define iokit_usb_msg(message) (UInt32)(sys_iokit | sub_iokit_usb | message)
#define kIOUSBMessageHubResetPort iokit_usb_msg(0x01)
#define kIOUSBMessageHubSuspendPort iokit_usb_msg(0x02)
#define kIOUSBMessageHubResumePort iokit_usb_msg(0x03)
#define kIOUSBMessageHubIsDeviceConnected iokit_usb_msg(0x04)
#define kIOUSBMessageHubIsPortEnabled iokit_usb_msg(0x05)
#define kIOUSBMessageHubReEnumeratePort iokit_usb_msg(0x06)
#define kIOUSBMessagePortHasBeenReset iokit_usb_msg(0x0a)
#define kIOUSBMessagePortHasBeenResumed iokit_usb_msg(0x0b)
#define kIOUSBMessageHubPortClearTT iokit_usb_msg(0x0c)
#define kIOUSBMessagePortHasBeenSuspended iokit_usb_msg(0x0d)
#define kIOUSBMessageFromThirdParty iokit_usb_msg(0x0e)
#define kIOUSBMessagePortWasNotSuspended iokit_usb_msg(0x0f)
#define kIOUSBMessageExpressCardCantWake iokit_usb_msg(0x10)
#define kIOUSBMessageCompositeDriverReconfigured iokit_usb_msg(0x11)
#define kIOUSBMessageHubSetPortRecoveryTime iokit_usb_msg(0x12)
#define kIOUSBMessageOvercurrentCondition iokit_usb_msg(0x13)
#define kIOUSBMessageNotEnoughPower iokit_usb_msg(0x14)
#define kIOUSBMessageController iokit_usb_msg(0x15)
#define kIOUSBMessageRootHubWakeEvent iokit_usb_msg(0x16)
#define kIOUSBMessageReleaseExtraCurrent iokit_usb_msg(0x17)
#define kIOUSBMessageReallocateExtraCurrent iokit_usb_msg(0x18)
#define kIOUSBMessageEndpointCountExceeded iokit_usb_msg(0x19)
#define kIOUSBMessageDeviceCountExceeded iokit_usb_msg(0x1a)
#define kIOUSBMessageHubPortDeviceDisconnected iokit_usb_msg(0x1b)

/* --- keys of properties --- */

#define kCallInterfaceOpenWithGate "kCallInterfaceOpenWithGate"
#define kUSBDevicePropertySpeed "Device Speed"
#define kUSBDevicePropertyBusPowerAvailable "Bus Power Available"
#define kUSBDevicePropertyAddress "USB Address"
#define kUSBDevicePropertyLocationID "locationID"
#define kUSBProductIDMask "idProductMask"
#define kUSBProductIdsArrayName "idProductArray"
#define kUSBPreferredConfiguration "Preferred Configuration"
#define kUSBSuspendPort "kSuspendPort"
#define kUSBExpressCardCantWake "ExpressCardCantWake"
#define kUSBControllerNeedsContiguousMemoryForIsoch "Need contiguous memory for isoch"
#define kUSBHubDontAllowLowPower "kUSBHubDontAllowLowPower"
#define kUSBDeviceResumeRecoveryTime "kUSBDeviceResumeRecoveryTime"
#define kUSBOutOfSpecMPSOK "Out of spec MPS OK"
#define kConfigurationDescriptorOverride "ConfigurationDescriptorOverride"
#define kOverrideIfAtLocationID "OverrideIfAtLocationID"
#define kAppleMaxPortCurrent "AAPL,current-available"
#define kAppleCurrentExtra "AAPL,current-extra"
#define kAppleMaxPortCurrentInSleep "AAPL,max-port-current-in-sleep"
#define kAppleCurrentExtraInSleep "AAPL,current-extra-in-sleep"
#define kAppleStandardPortCurrentInSleep "AAPL,standard-port-current-in-sleep"
#define kAppleInternalUSBDevice "AAPL,device-internal"
#define kUSBBusID "AAPL,bus-id"
#define kAppleCurrentAvailable "AAPL,current-available"
#define kAppleCurrentInSleep "AAPL,current-in-sleep"
#define kApplePortCurrentInSleep "AAPL,port-current-in-sleep"

#ifdef __cplusplus
}
#endif

#endif
