/* SPDX-License-Identifier: Apache-2.0
 *
 * What every test in this folder includes.
 */
#ifndef SIM_TEST_H
#define SIM_TEST_H

#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Parts of ladder lines. */
#define NATD   "N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)"
#define FRAG   "N(IKEV2_FRAGMENTATION_SUPPORTED)"
#define INIT_I "SA KE Ni " NATD " " FRAG " V\n"
#define INIT_R "SA KE Nr " NATD " " FRAG " V\n"
#define AUTH_I "SK{IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr}\n"
#define AUTH_R "SK{IDr AUTH SA TSi TSr}\n"
#define SET_UP                                                                                     \
    "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R                         \
    "A IKE_AUTH request 1: " AUTH_I "B IKE_AUTH response 1: " AUTH_R

#endif
