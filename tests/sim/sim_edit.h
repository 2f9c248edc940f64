/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of a real engine with one payload changed on their way: in clear, or inside SK when both
 * ends let every tag pass (sim_crypto.tags_pass; AES-CBC with a tag of 16 octets).
 */
#ifndef SIM_EDIT_H
#define SIM_EDIT_H

#include "sim_craft.h"

enum sim_edit_kind {
    SIM_EDIT_REPLACE,   /* the body of each payload of the type */
    SIM_EDIT_LEAVE_OUT, /* each payload of the type */
    SIM_EDIT_FIRST,     /* one more, before all others */
    SIM_EDIT_LAST       /* one more, behind all others */
};

struct sim_edit {
    enum sim_edit_kind kind;
    uint8_t type;
    uint8_t flags; /* the octet behind "next payload": 0x80 is the critical bit */
    struct ipsec_view body;
};

/* The oldest IKE datagram in flight; the test fails when there is none. */
struct sim_datagram *sim_flying(struct sim *s);
/* Changes the message where it lies. The test fails when it can not. */
void sim_edit(struct sim_datagram *d, const struct sim_edit *edit);
/* What is inside it: the payloads of SK, or those of a message in clear. */
struct ipsec_view sim_edit_inside(const struct sim_datagram *d, uint8_t *first);
/* The body of the first payload of the type; NULL view: it has none. */
struct ipsec_view sim_edit_body(const struct sim_datagram *d, uint8_t type);
/* Octets from hexadecimal digits; spaces do not count. Good until the eighth call after. */
struct ipsec_view sim_hex(const char *hex);
/* The body of a notify without SPI, of this type and data. Likewise. */
struct ipsec_view sim_notify(uint16_t type, struct ipsec_view data);

#endif
