/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of the configuration: one table per section. The setters of values are in
 * config_place.c.
 */
#include "config_place.h"
#include "value.h"

#include <assert.h>
#include <string.h>

struct key {
    const char *name;
    bool list; /* may be given again */
    void (*set)(const struct place *place, const char *value);
};

#define KEYS_MAX 64

/* ---- [gateway] --------------------------------------------------------------------------------
 */

static void gateway_address(const struct place *place, const char *value)
{
    if (strcmp(value, "any") != 0) {
        config_set_address(place, value, &place->gateway->address);
    }
}

static void gateway_ike_port(const struct place *place, const char *value)
{
    config_set_port(place, value, &place->gateway->ike_port);
}

static void gateway_natt_port(const struct place *place, const char *value)
{
    config_set_port(place, value, &place->gateway->natt_port);
}

static void gateway_tun(const struct place *place, const char *value)
{
    if (strpbrk(value, "/% \t") != NULL || strcmp(value, ".") == 0 || strcmp(value, "..") == 0) {
        config_bad(place, value, "a device name");
        return;
    }
    config_set_text(place, value, place->gateway->tun, sizeof(place->gateway->tun));
}

static void gateway_tun_address(const struct place *place, const char *value)
{
    config_set_address_of_each(place, value, &place->gateway->tun_address,
                               &place->gateway->tun_address6);
}

static void gateway_mtu(const struct place *place, const char *value)
{
    uint64_t mtu = place->gateway->mtu;
    config_set_number(place, value, 576, 9000, &mtu);
    place->gateway->mtu = (uint32_t)mtu;
}

static void gateway_routes(const struct place *place, const char *value)
{
    config_set_off(place, value, &place->gateway->no_routes);
}

static void gateway_offload(const struct place *place, const char *value)
{
    config_set_off(place, value, &place->gateway->no_offload);
}

static void gateway_control(const struct place *place, const char *value)
{
    config_set_text(place, value, place->gateway->control, sizeof(place->gateway->control));
}

static void gateway_retransmit(const struct place *place, const char *value)
{
    config_set_duration(place, value, 100, &place->gateway->retransmit_first_ms);
}

static void gateway_retransmit_tries(const struct place *place, const char *value)
{
    uint64_t tries = 0;
    config_set_number(place, value, 1, 20, &tries);
    place->gateway->retransmit_max = (uint32_t)tries;
}

static void gateway_fragment_bytes(const struct place *place, const char *value)
{
    uint64_t bytes = 0;
    config_set_number(place, value, 192, 65535, &bytes);
    place->gateway->fragment_bytes = (uint32_t)bytes;
}

static void gateway_cookies(const struct place *place, const char *value)
{
    place->gateway->cookies_always = strcmp(value, "always") == 0;
    if (!place->gateway->cookies_always && strcmp(value, "auto") != 0) {
        config_bad(place, value, "auto or always");
    }
}

static const struct key gateway_keys[] = {
    {"address", false, gateway_address},
    {"ike_port", false, gateway_ike_port},
    {"natt_port", false, gateway_natt_port},
    {"tun", false, gateway_tun},
    {"tun_address", true, gateway_tun_address},
    {"mtu", false, gateway_mtu},
    {"routes", false, gateway_routes},
    {"fwmark", false, config_fwmark},
    {"ttl", false, config_ttl},
    {"offload", false, gateway_offload},
    {"control", false, gateway_control},
    {"retransmit", false, gateway_retransmit},
    {"retransmit_tries", false, gateway_retransmit_tries},
    {"cookies", false, gateway_cookies},
    {"fragment_bytes", false, gateway_fragment_bytes},
    {"crypto", false, config_crypto},
};

/* ---- [site NAME] ------------------------------------------------------------------------------
 */

static void site_local(const struct place *place, const char *value)
{
    config_set_address(place, value, &place->site->peer.local.addr);
}

