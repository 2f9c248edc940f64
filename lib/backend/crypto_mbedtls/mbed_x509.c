/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate verifier. Paths from the peer's certificate to a trust anchor are laid out here
 * by names, in whatever order the certificates came; Mbed TLS then checks signatures, CA bits and
 * path lengths along one of them, and what is left is checked here: times at the caller's time
 * (never at the system's clock), revocation, usage, identity. RFC 5280 6.1, RFC 4945.
 */
#include "mbed_x509.h"

#include <string.h>

#if IPSECI_MBED_X509
#include <mbedtls/oid.h>

/* RFC 8247 4: what a chain may be signed with. */
const mbedtls_x509_crt_profile ipseci_mbed_profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    IPSECI_MBED_RSA_BITS_MIN,
};

/* Bounds on what a peer can make us do with certificates of one name. */
#define TRIES_MAX 8   /* chains whose signatures are checked */
#define STEPS_MAX 128 /* beginnings of paths that are looked at */

/* One validation. */
struct work {
    const struct ipsec_cert_query *query;
    struct ipseci_mbed_node node[IPSEC_CERTIFICATES_MAX]; /* [0] is the peer's own */
    uint8_t nodes;
    uint8_t path[IPSEC_CERTIFICATES_MAX]; /* indexes of node */
    uint8_t length;
    uint8_t tries;
    uint8_t steps;
    bool any_time; /* look at certificates that are not valid now, to say what is wrong */
    enum ipsec_cert_problem problem;
};

static bool is_now(const struct work *work, const struct ipseci_mbed_node *node)
{
    return node->from <= work->query->wall_time && work->query->wall_time <= node->until;
}

/* ---- checks of one path whose signatures were checked ---- */

struct path {
    const struct work *work;
    const mbedtls_x509_crt
        *crt[IPSEC_CERTIFICATES_MAX + 1]; /* the peer's own first, then upwards */
    size_t length;
};

/* Mbed TLS calls this for each certificate from the top down, with its own opinion of the time. */
static int on_path(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct path *path = context;
    if (depth < 0 || (size_t)depth >= sizeof(path->crt) / sizeof(path->crt[0])) {
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    }
    path->crt[depth] = crt;
    if (path->length <= (size_t)depth) {
        path->length = (size_t)depth + 1;
    }
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

static enum ipsec_cert_problem check_times(const struct path *path)
{
    int64_t now = path->work->query->wall_time;
    for (size_t i = 0; i < path->length; i++) {
        if (now > ipseci_mbed_seconds(&path->crt[i]->valid_to)) {
            return IPSEC_CERT_EXPIRED;
        }
        if (now < ipseci_mbed_seconds(&path->crt[i]->valid_from)) {
            return IPSEC_CERT_NOT_YET;
        }
    }
    return IPSEC_CERT_GOOD;
}

/* The anchor itself is trusted, not looked up. */
static enum ipsec_cert_problem check_lists(const struct path *path)
{
    for (size_t i = 0; i + 1 < path->length; i++) {
        enum ipsec_cert_problem problem =
            ipseci_mbed_revocation(path->work->query, path->crt[i], path->crt[i + 1]);
        if (problem != IPSEC_CERT_GOOD) {
            return problem;
        }
    }
    return IPSEC_CERT_GOOD;
}

static bool for_usage(const mbedtls_x509_crt *crt, const char *oid, size_t length)
{
    return mbedtls_x509_crt_check_extended_key_usage(crt, oid, length) == 0;
}

#define IPSEC_IKE        "\x2b\x06\x01\x05\x05\x07\x03\x11" /* id-kp-ipsecIKE, 1.3.6.1.5.5.7.3.17 */
#define IKE_INTERMEDIATE "\x2b\x06\x01\x05\x05\x08\x02\x02" /* 1.3.6.1.5.5.8.2.2 */

/* RFC 4945 5.1.3.12: where the extension is there, it has to hold ipsecIKE or any usage (which Mbed
 * TLS takes for each); all else is refused, so that a web server's certificate is no gateway's.
 * Certificates made for other implementations often have serverAuth or the expired draft's
 * ikeIntermediate alone: those are taken when the trust store says so. */
static bool extended_usage_allows(const struct ipsec_trust *trust, const mbedtls_x509_crt *crt)
{
    if (for_usage(crt, IPSEC_IKE, sizeof(IPSEC_IKE) - 1)) {
        return true;
    }
    return trust->accept_tls_usage &&
           (for_usage(crt, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) ||
            for_usage(crt, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) ||
            for_usage(crt, IKE_INTERMEDIATE, sizeof(IKE_INTERMEDIATE) - 1));
}

/* RFC 4945 5.1.3.2: where key usage is there, one of these two has to be set. */
static bool usage_allows(const struct ipsec_trust *trust, const mbedtls_x509_crt *crt)
{
    return (mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 ||
            mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_NON_REPUDIATION) == 0) &&
           extended_usage_allows(trust, crt);
}

