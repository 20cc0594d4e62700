/* SPDX-License-Identifier: MIT */
/* Shared by the files of the driver. */
#pragma once

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include "Hostile.h"

/* lies.c. To all clients or to the registry; on how many sockets it was sent. */
unsigned hostile_lie(enum hostile_lie lie, bool to_registry);
/* False: there is none. */
bool hostile_scribble(uint64_t words, uint64_t seed);
uint64_t hostile_count_descriptors(uint64_t *ret_inheritable);
/* crash.c */
uint64_t hostile_crash(enum hostile_crash how, uint64_t number);
/* If the personality of SERVICE says so. */
void hostile_crash_at(IOService *service, const char *stage);
