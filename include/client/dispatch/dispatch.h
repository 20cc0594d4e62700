// SPDX-License-Identifier: MIT
/*
 * Grand Central Dispatch: the slice that IOKit programs use. All of it.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include <unistd.h>

#include <dispatch/base.h>
#include <dispatch/object.h>
#include <dispatch/time.h>
#include <dispatch/queue.h>
#include <dispatch/source.h>
#include <dispatch/group.h>
#include <dispatch/semaphore.h>
#include <dispatch/once.h>
#include <dispatch/block.h>
#include <dispatch/workloop.h>

#endif
