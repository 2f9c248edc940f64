/* SPDX-License-Identifier: Apache-2.0
 *
 * The EAP payload, parse and build. RFC 7296 3.16, RFC 3748 4.
 */
#include "eap_payload.h"

static bool code_has_type(uint8_t code)
{
    return code == IPSECI_EAP_REQUEST || code == IPSECI_EAP_RESPONSE;
}

static bool code_is_result(uint8_t code)
{
    return code == IPSECI_EAP_SUCCESS || code == IPSECI_EAP_FAILURE;
}

enum ipsec_status ipseci_eap_parse(struct ipsec_view body, struct ipseci_eap *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    *out = (struct ipseci_eap){.code = ipseci_read8(&r)};
    out->identifier = ipseci_read8(&r);
    uint16_t length = ipseci_read16(&r);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (length != body.length) {
        return IPSEC_DROP_MALFORMED;
    }
    if (code_is_result(out->code)) {
        return r.left == 0 ? IPSEC_OK : IPSEC_DROP_MALFORMED;
    }
    if (!code_has_type(out->code) || r.left == 0) {
        return IPSEC_DROP_MALFORMED;
    }
    out->type = ipseci_read8(&r);
    out->data = ipseci_read_rest(&r);
    return IPSEC_OK;
}

void ipseci_eap_build(struct ipseci_writer *w, const struct ipseci_eap *eap)
{
    size_t length = code_has_type(eap->code) ? 5 + eap->data.length : 4;
    if (length > UINT16_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write8(w, eap->code);
    ipseci_write8(w, eap->identifier);
    ipseci_write16(w, (uint16_t)length);
    if (code_has_type(eap->code)) {
        ipseci_write8(w, eap->type);
        ipseci_write_view(w, eap->data);
    }
}
