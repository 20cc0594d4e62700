// SPDX-License-Identifier: MIT
/* boolean_t, TRUE and FALSE. */
#pragma once

typedef int boolean_t;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
