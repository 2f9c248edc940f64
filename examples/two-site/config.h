/* SPDX-License-Identifier: Apache-2.0
 *
 * A two-site configuration as it is after reading: what config_read.c fills from the INI file, what
 * config_finish.c completes, and what the session, the check and the renderers use.
 */
#ifndef TWO_SITE_CONFIG_H
#define TWO_SITE_CONFIG_H

#include <ipsec/ike.h>
#include <stdio.h>

#define CONFIG_SITES_MAX         32
#define CONFIG_SITE_CHILDREN_MAX 8
#define CONFIG_CHILDREN_MAX      64
#define CONFIG_NAME_BYTES        33  /* with the NUL */
#define CONFIG_PATH_BYTES        256 /* with the NUL */
#define CONFIG_SOCKET_BYTES      108 /* sockaddr_un.sun_path */
#define CONFIG_ERRORS_MAX        50
#define CONFIG_ERROR_BYTES       400
#define CONFIG_TUN_BYTES         16 /* IFNAMSIZ */
#define CONFIG_TEXT_BYTES        400
#define CONFIG_FWMARK            4096

enum config_crypto {
    CRYPTO_MBEDTLS = 0,
    CRYPTO_OPENSSL = 1,
    CRYPTO_IPSEC_MB = 2,
    CONFIG_CRYPTO_MAX = 3
};

enum config_role { ROLE_BOTH = 0, ROLE_INITIATOR = 1, ROLE_RESPONDER = 2 };

struct config_gateway {
    struct ipsec_addr address; /* family NONE: every address of this machine */
    uint16_t ike_port;
    uint16_t natt_port;
    char tun[CONFIG_TUN_BYTES];
    struct ipsec_addr tun_address; /* family NONE: the TUN device has no address of its own */
    struct ipsec_addr tun_address6;
    uint32_t mtu;
    bool no_routes;
    bool no_offload;
    uint8_t ttl;     /* 0: the system's */
    uint32_t fwmark; /* of our own packets where children are in transport mode */
    char control[CONFIG_SOCKET_BYTES];
    uint64_t retransmit_first_ms; /* 0: the library's default */
    uint32_t retransmit_max;
    bool cookies_always;
    uint32_t fragment_bytes;           /* 0: the library's default */
    uint8_t crypto[CONFIG_CRYPTO_MAX]; /* enum config_crypto in order of preference */
    uint8_t crypto_count;
    bool crypto_fastest; /* each algorithm by whichever of them is the fastest */
    uint64_t seen;       /* keys given so far, a bit each in the order of config_keys.c */
};

struct config_child {
    char name[CONFIG_NAME_BYTES];
    char site[CONFIG_NAME_BYTES];
    uint32_t line; /* of the first key of its section */
    uint32_t site_line;
    struct ipsec_proposals esp;
    char esp_text[CONFIG_TEXT_BYTES];
    uint32_t esp_line;
    uint64_t seen;
    uint8_t dscp_map[64];
    struct ipsec_child_config child; /* proposals, name and map point into this struct */
};

/* Certificates of a site: files, read by credential.c when the crypto provider is there. */
struct config_auth {
    uint32_t line; /* of the last key about it */
    char cert_file[CONFIG_PATH_BYTES];
    char key_file[CONFIG_PATH_BYTES];
    char key_password_file[CONFIG_PATH_BYTES];
    char ca_file[CONFIG_PATH_BYTES];
    char crl_file[CONFIG_PATH_BYTES];
    bool require_crl;
    uint32_t signatures; /* sets of 1 << enum ipsec_signature; 0: the library's default */
};

/* A file that was read. */
struct config_content {
    uint8_t *data; /* with a NUL behind it */
    size_t length;
};

/* EAP of a site: read by eap_secrets.c. */
struct config_eap {
    uint32_t line;      /* of the last key about it */
    char identity[257]; /* our user name; empty: that of local_id */
    char password_file[CONFIG_PATH_BYTES];
    char users_file[CONFIG_PATH_BYTES]; /* of whom we answer */
    char ids_file[CONFIG_PATH_BYTES];   /* what some of them are called in IKE */
    bool ask_identity;
    bool any_id;
    struct config_content password; /* secret, as the next */
    struct config_content users;
    struct config_content ids;
};

