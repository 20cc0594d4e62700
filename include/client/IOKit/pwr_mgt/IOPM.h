/* SPDX-License-Identifier: MIT */
/* Power management: properties of batteries, settings, messages. */
#ifndef _IOKIT_PWR_MGT_IOPM_H
#define _IOKIT_PWR_MGT_IOPM_H

#include <IOKit/IOMessage.h>
#include <IOKit/IOTypes.h>

/* entries of an adapter's dictionary */
#define kIOPMPSAdapterDetailsAmperageKey "Current"
#define kIOPMPSAdapterDetailsCloakedKey "CloakedSource"
#define kIOPMPSAdapterDetailsDescriptionKey "Description"
#define kIOPMPSAdapterDetailsErrorFlagsKey "ErrorFlags"
#define kIOPMPSAdapterDetailsFamilyKey "FamilyCode"
#define kIOPMPSAdapterDetailsIDKey "AdapterID"
#define kIOPMPSAdapterDetailsKey "AdapterDetails"
#define kIOPMPSAdapterDetailsPMUConfigurationKey "PMUConfiguration"
#define kIOPMPSAdapterDetailsRevisionKey "AdapterRevision"
#define kIOPMPSAdapterDetailsSerialNumberKey "SerialNumber"
#define kIOPMPSAdapterDetailsSharedSourceKey "SharedSource"
#define kIOPMPSAdapterDetailsSourceIDKey "Source"
#define kIOPMPSAdapterDetailsVoltage "AdapterVoltage"
#define kIOPMPSAdapterDetailsWattsKey "Watts"

/* properties of a battery: capacities in mAh, voltage in mV, current in mA, times in minutes */
#define kIOPMDeviceNameKey "DeviceName"
#define kIOPMFullyChargedKey "FullyCharged"
#define kIOPMPSAdapterInfoKey "AdapterInfo"
#define kIOPMPSAmperageKey "Amperage"
#define kIOPMPSAtCriticalLevelKey "AtCriticalLevel"
#define kIOPMPSAtWarnLevelKey "AtWarnLevel"
#define kIOPMPSBatteryChargeStatusKey "ChargeStatus"
#define kIOPMPSBatteryHealthKey "BatteryHealth"
#define kIOPMPSBatteryInstalledKey "BatteryInstalled"
#define kIOPMPSBatteryTemperatureKey "Temperature"
#define kIOPMPSCapacityEstimatedKey "CapacityEstimated"
#define kIOPMPSChargerConfigurationKey "ChargerConfiguration"
#define kIOPMPSCurrentCapacityKey "CurrentCapacity"
#define kIOPMPSCycleCountKey "CycleCount"
#define kIOPMPSDesignCapacityKey "DesignCapacity"
#define kIOPMPSErrorConditionKey "ErrorCondition"
#define kIOPMPSExternalChargeCapableKey "ExternalChargeCapable"
#define kIOPMPSExternalConnectedKey "ExternalConnected"
#define kIOPMPSHealthConfidenceKey "HealthConfidence"
#define kIOPMPSInvalidWakeSecondsKey "BatteryInvalidWakeSeconds"
#define kIOPMPSIsChargingKey "IsCharging"
#define kIOPMPSLegacyBatteryInfoKey "LegacyBatteryInfo"
#define kIOPMPSLocationKey "Location"
#define kIOPMPSManufactureDateKey "ManufactureDate"
#define kIOPMPSManufacturerKey "Manufacturer"
#define kIOPMPSMaxCapacityKey "MaxCapacity"
#define kIOPMPSMaxErrKey "MaxErr"
#define kIOPMPSModelKey "Model"
#define kIOPMPSPostChargeWaitSecondsKey "PostChargeWaitSeconds"
#define kIOPMPSPostDishargeWaitSecondsKey "PostDischargeWaitSeconds"
#define kIOPMPSSerialKey "Serial"
#define kIOPMPSTimeRemainingKey "TimeRemaining"
#define kIOPMPSVoltageKey "Voltage"

/* values of kIOPMPSBatteryChargeStatusKey */
#define kIOPMBatteryChargeStatusGradient "BatteryTemperatureGradient"
#define kIOPMBatteryChargeStatusTooCold "LowTemperature"
#define kIOPMBatteryChargeStatusTooHot "HighTemperature"
#define kIOPMBatteryChargeStatusTooHotOrCold "HighOrLowTemperature"

/* entries of the older dictionaries in kIOBatteryInfoKey */
#define kIOBatteryAmperageKey "Amperage"
#define kIOBatteryCapacityKey "Capacity"
#define kIOBatteryCurrentChargeKey "Current"
#define kIOBatteryCycleCountKey "Cycle Count"
#define kIOBatteryFlagsKey "Flags"
#define kIOBatteryInfoKey "IOBatteryInfo"
#define kIOBatteryVoltageKey "Voltage"