static enum ipsec_cert_problem check_path(const struct path *path)
{
    const struct ipsec_cert_query *query = path->work->query;
    enum ipsec_cert_problem problem = check_times(path);
    if (problem == IPSEC_CERT_GOOD) {
        problem = check_lists(path);
    }
    if (problem != IPSEC_CERT_GOOD) {
        return problem;
    }
    if (!usage_allows(query->trust, path->crt[0])) {
        return IPSEC_CERT_USAGE;
    }
    return ipseci_mbed_identity(path->crt[0], query->id) ? IPSEC_CERT_GOOD : IPSEC_CERT_IDENTITY;
}

/* ---- one path ---- */

#define FLAGS_WEAK                                                                                 \
    (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)

static enum ipsec_cert_problem judge(const struct path *path, int error, uint32_t flags)
{
    if (error != 0 && error != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        return IPSEC_CERT_UNTRUSTED;
    }
    /* A signature with a hash that is not built in could not be checked, for it is weak. */
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
        return (flags & MBEDTLS_X509_BADCERT_BAD_MD) != 0 ? IPSEC_CERT_WEAK : IPSEC_CERT_UNTRUSTED;
    }
    if ((flags & FLAGS_WEAK) != 0) {
        return IPSEC_CERT_WEAK;
    }
    return flags != 0 || path->length == 0 ? IPSEC_CERT_UNTRUSTED : check_path(path);
}

static bool anchor_fits(const struct work *work, const struct ipseci_mbed_node *anchor)
{
    const struct ipseci_mbed_node *top = &work->node[work->path[work->length - 1]];
    return ipseci_mbed_same(anchor->subject, top->issuer) &&
           (work->any_time || is_now(work, anchor));
}

static int add(mbedtls_x509_crt *list, struct ipsec_view der)
{
    return mbedtls_x509_crt_parse_der_nocopy(list, der.data, der.length);
}

/* The path as far as it goes, and the anchors that may be above it. */
static int fill(const struct work *work, mbedtls_x509_crt *chain, mbedtls_x509_crt *anchors)
{
    int error = 0;
    for (size_t i = 0; i < work->length && error == 0; i++) {
        error = add(chain, work->node[work->path[i]].der);
    }
    const struct ipseci_mbed_anchor *anchor = work->query->trust->anchors;
    for (; anchor != NULL && error == 0; anchor = anchor->next) {
        if (anchor_fits(work, &anchor->node)) {
            error = add(anchors, anchor->node.der);
        }
    }
    return error;
}

static enum ipsec_cert_problem try_path(const struct work *work)
{
    struct path path = {work, {NULL}, 0};
    mbedtls_x509_crt chain;
    mbedtls_x509_crt anchors;
    uint32_t flags = 0;

    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&anchors);
    int error = fill(work, &chain, &anchors);
    if (error == 0) {
        error = mbedtls_x509_crt_verify_with_profile(&chain, &anchors, NULL, &ipseci_mbed_profile,
                                                     NULL, &flags, on_path, &path);
    }
    enum ipsec_cert_problem problem = judge(&path, error, flags);
    mbedtls_x509_crt_free(&anchors);
    mbedtls_x509_crt_free(&chain);
    return problem;
}

