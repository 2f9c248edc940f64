/* SPDX-License-Identifier: Apache-2.0
 *
 * Completes a configuration when all its lines are read: proposals, secrets, which child belongs to
 * which site, and the pointers that the library wants.
 */
#include "config.h"
#include "secret.h"
#include "value.h"

#include <string.h>

static void read_proposals(struct config *config, uint32_t line, const char *text,
                           enum ipsec_protocol protocol, struct ipsec_proposals *out)
{
    const char *key = protocol == IPSEC_PROTOCOL_IKE ? "ike" : "esp";
    struct ipsec_proposal_error error = {0};
    if (*text == '\0') {
        ipsec_proposals_default(protocol, out);
        return;
    }
    const enum ipsec_status status = ipsec_proposals_parse(text, protocol, out, &error);
    if (status == IPSEC_OK) {
        return;
    }
    const size_t length = strlen(text);
    const size_t offset = error.offset < length ? error.offset : length;
    const size_t word = error.length < length - offset ? error.length : length - offset;
    config_fail(config, line, "%s: %s: \"%.*s\" in \"%.200s\"", key,
                error.reason != NULL ? error.reason : ipsec_status_text(status), (int)word,
                text + offset, text);
}

bool config_path(const struct config *config, const char *file, char *path, size_t capacity)
{
    const char *slash = strrchr(config->file, '/');
    const int folder = file[0] == '/' || slash == NULL ? 0 : (int)(slash - config->file) + 1;
    const int length = snprintf(path, capacity, "%.*s%s", folder, config->file, file);
    return length > 0 && (size_t)length < capacity;
}

static void read_secret(struct config *config, struct config_site *site)
{
    char path[2 * CONFIG_PATH_BYTES];
    char error[CONFIG_ERROR_BYTES - 16];
    if (!config_site_uses(site, IPSEC_AUTH_PSK)) {
        return;
    }
    if (site->secret_file[0] == '\0') {
        config_fail(config, site->line, "site %s: secret_file is missing", site->name);
        return;
    }
    if (!config_path(config, site->secret_file, path, sizeof(path))) {
        config_fail(config, site->secret_line, "secret_file: the path is too long");
        return;
    }
    if (!secret_read(path, &site->secret, error, sizeof(error))) {
        config_fail(config, site->secret_line, "%s", error);
    }
}

static void check_addresses(struct config *config, const struct config_site *site)
{
    const struct ipsec_peer *peer = &site->peer;
    if (!site->has_remote) {
        config_fail(config, site->line,
                    "site %s: remote is missing (the other gateway's address, or any)", site->name);
    } else if (site->remote_any && site->role == ROLE_INITIATOR) {
        config_fail(config, site->line,
                    "site %s: role = initiator needs an address in remote: nobody can call \"any\"",
                    site->name);
    } else if (!site->remote_any && peer->local.addr.family == IPSEC_FAMILY_NONE) {
        config_fail(config, site->line, "site %s: local is missing (here, or address in [gateway])",
                    site->name);
    } else if (!site->remote_any && peer->remote.addr.family != IPSEC_FAMILY_NONE &&
               peer->local.addr.family != peer->remote.addr.family) {
        config_fail(config, site->line, "site %s: local and remote are of different IP versions",
                    site->name);
    } else if (!site->remote_any && ipsec_addr_equal(&peer->local.addr, &peer->remote.addr)) {
        config_fail(config, site->line, "site %s: local and remote are the same address",
                    site->name);
    }
}

static void finish_site(struct config *config, struct config_site *site)
{
    struct ipsec_peer *peer = &site->peer;
    peer->size = (uint32_t)sizeof(*peer);
    peer->name = site->name;
    peer->user = site;
    if (peer->local.addr.family == IPSEC_FAMILY_NONE) {
        peer->local.addr = config->gateway.address;
    }
    peer->local.port = config->gateway.ike_port;
    check_addresses(config, site);
    read_proposals(config, site->ike_line, site->ike_text, IPSEC_PROTOCOL_IKE, &site->ike);
    peer->proposals = &site->ike;
    peer->children = site->children;
    read_secret(config, site);
    config_auth_check(config, site);
    config_eap_check(config, site);
    config_redirect_check(config, site);
}

