/* SPDX-License-Identifier: MIT */
/* Names of today's USB classes, their properties and what they match. All are C string literals. */
#ifndef _IOKIT_USB_APPLEUSBDEFINITIONS_H
#define _IOKIT_USB_APPLEUSBDEFINITIONS_H

#define kIOUSBHostDeviceClassName "IOUSBHostDevice"
#define kIOUSBHostInterfaceClassName "IOUSBHostInterface"

#define kUSBHostMatchingPropertySpeed "USBSpeed"
#define kUSBHostMatchingPropertyPortType "USBPortType"
#define kUSBHostMatchingPropertyVendorID "idVendor"
#define kUSBHostMatchingPropertyProductID "idProduct"
#define kUSBHostMatchingPropertyProductIDMask "idProductMask"
#define kUSBHostMatchingPropertyProductIDArray "idProductArray"
#define kUSBHostMatchingPropertyDeviceReleaseNumber "bcdDevice"
#define kUSBHostMatchingPropertyDeviceClass "bDeviceClass"
#define kUSBHostMatchingPropertyDeviceSubClass "bDeviceSubClass"
#define kUSBHostMatchingPropertyDeviceProtocol "bDeviceProtocol"
#define kUSBHostMatchingPropertyConfigurationValue "bConfigurationValue"
#define kUSBHostMatchingPropertyInterfaceNumber "bInterfaceNumber"
#define kUSBHostMatchingPropertyInterfaceClass "bInterfaceClass"
#define kUSBHostMatchingPropertyInterfaceSubClass "bInterfaceSubClass"
#define kUSBHostMatchingPropertyInterfaceProtocol "bInterfaceProtocol"

#define kUSBHostPropertyLocationID "locationID"
#define kUSBHostDevicePropertyVendorString "kUSBVendorString"
#define kUSBHostDevicePropertyProductString "kUSBProductString"
#define kUSBHostDevicePropertySerialNumberString "kUSBSerialNumberString"
#define kUSBHostDevicePropertyContainerID "kUSBContainerID"
#define kUSBHostDevicePropertyCurrentConfiguration "kUSBCurrentConfiguration"
#define kUSBHostDevicePropertyAddress "kUSBAddress"
#define kUSBHostInterfacePropertyAlternateSetting "bAlternateSetting"
#define kUSBHostInterfacePropertyString "kUSBString"

#endif