/* The peer's very certificate is an anchor: no path is needed, and its signature is not looked at.
 */
static enum ipsec_cert_problem try_pinned(const struct work *work)
{
    struct path path = {work, {NULL}, 1};
    struct ipsec_key_info info;
    mbedtls_x509_crt crt;

    mbedtls_x509_crt_init(&crt);
    enum ipsec_cert_problem problem = IPSEC_CERT_MALFORMED;
    if (add(&crt, work->node[0].der) == 0) {
        path.crt[0] = &crt;
        problem = ipseci_mbed_pk_info(&crt.pk, &info) == IPSEC_OK && ipseci_mbed_pk_strong(&info)
                      ? check_path(&path)
                      : IPSEC_CERT_WEAK;
    }
    mbedtls_x509_crt_free(&crt);
    return problem;
}

/* ---- all paths ---- */

static bool has_anchor(const struct work *work)
{
    const struct ipseci_mbed_anchor *anchor = work->query->trust->anchors;
    while (anchor != NULL && !anchor_fits(work, &anchor->node)) {
        anchor = anchor->next;
    }
    return anchor != NULL;
}

/* Tries what lies on the path so far, where an anchor of the right name is above it. The first
 * problem that is not plain distrust is the one to tell. */
static void visit(struct work *work)
{
    work->steps++;
    if (work->tries == TRIES_MAX || !has_anchor(work)) {
        return;
    }
    work->tries++;
    enum ipsec_cert_problem problem = try_path(work);
    if (problem == IPSEC_CERT_GOOD || work->problem == IPSEC_CERT_UNTRUSTED) {
        work->problem = problem;
    }
}

static bool on_this_path(const struct work *work, uint8_t index)
{
    for (size_t i = 0; i < work->length; i++) {
        if (work->path[i] == index) {
            return true;
        }
    }
    return false;
}

/* The next certificate, from index on, that may have issued the last of the path; 0: none. */
static uint8_t next_issuer(const struct work *work, uint8_t index)
{
    const struct ipseci_mbed_node *last = &work->node[work->path[work->length - 1]];
    for (; index < work->nodes; index++) {
        const struct ipseci_mbed_node *node = &work->node[index];
        if (ipseci_mbed_same(node->subject, last->issuer) && !on_this_path(work, index) &&
            (work->any_time || is_now(work, node))) {
            return index;
        }
    }
    return 0;
}

/* Depth first over the names, without recursion: next[i] is where the search goes on when the path
 * has been cut back to i + 1 certificates. */
static void search(struct work *work)
{
    uint8_t next[IPSEC_CERTIFICATES_MAX] = {1};

    work->path[0] = 0;
    work->length = 1;
    visit(work);
    while (work->length > 0 && work->problem != IPSEC_CERT_GOOD && work->steps < STEPS_MAX) {
        uint8_t index = next_issuer(work, next[work->length - 1]);
        if (index == 0) {
            work->length--;
            continue;
        }
        next[work->length - 1] = (uint8_t)(index + 1);
        next[work->length] = 1;
        work->path[work->length] = index;
        work->length++;
        visit(work);
    }
}

static bool is_pinned(const struct work *work)
{
    const struct ipseci_mbed_anchor *anchor = work->query->trust->anchors;
    while (anchor != NULL && !ipseci_mbed_same(anchor->node.der, work->node[0].der)) {
        anchor = anchor->next;
    }
    return anchor != NULL;
}

/* What is not valid now is left out at first, so that an old certificate in front does not hide the
 * one that replaced it. When nothing is found, it is looked at to say what is wrong. */
