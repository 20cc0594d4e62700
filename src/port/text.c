// SPDX-License-Identifier: MIT
/* Error numbers in words. */
#include <stdio.h>
#include <string.h>

#include <IOKit/IOReturn.h>
#include <mach/mach_error.h>
#include <mach/mach.h>
#include <servers/bootstrap.h>

struct error_text {
	uint32_t code;
	const char *text;
};

static const struct error_text kern_texts[] = {
	{ KERN_SUCCESS, "(os/kern) successful" },
	{ KERN_INVALID_ADDRESS, "(os/kern) address is not valid" },
	{ KERN_PROTECTION_FAILURE, "(os/kern) memory protection forbids the access" },
	{ KERN_NO_SPACE, "(os/kern) no space at that address" },
	{ KERN_INVALID_ARGUMENT, "(os/kern) argument is not valid" },
	{ KERN_FAILURE, "(os/kern) failure" },
	{ KERN_RESOURCE_SHORTAGE, "(os/kern) out of resources" },
	{ KERN_NOT_RECEIVER, "(os/kern) no receive right" },
	{ KERN_NO_ACCESS, "(os/kern) access denied" },
	{ KERN_MEMORY_FAILURE, "(os/kern) memory cannot be had" },
	{ KERN_MEMORY_ERROR, "(os/kern) error of the memory's manager" },
	{ KERN_ALREADY_IN_SET, "(os/kern) right is in the set already" },
	{ KERN_NOT_IN_SET, "(os/kern) right is in no set" },
	{ KERN_NAME_EXISTS, "(os/kern) name is taken" },
	{ KERN_ABORTED, "(os/kern) operation was aborted" },
	{ KERN_INVALID_NAME, "(os/kern) name is not valid" },
	{ KERN_INVALID_TASK, "(os/kern) task is not valid" },
	{ KERN_INVALID_RIGHT, "(os/kern) name has no such right" },
	{ KERN_INVALID_VALUE, "(os/kern) value is not valid" },
	{ KERN_UREFS_OVERFLOW, "(os/kern) too many user references" },
	{ KERN_INVALID_CAPABILITY, "(os/kern) right is not valid" },
	{ KERN_RIGHT_EXISTS, "(os/kern) right is held under another name" },
	{ KERN_INVALID_HOST, "(os/kern) host is not valid" },
	{ KERN_MEMORY_PRESENT, "(os/kern) memory is there already" },
	{ KERN_MEMORY_DATA_MOVED, "(os/kern) memory was moved" },
	{ KERN_MEMORY_RESTART_COPY, "(os/kern) copy has to start anew" },
	{ KERN_INVALID_PROCESSOR_SET, "(os/kern) processor set is not valid" },
	{ KERN_POLICY_LIMIT, "(os/kern) beyond the limits of the policy" },
	{ KERN_INVALID_POLICY, "(os/kern) policy is not valid" },
	{ KERN_INVALID_OBJECT, "(os/kern) object is not valid" },
	{ KERN_ALREADY_WAITING, "(os/kern) somebody waits already" },
	{ KERN_DEFAULT_SET, "(os/kern) the default set cannot be destroyed" },
	{ KERN_EXCEPTION_PROTECTED, "(os/kern) exception port is protected" },
	{ KERN_INVALID_LEDGER, "(os/kern) ledger is not valid" },
	{ KERN_INVALID_MEMORY_CONTROL, "(os/kern) memory control is not valid" },
	{ KERN_INVALID_SECURITY, "(os/kern) security token is not valid" },
	{ KERN_NOT_DEPRESSED, "(os/kern) thread is not depressed" },
	{ KERN_TERMINATED, "(os/kern) object was terminated" },
	{ KERN_LOCK_SET_DESTROYED, "(os/kern) lock set was destroyed" },
	{ KERN_LOCK_UNSTABLE, "(os/kern) lock is unstable" },
	{ KERN_LOCK_OWNED, "(os/kern) lock is taken" },
	{ KERN_LOCK_OWNED_SELF, "(os/kern) lock is taken by the caller" },
	{ KERN_SEMAPHORE_DESTROYED, "(os/kern) semaphore was destroyed" },
	{ KERN_RPC_SERVER_TERMINATED, "(os/kern) server was terminated" },
	{ KERN_RPC_TERMINATE_ORPHAN, "(os/kern) orphan is to be terminated" },
	{ KERN_RPC_CONTINUE_ORPHAN, "(os/kern) orphan may go on" },
	{ KERN_NOT_SUPPORTED, "(os/kern) not supported" },
	{ KERN_NODE_DOWN, "(os/kern) node is down" },
	{ KERN_NOT_WAITING, "(os/kern) nobody waits" },
	{ KERN_OPERATION_TIMED_OUT, "(os/kern) operation timed out" },
	{ KERN_CODESIGN_ERROR, "(os/kern) code signature is not valid" },
	{ KERN_POLICY_STATIC, "(os/kern) policy cannot be changed" },
	{ KERN_INSUFFICIENT_BUFFER_SIZE, "(os/kern) buffer is too small" },
	{ KERN_DENIED, "(os/kern) denied" },
	{ KERN_MISSING_KC, "(os/kern) kernel collection is missing" },
	{ KERN_INVALID_KC, "(os/kern) kernel collection is not valid" },
	{ KERN_NOT_FOUND, "(os/kern) not found" },
};

