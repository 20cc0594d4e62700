// SPDX-License-Identifier: MIT
/*
 * A program's calls, with what they return kept for the next ones: for the targets reply, where a liar
 * answers, and session, where a real registry and host do. The record's kind says with which of the kept
 * things and in which form, its flags where the result goes.
 */
#pragma once

#include "fuzz.h"

enum { FUZZ_CLIENT_CALLS = 13 };

void fuzz_client_begin(void);
void fuzz_client_call(unsigned number, const struct fuzz_record *record);
/* Close and release everything. */
void fuzz_client_end(void);
