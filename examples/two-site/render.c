/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <ipsec/peer.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void render_add(struct render *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int wanted =
        vsnprintf(out->text + out->used, sizeof(out->text) - out->used, format, arguments);
    va_end(arguments);
    const size_t room = sizeof(out->text) - out->used - 1;
    out->used += wanted < 0 ? 0 : (size_t)wanted < room ? (size_t)wanted : room;
}

void render_addr(struct render *out, const struct ipsec_addr *addr)
{
    char text[IPSEC_ADDR_TEXT_MAX] = "any";
    if (addr->family != IPSEC_FAMILY_NONE) {
        ipsec_addr_text(addr, text, sizeof(text));
    }
    render_add(out, "%s", text);
}

void render_endpoint(struct render *out, const struct ipsec_endpoint *endpoint)
{
    const bool six = endpoint->addr.family == IPSEC_FAMILY_IPV6;
    render_add(out, "%s", six ? "[" : "");
    render_addr(out, &endpoint->addr);
    render_add(out, "%s", six ? "]" : "");
    if (endpoint->port != 0) {
        render_add(out, ":%u", endpoint->port);
    }
}

void render_selectors(struct render *out, const struct ipsec_selectors *selectors)
{
    for (uint32_t i = 0; i < selectors->count && i < IPSEC_SELECTORS_MAX; i++) {
        char text[IPSEC_SELECTOR_TEXT_MAX];
        ipsec_selector_text(&selectors->item[i], text, sizeof(text));
        render_add(out, "%s%s", i == 0 ? "" : ", ", text);
    }
}

static void add_transform(struct render *out, uint8_t type, uint16_t id, uint16_t key_bits)
{
    char text[IPSEC_TRANSFORM_TEXT_MAX];
    const struct ipsec_transform transform = {.type = type, .id = id, .key_bits = key_bits};
    ipsec_transform_text(&transform, text, sizeof(text));
    render_add(out, "%s%s", out->used == 0 || out->text[out->used - 1] == ' ' ? "" : ", ", text);
}

void render_suite(struct render *out, const struct ipsec_suite *suite)
{
    render_add(out, " ");
    add_transform(out, IPSEC_TRANSFORM_ENCR, suite->encr, suite->encr_key_bits);
    if (suite->integ != IPSEC_INTEG_NONE) {
        add_transform(out, IPSEC_TRANSFORM_INTEG, suite->integ, 0);
    }
    if (suite->protocol == IPSEC_PROTOCOL_IKE) {
        add_transform(out, IPSEC_TRANSFORM_PRF, suite->prf, 0);
    }
    if (suite->ke != IPSEC_KE_NONE) {
        add_transform(out, IPSEC_TRANSFORM_KE, suite->ke, 0);
    }
    if (suite->protocol == IPSEC_PROTOCOL_ESP && suite->esn == IPSEC_ESN_YES) {
        render_add(out, ", ESN");
    }
}

void render_span(struct render *out, ipsec_ms from, ipsec_ms until)
{
    if (until == IPSEC_NEVER) {
        render_add(out, "never");
        return;
    }
    const uint64_t s = until > from ? (until - from + 500) / 1000 : 0;
    if (s == 0) {
        render_add(out, "now");
    } else if (s < 600) {
        render_add(out, "%" PRIu64 " s", s);
    } else {
        render_add(out, "%" PRIu64 " min", (s + 30) / 60);
    }
}

