/* SPDX-License-Identifier: Apache-2.0
 *
 * REDIRECT and REDIRECTED_FROM, parse and build. RFC 5685 7.2, 7.3.
 */
#include "redirect_wire.h"

#include <string.h>

/* GW Identity Type. */
enum { GATEWAY_IPV4 = 1, GATEWAY_IPV6 = 2, GATEWAY_FQDN = 3 };

static bool address_usable(const struct ipsec_addr *addr)
{
    static const uint8_t zero[16];

    if (addr->family == IPSEC_FAMILY_IPV4) {
        return addr->bytes[0] != 0 && addr->bytes[0] < 224;
    }
    return addr->bytes[0] != 0xff && memcmp(addr->bytes, zero, sizeof(zero)) != 0;
}

static bool in_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* RFC 5685 7.2: as in ID_FQDN, without terminators. It goes to a resolver and into logs. */
static bool name_usable(const uint8_t *name, size_t length)
{
    bool after_label = false;

    for (size_t i = 0; i < length; i++) {
        if (!in_name(name[i]) && !(name[i] == '.' && after_label)) {
            return false;
        }
        after_label = name[i] != '.';
    }
    return length > 0;
}

bool ipseci_gateway_address(const struct ipsec_id *gateway, struct ipsec_addr *out)
{
    const bool four = gateway->type == IPSEC_ID_IPV4_ADDR && gateway->length == 4;

    if (!four && !(gateway->type == IPSEC_ID_IPV6_ADDR && gateway->length == 16)) {
        return false;
    }
    memset(out, 0, sizeof(*out));
    out->family = four ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
    memcpy(out->bytes, gateway->bytes, gateway->length);
    return true;
}

void ipseci_gateway_of(const struct ipsec_addr *addr, struct ipsec_id *out)
{
    const bool four = addr->family == IPSEC_FAMILY_IPV4;

    memset(out, 0, sizeof(*out));
    out->type = four ? IPSEC_ID_IPV4_ADDR : IPSEC_ID_IPV6_ADDR;
    out->length = four ? 4 : 16;
    memcpy(out->bytes, addr->bytes, out->length);
}

bool ipseci_gateway_usable(const struct ipsec_id *gateway)
{
    struct ipsec_addr addr;

    if (gateway->type == IPSEC_ID_FQDN) {
        return gateway->length <= IPSEC_ID_BYTES_MAX &&
               name_usable(gateway->bytes, gateway->length);
    }
    return ipseci_gateway_address(gateway, &addr) && address_usable(&addr);
}

static uint8_t id_type_of(uint8_t type)
{
    static const uint8_t of[] = {IPSEC_ID_NONE, IPSEC_ID_IPV4_ADDR, IPSEC_ID_IPV6_ADDR,
                                 IPSEC_ID_FQDN};

    return type < sizeof(of) ? of[type] : (uint8_t)IPSEC_ID_NONE;
}

enum ipsec_status ipseci_redirect_parse(struct ipsec_view data, struct ipsec_id *gateway,
                                        struct ipsec_view *nonce)
{
    struct ipseci_reader r = ipseci_reader_init(data);
    const uint8_t type = id_type_of(ipseci_read8(&r));
    const uint8_t length = ipseci_read8(&r);
    const struct ipsec_view name = ipseci_read_view(&r, length);

    memset(gateway, 0, sizeof(*gateway));
    *nonce = ipseci_read_rest(&r);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (name.length > IPSEC_ID_BYTES_MAX) {
        return IPSEC_DROP_TOO_BIG;
    }
    gateway->type = type;
    gateway->length = length;
    if (name.length > 0) {
        memcpy(gateway->bytes, name.data, name.length);
    }
    return ipseci_gateway_usable(gateway) ? IPSEC_OK : IPSEC_DROP_MALFORMED;
}

enum ipsec_status ipseci_redirected_from_parse(struct ipsec_view data, struct ipsec_addr *out)
{
    struct ipsec_id gateway;
    struct ipsec_view rest;

    IPSECI_TRY(ipseci_redirect_parse(data, &gateway, &rest));
    return rest.length == 0 && ipseci_gateway_address(&gateway, out) ? IPSEC_OK
                                                                     : IPSEC_DROP_MALFORMED;
}

void ipseci_redirect_build(struct ipseci_writer *w, const struct ipsec_id *gateway,
                           struct ipsec_view nonce)
{
    if (!ipseci_gateway_usable(gateway)) {
        w->failed = true;
        return;
    }
    ipseci_write8(w, gateway->type == IPSEC_ID_FQDN        ? GATEWAY_FQDN
                     : gateway->type == IPSEC_ID_IPV4_ADDR ? GATEWAY_IPV4
                                                           : GATEWAY_IPV6);
    ipseci_write8(w, gateway->length);
    ipseci_write_bytes(w, gateway->bytes, gateway->length);
    ipseci_write_view(w, nonce);
}
