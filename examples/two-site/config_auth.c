/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of [site] about authentication: which method on which side, certificates, signatures.
 * Called by config_keys.c and config_finish.c.
 */
#include "config.h"
#include "value.h"

#include <string.h>

/* The first word of a method is the one that is printed. */
static const struct {
    const char *word;
    uint8_t auth;
} methods[] = {
    {"psk", IPSEC_AUTH_PSK},        {"certificate", IPSEC_AUTH_SIGNATURE},
    {"cert", IPSEC_AUTH_SIGNATURE}, {"null", IPSEC_AUTH_NULL},
    {"eap", IPSEC_AUTH_EAP},
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

const char *config_auth_text(uint8_t auth)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (methods[i].auth == auth) {
            return methods[i].word;
        }
    }
    return "unknown";
}

static bool read_method(const char *word, uint8_t *out)
{
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(word, methods[i].word) == 0) {
            *out = methods[i].auth;
            return true;
        }
    }
    return false;
}

static void set_methods(struct config *config, struct config_site *site, const char *key,
                        const char *value, uint32_t line)
{
    uint8_t auth = 0;

    if (!read_method(value, &auth)) {
        config_fail(config, line, "%s: \"%.40s\" is not psk, certificate, eap or null", key, value);
        return;
    }
    if (strcmp(key, "remote_auth") != 0) {
        site->peer.local_auth = auth;
    }
    if (strcmp(key, "local_auth") != 0) {
        site->peer.remote_auth = auth;
    }
}

static void set_signatures(struct config *config, const char *key, const char *list, uint32_t line,
                           uint32_t *set)
{
    char word[40];

    *set = 0;
    while (value_next_item(&list, word, sizeof(word))) {
        enum ipsec_signature how = IPSEC_SIGNATURES;
        if (ipsec_signature_parse(word, &how) != IPSEC_OK) {
            config_fail(config, line,
                        "%s: \"%.40s\" is no signature such as rsa-pss-sha256 or ecdsa-sha384", key,
                        word);
            return;
        }
        *set |= 1u << (unsigned)how;
    }
}

static char *file_of(struct config_auth *auth, const char *key)
{
    const struct {
        const char *key;
        char *file;
    } files[] = {
        {"cert_file", auth->cert_file},
        {"key_file", auth->key_file},
        {"key_password_file", auth->key_password_file},
        {"ca_file", auth->ca_file},
        {"crl_file", auth->crl_file},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(key, files[i].key) == 0) {
            return files[i].file;
        }
    }
    return NULL;
}

void config_auth_key(struct config *config, struct config_site *site, const char *key,
                     const char *value, uint32_t line)
{
    struct config_auth *auth = &site->auth;
    char *file = file_of(auth, key);

    auth->line = line;
    if (file != NULL) {
        if (*value == '\0' || strlen(value) >= CONFIG_PATH_BYTES) {
            config_fail(config, line, "%s: from 1 to %d characters, please", key,
                        CONFIG_PATH_BYTES - 1);
            return;
        }
        memcpy(file, value, strlen(value) + 1);
    } else if (strcmp(key, "require_crl") == 0) {
        if (!value_switch(value, &auth->require_crl)) {
            config_fail(config, line, "%s: \"%.40s\" is not yes or no", key, value);
        }
    } else if (strcmp(key, "signatures") == 0) {
        set_signatures(config, key, value, line, &auth->signatures);
    } else if (strcmp(key, "remote_signatures") == 0) {
        set_signatures(config, key, value, line, &site->peer.remote_signatures);
    } else {
        set_methods(config, site, key, value, line);
    }
}

bool config_site_uses(const struct config_site *site, enum ipsec_auth auth)
{
    return site->peer.local_auth == (uint8_t)auth || site->peer.remote_auth == (uint8_t)auth;
}

void config_auth_check(struct config *config, const struct config_site *site)
{
    const struct config_auth *auth = &site->auth;
    const uint32_t line = auth->line != 0 ? auth->line : site->line;
    const bool shows = site->peer.local_auth == IPSEC_AUTH_SIGNATURE;
    const bool judges = site->peer.remote_auth == IPSEC_AUTH_SIGNATURE;

    if (shows && (auth->cert_file[0] == '\0' || auth->key_file[0] == '\0')) {
        config_fail(config, line, "site %s: a certificate takes cert_file and key_file",
                    site->name);
    }
    if (judges && auth->ca_file[0] == '\0') {
        config_fail(config, line,
                    "site %s: ca_file is missing: nobody can vouch for the certificate of the peer",
                    site->name);
    }
    if (judges && site->peer.remote_id.type == IPSEC_ID_NONE) {
        config_fail(config, line,
                    "site %s: remote_id is missing: any certificate of the authorities in ca_file "
                    "would do",
                    site->name);
    }
    if (!shows && (auth->cert_file[0] != '\0' || auth->key_file[0] != '\0')) {
        config_fail(config, line, "site %s: cert_file and key_file are not used with local_auth",
                    site->name);
    }
    if (!judges && (auth->ca_file[0] != '\0' || auth->crl_file[0] != '\0')) {
        config_fail(config, line, "site %s: ca_file and crl_file are not used with remote_auth",
                    site->name);
    }
    if (auth->require_crl && auth->crl_file[0] == '\0') {
        config_fail(config, line, "site %s: require_crl takes a crl_file", site->name);
    }
}
