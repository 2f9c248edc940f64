/* SPDX-License-Identifier: Apache-2.0
 *
 * See gate_kit.h.
 */
#include "gate_kit.h"

#include <ipsec/types.h>

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 28
#define NOTIFY       41
#define NONCE        40

struct sim_datagram gate_request(const struct sim *s)
{
    for (uint32_t i = 0; i < s->kept; i++) {
        const struct sim_datagram *d = &s->kept_datagram[i];
        if (d->to == SIM_B && d->octets[18] == 34) {
            return *d;
        }
    }
    abort();
}

static void put64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

struct sim_datagram gate_numbered(const struct sim_datagram *request, uint64_t number)
{
    struct sim_datagram d = *request;

    put64(d.octets, number);
    return d;
}

void gate_from(struct sim_datagram *d, const char *addr)
{
    if (ipsec_addr_parse(addr, &d->remote.addr) != IPSEC_OK) {
        abort();
    }
}

static uint8_t *nonce_of(struct sim_datagram *d)
{
    uint8_t type = d->octets[16];
    uint32_t at = HEADER_BYTES;

    while (type != NONCE && at + 4 <= d->length) {
        type = d->octets[at];
        at += (uint32_t)d->octets[at + 2] << 8 | d->octets[at + 3];
    }
    return d->octets + at + 4;
}

void gate_forge(struct sim_datagram *d, uint64_t *random)
{
    put64(d->octets, sim_random(random) | 1);
    put64(nonce_of(d), sim_random(random));
    const bool v6 = sim_random(random) % 2 == 0;
    d->remote.addr.family = v6 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    memset(d->remote.addr.bytes, 0, sizeof(d->remote.addr.bytes));
    for (size_t i = 0; i < (v6 ? 16u : 4u); i++) {
        d->remote.addr.bytes[i] = (uint8_t)sim_random(random);
    }
    d->remote.port = (uint16_t)(1 + sim_random(random) % 65535);
}

/* RFC 7296 2.6: the notify that came, first, and all else unchanged. */
static struct sim_datagram with_cookie(const struct sim_datagram *request,
                                       const struct sim_datagram *answer)
{
    struct sim_datagram d = *request;
    const uint32_t more = answer->length - HEADER_BYTES;

    memmove(d.octets + HEADER_BYTES + more, d.octets + HEADER_BYTES, d.length - HEADER_BYTES);
    memcpy(d.octets + HEADER_BYTES, answer->octets + HEADER_BYTES, more);
    d.octets[HEADER_BYTES] = d.octets[16];
    d.octets[16] = NOTIFY;
    d.length += more;
    d.octets[26] = (uint8_t)(d.length >> 8);
    d.octets[27] = (uint8_t)d.length;
    return d;
}

enum ipsec_status gate_enter(struct sim *s, const struct sim_datagram *request)
{
    s->keep_sent = true;
    s->kept = 0;
    const enum ipsec_status status = sim_inject(s, SIM_B, request);
    if (status != IPSEC_DROP_COOKIE) {
        return status;
    }
    if (s->kept != 1 || s->kept_datagram[0].octets[16] != NOTIFY) {
        abort(); /* COOKIE-01: nothing but a cookie */
    }
    const struct sim_datagram again = with_cookie(request, &s->kept_datagram[0]);
    return sim_inject(s, SIM_B, &again);
}

struct ipsec_ike_counters gate_counters(const struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters;
}