static const struct error_text ipc_texts[] = {
	{ MACH_SEND_IN_PROGRESS, "(ipc/send) sending is under way" },
	{ MACH_SEND_INVALID_DATA, "(ipc/send) message data is not valid" },
	{ MACH_SEND_INVALID_DEST, "(ipc/send) destination is not valid" },
	{ MACH_SEND_TIMED_OUT, "(ipc/send) timed out" },
	{ MACH_SEND_INVALID_VOUCHER, "(ipc/send) voucher is not valid" },
	{ MACH_SEND_INTERRUPTED, "(ipc/send) interrupted" },
	{ MACH_SEND_MSG_TOO_SMALL, "(ipc/send) message is too small" },
	{ MACH_SEND_INVALID_REPLY, "(ipc/send) reply port is not valid" },
	{ MACH_SEND_INVALID_RIGHT, "(ipc/send) a right in the message is not valid" },
	{ MACH_SEND_INVALID_NOTIFY, "(ipc/send) notify port is not valid" },
	{ MACH_SEND_INVALID_MEMORY, "(ipc/send) memory of the message is not valid" },
	{ MACH_SEND_NO_BUFFER, "(ipc/send) no buffer for the message" },
	{ MACH_SEND_TOO_LARGE, "(ipc/send) message is too large" },
	{ MACH_SEND_INVALID_TYPE, "(ipc/send) a type in the message is not valid" },
	{ MACH_SEND_INVALID_HEADER, "(ipc/send) header is not valid" },
	{ MACH_SEND_INVALID_TRAILER, "(ipc/send) trailer is not valid" },
	{ MACH_SEND_INVALID_CONTEXT, "(ipc/send) context is not valid" },
	{ MACH_SEND_INVALID_OPTIONS, "(ipc/send) options are not valid" },
	{ MACH_SEND_INVALID_RT_OOL_SIZE, "(ipc/send) too much memory for a realtime port" },
	{ MACH_SEND_NO_GRANT_DEST, "(ipc/send) destination grants nothing" },
	{ MACH_RCV_IN_PROGRESS, "(ipc/rcv) receiving is under way" },
	{ MACH_RCV_INVALID_NAME, "(ipc/rcv) no right to receive" },
	{ MACH_RCV_TIMED_OUT, "(ipc/rcv) timed out" },
	{ MACH_RCV_TOO_LARGE, "(ipc/rcv) message is too large" },
	{ MACH_RCV_INTERRUPTED, "(ipc/rcv) interrupted" },
	{ MACH_RCV_PORT_CHANGED, "(ipc/rcv) port was moved or destroyed" },
	{ MACH_RCV_INVALID_NOTIFY, "(ipc/rcv) notify port is not valid" },
	{ MACH_RCV_INVALID_DATA, "(ipc/rcv) buffer is not valid" },
	{ MACH_RCV_PORT_DIED, "(ipc/rcv) port died" },
	{ MACH_RCV_IN_SET, "(ipc/rcv) port is in a set" },
	{ MACH_RCV_HEADER_ERROR, "(ipc/rcv) header could not be received" },
	{ MACH_RCV_BODY_ERROR, "(ipc/rcv) body could not be received" },
	{ MACH_RCV_INVALID_TYPE, "(ipc/rcv) scatter list is not valid" },
	{ MACH_RCV_SCATTER_SMALL, "(ipc/rcv) scatter list is too small" },
	{ MACH_RCV_IN_PROGRESS_TIMED, "(ipc/rcv) receiving with a time limit is under way" },
	{ MACH_RCV_INVALID_REPLY, "(ipc/rcv) reply port is not valid" },
	{ MACH_RCV_INVALID_TRAILER, "(ipc/rcv) trailer is not valid" },
};