struct config_site {
    char name[CONFIG_NAME_BYTES];
    uint32_t line;
    enum config_role role;
    bool has_remote;
    bool remote_any;
    struct ipsec_proposals ike;
    char ike_text[CONFIG_TEXT_BYTES];
    uint32_t ike_line;
    char secret_file[CONFIG_PATH_BYTES];
    uint32_t secret_line;
    struct ipsec_secret secret;
    struct config_auth auth;
    struct config_eap eap;
    struct ipsec_peer peer;      /* pointers lead into this struct */
    struct ipsec_selector pool;  /* addresses for peers that ask; family NONE: none */
    struct ipsec_id redirect_to; /* type NONE: nowhere */
    bool redirect_at_once;       /* in IKE_SA_INIT, not only when it is known who calls */
    uint32_t redirect_line;
    uint32_t follow_line; /* of follow_redirects */
    uint32_t reauth_line;
    uint32_t dns_count;
    struct ipsec_addr dns[IPSEC_CONFIG_DNS_MAX];
    struct ipsec_child_config children[CONFIG_SITE_CHILDREN_MAX];
    const struct config_child *child_source[CONFIG_SITE_CHILDREN_MAX];
    uint64_t seen;
};

struct config_error {
    uint32_t line; /* 0: of the file as a whole */
    char text[CONFIG_ERROR_BYTES];
};

/* About 250 kB: allocate it. */
struct config {
    char file[CONFIG_PATH_BYTES];
    struct config_gateway gateway;
    uint32_t gateway_line;
    size_t site_count;
    struct config_site site[CONFIG_SITES_MAX];
    size_t child_count;
    struct config_child child[CONFIG_CHILDREN_MAX];
    size_t error_count; /* counts on beyond what is kept */
    struct config_error error[CONFIG_ERRORS_MAX];
};

/* A new configuration with every default, or NULL. Free with config_free, which wipes the secrets.
 */
struct config *config_new(void);
void config_free(struct config *config);

/* Reads a stream as the file `name` (relative secret files start at its folder). overrides are
 * "SECTION.KEY=VALUE" texts that stand over the file, e.g. "child net.esp=aes128-sha256".
 * True when there is no error; config->error has them otherwise, ordered by line. */
bool config_read(struct config *config, FILE *stream, const char *name,
                 const char *const overrides[], size_t override_count);
/* Opens the file and reads it; a file that does not open is an error of line 0. */
bool config_load(struct config *config, const char *name, const char *const overrides[],
                 size_t override_count);
/* "FILE:LINE: MESSAGE" for each error, and how many were not kept. */
void config_print_errors(const struct config *config, FILE *out);

/* Shared by the parts of the reader. */
__attribute__((format(printf, 3, 4))) void config_fail(struct config *config, uint32_t line,
                                                       const char *format, ...);

/* config_keys.c: one "key = value" of a section; false after config_fail. */
bool config_key(struct config *config, const char *section, const char *key, const char *value,
                uint32_t line);
/* config_auth.c: the keys of [site] about authentication, and what must fit together. */
void config_auth_key(struct config *config, struct config_site *site, const char *key,
                     const char *value, uint32_t line);
void config_auth_check(struct config *config, const struct config_site *site);
/* An address or a host name that peers can be sent to. */
bool config_gateway(const char *text, struct ipsec_id *out);
/* What must fit together of redirects. */
void config_redirect_check(struct config *config, const struct config_site *site);
/* "psk", "certificate" ... */
const char *config_auth_text(uint8_t auth);
/* config_eap.c: what must fit together of the keys that begin with eap_. */
void config_eap_check(struct config *config, const struct config_site *site);
bool config_site_uses(const struct config_site *site, enum ipsec_auth auth);
/* A relative path lies beside the configuration. False: too long. */
bool config_path(const struct config *config, const char *file, char *path, size_t capacity);
/* config_hosts.c: children in transport mode. Completes a child's selectors, and says what they
 * must be. */
void config_hosts_finish(struct config *config, const struct config_site *site,
                         struct config_child *child);
bool config_is_host(const struct ipsec_child_config *child);
/* Any child of the whole configuration. */
bool config_has_hosts(const struct config *config);
/* config_finish.c: joins children and sites, reads secrets, checks what needs the whole. */
void config_finish(struct config *config);

const struct config_site *config_find_site(const struct config *config, const char *name);
const char *config_role_text(enum config_role role);

#endif