static void site_remote(const struct place *place, const char *value)
{
    place->site->has_remote = true;
    place->site->remote_any = strcmp(value, "any") == 0 || strcmp(value, "%any") == 0;
    if (!place->site->remote_any) {
        config_set_address(place, value, &place->site->peer.remote.addr);
    }
}

static void site_remote_port(const struct place *place, const char *value)
{
    config_set_port(place, value, &place->site->peer.remote.port);
}

static void site_local_id(const struct place *place, const char *value)
{
    config_set_id(place, value, &place->site->peer.local_id);
    if (place->site->peer.local_id.type == IPSEC_ID_NONE) {
        config_bad(place, value, "a single identity");
    }
}

static void site_remote_id(const struct place *place, const char *value)
{
    config_set_id(place, value, &place->site->peer.remote_id);
}

static void site_secret(const struct place *place, const char *value)
{
    place->site->secret_line = place->line;
    config_set_text(place, value, place->site->secret_file, sizeof(place->site->secret_file));
}

static void site_role(const struct place *place, const char *value)
{
    static const enum config_role roles[] = {ROLE_BOTH, ROLE_INITIATOR, ROLE_RESPONDER};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(value, config_role_text(roles[i])) == 0) {
            place->site->role = roles[i];
            return;
        }
    }
    config_bad(place, value, "initiator, responder or both");
}

static void site_ike(const struct place *place, const char *value)
{
    place->site->ike_line = place->line;
    config_append_text(place, value, place->site->ike_text, sizeof(place->site->ike_text));
}

static void site_ike_lifetime(const struct place *place, const char *value)
{
    config_set_duration(place, value, 10000, &place->site->peer.lifetime.hard_ms);
}

static void site_reauth_time(const struct place *place, const char *value)
{
    place->site->reauth_line = place->line;
    config_set_duration(place, value, 10000, &place->site->peer.reauth_ms);
}

static void site_several(const struct place *place, const char *value)
{
    bool one = false;
    config_set_off(place, value, &one);
    place->site->peer.several_ike_sas = !one;
}

static void site_liveness(const struct place *place, const char *value)
{
    uint64_t ms = 0;
    if (strcmp(value, "off") == 0) {
        place->site->peer.liveness_ms = IPSEC_LIVENESS_OFF;
        return;
    }
    config_set_duration(place, value, 1000, &ms);
    place->site->peer.liveness_ms = (uint32_t)(ms < UINT32_MAX ? ms : UINT32_MAX - 1);
}

static void site_keepalive(const struct place *place, const char *value)
{
    uint64_t ms = 0;
    if (strcmp(value, "off") == 0) {
        place->site->peer.keepalive_ms = IPSEC_KEEPALIVE_OFF;
        return;
    }
    config_set_duration(place, value, 1000, &ms);
    place->site->peer.keepalive_ms = (uint32_t)(ms < UINT32_MAX ? ms : UINT32_MAX - 1);
}

static void site_follow(const struct place *place, const char *value)
{
    static const char *const word[] = {
        [IPSEC_FOLLOW_DEFAULT] = "nat",
        [IPSEC_FOLLOW_NEVER] = "never",
        [IPSEC_FOLLOW_PORT] = "port",
        [IPSEC_FOLLOW_ANY] = "any",
    };
    for (uint8_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
        if (strcmp(value, word[i]) == 0) {
            place->site->peer.follow = i;
            return;
        }
    }
    config_bad(place, value, "nat, never, port or any");
}

static void site_mobike(const struct place *place, const char *value)
{
    config_set_off(place, value, &place->site->peer.no_mobike);
}

static void site_encapsulation(const struct place *place, const char *value)
{
    place->site->peer.force_encapsulation = strcmp(value, "always") == 0;
    if (!place->site->peer.force_encapsulation && strcmp(value, "auto") != 0) {
        config_bad(place, value, "auto or always");
    }
}

static void site_initial_contact(const struct place *place, const char *value)
{
    config_set_off(place, value, &place->site->peer.no_initial_contact);
}

