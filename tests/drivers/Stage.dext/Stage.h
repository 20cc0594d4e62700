/* SPDX-License-Identifier: MIT */
/*
 * What the Stage driver understands. Selector STAGE_COMMAND takes a line of words "verb name=value
 * ..." (%XX stands for a byte in a value), a NUL and perhaps a property list; tests use
 * tests/harness/stage.h, which writes them. STAGE_READ gives text.
 *
 *	publish key=K [parent=K] [class=C] [name=N] [location=L] [register]	+ properties; out: ID
 *	churn count=N [class=C]		publish, register and terminate N, up to eight at once
 *	register key=K			announce it (again)
 *	terminate key=K [options=N]	and forget it
 *	set key=K			+ dictionary of properties
 *	remove key=K property=P
 *	grow key=K property=P		set an array of one member, and give it another afterwards
 *	nest key=K property=P levels=N	set a text in N dictionaries, one in the other
 *	live key=K property=P		computed at each read: counts up from 1
 *	seal key=K			setProperties is refused with Unsupported, as by default
 *	name key=K [name=N] [plane=P]	+ text: the name, however long
 *	location key=K location=L [plane=P]
 *	attach key=K parent=K plane=P	detach key=K parent=K plane=P
 *	message key=K type=N [argument=N]	+ data: its bytes instead of the argument
 *	clientid key=K			out: what kIOMessageCopyClientID gives, 0: nothing
 *	busy key=K delta=N
 *	resource name=N			+ value (none: true)
 *	id key=K			out: ID
 *	privilege name=N		clientHasPrivilege of the caller
 *
 * Keys are the test's own words. "driver" is the Stage driver's own service, "provider" what it was
 * started on, "machine" the top of the planes IOService and IODeviceTree; as a parent "root" is the
 * registry's root. A published service that a program sets
 * properties on takes them over; "Refuse" = number is what it answers instead.
 *
 * Classes: STAGE_CLASSES below, and StagePicky: it is matched by personalities only whose StageTaste is
 * its own, and gives them StageBonus.
 *
 * A personality with the IOClass StageDriver (or StageSub, a subclass) may say how its driver behaves:
 *	StageName		in the events below (default: the class)
 *	StageProbe		number: the score that probe makes of it; false: refuses
 *	StageStart		false: refuses; "register": registers itself when started
 *	StageInit		false: refuses
 * STAGE_READ gives one line for each "init NAME", "probe NAME", "start NAME", "stop NAME", "free NAME"
 * since the session began, in order.
 */
#pragma once

#define STAGE_IDENTIFIER "org.portico.test.Stage"

enum { /* selectors */
       STAGE_COMMAND,
       STAGE_READ,
};

/* name, superclass (a name of this list or IOService) */
#define STAGE_CLASSES(X) \
	X(StageNub, IOService) \
	X(StageBase, IOService) \
	X(StageMiddle, StageBase) \
	X(StageLeaf, StageMiddle) \
	X(StageOther, StageBase) \
	X(IOUSBHostDevice, IOService) \
	X(IOUSBHostInterface, IOService) \
	X(IOPCIDevice, IOService) \
	X(IOHIDDevice, IOService) \
	X(IOSerialBSDClient, IOService) \
	X(IOStorage, IOService) \
	X(IOMedia, IOStorage) \
	X(IOBlockStorageDriver, IOStorage) \
	X(IONetworkInterface, IOService) \
	X(IOEthernetInterface, IONetworkInterface)
