/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of lib/ike's pure parts share: proposals from text, SA payloads, published
 * vectors.
 */
#ifndef IKE_KIT_H
#define IKE_KIT_H

#include "wire_test.h"

#include <ipsec/proposal.h>

#define IKE IPSEC_PROTOCOL_IKE
#define ESP IPSEC_PROTOCOL_ESP

#define KIT_TEST(function) WIRE_TEST(function)

/* A list in keywords; fails the test when it can not be read. */
struct ipsec_proposals kit_list(const char *text, enum ipsec_protocol protocol);
/* A list by numbers, so that it may be wrong: "type:id[:key bits]" for each transform, '/' between
 * proposals: "1:12:256 2:5 3:12 4:14 / 1:20:128 2:5 4:19". */
struct ipsec_proposals kit_raw(const char *text, uint8_t protocol);
/* The SA payload body that offers a list; spi in hex, "" for none. Lives until the test ends. */
struct ipsec_view kit_sa(const struct ipsec_proposals *list, const char *spi);

/* Loads a file of tests/vectors; NULL-terminated, until the next load. */
const char *kit_load(const char *path);
/* The octets of "name": "HEX" in the loaded file. */
struct ipsec_view kit_value(const char *name);

#endif
