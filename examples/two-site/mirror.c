/* SPDX-License-Identifier: Apache-2.0
 *
 * The other box's settings, made of ours. Called by the `check` command.
 */
#include "check.h"
#include "render.h"
#include "value.h"

#include <string.h>

/* The identity as it goes over the wire: the address where none is set. */
static void id_of(const struct ipsec_id *id, const struct ipsec_addr *addr, char *text,
                  size_t capacity)
{
    if (id->type != IPSEC_ID_NONE) {
        ipsec_id_text(id, text, capacity);
    } else if (addr->family != IPSEC_FAMILY_NONE) {
        ipsec_addr_text(addr, text, capacity);
    } else {
        snprintf(text, capacity, "any");
    }
}

static void addr_of(const struct ipsec_addr *addr, char *text, size_t capacity)
{
    if (addr->family == IPSEC_FAMILY_NONE) {
        snprintf(text, capacity, "any");
    } else {
        ipsec_addr_text(addr, text, capacity);
    }
}

static const char *other_role(enum config_role role)
{
    switch (role) {
    case ROLE_BOTH:
        return "both";
    case ROLE_INITIATOR:
        return "responder";
    case ROLE_RESPONDER:
        return "initiator";
    }
    return "both";
}

static void lifetime_text(uint64_t hard_ms, char text[VALUE_DURATION_BYTES])
{
    value_duration_text(hard_ms != 0 ? hard_ms : 3600000, text);
}

/* One proposal a line: the reader takes list keys again, and lines are short. */
static void print_proposals(const char *key, const struct ipsec_proposals *list, FILE *out)
{
    for (size_t i = 0; i < list->count; i++) {
        char text[IPSEC_PROPOSAL_TEXT_MAX];
        ipsec_proposal_text(&list->item[i], text, sizeof(text));
        fprintf(out, "%s = %s\n", key, text);
    }
}

/* What is dynamic here is so there; the selectors then only bound it. */
static void print_selectors(const char *key, const struct ipsec_selectors *list, bool dynamic,
                            FILE *out)
{
    struct render text = {.used = 0};
    if (dynamic) {
        fprintf(out, "%s = dynamic\n", key);
    }
    if (dynamic && list->count == 0) {
        return;
    }
    render_selectors(&text, list);
    fprintf(out, "%s = %s\n", key, text.text);
}

static void ini_child(const struct config_child *child, FILE *out)
{
    char life[VALUE_DURATION_BYTES];
    lifetime_text(child->child.lifetime.hard_ms, life);
    fprintf(out, "\n[child %s]\nsite = here\n%s", child->name,
            config_is_host(&child->child) ? "mode = transport\n" : "");
    print_selectors("local_ts", &child->child.remote_ts, child->child.remote_dynamic, out);
    print_selectors("remote_ts", &child->child.local_ts, child->child.local_dynamic, out);
    print_proposals("esp", &child->esp, out);
    fprintf(out, "lifetime = %s\n", life);
}

/* What the other box shows is what this one judges, and the other way round. */
static void ini_auth(const struct config_site *site, FILE *out)
{
    const uint8_t local = site->peer.remote_auth;
    const uint8_t remote = site->peer.local_auth;
    if (local == remote && local != IPSEC_AUTH_PSK) {
        fprintf(out, "auth = %s\n", config_auth_text(local));
    } else if (local != remote) {
        fprintf(out, "local_auth = %s\nremote_auth = %s\n", config_auth_text(local),
                config_auth_text(remote));
    }
    if (config_site_uses(site, IPSEC_AUTH_PSK)) {
        fprintf(out, "secret_file = here.psk\n");
    }
    if (local == IPSEC_AUTH_SIGNATURE) {
        fprintf(out, "cert_file = here.crt\nkey_file = here.key\n");
    }
    if (remote == IPSEC_AUTH_SIGNATURE) {
        fprintf(out, "ca_file = ca.crt\n");
    }
    if (local == IPSEC_AUTH_EAP && site->role != ROLE_INITIATOR) {
        fprintf(out, "eap_password_file = here.password\n");
    }
    if (remote == IPSEC_AUTH_EAP && site->role != ROLE_RESPONDER) {
        fprintf(out, "eap_users_file = here.users\n%s",
                site->eap.identity[0] != '\0' ? "eap_any_id = yes\n" : "");
    }
}