static void site_fragmentation(const struct place *place, const char *value)
{
    config_set_off(place, value, &place->site->peer.no_fragmentation);
}

static void site_auth(const struct place *place, const char *value)
{
    config_auth_key(place->config, place->site, place->key, value, place->line);
}

static void site_childless(const struct place *place, const char *value)
{
    static const char *const word[] = {
        [IPSEC_CHILDLESS_DEFAULT] = "allow",
        [IPSEC_CHILDLESS_NEVER] = "never",
        [IPSEC_CHILDLESS_ALWAYS] = "always",
    };
    for (uint8_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
        if (strcmp(value, word[i]) == 0) {
            place->site->peer.childless = i;
            return;
        }
    }
    config_bad(place, value, "allow, never or always");
}

static const struct key site_keys[] = {
    {"local", false, site_local},
    {"remote", false, site_remote},
    {"remote_port", false, site_remote_port},
    {"local_id", false, site_local_id},
    {"remote_id", false, site_remote_id},
    {"secret_file", false, site_secret},
    {"auth", false, site_auth},
    {"local_auth", false, site_auth},
    {"remote_auth", false, site_auth},
    {"cert_file", false, site_auth},
    {"key_file", false, site_auth},
    {"key_password_file", false, site_auth},
    {"ca_file", false, site_auth},
    {"crl_file", false, site_auth},
    {"require_crl", false, site_auth},
    {"signatures", false, site_auth},
    {"remote_signatures", false, site_auth},
    {"eap_identity", false, config_eap},
    {"eap_password_file", false, config_eap},
    {"eap_users_file", false, config_eap},
    {"eap_ids_file", false, config_eap},
    {"eap_ask_identity", false, config_eap},
    {"eap_any_id", false, config_eap},
    {"role", false, site_role},
    {"ike", true, site_ike},
    {"ike_lifetime", false, site_ike_lifetime},
    {"reauth_time", false, site_reauth_time},
    {"several_ike_sas", false, site_several},
    {"liveness", false, site_liveness},
    {"keepalive", false, site_keepalive},
    {"follow", false, site_follow},
    {"mobike", false, site_mobike},
    {"follow_redirects", false, config_follow_redirects},
    {"redirect_to", false, config_redirect_to},
    {"encapsulation", false, site_encapsulation},
    {"initial_contact", false, site_initial_contact},
    {"fragmentation", false, site_fragmentation},
    {"childless", false, site_childless},
    {"quirks", true, config_quirks},
    {"request_address", true, config_request_address},
    {"pool", false, config_pool},
    {"dns", true, config_dns},
};

/* ---- [child NAME] -----------------------------------------------------------------------------
 */

static void child_site(const struct place *place, const char *value)
{
    place->child->site_line = place->line;
    config_set_text(place, value, place->child->site, sizeof(place->child->site));
}

static void child_local_ts(const struct place *place, const char *value)
{
    if (strcmp(value, "dynamic") == 0) {
        place->child->child.local_dynamic = true;
        return;
    }
    config_set_selectors(place, value, &place->child->child.local_ts);
}

static void child_remote_ts(const struct place *place, const char *value)
{
    if (strcmp(value, "dynamic") == 0) {
        place->child->child.remote_dynamic = true;
        return;
    }
    config_set_selectors(place, value, &place->child->child.remote_ts);
}

static void child_esp(const struct place *place, const char *value)
{
    place->child->esp_line = place->line;
    config_append_text(place, value, place->child->esp_text, sizeof(place->child->esp_text));
}

static void child_lifetime(const struct place *place, const char *value)
{
    config_set_duration(place, value, 10000, &place->child->child.lifetime.hard_ms);
}

static void child_soft_bytes(const struct place *place, const char *value)
{
    config_set_size(place, value, &place->child->child.lifetime.bytes_soft);
}

static void child_hard_bytes(const struct place *place, const char *value)
{
    config_set_size(place, value, &place->child->child.lifetime.bytes_hard);
}

