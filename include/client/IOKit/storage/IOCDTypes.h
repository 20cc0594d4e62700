/* SPDX-License-Identifier: MIT */
/* CDs: times, the table of contents, sectors. Layouts are those of the MMC commands, multi-byte numbers big endian. */
#ifndef _IOKIT_STORAGE_IOCDTYPES_H
#define _IOKIT_STORAGE_IOCDTYPES_H

#include <IOKit/IOTypes.h>
#include <libkern/OSByteOrder.h>

#pragma pack(push, 1)

/* A place on the disc: minutes, seconds and frames, 75 a second. */
typedef struct {
	UInt8 minute;
	UInt8 second;
	UInt8 frame;
} CDMSF;

/* One line of the table of contents. */
typedef struct {
	UInt8 session;
	UInt8 control : 4, adr : 4;
	UInt8 tno;
	UInt8 point;
	CDMSF address;
	UInt8 zero;
	CDMSF p;
} CDTOCDescriptor;

/* The table: LENGTH counts the bytes after itself. */
typedef struct {
	UInt16 length;
	UInt8 sessionFirst;
	UInt8 sessionLast;
	__extension__ CDTOCDescriptor descriptors[0];
} CDTOC;

#pragma pack(pop)

#define kCDMCNMaxLength 13
#define kCDISRCMaxLength 12
typedef char CDMCN[kCDMCNMaxLength + 1];
typedef char CDISRC[kCDISRCMaxLength + 1];

/* kilobytes a second */
#define kCDSpeedMin 0x00b0
#define kCDSpeedMax 0xffff

typedef enum {
	kCDSectorAreaSubChannel = 0x01,
	kCDSectorAreaErrorFlags = 0x02,
	kCDSectorAreaSubChannelQ = 0x04,
	kCDSectorAreaAuxiliary = 0x08,
	kCDSectorAreaUser = 0x10,
	kCDSectorAreaHeader = 0x20,
	kCDSectorAreaSubHeader = 0x40,
	kCDSectorAreaSync = 0x80
} CDSectorArea;

typedef enum {
	kCDSectorTypeUnknown,
	kCDSectorTypeCDDA,
	kCDSectorTypeMode1,
	kCDSectorTypeMode2,
	kCDSectorTypeMode2Form1,
	kCDSectorTypeMode2Form2,
	kCDSectorTypeCount
} CDSectorType;

/* bytes of user data */
typedef enum {
	kCDSectorSizeCDDA = 2352,
	kCDSectorSizeMode1 = 2048,
	kCDSectorSizeMode2 = 2336,
	kCDSectorSizeMode2Form1 = 2048,
	kCDSectorSizeMode2Form2 = 2328,
	kCDSectorSizeWhole = 2352
} CDSectorSize;

typedef UInt32 CDMediaType;

enum {
	kCDMediaTypeUnknown = 0x0100,
	kCDMediaTypeROM = 0x0102,
	kCDMediaTypeR = 0x0104,
	kCDMediaTypeRW = 0x0105,
	kCDMediaTypeMin = 0x0100,
	kCDMediaTypeMax = 0x01ff
};

typedef UInt8 CDTOCFormat;

enum {
	kCDTOCFormatTOC = 0x02,
	kCDTOCFormatPMA = 0x03,
	kCDTOCFormatATIP = 0x04,
	kCDTOCFormatTEXT = 0x05
};

/* Lines of the table, 0 when it is too short to have any. */
static __inline__ UInt32 CDTOCGetDescriptorCount(CDTOC *toc)
{
	UInt32 size = (UInt32)OSSwapBigToHostInt16(toc->length) + (UInt32)sizeof(toc->length);

	if (size < sizeof(CDTOC))
		return 0;
	return (size - (UInt32)sizeof(CDTOC)) / (UInt32)sizeof(CDTOCDescriptor);
}

/* Block 0 is at 00:02:00. */
static __inline__ UInt32 CDConvertMSFToLBA(CDMSF msf)
{
	return ((UInt32)msf.minute * 60 + msf.second) * 75 + msf.frame - 150;
}

/* The same, 0 for places before block 0. */
static __inline__ UInt32 CDConvertMSFToClippedLBA(CDMSF msf)
{
	return !msf.minute && msf.second < 2 ? 0 : CDConvertMSFToLBA(msf);
}

static __inline__ CDMSF CDConvertLBAToMSF(UInt32 lba)
{
	UInt32 frames = lba + 150;
	CDMSF msf = { 0, 0, 0 };

	msf.minute = (UInt8)(frames / 75 / 60);
	msf.second = (UInt8)(frames / 75 % 60);
	msf.frame = (UInt8)(frames % 75);
	return msf;
}

/* Where a track begins, ff:ff:ff when there is no such. */
static __inline__ CDMSF CDConvertTrackNumberToMSF(UInt8 track, CDTOC *toc)
{
	UInt32 n = CDTOCGetDescriptorCount(toc), i;
	CDMSF none = { 0xff, 0xff, 0xff };

	for (i = 0; i < n; i++)
		if (toc->descriptors[i].adr == 1 && toc->descriptors[i].point == track)
			return toc->descriptors[i].p;
	return none;
}

#endif