static const struct error_text mig_texts[] = {
	{ (uint32_t)-300, "(ipc/mig) type of an argument is wrong" },
	{ (uint32_t)-301, "(ipc/mig) reply does not fit the request" },
	{ (uint32_t)-302, "(ipc/mig) error in the server" },
	{ (uint32_t)-303, "(ipc/mig) unknown request" },
	{ (uint32_t)-304, "(ipc/mig) arguments are wrong" },
	{ (uint32_t)-305, "(ipc/mig) no reply" },
	{ (uint32_t)-306, "(ipc/mig) exception in the server" },
	{ (uint32_t)-307, "(ipc/mig) array is too large" },
	{ (uint32_t)-308, "(ipc/mig) server died" },
	{ (uint32_t)-309, "(ipc/mig) trailer is wrong" },
};

static const struct error_text iokit_texts[] = {
	{ (uint32_t)kIOReturnError, "(iokit/common) general error" },
	{ (uint32_t)kIOReturnNoMemory, "(iokit/common) out of memory" },
	{ (uint32_t)kIOReturnNoResources, "(iokit/common) out of resources" },
	{ (uint32_t)kIOReturnIPCError, "(iokit/common) error in communication" },
	{ (uint32_t)kIOReturnNoDevice, "(iokit/common) no such device" },
	{ (uint32_t)kIOReturnNotPrivileged, "(iokit/common) privilege is missing" },
	{ (uint32_t)kIOReturnBadArgument, "(iokit/common) argument is not valid" },
	{ (uint32_t)kIOReturnLockedRead, "(iokit/common) locked for reading" },
	{ (uint32_t)kIOReturnLockedWrite, "(iokit/common) locked for writing" },
	{ (uint32_t)kIOReturnExclusiveAccess, "(iokit/common) in exclusive use" },
	{ (uint32_t)kIOReturnBadMessageID, "(iokit/common) unexpected message" },
	{ (uint32_t)kIOReturnUnsupported, "(iokit/common) not supported" },
	{ (uint32_t)kIOReturnVMError, "(iokit/common) virtual memory error" },
	{ (uint32_t)kIOReturnInternalError, "(iokit/common) internal error" },
	{ (uint32_t)kIOReturnIOError, "(iokit/common) input or output error" },
	{ (uint32_t)kIOReturnCannotLock, "(iokit/common) lock cannot be had" },
	{ (uint32_t)kIOReturnNotOpen, "(iokit/common) not open" },
	{ (uint32_t)kIOReturnNotReadable, "(iokit/common) not readable" },
	{ (uint32_t)kIOReturnNotWritable, "(iokit/common) not writable" },
	{ (uint32_t)kIOReturnNotAligned, "(iokit/common) not aligned" },
	{ (uint32_t)kIOReturnBadMedia, "(iokit/common) bad media" },
	{ (uint32_t)kIOReturnStillOpen, "(iokit/common) still open" },
	{ (uint32_t)kIOReturnRLDError, "(iokit/common) loader error" },
	{ (uint32_t)kIOReturnDMAError, "(iokit/common) DMA error" },
	{ (uint32_t)kIOReturnBusy, "(iokit/common) busy" },
	{ (uint32_t)kIOReturnTimeout, "(iokit/common) timed out" },
	{ (uint32_t)kIOReturnOffline, "(iokit/common) offline" },
	{ (uint32_t)kIOReturnNotReady, "(iokit/common) not ready" },
	{ (uint32_t)kIOReturnNotAttached, "(iokit/common) not attached" },
	{ (uint32_t)kIOReturnNoChannels, "(iokit/common) no channel is left" },
	{ (uint32_t)kIOReturnNoSpace, "(iokit/common) no space for the data" },
	{ (uint32_t)kIOReturnPortExists, "(iokit/common) port exists" },
	{ (uint32_t)kIOReturnCannotWire, "(iokit/common) memory cannot be wired" },
	{ (uint32_t)kIOReturnNoInterrupt, "(iokit/common) no interrupt" },
	{ (uint32_t)kIOReturnNoFrames, "(iokit/common) no frames" },
	{ (uint32_t)kIOReturnMessageTooLarge, "(iokit/common) message is too large" },
	{ (uint32_t)kIOReturnNotPermitted, "(iokit/common) not permitted" },
	{ (uint32_t)kIOReturnNoPower, "(iokit/common) no power" },
	{ (uint32_t)kIOReturnNoMedia, "(iokit/common) no media" },
	{ (uint32_t)kIOReturnUnformattedMedia, "(iokit/common) media is not formatted" },
	{ (uint32_t)kIOReturnUnsupportedMode, "(iokit/common) mode is not supported" },
	{ (uint32_t)kIOReturnUnderrun, "(iokit/common) underrun" },
	{ (uint32_t)kIOReturnOverrun, "(iokit/common) overrun" },
	{ (uint32_t)kIOReturnDeviceError, "(iokit/common) device error" },
	{ (uint32_t)kIOReturnNoCompletion, "(iokit/common) a completion is needed" },
	{ (uint32_t)kIOReturnAborted, "(iokit/common) aborted" },
	{ (uint32_t)kIOReturnNoBandwidth, "(iokit/common) no bandwidth" },
	{ (uint32_t)kIOReturnNotResponding, "(iokit/common) device does not respond" },
	{ (uint32_t)kIOReturnIsoTooOld, "(iokit/common) request is for the distant past" },
	{ (uint32_t)kIOReturnIsoTooNew, "(iokit/common) request is for the distant future" },
	{ (uint32_t)kIOReturnNotFound, "(iokit/common) not found" },
	{ (uint32_t)kIOReturnInvalid, "(iokit/common) should never be seen" },
};