static void child_soft_packets(const struct place *place, const char *value)
{
    config_set_number(place, value, 1, UINT64_MAX, &place->child->child.lifetime.packets_soft);
}

static void child_hard_packets(const struct place *place, const char *value)
{
    config_set_number(place, value, 1, UINT64_MAX, &place->child->child.lifetime.packets_hard);
}

static void child_forged_packets(const struct place *place, const char *value)
{
    uint64_t packets = 0;
    config_set_number(place, value, 1, UINT32_MAX, &packets);
    place->child->child.lifetime.forgeries_soft = (uint32_t)packets;
}

static void child_replay_window(const struct place *place, const char *value)
{
    uint64_t window = 0;
    config_set_number(place, value, 64, 4096, &window);
    if (window % 64 != 0) {
        config_bad(place, value, "a multiple of 64");
    }
    place->child->child.replay_window = (uint32_t)window;
}

static void child_prove_pfs(const struct place *place, const char *value)
{
    place->child->child.prove_pfs = strcmp(value, "yes") == 0;
    if (!place->child->child.prove_pfs && strcmp(value, "no") != 0) {
        config_bad(place, value, "yes or no");
    }
}

static void child_start(const struct place *place, const char *value)
{
    const bool on_demand = strcmp(value, "on-demand") == 0;
    if (!on_demand && strcmp(value, "always") != 0) {
        config_bad(place, value, "always or on-demand");
    }
    place->child->child.start = on_demand ? IPSEC_START_ON_DEMAND : IPSEC_START_ALWAYS;
}

static void child_idle(const struct place *place, const char *value)
{
    uint64_t ms = 0;
    config_set_duration(place, value, 1000, &ms);
    place->child->child.idle_ms = (uint32_t)(ms < UINT32_MAX ? ms : UINT32_MAX);
}

static const struct key child_keys[] = {
    {"site", false, child_site},
    {"local_ts", true, child_local_ts},
    {"remote_ts", true, child_remote_ts},
    {"esp", true, child_esp},
    {"lifetime", false, child_lifetime},
    {"soft_bytes", false, child_soft_bytes},
    {"hard_bytes", false, child_hard_bytes},
    {"soft_packets", false, child_soft_packets},
    {"hard_packets", false, child_hard_packets},
    {"forged_packets", false, child_forged_packets},
    {"replay_window", false, child_replay_window},
    {"prove_pfs", false, child_prove_pfs},
    {"start", false, child_start},
    {"idle", false, child_idle},
    {"mode", false, config_mode},
    {"df", false, config_df},
    {"dscp", false, config_dscp},
    {"ecn", false, config_ecn},
    {"fragment", false, config_fragment},
    {"mtu", false, config_mtu},
    {"clamp_mss", false, config_clamp_mss},
    {"tfc", false, config_tfc},
};

/* ---- Finding the place ------------------------------------------------------------------------
 */

static void unknown(const struct place *place, const char *what, const char *word,
                    const char *const words[], size_t count)
{
    const char *nearest = value_nearest(word, words, count);
    if (nearest != NULL) {
        config_fail(place->config, place->line, "unknown %s \"%.60s\": did you mean \"%s\"?", what,
                    word, nearest);
    } else {
        config_fail(place->config, place->line, "unknown %s \"%.60s\"", what, word);
    }
}

