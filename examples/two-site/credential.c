/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"
#include "content.h"
#include "eap_secrets.h"

#include <string.h>

static void report(struct config *config, const struct config_site *site, const char *file,
                   const struct ipsec_mbedtls_fault *fault)
{
    if (fault->item > 0) {
        config_fail(config, site->auth.line, "%.200s, item %u: %s", file, (unsigned)fault->item,
                    fault->text != NULL ? fault->text : "is not taken");
    } else {
        config_fail(config, site->auth.line, "%.200s: %s", file,
                    fault->text != NULL ? fault->text : "is not taken");
    }
}

/* ---- ours --------------------------------------------------------------------------------------
 */

static bool load_password(struct config *config, const struct config_site *site,
                          struct config_content *out)
{
    memset(out, 0, sizeof(*out));
    if (site->auth.key_password_file[0] == '\0') {
        return true;
    }
    if (!content_load(config, site->auth.line, site->auth.key_password_file, true, out)) {
        return false;
    }
    out->data[strcspn((const char *)out->data, "\r\n")] = '\0';
    return true;
}

static void make_credential(struct config *config, struct config_site *site,
                            struct ipsec_mbedtls *provider)
{
    struct config_content chain = {0};
    struct config_content key = {0};
    struct config_content password = {0};
    struct ipsec_mbedtls_fault fault = {0};
    const struct ipsec_credential *credential = NULL;

    if (content_load(config, site->auth.line, site->auth.cert_file, false, &chain) &&
        content_load(config, site->auth.line, site->auth.key_file, true, &key) &&
        load_password(config, site, &password)) {
        struct ipsec_mbedtls_credential_config asked = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;
        asked.signatures = site->auth.signatures;
        asked.certificates.data = chain.data;
        asked.certificates.length = chain.length;
        asked.private_key.data = key.data;
        asked.private_key.length = key.length;
        asked.password = (const char *)password.data;
        if (ipsec_mbedtls_credential_new(provider, &asked, &fault, &credential) != IPSEC_OK) {
            report(config, site, site->auth.cert_file, &fault);
        }
    }
    content_release(&password);
    content_release(&key);
    content_release(&chain);
    site->peer.credential = credential;
    if (credential != NULL && site->peer.local_id.type == IPSEC_ID_NONE &&
        ipsec_mbedtls_credential_subject(credential, &site->peer.local_id) != IPSEC_OK) {
        config_fail(config, site->auth.line,
                    "site %s: the certificate has no subject to use as local_id: set one",
                    site->name);
    }
}

/* ---- whom we trust -----------------------------------------------------------------------------
 */

static void make_trust(struct config *config, struct config_site *site)
{
    struct ipsec_mbedtls_fault fault = {0};
    struct ipsec_trust *trust = NULL;
    struct config_content content;

    if (ipsec_mbedtls_trust_new(&trust) != IPSEC_OK) {
        config_fail(config, site->auth.line, "site %s: this build reads no certificates",
                    site->name);
        return;
    }
    site->peer.trust = trust;
    if (content_load(config, site->auth.line, site->auth.ca_file, false, &content)) {
        const struct ipsec_view view = {content.data, content.length};
        if (ipsec_mbedtls_trust_add_anchor(trust, view, &fault) != IPSEC_OK) {
            report(config, site, site->auth.ca_file, &fault);
        }
        content_release(&content);
    }
    if (site->auth.crl_file[0] != '\0' &&
        content_load(config, site->auth.line, site->auth.crl_file, false, &content)) {
        const struct ipsec_view view = {content.data, content.length};
        if (ipsec_mbedtls_trust_add_crl(trust, view, &fault) != IPSEC_OK) {
            report(config, site, site->auth.crl_file, &fault);
        }
        content_release(&content);
    }
    if (site->auth.require_crl && ipsec_mbedtls_trust_require_crl(trust, true) != IPSEC_OK) {
        config_fail(config, site->auth.line, "site %s: this build reads no revocation lists",
                    site->name);
    }
}

bool credentials_load(struct config *config, struct ipsec_mbedtls *provider)
{
    const size_t errors = config->error_count;

    for (size_t i = 0; i < config->site_count; i++) {
        struct config_site *site = &config->site[i];
        if (site->peer.local_auth == IPSEC_AUTH_SIGNATURE) {
            make_credential(config, site, provider);
        }
        if (site->peer.remote_auth == IPSEC_AUTH_SIGNATURE) {
            make_trust(config, site);
        }
        (void)eap_secrets_load(config, site); /* what is wrong is counted */
    }
    return config->error_count == errors;
}

void credentials_free(struct config *config)
{
    for (size_t i = 0; i < config->site_count; i++) {
        struct ipsec_peer *peer = &config->site[i].peer;
        ipsec_mbedtls_credential_free(peer->credential);
        ipsec_mbedtls_trust_free((struct ipsec_trust *)(uintptr_t)peer->trust);
        peer->credential = NULL;
        peer->trust = NULL;
        eap_secrets_release(&config->site[i]);
    }
}
