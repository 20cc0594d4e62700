/* SPDX-License-Identifier: MIT */
/* How a storage device is attached: entries of one dictionary. */
#ifndef _IOKIT_STORAGE_IOSTORAGEPROTOCOLCHARACTERISTICS_H
#define _IOKIT_STORAGE_IOSTORAGEPROTOCOLCHARACTERISTICS_H

/* the dictionary */
#define kIOPropertyProtocolCharacteristicsKey "Protocol Characteristics"

/* values of kIOPropertyPhysicalInterconnectTypeKey */
#define kIOPropertyPhysicalInterconnectTypeATA "ATA"
#define kIOPropertyPhysicalInterconnectTypeATAPI "ATAPI"
#define kIOPropertyPhysicalInterconnectTypeAppleFabric "Apple Fabric"
#define kIOPropertyPhysicalInterconnectTypeFibreChannel "Fibre Channel Interface"
#define kIOPropertyPhysicalInterconnectTypeFireWire "FireWire"
#define kIOPropertyPhysicalInterconnectTypePCI "PCI"
#define kIOPropertyPhysicalInterconnectTypePCIExpress "PCI-Express"
#define kIOPropertyPhysicalInterconnectTypeSCSIParallel "SCSI Parallel Interface"
#define kIOPropertyPhysicalInterconnectTypeSecureDigital "Secure Digital"
#define kIOPropertyPhysicalInterconnectTypeSerialATA "SATA"
#define kIOPropertyPhysicalInterconnectTypeSerialAttachedSCSI "SAS"
#define kIOPropertyPhysicalInterconnectTypeUSB "USB"
#define kIOPropertyPhysicalInterconnectTypeVirtual "Virtual Interface"

/* the kind of connection, and where it is */
#define kIOPropertyPhysicalInterconnectLocationKey "Physical Interconnect Location"
#define kIOPropertyPhysicalInterconnectTypeKey "Physical Interconnect"

/* values of kIOPropertyPhysicalInterconnectLocationKey */
#define kIOPropertyExternalKey "External"
#define kIOPropertyInterconnectFileKey "File"
#define kIOPropertyInterconnectRAMKey "RAM"
#define kIOPropertyInternalExternalKey "Internal/External"
#define kIOPropertyInternalKey "Internal"

/* numbers on a SCSI bus */
#define kIOPropertySCSIDomainIdentifierKey "SCSI Domain Identifier"
#define kIOPropertySCSIInitiatorIdentifierKey "SCSI Initiator Identifier"
#define kIOPropertySCSILogicalUnitNumberKey "SCSI Logical Unit Number"
#define kIOPropertySCSIProtocolMultiInitKey "Multiple Initiators"
#define kIOPropertySCSITargetIdentifierKey "SCSI Target Identifier"

#endif