/* drivers that keep the system awake */
#define kIOPMAssertionsDriverDetailedKey "DriverPMAssertionsDetailed"
#define kIOPMAssertionsDriverKey "DriverPMAssertions"
#define kIOPMDriverAssertionAssertedKey "Assertions"
#define kIOPMDriverAssertionCreatedTimeKey "CreatedTime"
#define kIOPMDriverAssertionIDKey "ID"
#define kIOPMDriverAssertionLevelKey "Level"
#define kIOPMDriverAssertionModifiedTimeKey "ModifiedTime"
#define kIOPMDriverAssertionOwnerServiceKey "ServicePtr"
#define kIOPMDriverAssertionOwnerStringKey "Owner"
#define kIOPMDriverAssertionRegistryEntryIDKey "RegistryEntryID"
#define kIOPMMessageDriverAssertionsChanged iokit_family_msg(sub_iokit_powermanagement, 0x150)

/* messages */
#define kIOPMMessageBatteryStatusHasChanged iokit_family_msg(sub_iokit_pmu, 0x100)
#define kIOPMMessageClamshellStateChange iokit_family_msg(sub_iokit_powermanagement, 0x100)
#define kIOPMMessageDarkWakeThermalEmergency iokit_family_msg(sub_iokit_powermanagement, 0x160)
#define kIOPMMessageFeatureChange iokit_family_msg(sub_iokit_powermanagement, 0x110)
#define kIOPMMessageInternalBatteryFullyDischarged \
	iokit_family_msg(sub_iokit_powermanagement, 0x120)
#define kIOPMMessageSleepWakeUUIDChange iokit_family_msg(sub_iokit_powermanagement, 0x140)
#define kIOPMMessageSystemPowerEventOccurred iokit_family_msg(sub_iokit_powermanagement, 0x130)
#define kIOPMUMessageLegacyAutoPower iokit_family_msg(sub_iokit_pmu, 0x210)
#define kIOPMUMessageLegacyAutoWake iokit_family_msg(sub_iokit_pmu, 0x200)

/* limits of processors and graphics */
#define kIOPMCPUPowerLimitProcessorCountKey "CPU_Available_CPUs"
#define kIOPMCPUPowerLimitProcessorSpeedKey "CPU_Speed_Limit"
#define kIOPMCPUPowerLimitSchedulerTimeKey "CPU_Scheduler_Limit"
#define kIOPMCPUPowerLimitsKey "CPU_Power_Limits"
#define kIOPMGraphicsPowerLimitPerformanceKey "Graphics_Power_Performance"
#define kIOPMGraphicsPowerLimitsKey "Graphics_Power_Limits"
#define kIOPMThermalLevelWarningKey "Thermal_Level_Warning"

/* settings */
#define kIOPMDeepSleepDelayHighKey "High Standby Delay"
#define kIOPMDeepSleepDelayKey "Standby Delay"
#define kIOPMDeepSleepEnabledKey "Standby Enabled"
#define kIOPMDestroyFVKeyOnStandbyKey "DestroyFVKeyOnStandby"
#define kIOPMSettingAutoPowerCalendarKey "PowerByCalendarDate"
#define kIOPMSettingAutoPowerSecondsKey "poweron"
#define kIOPMSettingAutoWakeCalendarKey "WakeByCalendarDate"
#define kIOPMSettingAutoWakeSecondsKey "wake"
#define kIOPMSettingDebugPowerRelativeKey "PowerRelativeToShutdown"
#define kIOPMSettingDebugWakeRelativeKey "WakeRelativeToSleep"
#define kIOPMSettingDisplaySleepUsesDimKey "Display Sleep Uses Dim"
#define kIOPMSettingGraphicsSwitchKey "GPUSwitch"
#define kIOPMSettingMaintenanceWakeCalendarKey "MaintenanceWakeCalendarDate"
#define kIOPMSettingMobileMotionModuleKey "MobileMotionModule"
#define kIOPMSettingProModeControl "ProModeControl"
#define kIOPMSettingProModeDefer "ProModeDefer"
#define kIOPMSettingReduceBrightnessKey "ReduceBrightness"
#define kIOPMSettingRestartOnPowerLossKey "Automatic Restart On Power Loss"
#define kIOPMSettingSleepOnPowerButtonKey "Sleep On Power Button"
#define kIOPMSettingTimeZoneOffsetKey "TimeZoneOffsetSeconds"
#define kIOPMSettingWakeOnACChangeKey "Wake On AC Change"
#define kIOPMSettingWakeOnClamshellKey "Wake On Clamshell Open"
#define kIOPMSettingWakeOnRingKey "Wake On Modem Ring"
#define kIOPMStandbyBatteryThresholdKey "Standby Battery Threshold"

/* properties of the root of power management */
#define kAppleClamshellCausesSleepKey "AppleClamshellCausesSleep"
#define kAppleClamshellStateKey "AppleClamshellState"
#define kIOPMBootSessionUUIDKey "BootSessionUUID"
#define kIOPMResetPowerStateOnWakeKey "IOPMResetPowerStateOnWake"
#define kIOPMSleepWakeUUIDKey "SleepWakeUUID"
#define kIOREMSleepEnabledKey "REMSleepEnabled"

/* flags in kIOBatteryFlagsKey */
enum { kIOBatteryInstalled = 1 << 2, kIOBatteryCharge = 1 << 1, kIOBatteryChargerConnect = 1 << 0 };

/* what a power domain can do, as bits */
typedef unsigned long IOPMPowerFlags;
enum { kIOPMPowerOn = 0x00000002, kIOPMDeviceUsable = 0x00008000, kIOPMLowPower = 0x00010000 };

#endif
