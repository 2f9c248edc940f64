/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting a value of the configuration: where it goes, and one setter per kind of value. Each says
 * with config_fail what it does not take.
 */
#ifndef TWO_SITE_CONFIG_PLACE_H
#define TWO_SITE_CONFIG_PLACE_H

#include "config.h"

/* Where a value goes. Only the pointer of the section's kind is set. */
struct place {
    struct config *config;
    struct config_gateway *gateway;
    struct config_site *site;
    struct config_child *child;
    const char *key;
    uint32_t line;
};

void config_bad(const struct place *place, const char *value, const char *expected);
void config_set_text(const struct place *place, const char *value, char *out, size_t capacity);
void config_append_text(const struct place *place, const char *value, char *out, size_t capacity);
void config_set_address(const struct place *place, const char *value, struct ipsec_addr *out);
/* One of each family, from a key that may be repeated. */
void config_set_address_of_each(const struct place *place, const char *value,
                                struct ipsec_addr *ipv4, struct ipsec_addr *ipv6);
void config_set_number(const struct place *place, const char *value, uint64_t least, uint64_t most,
                       uint64_t *out);
void config_set_port(const struct place *place, const char *value, uint16_t *out);
/* yes or no; "no" sets it. */
void config_set_off(const struct place *place, const char *value, bool *off);
void config_set_duration(const struct place *place, const char *value, uint64_t least_ms,
                         uint64_t *out);
void config_set_size(const struct place *place, const char *value, uint64_t *out);
void config_set_selectors(const struct place *place, const char *value,
                          struct ipsec_selectors *out);
void config_set_id(const struct place *place, const char *value, struct ipsec_id *out);
/* config_lease.c */
void config_request_address(const struct place *place, const char *value);
void config_pool(const struct place *place, const char *value);
void config_dns(const struct place *place, const char *value);
/* config_eap.c */
void config_eap(const struct place *place, const char *value);
/* config_quirks.c */
void config_quirks(const struct place *place, const char *value);
/* config_redirect.c */
void config_follow_redirects(const struct place *place, const char *value);
/* "GATEWAY", or "GATEWAY at-once". */
void config_redirect_to(const struct place *place, const char *value);
/* config_crypto.c */
void config_crypto(const struct place *place, const char *value);
/* config_hosts.c */
void config_mode(const struct place *place, const char *value);
void config_fwmark(const struct place *place, const char *value);
/* config_headers.c */
void config_df(const struct place *place, const char *value);
void config_dscp(const struct place *place, const char *value);
void config_ttl(const struct place *place, const char *value);
void config_ecn(const struct place *place, const char *value);
void config_fragment(const struct place *place, const char *value);
void config_mtu(const struct place *place, const char *value);
void config_clamp_mss(const struct place *place, const char *value);
void config_tfc(const struct place *place, const char *value);

#endif