static struct config_site *site_named(struct config *config, const struct config_child *child)
{
    const char *names[CONFIG_SITES_MAX];
    for (size_t i = 0; i < config->site_count; i++) {
        names[i] = config->site[i].name;
        if (strcmp(config->site[i].name, child->site) == 0) {
            return &config->site[i];
        }
    }
    if (child->site[0] == '\0') {
        config_fail(config, child->line, "child %s: site is missing", child->name);
        return NULL;
    }
    const char *nearest = value_nearest(child->site, names, config->site_count);
    if (nearest != NULL) {
        config_fail(config, child->site_line, "there is no [site %s]: did you mean \"%s\"?",
                    child->site, nearest);
    } else {
        config_fail(config, child->site_line, "there is no [site %s]", child->site);
    }
    return NULL;
}

static void check_child(struct config *config, const struct config_child *child)
{
    const struct ipsec_child_config *c = &child->child;
    if (c->local_ts.count == 0 && !c->local_dynamic) {
        config_fail(config, child->line, "child %s: local_ts is missing (the network on this side)",
                    child->name);
    }
    if (c->remote_ts.count == 0 && !c->remote_dynamic) {
        config_fail(config, child->line,
                    "child %s: remote_ts is missing (the network on the other side)", child->name);
    }
    if (c->lifetime.bytes_hard != 0 && c->lifetime.bytes_soft >= c->lifetime.bytes_hard) {
        config_fail(config, child->line, "child %s: soft_bytes must be less than hard_bytes",
                    child->name);
    }
    if (c->lifetime.packets_hard != 0 && c->lifetime.packets_soft >= c->lifetime.packets_hard) {
        config_fail(config, child->line, "child %s: soft_packets must be less than hard_packets",
                    child->name);
    }
}

static void finish_child(struct config *config, struct config_child *child)
{
    child->child.size = (uint32_t)sizeof(child->child);
    child->child.name = child->name;
    child->child.user = child;
    child->child.proposals = &child->esp;
    read_proposals(config, child->esp_line, child->esp_text, IPSEC_PROTOCOL_ESP, &child->esp);
    struct config_site *site = site_named(config, child);
    if (site != NULL) {
        config_hosts_finish(config, site, child);
    }
    check_child(config, child);
    if (site == NULL) {
        return;
    }
    if (site->peer.child_count == CONFIG_SITE_CHILDREN_MAX) {
        config_fail(config, child->line, "site %s has more than %d children", site->name,
                    CONFIG_SITE_CHILDREN_MAX);
        return;
    }
    child->child.restart = child->child.start == IPSEC_START_ALWAYS &&
                           site->role != ROLE_RESPONDER && !site->remote_any;
    site->child_source[site->peer.child_count] = child;
    site->children[site->peer.child_count++] = child->child;
}

void config_finish(struct config *config)
{
    const size_t errors = config->error_count;
    if (config->gateway.ike_port == config->gateway.natt_port) {
        config_fail(config, config->gateway_line, "ike_port and natt_port must differ");
    }
    for (size_t i = 0; i < config->site_count; i++) {
        finish_site(config, &config->site[i]);
    }
    for (size_t i = 0; i < config->child_count; i++) {
        finish_child(config, &config->child[i]);
    }
    if (config->site_count == 0 && errors == 0) {
        config_fail(config, 0, "there is no [site NAME] section");
    }
    for (size_t i = 0; i < config->site_count && errors == 0; i++) {
        if (config->site[i].peer.child_count == 0) {
            config_fail(config, config->site[i].line,
                        "site %s has no tunnel: add a [child NAME] with site = %s",
                        config->site[i].name, config->site[i].name);
        }
    }
}
