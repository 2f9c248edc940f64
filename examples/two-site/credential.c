/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 20) /* a bundle of authorities has some hundred kB */

/* A whole file, with a NUL behind it as PEM readers like it. */
struct content {
    uint8_t *data;
    size_t length;
};

static void release(struct content *content)
{
    if (content->data != NULL) {
        secret_wipe_bytes(content->data, content->length);
    }
    free(content->data);
    content->data = NULL;
    content->length = 0;
}

/* Keys and passwords must not be readable by others. */
static const char *fill(int file, bool secret, struct content *out)
{
    struct stat info;

    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        return "is not a regular file";
    }
    if (secret && (info.st_mode & 077) != 0) {
        return "can be read or written by others: chmod 600";
    }
    if (info.st_size == 0 || info.st_size > FILE_BYTES_MAX) {
        return info.st_size == 0 ? "is empty" : "is larger than a megabyte";
    }
    out->length = (size_t)info.st_size;
    out->data = calloc(1, out->length + 1);
    if (out->data == NULL) {
        return "finds no memory";
    }
    for (size_t have = 0; have < out->length;) {
        const ssize_t more = read(file, out->data + have, out->length - have);
        if (more <= 0) {
            return "can not be read";
        }
        have += (size_t)more;
    }
    return NULL;
}

static bool load(struct config *config, const struct config_site *site, const char *name,
                 bool secret, struct content *out)
{
    char path[2 * CONFIG_PATH_BYTES];
    const uint32_t line = site->auth.line;

    memset(out, 0, sizeof(*out));
    if (!config_path(config, name, path, sizeof(path))) {
        config_fail(config, line, "%.60s: the path is too long", name);
        return false;
    }
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        config_fail(config, line, "%.200s: %s", path, strerror(errno));
        return false;
    }
    const char *reason = fill(file, secret, out);
    (void)close(file);
    if (reason != NULL) {
        release(out);
        config_fail(config, line, "%.200s %s", path, reason);
        return false;
    }
    return true;
}

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
                          struct content *out)
{
    memset(out, 0, sizeof(*out));
    if (site->auth.key_password_file[0] == '\0') {
        return true;
    }
    if (!load(config, site, site->auth.key_password_file, true, out)) {
        return false;
    }
    out->data[strcspn((const char *)out->data, "\r\n")] = '\0';
    return true;
}

static void make_credential(struct config *config, struct config_site *site,
                            struct ipsec_mbedtls *provider)
{
    struct content chain = {0};
    struct content key = {0};
    struct content password = {0};
    struct ipsec_mbedtls_fault fault = {0};
    const struct ipsec_credential *credential = NULL;

    if (load(config, site, site->auth.cert_file, false, &chain) &&
        load(config, site, site->auth.key_file, true, &key) &&
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
    release(&password);
    release(&key);
    release(&chain);
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
    struct content content;

    if (ipsec_mbedtls_trust_new(&trust) != IPSEC_OK) {
        config_fail(config, site->auth.line, "site %s: this build reads no certificates",
                    site->name);
        return;
    }
    site->peer.trust = trust;
    if (load(config, site, site->auth.ca_file, false, &content)) {
        const struct ipsec_view view = {content.data, content.length};
        if (ipsec_mbedtls_trust_add_anchor(trust, view, &fault) != IPSEC_OK) {
            report(config, site, site->auth.ca_file, &fault);
        }
        release(&content);
    }
    if (site->auth.crl_file[0] != '\0' &&
        load(config, site, site->auth.crl_file, false, &content)) {
        const struct ipsec_view view = {content.data, content.length};
        if (ipsec_mbedtls_trust_add_crl(trust, view, &fault) != IPSEC_OK) {
            report(config, site, site->auth.crl_file, &fault);
        }
        release(&content);
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
    }
}
