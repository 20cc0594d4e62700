/* SPDX-License-Identifier: MIT */
/* Power sources: entries of the dictionary of each, and values of some. */
#ifndef _IOKIT_PS_IOPSKEYS_H
#define _IOKIT_PS_IOPSKEYS_H

/* values of kIOPSPowerSourceStateKey */
#define kIOPSACPowerValue "AC Power"
#define kIOPSBatteryPowerValue "Battery Power"
#define kIOPSOffLineValue "Off Line"

/* values of kIOPSBatteryHealthKey and kIOPSBatteryHealthConditionKey */
#define kIOPSCheckBatteryValue "Check Battery"
#define kIOPSFairValue "Fair"
#define kIOPSGoodValue "Good"
#define kIOPSPermanentFailureValue "Permanent Battery Failure"
#define kIOPSPoorValue "Poor"

/* values of kIOPSTypeKey */
#define kIOPSInternalBatteryType "InternalBattery"
#define kIOPSUPSType "UPS"

/* values of kIOPSTransportTypeKey */
#define kIOPSInternalType "Internal"
#define kIOPSNetworkTransportType "Ethernet"
#define kIOPSSerialTransportType "Serial"
#define kIOPSUSBTransportType "USB"

/* kIOPSBatteryFailureModesKey: an array of */
#define kIOPSFailureCellImbalance "Cell Imbalance"
#define kIOPSFailureChargeFET "Charge FET"
#define kIOPSFailureChargeOverCurrent "Charge Over-Current"
#define kIOPSFailureChargeOverTemp "Charge Over-Temperature"
#define kIOPSFailureDataFlushFault "Data Flush Fault"
#define kIOPSFailureDischargeFET "Discharge FET"
#define kIOPSFailureDischargeOverCurrent "Discharge Over-Current"
#define kIOPSFailureDischargeOverTemp "Discharge Over-Temperature"
#define kIOPSFailureExternalInput "Externally Indicated Failure"
#define kIOPSFailureFuseBlown "Fuse Blown"
#define kIOPSFailureOpenThermistor "Open Thermistor"
#define kIOPSFailurePeriodicAFEComms "Periodic AFE Comms"
#define kIOPSFailurePermanentAFEComms "Permanent AFE Comms"
#define kIOPSFailureSafetyOverVoltage "Safety Over-Voltage"

/* entries of the adapter's dictionary */
#define kIOPSPowerAdapterCurrentKey "Current"
#define kIOPSPowerAdapterFamilyKey "FamilyCode"
#define kIOPSPowerAdapterIDKey "AdapterID"
#define kIOPSPowerAdapterRevisionKey "AdapterRevision"
#define kIOPSPowerAdapterSerialNumberKey "SerialNumber"
#define kIOPSPowerAdapterSourceKey "Source"
#define kIOPSPowerAdapterWattsKey "Watts"

/* commands to an uninterruptible supply */
#define kIOPSCommandDelayedRemovePowerKey "Delayed Remove Power"
#define kIOPSCommandEnableAudibleAlarmKey "Enable Audible Alarm"
#define kIOPSCommandSendCurrentStateOfCharge "Send Current State of Charge"
#define kIOPSCommandSendCurrentTemperature "Send Current Temperature"
#define kIOPSCommandSetCurrentLimitKey "Set Current Limit"
#define kIOPSCommandSetRequiredVoltageKey "Set Required Voltage"
#define kIOPSCommandStartupDelayKey "Startup Delay"

/* warning levels, in per cent, and names in the dynamic store */
#define kIOPSDeadWarnLevelKey "Shutdown Level"
#define kIOPSDynamicStorePath "/IOKit/PowerSources"
#define kIOPSLowWarnLevelKey "Low Warn Level"
#define kIOPSUPSManagementClaimed "/IOKit/UPSPowerManagementClaimed"

/* entries: capacities in per cent or mAh, times in minutes, voltage in mV, current in mA */
#define kIOPSBatteryFailureModesKey "BatteryFailureModes"
#define kIOPSBatteryHealthConditionKey "BatteryHealthCondition"
#define kIOPSBatteryHealthKey "BatteryHealth"
#define kIOPSCurrentCapacityKey "Current Capacity"
#define kIOPSCurrentKey "Current"
#define kIOPSDesignCapacityKey "DesignCapacity"
#define kIOPSHardwareSerialNumberKey "Hardware Serial Number"
#define kIOPSHealthConfidenceKey "HealthConfidence"
#define kIOPSInternalFailureKey "Internal Failure"
#define kIOPSIsChargedKey "Is Charged"
#define kIOPSIsChargingKey "Is Charging"
#define kIOPSIsFinishingChargeKey "Is Finishing Charge"
#define kIOPSIsPresentKey "Is Present"
#define kIOPSMaxCapacityKey "Max Capacity"
#define kIOPSMaxErrKey "MaxErr"
#define kIOPSNameKey "Name"
#define kIOPSNominalCapacityKey "Nominal Capacity"
#define kIOPSPowerSourceIDKey "Power Source ID"
#define kIOPSPowerSourceStateKey "Power Source State"
#define kIOPSProductIDKey "Product ID"
#define kIOPSTemperatureKey "Temperature"
#define kIOPSTimeToEmptyKey "Time to Empty"
#define kIOPSTimeToFullChargeKey "Time to Full Charge"
#define kIOPSTransportTypeKey "Transport Type"
#define kIOPSTypeKey "Type"
#define kIOPSVendorDataKey "Vendor Specific Data"
#define kIOPSVendorIDKey "Vendor ID"
#define kIOPSVoltageKey "Voltage"

#endif
