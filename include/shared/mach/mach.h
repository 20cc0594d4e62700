// SPDX-License-Identifier: MIT
/* The Mach slice in one include. */
#pragma once

#include <mach/std_types.h>
#include <mach/clock.h>
#include <mach/mach_host.h>
#include <mach/mach_types.h>
#include <mach/mach_init.h>
#include <mach/mach_interface.h>
#include <mach/mach_port.h>
#include <mach/mach_vm.h>
#include <mach/message.h>
#include <mach/mach_error.h>
#include <mach/mach_time.h>
#include <mach/mach_traps.h>
#include <mach/mig_errors.h>
#include <mach/notify.h>
#include <mach/semaphore.h>
#include <mach/task.h>
#include <mach/thread_act.h>
#include <mach/thread_switch.h>
#include <mach/vm_map.h>
#include <mach/vm_page_size.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Serve requests on RCV_NAME: receive at most MAX_SIZE bytes, let DEMUX fill the reply (a mig_reply_error_t at
 * least) and say whether it knew the message, send the reply unless its RetCode is MIG_NO_REPLY. OPTIONS are
 * added to the receive. Ends with the first error of receiving; ..._once after one message.
 */
mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				  mach_msg_size_t max_size, mach_port_t rcv_name,
				  mach_msg_options_t options);
mach_msg_return_t mach_msg_server_once(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				       mach_msg_size_t max_size, mach_port_t rcv_name,
				       mach_msg_options_t options);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