static bool set_key(const struct place *place, const struct key keys[], size_t count,
                    const char *value, uint64_t *seen)
{
    const char *names[KEYS_MAX];
    const size_t errors = place->config->error_count;
    for (size_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
        if (strcmp(keys[i].name, place->key) != 0) {
            continue;
        }
        if ((*seen & UINT64_C(1) << i) != 0 && !keys[i].list) {
            config_fail(place->config, place->line, "%s is given twice", place->key);
            return false;
        }
        *seen |= UINT64_C(1) << i;
        keys[i].set(place, value);
        return place->config->error_count == errors;
    }
    unknown(place, "key", place->key, names, count);
    return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static_assert(COUNT(gateway_keys) <= KEYS_MAX && COUNT(site_keys) <= KEYS_MAX &&
                  COUNT(child_keys) <= KEYS_MAX,
              "names of set_key and bits of seen");

/* The name behind "site " or "child ": letters, digits, '-', '_' and '.'. */
static const char *section_name(const struct place *place, const char *section, size_t kind_length)
{
    const char *name = section + kind_length;
    name += strspn(name, " \t");
    const size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_.");
    if (*name == '\0') {
        config_fail(place->config, place->line, "[%s] needs a name, as in [%s berlin]", section,
                    section);
        return NULL;
    }
    if (name[good] != '\0' || good >= CONFIG_NAME_BYTES) {
        config_fail(place->config, place->line,
                    "the name \"%.60s\": up to %d letters, digits, '-', '_' and '.', please", name,
                    CONFIG_NAME_BYTES - 1);
        return NULL;
    }
    return name;
}

static struct config_site *site_of(const struct place *place, const char *name)
{
    struct config *config = place->config;
    for (size_t i = 0; i < config->site_count; i++) {
        if (strcmp(config->site[i].name, name) == 0) {
            return &config->site[i];
        }
    }
    if (config->site_count == CONFIG_SITES_MAX) {
        config_fail(config, place->line, "more than %d sites", CONFIG_SITES_MAX);
        return NULL;
    }
    struct config_site *site = &config->site[config->site_count++];
    snprintf(site->name, sizeof(site->name), "%s", name);
    site->line = place->line;
    return site;
}

static struct config_child *child_of(const struct place *place, const char *name)
{
    struct config *config = place->config;
    for (size_t i = 0; i < config->child_count; i++) {
        if (strcmp(config->child[i].name, name) == 0) {
            return &config->child[i];
        }
    }
    if (config->child_count == CONFIG_CHILDREN_MAX) {
        config_fail(config, place->line, "more than %d children", CONFIG_CHILDREN_MAX);
        return NULL;
    }
    struct config_child *child = &config->child[config->child_count++];
    snprintf(child->name, sizeof(child->name), "%s", name);
    child->line = place->line;
    return child;
}

static bool is_kind(const char *section, const char *kind)
{
    const size_t length = strlen(kind);
    return strncmp(section, kind, length) == 0 && strchr(" \t", section[length]) != NULL;
}

static bool set_in_site(struct place *place, const char *section, const char *value)
{
    const char *name = section_name(place, section, 4);
    place->site = name == NULL ? NULL : site_of(place, name);
    return place->site != NULL &&
           set_key(place, site_keys, COUNT(site_keys), value, &place->site->seen);
}

static bool set_in_child(struct place *place, const char *section, const char *value)
{
    const char *name = section_name(place, section, 5);
    place->child = name == NULL ? NULL : child_of(place, name);
    return place->child != NULL &&
           set_key(place, child_keys, COUNT(child_keys), value, &place->child->seen);
}

bool config_key(struct config *config, const char *section, const char *key, const char *value,
                uint32_t line)
{
    static const char *const kinds[] = {"gateway", "site", "child"};
    struct place place = {.config = config, .key = key, .line = line};
    if (strcmp(section, "gateway") == 0) {
        place.gateway = &config->gateway;
        if (config->gateway_line == 0) {
            config->gateway_line = line;
        }
        return set_key(&place, gateway_keys, COUNT(gateway_keys), value, &config->gateway.seen);
    }
    if (is_kind(section, "site")) {
        return set_in_site(&place, section, value);
    }
    if (is_kind(section, "child")) {
        return set_in_child(&place, section, value);
    }
    if (*section == '\0') {
        config_fail(config, line, "\"%s\" stands before the first section", key);
        return false;
    }
    char kind[64];
    snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(section, " \t"), section);
    unknown(&place, "section", kind, kinds, 3);
    return false;
}