static enum ipsec_cert_problem find_problem(struct work *work)
{
    if (work->query->trust == NULL) {
        return IPSEC_CERT_UNTRUSTED; /* nobody is trusted */
    }
    if (is_pinned(work)) {
        return try_pinned(work);
    }
    work->problem = IPSEC_CERT_UNTRUSTED;
    search(work);
    if (work->problem == IPSEC_CERT_UNTRUSTED) {
        work->any_time = true;
        work->tries = 0;
        work->steps = 0;
        search(work);
    }
    return work->problem;
}

/* ---- the query ---- */

static bool known(const struct work *work, struct ipsec_view der)
{
    for (size_t i = 0; i < work->nodes; i++) {
        if (ipseci_mbed_same(work->node[i].der, der)) {
            return true;
        }
    }
    return false;
}

/* AUTH-17: what else was sent may help, and does no harm where it can not be read. An issuer whose
 * name constraints nobody checks is none (CVE-2026-35331). */
static enum ipsec_status read_helpers(struct work *work)
{
    const struct ipsec_cert_query *query = work->query;
    size_t count = query->certificate_count;
    if (count > IPSEC_CERTIFICATES_MAX) {
        count = IPSEC_CERTIFICATES_MAX;
    }
    for (size_t i = 1; i < count; i++) {
        struct ipseci_mbed_node *node = &work->node[work->nodes];
        if (known(work, query->certificates[i])) {
            continue;
        }
        enum ipsec_status status = ipseci_mbed_node_read(query->certificates[i], node, NULL);
        if (status == IPSEC_ERR_MEMORY) {
            return status;
        }
        work->nodes = (uint8_t)(work->nodes + (status == IPSEC_OK && !node->constrained ? 1 : 0));
    }
    return IPSEC_OK;
}

static enum ipsec_status x509_validate(void *context, const struct ipsec_cert_query *query,
                                       struct ipsec_cert_result *result)
{
    struct work work;

    (void)context;
    memset(result, 0, sizeof(*result));
    result->problem = IPSEC_CERT_MISSING;
    if (query->id == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (query->certificate_count == 0) {
        return IPSEC_OK;
    }
    memset(&work, 0, sizeof(work));
    work.query = query;
    enum ipsec_status status = ipseci_mbed_node_read(query->certificates[0], &work.node[0], NULL);
    struct ipsec_view key = work.node[0].public_key;
    if (status == IPSEC_DROP_MALFORMED || key.length > sizeof(result->public_key)) {
        result->problem = IPSEC_CERT_MALFORMED;
        return IPSEC_OK;
    }
    work.nodes = 1;
    if (status == IPSEC_OK) {
        status = read_helpers(&work);
    }
    if (status != IPSEC_OK) {
        return status;
    }
    result->problem = find_problem(&work);
    if (result->problem == IPSEC_CERT_GOOD) {
        memcpy(result->public_key, key.data, key.length);
        result->public_key_length = key.length;
    }
    return IPSEC_OK;
}

static size_t x509_authorities(void *context, const struct ipsec_trust *trust,
                               uint8_t (*out)[IPSEC_AUTHORITY_BYTES], size_t max)
{
    size_t count = 0;
    (void)context;
    if (trust == NULL || ipseci_mbed_hash(IPSECI_MBED_HASH_SHA1) == NULL) {
        return 0;
    }
    const struct ipseci_mbed_anchor *anchor = trust->anchors;
    for (; anchor != NULL; anchor = anchor->next) {
        if (count < max) {
            memcpy(out[count], anchor->key_hash, IPSEC_AUTHORITY_BYTES);
        }
        count++;
    }
    return count;
}

const struct ipsec_x509 *ipsec_mbedtls_x509(void)
{
    static const struct ipsec_x509 table = {
        .size = sizeof(struct ipsec_x509),
        .name = "mbedtls",
        .validate = x509_validate,
        .authorities = x509_authorities,
    };
    return &table;
}

#else

const struct ipsec_x509 *ipsec_mbedtls_x509(void)
{
    return NULL;
}

#endif