void mirror_ini(const struct config *config, const struct config_site *site, FILE *out)
{
    char local[IPSEC_ID_TEXT_MAX];
    char remote[IPSEC_ID_TEXT_MAX];
    char address[IPSEC_ADDR_TEXT_MAX];
    char life[VALUE_DURATION_BYTES];
    const struct ipsec_peer *peer = &site->peer;
    addr_of(&peer->remote.addr, address, sizeof(address));
    fprintf(out, "# The other box, as an ipsec-two-site configuration\n[gateway]\naddress = %s\n",
            address);
    if (peer->remote.port != 0 && peer->remote.port != 500) {
        fprintf(out, "ike_port = %u\n", peer->remote.port);
    }
    fprintf(out, "mtu = %u\n\n[site here]\n", config->gateway.mtu);
    addr_of(&peer->local.addr, address, sizeof(address));
    fprintf(out, "remote = %s\n", address);
    if (config->gateway.ike_port != 500) {
        fprintf(out, "remote_port = %u\n", config->gateway.ike_port);
    }
    id_of(&peer->remote_id, &peer->remote.addr, local, sizeof(local));
    id_of(&peer->local_id, &peer->local.addr, remote, sizeof(remote));
    if (strcmp(local, "any") != 0) {
        fprintf(out, "local_id = %s\n", local);
    }
    fprintf(out, "remote_id = %s\nrole = %s\n", remote, other_role(site->role));
    ini_auth(site, out);
    print_proposals("ike", &site->ike, out);
    lifetime_text(peer->lifetime.hard_ms, life);
    fprintf(out, "ike_lifetime = %s\n", life);
    if (peer->force_encapsulation) {
        fprintf(out, "encapsulation = always\n");
    }
    if (peer->no_fragmentation) {
        fprintf(out, "fragmentation = no\n");
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        ini_child(site->child_source[i], out);
    }
}

/* "[tcp/80]" and plain ranges mean the same in swanctl.conf. */
static void swanctl_child(const struct config_child *child, bool start, FILE *out)
{
    struct render local = {.used = 0};
    struct render remote = {.used = 0};
    struct render esp = {.used = 0};
    for (size_t i = 0; i < child->esp.count; i++) {
        char text[IPSEC_PROPOSAL_TEXT_MAX];
        ipsec_proposal_text(&child->esp.item[i], text, sizeof(text));
        render_add(&esp, "%s%s", i == 0 ? "" : ",", text);
    }
    if (child->child.remote_dynamic) {
        render_add(&local, "dynamic");
    } else {
        render_selectors(&local, &child->child.remote_ts);
    }
    if (child->child.local_dynamic) {
        render_add(&remote, "dynamic");
    } else {
        render_selectors(&remote, &child->child.local_ts);
    }
    const uint64_t hard = child->child.lifetime.hard_ms;
    fprintf(out, "            %s {\n", child->name);
    fprintf(out, "                local_ts = %s\n", local.text);
    fprintf(out, "                remote_ts = %s\n", remote.text);
    fprintf(out, "                esp_proposals = %s\n%s", esp.text,
            config_is_host(&child->child) ? "                mode = transport\n" : "");
    fprintf(out, "                life_time = %llus\n",
            (unsigned long long)(hard != 0 ? hard : 3600000) / 1000);
    fprintf(out, "                start_action = %s\n", start ? "start" : "trap");
    fprintf(out, "            }\n");
}

static const char *swanctl_auth(uint8_t auth)
{
    return auth == IPSEC_AUTH_SIGNATURE ? "pubkey"
           : auth == IPSEC_AUTH_EAP     ? "eap-mschapv2"
                                        : config_auth_text(auth);
}