static const struct error_text bootstrap_texts[] = {
	{ BOOTSTRAP_NOT_PRIVILEGED, "(bootstrap) not privileged" },
	{ BOOTSTRAP_NAME_IN_USE, "(bootstrap) name is in use" },
	{ BOOTSTRAP_UNKNOWN_SERVICE, "(bootstrap) no such service" },
	{ BOOTSTRAP_SERVICE_ACTIVE, "(bootstrap) service is provided already" },
	{ BOOTSTRAP_BAD_COUNT, "(bootstrap) bad count" },
	{ BOOTSTRAP_NO_MEMORY, "(bootstrap) out of memory" },
	{ BOOTSTRAP_NO_CHILDREN, "(bootstrap) no children" },
};

/* Families of IOKit by their number: a code of theirs, and its kind. */
struct family_text {
	unsigned number;
	const char *unknown, *type;
};

static const struct family_text families[] = {
	{ 0x000, "(iokit/common) unknown error code", "(iokit/common)" },
	{ 0x001, "(iokit/usb) unknown error code", "(iokit/usb)" },
	{ 0x002, "(iokit/firewire) unknown error code", "(iokit/firewire)" },
	{ 0x004, "(iokit/blkstorage) unknown error code", "(iokit/blkstorage)" },
	{ 0x005, "(iokit/graphics) unknown error code", "(iokit/graphics)" },
	{ 0x006, "(iokit/networking) unknown error code", "(iokit/networking)" },
	{ 0x008, "(iokit/bluetooth) unknown error code", "(iokit/bluetooth)" },
	{ 0x009, "(iokit/pmu) unknown error code", "(iokit/pmu)" },
	{ 0xffe, "(iokit/vendor) unknown error code", "(iokit/vendor)" },
	{ 0xfff, "(iokit/reserved) unknown error code", "(iokit/reserved)" },
};

static const struct family_text *find_family(uint32_t code)
{
	static const struct family_text other = { 0, "(iokit/?) unknown error code", "(iokit/?)" };

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (families[i].number == err_get_sub(code))
			return &families[i];
	return &other;
}

static const char *find(const struct error_text *texts, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n; i++)
		if (texts[i].code == code)
			return texts[i].text;
	return NULL;
}

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

char *mach_error_string(mach_error_t error_value)
{
	uint32_t code = (uint32_t)error_value;
	const char *text = find(kern_texts, COUNT(kern_texts), code);

	if (!text)
		text = find(ipc_texts, COUNT(ipc_texts), code);
	if (!text)
		text = find(mig_texts, COUNT(mig_texts), code);
	if (!text)
		text = find(iokit_texts, COUNT(iokit_texts), code);
	if (!text)
		text = find(bootstrap_texts, COUNT(bootstrap_texts), code);
	if (!text && err_get_system(code) == 0 && err_get_sub(code) == 3)
		text = strerrordesc_np((int)err_get_code(code));
	if (text)
		return (char *)text;
	switch (err_get_system(code)) {
	case 0x38:
		return (char *)find_family(code)->unknown;
	case 0x4:
		return (char *)"(ipc/?) unknown error code";
	case 0:
		return (char *)"(os/?) unknown error code";
	default:
		return (char *)"(?/?) unknown error code";
	}
}

char *mach_error_type(mach_error_t error_value)
{
	switch (err_get_system((uint32_t)error_value)) {
	case 0x38:
		return (char *)find_family((uint32_t)error_value)->type;
	case 0x4:
		return (char *)((uint32_t)error_value & 0x4000 ? "(ipc/rcv)" : "(ipc/send)");
	case 0:
		return (char *)(err_get_sub((uint32_t)error_value) == 3 ? "(os/unix)"
									: "(os/kern)");
	default:
		return (char *)"(?/?)";
	}
}

void mach_error(const char *text, mach_error_t error_value)
{
	fprintf(stderr, "%s %s (0x%x)\n", text ? text : "", mach_error_string(error_value),
		(unsigned)error_value);
}