void render_ike(struct render *out, const struct ipsec_ike_sa_info *ike, ipsec_ms now)
{
    char local[IPSEC_ID_TEXT_MAX];
    char remote[IPSEC_ID_TEXT_MAX];
    ipsec_id_text(&ike->local_id, local, sizeof(local));
    ipsec_id_text(&ike->remote_id, remote, sizeof(remote));
    render_endpoint(out, &ike->local);
    render_add(out, " [%.60s] to ", local);
    render_endpoint(out, &ike->remote);
    render_add(out, " [%.60s] as %s:", remote, ike->initiator ? "initiator" : "responder");
    render_suite(out, &ike->suite);
    render_add(out, "; SPIs %016" PRIx64 " %016" PRIx64 "; rekey in ", ike->spi_i, ike->spi_r);
    render_span(out, now, ike->rekey_due);
    render_add(out, ", ends in ");
    render_span(out, now, ike->ends);
    if (ike->nat_local || ike->nat_remote) {
        render_add(out, "; NAT in front of %s",
                   !ike->nat_remote ? "us"
                   : ike->nat_local ? "both"
                                    : "the peer");
    }
}

void render_child(struct render *out, const struct ipsec_child_info *child, ipsec_ms now)
{
    render_selectors(out, &child->local_ts);
    render_add(out, " === ");
    render_selectors(out, &child->remote_ts);
    render_add(out, ":");
    render_suite(out, &child->suite);
    render_add(out, "; SPIs in %08" PRIx32 " out %08" PRIx32 "; ESP in %s%s; rekey in ",
               child->spi_in, child->spi_out, child->udp_encapsulation ? "UDP" : "IP (protocol 50)",
               child->config != NULL && child->config->mode == IPSEC_MODE_TRANSPORT
                   ? ", transport mode"
                   : "");
    render_span(out, now, child->rekey_due);
    render_add(out, ", ends in ");
    render_span(out, now, child->ends);
}

bool render_esp_sizes(const struct ipsec_suite *suite, struct render_esp_sizes *sizes)
{
    static const struct {
        uint16_t id;
        uint8_t iv;
        uint8_t icv;
        uint8_t block;
    } ciphers[] = {
        {IPSEC_ENCR_NULL, 0, 0, 4},
        {IPSEC_ENCR_AES_CBC, 16, 0, 16},
        {IPSEC_ENCR_AES_GCM_8, 8, 8, 4},
        {IPSEC_ENCR_AES_GCM_12, 8, 12, 4},
        {IPSEC_ENCR_AES_GCM_16, 8, 16, 4},
        {IPSEC_ENCR_CHACHA20_POLY1305, 8, 16, 4},
        {IPSEC_ENCR_AES_CTR, 8, 0, 4},
        {IPSEC_ENCR_AES_CCM_8, 8, 8, 4},
        {IPSEC_ENCR_AES_CCM_12, 8, 12, 4},
        {IPSEC_ENCR_AES_CCM_16, 8, 16, 4},
        {IPSEC_ENCR_NULL_AES_GMAC, 8, 16, 4},
        {IPSEC_ENCR_AES_CCM_8_IIV, 0, 8, 4},
        {IPSEC_ENCR_AES_GCM_16_IIV, 0, 16, 4},
        {IPSEC_ENCR_CHACHA20_POLY1305_IIV, 0, 16, 4},
    };
    static const struct {
        uint16_t id;
        uint8_t icv;
    } macs[] = {
        {IPSEC_INTEG_NONE, 0},
        {IPSEC_INTEG_HMAC_SHA1_96, 12},
        {IPSEC_INTEG_HMAC_SHA2_256_128, 16},
        {IPSEC_INTEG_HMAC_SHA2_384_192, 24},
        {IPSEC_INTEG_HMAC_SHA2_512_256, 32},
        {IPSEC_INTEG_AES_XCBC_96, 12},
        {IPSEC_INTEG_AES_CMAC_96, 12},
    };
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        for (size_t j = 0; ciphers[i].id == suite->encr && j < sizeof(macs) / sizeof(macs[0]);
             j++) {
            if (macs[j].id == suite->integ) {
                sizes->iv = ciphers[i].iv;
                sizes->icv = (uint32_t)ciphers[i].icv + macs[j].icv;
                sizes->block = ciphers[i].block;
                return true;
            }
        }
    }
    return false;
}