static void swanctl_end(const struct config_site *site, const char *which, const char *id,
                        FILE *out)
{
    const uint8_t auth =
        strcmp(which, "local") == 0 ? site->peer.remote_auth : site->peer.local_auth;
    const bool shows = auth == IPSEC_AUTH_SIGNATURE && strcmp(which, "local") == 0;
    fprintf(out, "        %s {\n            auth = %s\n%s", which, swanctl_auth(auth),
            shows ? "            certs = here.crt\n" : "");
    if (strcmp(id, "any") != 0) {
        fprintf(out, "            id = %s\n", id);
    }
    /* A user of another name than the identity is asked for it. */
    if (auth == IPSEC_AUTH_EAP && strcmp(which, "remote") == 0 && site->eap.identity[0] != '\0') {
        fprintf(out, "            eap_id = %%any\n");
    }
    fprintf(out, "        }\n");
}

static void swanctl_secrets(const struct config_site *site, const char *here, const char *there,
                            FILE *out)
{
    if (config_site_uses(site, IPSEC_AUTH_PSK)) {
        fprintf(out,
                "secrets {\n    ike-here {\n        id = %s\n"
                "        secret = \"the content of %s\"\n    }\n}\n",
                strcmp(here, "any") == 0 ? "%any" : here, site->secret_file);
    }
    if (site->peer.local_auth == IPSEC_AUTH_EAP && site->role != ROLE_RESPONDER) {
        fprintf(out,
                "secrets {\n    eap-here {\n        id = \"%s\"\n"
                "        secret = \"the content of %s\"\n    }\n}\n",
                site->eap.identity[0] != '\0' ? site->eap.identity : here, site->eap.password_file);
    }
    if (site->peer.remote_auth == IPSEC_AUTH_EAP && site->role != ROLE_INITIATOR) {
        fprintf(out,
                "secrets {\n    eap-there {\n        id = \"%s\"\n"
                "        secret = \"the password from %s\"\n    }\n}\n",
                strcmp(there, "any") == 0 ? "the user's name" : there, site->eap.users_file);
    }
}

void mirror_swanctl(const struct config *config, const struct config_site *site, FILE *out)
{
    char local[IPSEC_ID_TEXT_MAX];
    char remote[IPSEC_ID_TEXT_MAX];
    char address[IPSEC_ADDR_TEXT_MAX];
    struct render ike = {.used = 0};
    const struct ipsec_peer *peer = &site->peer;
    id_of(&peer->remote_id, &peer->remote.addr, local, sizeof(local));
    id_of(&peer->local_id, &peer->local.addr, remote, sizeof(remote));
    for (size_t i = 0; i < site->ike.count; i++) {
        char text[IPSEC_PROPOSAL_TEXT_MAX];
        ipsec_proposal_text(&site->ike.item[i], text, sizeof(text));
        render_add(&ike, "%s%s", i == 0 ? "" : ",", text);
    }
    fprintf(out, "# The other box, as strongSwan's swanctl.conf\nconnections {\n    here {\n"
                 "        version = 2\n");
    addr_of(&peer->remote.addr, address, sizeof(address));
    fprintf(out, "        local_addrs = %s\n", strcmp(address, "any") == 0 ? "%any" : address);
    addr_of(&peer->local.addr, address, sizeof(address));
    fprintf(out, "        remote_addrs = %s\n", strcmp(address, "any") == 0 ? "%any" : address);
    if (config->gateway.ike_port != 500) {
        fprintf(out, "        remote_port = %u\n", config->gateway.ike_port);
    }
    fprintf(out, "        proposals = %s\n", ike.text);
    fprintf(out, "        encap = %s\n", peer->force_encapsulation ? "yes" : "no");
    fprintf(out, "        fragmentation = %s\n", peer->no_fragmentation ? "no" : "yes");
    swanctl_end(site, "local", local, out);
    swanctl_end(site, "remote", remote, out);
    fprintf(out, "        children {\n");
    for (size_t i = 0; i < peer->child_count; i++) {
        swanctl_child(site->child_source[i], site->role == ROLE_RESPONDER, out);
    }
    fprintf(out, "        }\n    }\n}\n");
    swanctl_secrets(site, remote, local, out);
}
