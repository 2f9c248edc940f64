/* SPDX-License-Identifier: Apache-2.0
 *
 * Built only with -Dkey_log=true. The names of algorithms are Wireshark's own and must match to the
 * letter: it reads a table no further than to a line that it does not understand. Keys of what it
 * can not decrypt are in comments, for whoever can.
 */
#include "keylog.h"
#include "render.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct keylog {
    FILE *ike;
    FILE *esp;
};

bool keylog_built_in(void)
{
    return true;
}

static FILE *open_table(const char *folder, const char *name, char *error, size_t capacity)
{
    char path[512];
    const int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        snprintf(error, capacity, "--key-log %s: the path is too long", folder);
        return NULL;
    }
    (void)unlink(path); /* never write keys into somebody else's file or link */
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *stream = file < 0 ? NULL : fdopen(file, "w");
    if (stream == NULL) {
        snprintf(error, capacity, "--key-log %s: %s", path, strerror(errno));
        if (file >= 0) {
            (void)close(file);
        }
    }
    return stream;
}

struct keylog *keylog_open(const char *folder, char *error, size_t error_capacity)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        snprintf(error, error_capacity, "--key-log %s: %s", folder, strerror(errno));
        return NULL;
    }
    struct keylog *keylog = calloc(1, sizeof(*keylog));
    if (keylog == NULL) {
        snprintf(error, error_capacity, "--key-log: no memory");
        return NULL;
    }
    keylog->ike = open_table(folder, "ikev2_decryption_table", error, error_capacity);
    keylog->esp = keylog->ike == NULL ? NULL : open_table(folder, "esp_sa", error, error_capacity);
    if (keylog->esp == NULL) {
        keylog_close(keylog);
        return NULL;
    }
    return keylog;
}

void keylog_close(struct keylog *keylog)
{
    if (keylog == NULL) {
        return;
    }
    if (keylog->ike != NULL) {
        (void)fclose(keylog->ike);
    }
    if (keylog->esp != NULL) {
        (void)fclose(keylog->esp);
    }
    free(keylog);
}

static void put_hex(FILE *out, struct ipsec_view bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        fprintf(out, "%02x", bytes.data[i]);
    }
}

struct name {
    uint16_t id;
    const char *text;
};

static const char *name_of(const struct name names[], size_t count, uint16_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].id == id) {
            return names[i].text;
        }
    }
    return NULL;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool ike_cipher(const struct ipsec_suite *suite, char *text, size_t capacity)
{
    static const struct name formats[] = {
        {IPSEC_ENCR_AES_CBC, "AES-CBC-%u [RFC3602]"},
        {IPSEC_ENCR_AES_CTR, "AES-CTR-%u [RFC5930]"},
        {IPSEC_ENCR_AES_GCM_8, "AES-GCM-%u with 8 octet ICV [RFC5282]"},
        {IPSEC_ENCR_AES_GCM_12, "AES-GCM-%u with 12 octet ICV [RFC5282]"},
        {IPSEC_ENCR_AES_GCM_16, "AES-GCM-%u with 16 octet ICV [RFC5282]"},
        {IPSEC_ENCR_AES_CCM_8, "AES-CCM-%u with 8 octet ICV [RFC5282]"},
        {IPSEC_ENCR_AES_CCM_12, "AES-CCM-%u with 12 octet ICV [RFC5282]"},
        {IPSEC_ENCR_AES_CCM_16, "AES-CCM-%u with 16 octet ICV [RFC5282]"},
    };
    const char *format = name_of(formats, COUNT(formats), suite->encr);
    if (format == NULL) {
        return false;
    }
    const char *hole = strstr(format, "%u");
    snprintf(text, capacity, "%.*s%u%s", (int)(hole - format), format, suite->encr_key_bits,
             hole + 2);
    return true;
}

static void write_ike(struct keylog *keylog, const struct ipsec_key_log *log)
{
    static const struct name macs[] = {
        {IPSEC_INTEG_NONE, "NONE [RFC4306]"},
        {IPSEC_INTEG_HMAC_SHA1_96, "HMAC_SHA1_96 [RFC2404]"},
        {IPSEC_INTEG_HMAC_SHA2_256_128, "HMAC_SHA2_256_128 [RFC4868]"},
        {IPSEC_INTEG_HMAC_SHA2_384_192, "HMAC_SHA2_384_192 [RFC4868]"},
        {IPSEC_INTEG_HMAC_SHA2_512_256, "HMAC_SHA2_512_256 [RFC4868]"},
        {IPSEC_INTEG_AES_XCBC_96, "ANY 96-bits of Authentication [No Checking]"},
        {IPSEC_INTEG_AES_CMAC_96, "ANY 96-bits of Authentication [No Checking]"},
    };
    const bool unchecked =
        log->suite.integ == IPSEC_INTEG_AES_XCBC_96 || log->suite.integ == IPSEC_INTEG_AES_CMAC_96;
    const struct ipsec_view none = {NULL, 0}; /* it insists on that */
    char cipher[64];
    struct render ours = {.used = 0};
    const char *mac = name_of(macs, COUNT(macs), log->suite.integ);
    const bool known = mac != NULL && ike_cipher(&log->suite, cipher, sizeof(cipher));
    if (!known) {
        render_suite(&ours, &log->suite);
    }
    fprintf(keylog->ike, "%s%016" PRIx64 ",%016" PRIx64 ",", known ? "" : "# ", log->spi_i,
            log->spi_r);
    put_hex(keylog->ike, log->sk_ei);
    fprintf(keylog->ike, ",");
    put_hex(keylog->ike, log->sk_er);
    fprintf(keylog->ike, ",\"%s\",", known ? cipher : ours.text);
    put_hex(keylog->ike, unchecked ? none : log->sk_ai);
    fprintf(keylog->ike, ",");
    put_hex(keylog->ike, unchecked ? none : log->sk_ar);
    fprintf(keylog->ike, ",\"%s\"\n", known ? mac : "");
    (void)fflush(keylog->ike);
}

