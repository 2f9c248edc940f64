/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests on captured IKE messages share: files, captures, an engine that gets datagrams,
 * and the opening of SK payloads under published keys with the engine's own code.
 */
#ifndef CAPTURE_KIT_H
#define CAPTURE_KIT_H

#include "engine.h"
#include "ike_state.h"
#include "wire_test.h"

#include <jansson.h>

/* The octets of a file; fails the test when it can not be read. Freed as hex() is. */
struct ipsec_view kit_file(const char *folder, const char *name);
json_t *kit_json(const char *folder, const char *name);
struct ipsec_view kit_hex(const json_t *object, const char *key);
/* The UDP payload of the n-th record (from 0) of a classic capture; empty: there is none. */
struct ipsec_view kit_datagram(const char *folder, const char *name, uint32_t n);

/* Keys of one direction. */
struct kit_keys {
    uint16_t encr;
    uint16_t encr_key_bits;
    uint16_t integ;
    bool from_initiator;    /* they are the original initiator's: SK_ei, SK_ai */
    struct ipsec_view sk_e; /* with the salt */
    struct ipsec_view sk_a;
};

int kit_start(void **state);
int kit_end(void **state);
/* Opens a datagram under the keys: what ipseci_sk_open said. The message is good until the next. */
enum ipsec_status kit_open(const struct kit_keys *keys, struct ipsec_view datagram,
                           const struct ipseci_message **message);
/* The payload types of an opened or parsed message, as "35 36 39". */
void kit_types_are(const struct ipseci_payloads *payloads, const char *types);
/* The tag of HMAC-SHA1-96 over all but the last 12 octets, put there. */
void kit_retag_sha1(struct ipsec_view datagram, struct ipsec_view sk_a);

/* A responder with this proposal list; what it says to the datagram. */
enum ipsec_status kit_answer(const char *proposals, struct ipsec_view datagram, uint16_t port);
/* What it sent, and what it keeps. */
extern struct ipsec_view kit_sent;
extern struct ipsec_ike_counters kit_counters;
/* The first notify of what it sent. */
bool kit_sent_notify(uint16_t type, struct ipseci_notify *notify);

#endif