static const char *esp_cipher(uint16_t encr)
{
    static const struct name ciphers[] = {
        {IPSEC_ENCR_NULL, "NULL"},
        {IPSEC_ENCR_AES_CBC, "AES-CBC [RFC3602]"},
        {IPSEC_ENCR_AES_CTR, "AES-CTR [RFC3686]"},
        {IPSEC_ENCR_AES_GCM_8, "AES-GCM with 8 octet ICV [RFC4106]"},
        {IPSEC_ENCR_AES_GCM_12, "AES-GCM with 12 octet ICV [RFC4106]"},
        {IPSEC_ENCR_AES_GCM_16, "AES-GCM with 16 octet ICV [RFC4106]"},
    };
    return name_of(ciphers, COUNT(ciphers), encr);
}

/* Where Wireshark can not do it, its length alone. With ESN it does not know the high half of the
 * sequence number, which no packet carries. */
static const char *esp_mac(const struct ipsec_suite *suite)
{
    static const struct name macs[] = {
        {IPSEC_INTEG_NONE, "NULL"},
        {IPSEC_INTEG_HMAC_SHA1_96, "HMAC-SHA-1-96 [RFC2404]"},
        {IPSEC_INTEG_HMAC_SHA2_256_128, "HMAC-SHA-256-128 [RFC4868]"},
        {IPSEC_INTEG_HMAC_SHA2_384_192, "HMAC-SHA-384-192 [RFC4868]"},
        {IPSEC_INTEG_HMAC_SHA2_512_256, "HMAC-SHA-512-256 [RFC4868]"},
    };
    static const struct name unchecked[] = {
        {IPSEC_INTEG_HMAC_SHA1_96, "ANY 96 bit authentication [no checking]"},
        {IPSEC_INTEG_HMAC_SHA2_256_128, "ANY 128 bit authentication [no checking]"},
        {IPSEC_INTEG_HMAC_SHA2_384_192, "ANY 192 bit authentication [no checking]"},
        {IPSEC_INTEG_HMAC_SHA2_512_256, "ANY 256 bit authentication [no checking]"},
        {IPSEC_INTEG_AES_XCBC_96, "ANY 96 bit authentication [no checking]"},
        {IPSEC_INTEG_AES_CMAC_96, "ANY 96 bit authentication [no checking]"},
    };
    const char *checked = suite->esn == IPSEC_ESN_YES && suite->integ != IPSEC_INTEG_NONE
                              ? NULL
                              : name_of(macs, COUNT(macs), suite->integ);
    return checked != NULL ? checked : name_of(unchecked, COUNT(unchecked), suite->integ);
}

static void write_esp_sa(FILE *out, const struct ipsec_child_sa *child, uint32_t spi,
                         struct ipsec_view encr_key, struct ipsec_view integ_key)
{
    struct render ours = {.used = 0};
    const char *cipher = esp_cipher(child->suite.encr);
    const char *mac = esp_mac(&child->suite);
    const bool known = cipher != NULL && mac != NULL;
    if (!known) {
        render_suite(&ours, &child->suite);
    }
    /* Any address: right on both sides of a NAT. */
    fprintf(out, "%s\"%s\",\"*\",\"*\",\"0x%08" PRIx32 "\",\"%s\",\"%s", known ? "" : "# ",
            child->remote.addr.family == IPSEC_FAMILY_IPV6 ? "IPv6" : "IPv4", spi,
            known ? cipher : ours.text, encr_key.length == 0 ? "" : "0x");
    put_hex(out, encr_key);
    fprintf(out, "\",\"%s\",\"%s", known ? mac : "", integ_key.length == 0 ? "" : "0x");
    put_hex(out, integ_key);
    fprintf(out, "\"\n");
    (void)fflush(out);
}

void keylog_write(struct keylog *keylog, const struct ipsec_key_log *log)
{
    if (log->protocol == IPSEC_PROTOCOL_IKE) {
        write_ike(keylog, log);
    } else if (log->child != NULL) {
        const struct ipsec_child_sa *child = log->child;
        write_esp_sa(keylog->esp, child, child->spi_in, child->encr_key_in, child->integ_key_in);
        write_esp_sa(keylog->esp, child, child->spi_out, child->encr_key_out, child->integ_key_out);
    }
}
