/* SPDX-License-Identifier: Apache-2.0
 *
 * The failure report's parts about who the ends are and how they prove it: identities, secrets,
 * signatures, certificates. Called by failure_text.c.
 */
#include "report.h"
#include "small_payloads.h"

void ipseci_report_quoted_id(struct ipseci_text *t, const struct ipsec_id *id)
{
    ipseci_text_add(t, id == NULL ? "" : "\"");
    ipseci_report_id(t, id);
    ipseci_text_add(t, id == NULL ? "" : "\"");
}

static void add_here(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Here:");
    ipseci_text_add(&page->entry, "we are ");
    ipseci_report_quoted_id(&page->entry, f->our_id);
    if (f->expected_id != NULL) {
        ipseci_text_add(&page->entry, " and expect ");
        if (f->expected_id->type == IPSEC_ID_NONE) {
            ipseci_text_add(&page->entry, "any identity");
        } else {
            ipseci_report_quoted_id(&page->entry, f->expected_id);
        }
    }
    ipseci_page_end(page, 3);
}

static void add_identities(struct ipseci_page *page, const struct ipsec_failure *f)
{
    add_here(page, f);
    ipseci_page_begin(page, "There:");
    if (f->their_id == NULL) {
        ipseci_text_add(&page->entry, "the peer did not say who it is");
    } else {
        ipseci_text_add(&page->entry, "the peer says it is ");
        ipseci_report_quoted_id(&page->entry, f->their_id);
    }
    ipseci_page_end(page, 2);
}

/* ---- proofs ------------------------------------------------------------------------------------
 */

static const char *wanted_name(uint8_t auth)
{
    switch ((enum ipsec_auth)auth) {
    case IPSEC_AUTH_PSK:
        return "a shared secret";
    case IPSEC_AUTH_SIGNATURE:
        return "a certificate";
    case IPSEC_AUTH_NULL:
        return "no proof at all (NULL)";
    case IPSEC_AUTH_EAP:
        return "EAP";
    }
    return "?";
}

/* RFC 7296 3.8, as far as other implementations use them. */
static const char *method_name(uint8_t method)
{
    switch ((enum ipseci_auth_method)method) {
    case IPSECI_AUTH_RSA_SHA1:
        return "an RSA signature with SHA-1 (method 1)";
    case IPSECI_AUTH_SHARED_KEY:
        return "a shared secret (method 2)";
    case IPSECI_AUTH_DSS_SHA1:
        return "a DSS signature (method 3)";
    case IPSECI_AUTH_ECDSA_256:
    case IPSECI_AUTH_ECDSA_384:
    case IPSECI_AUTH_ECDSA_521:
        return "an ECDSA signature (methods 9 to 11)";
    case IPSECI_AUTH_NULL:
        return "no proof at all (NULL, method 13)";
    case IPSECI_AUTH_SIGNATURE:
        return "a signature (method 14)";
    }
    return "a method that is not known here";
}

static void add_refused_auth(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (f->auth_ours == IPSEC_AUTH_EAP) {
        ipseci_text_add(t, "the peer's EAP method says no: name or password are wrong, or the peer "
                           "wants another method");
        return;
    }
    ipseci_text_add(t, "the peer does not accept our AUTH as ");
    ipseci_report_quoted_id(t, f->our_id);
    ipseci_text_add(t, f->auth_ours == IPSEC_AUTH_SIGNATURE
                           ? ": it does not trust our certificate, or does not find this identity "
                             "in it, or expects us as somebody else, or wants another method"
                           : ": the secrets differ, or the peer does not know this identity, or it "
                             "expects us as somebody else, or it wants another method than a "
                             "secret");
}

/* We could not make our own proof. */
static void add_no_proof(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (f->auth_ours == IPSEC_AUTH_SIGNATURE) {
        ipseci_text_add(t, f->status == IPSEC_ERR_NOT_BUILT_IN
                               ? "our key can make no signature that this build has, that is "
                                 "allowed here, and that the peer says it can check"
                               : "the signer here failed: ");
        ipseci_text_add(t, f->status == IPSEC_ERR_NOT_BUILT_IN ? "" : ipsec_status_text(f->status));
        return;
    }
    ipseci_text_add(t, f->auth_ours == IPSEC_AUTH_EAP
                           ? "an end that is called proves itself by EAP only where the caller "
                             "does so too: local_auth here must be another method"
                           : "no secret is configured here for this pair of identities");
}

static void add_wrong_secret(struct ipseci_text *t, const struct ipsec_failure *f)
{
    ipseci_text_add(t, "the AUTH of ");
    ipseci_report_quoted_id(t, f->their_id);
    ipseci_text_add(t, " does not verify: the secrets of the two ends differ. A blank or a newline "
                       "at the end of one secret is enough");
    ipseci_text_add(t, f->initiator ? "; or another machine than the meant one answered" : "");
}

static bool other_method(const struct ipsec_failure *f)
{
    const bool keyed = f->auth_method == IPSECI_AUTH_SHARED_KEY || f->auth_method == 0;

    return f->status == IPSEC_ERR_FORBIDDEN || (f->auth_wanted == IPSEC_AUTH_PSK && !keyed) ||
           (f->auth_wanted == IPSEC_AUTH_NULL && f->auth_method != IPSECI_AUTH_NULL);
}

static void add_wrong_auth(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (f->their_id == NULL) {
        add_no_proof(t, f);
    } else if (f->cert_problem != IPSEC_CERT_GOOD) {
        ipseci_text_add(t, "the certificate of ");
        ipseci_report_quoted_id(t, f->their_id);
        ipseci_text_add(t, " is refused: ");
        ipseci_text_add(t, ipsec_cert_problem_text((enum ipsec_cert_problem)f->cert_problem));
    } else if (f->auth_wanted == IPSEC_AUTH_EAP && !other_method(f)) {
        ipseci_text_add(t, "EAP did not come to a good end: the method failed here, or its keys "
                           "differ on the two ends");
    } else if (other_method(f)) {
        ipseci_text_add(t, "the peer proves who it is by ");
        ipseci_text_add(t, method_name(f->auth_method));
        ipseci_text_add(t, ", which is not what is allowed for it here: ");
        ipseci_text_add(t, wanted_name(f->auth_wanted));
    } else if (f->auth_wanted == IPSEC_AUTH_SIGNATURE) {
        ipseci_text_add(t, f->status == IPSEC_ERR_NOT_BUILT_IN
                               ? "this build can not check certificates or this kind of signature"
                               : "the signature does not verify with the key of the certificate "
                                 "that came with it");
    } else if (f->status == IPSEC_ERR_NOT_FOUND) {
        ipseci_text_add(t, "no secret is configured here for this pair of identities");
    } else {
        add_wrong_secret(t, f);
    }
}

static const char *certificate_advice(uint8_t problem)
{
    switch ((enum ipsec_cert_problem)problem) {
    case IPSEC_CERT_GOOD:
        return "on the other:    let its key and its certificate belong together";
    case IPSEC_CERT_MISSING:
        return "on the other:    give it a certificate and have it sent";
    case IPSEC_CERT_MALFORMED:
        return "on the other:    replace the certificate";
    case IPSEC_CERT_UNTRUSTED:
        return "on this gateway: trust the authority that signed it (ca_file); or on the other: "
               "send the intermediate certificates too";
    case IPSEC_CERT_EXPIRED:
    case IPSEC_CERT_NOT_YET:
        return "on both: compare the clocks; if they are right, renew the certificate";
    case IPSEC_CERT_REVOKED:
        return "on the other:    get a new certificate, this one was taken back";
    case IPSEC_CERT_IDENTITY:
        return "on the other:    local_id must be the subject or a subjectAltName of its "
               "certificate";
    case IPSEC_CERT_USAGE:
        return "on the other:    get a certificate that allows digital signatures, and IKE if it "
               "has an extended key usage";
    case IPSEC_CERT_WEAK:
        return "on the other:    get a certificate with a longer key or a stronger hash";
    case IPSEC_CERT_NO_TIME:
        return "on this gateway: set the clock, or certificates can not be checked";
    case IPSEC_CERT_CRL:
        return "on this gateway: fetch a current revocation list of that authority";
    }
    return "";
}

static void add_advice(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool by_peer = f->refused_by == IPSEC_REFUSED_PEER;
    const uint8_t method = by_peer || f->their_id == NULL ? f->auth_ours : f->auth_wanted;

    if (!by_peer && f->their_id != NULL && f->cert_problem == IPSEC_CERT_GOOD && other_method(f)) {
        ipseci_page_say(page, "To do:",
                        "on both: the method one end uses (local_auth) must be the one that the "
                        "other end takes from it (remote_auth)");
    } else if (method == IPSEC_AUTH_EAP) {
        ipseci_page_say(page, "To do:",
                        "on both: compare the EAP method, name and password; the authentication "
                        "server's log says more");
    } else if (method == IPSEC_AUTH_SIGNATURE && by_peer) {
        ipseci_page_say(page, "To do:",
                        "on the other:    trust the authority that signed our certificate; its log "
                        "says what is wrong with it");
    } else if (method == IPSEC_AUTH_SIGNATURE && f->their_id == NULL) {
        ipseci_page_say(page, "To do:",
                        "on this gateway: look at the key and the allowed signatures; or let the "
                        "other speak RFC 7427");
    } else if (method == IPSEC_AUTH_SIGNATURE) {
        ipseci_page_say(page, "To do:", certificate_advice(f->cert_problem));
    } else {
        ipseci_page_say(page, "To do:",
                        "on both: compare the secrets for this pair of identities (here: "
                        "secret_file), their lengths too");
    }
}

void ipseci_report_authentication(struct ipseci_page *page, const struct ipsec_failure *f)
{
    add_identities(page, f);
    ipseci_page_begin(page, "Cause:");
    switch (f->refused_by) {
    case IPSEC_REFUSED_LOCAL:
        add_wrong_auth(&page->entry, f);
        break;
    case IPSEC_REFUSED_PEER:
        add_refused_auth(&page->entry, f);
        break;
    case IPSEC_REFUSED_NOBODY:
        ipseci_text_add(&page->entry, "authentication did not come to an end");
        break;
    }
    ipseci_page_end(page, 4);
    add_advice(page, f);
    if (f->refused_by == IPSEC_REFUSED_PEER) {
        ipseci_page_begin(page, "");
        ipseci_text_add(&page->entry, "on the other:    remote_id = ");
        ipseci_report_id(&page->entry, f->our_id);
        ipseci_text_add(&page->entry, " (or any); its log says which of these it is");
        ipseci_page_end(page, 2);
    }
}

/* ---- identities --------------------------------------------------------------------------------
 */

static void add_local_identity(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "expected is ");
    ipseci_report_quoted_id(&page->entry, f->expected_id);
    ipseci_text_add(&page->entry, ", received was ");
    ipseci_report_quoted_id(&page->entry, f->their_id);
    ipseci_page_end(page, 3);

    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "on this gateway: remote_id = ");
    ipseci_report_id(&page->entry, f->their_id);
    ipseci_text_add(&page->entry, " (if that is the right peer)");
    ipseci_page_end(page, 2);
    ipseci_page_begin(page, "");
    ipseci_text_add(&page->entry, "or on the other: local_id = ");
    ipseci_report_id(&page->entry, f->expected_id);
    ipseci_page_end(page, 2);
}

static void add_peer_identity(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer does not accept us as ");
    ipseci_report_quoted_id(&page->entry, f->our_id);
    ipseci_page_end(page, 3);

    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "on the other:    remote_id = ");
    ipseci_report_id(&page->entry, f->our_id);
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "", "or on this gateway: local_id = (whom the other end expects)");
}

static const char *kind_of(const struct ipsec_id *id)
{
    switch (id == NULL ? IPSEC_ID_NONE : id->type) {
    case IPSEC_ID_FQDN:
        return "a domain name";
    case IPSEC_ID_RFC822_ADDR:
        return "a mail address";
    case IPSEC_ID_DER_ASN1_DN:
        return "a distinguished name (DER)";
    case IPSEC_ID_DER_ASN1_GN:
        return "a general name (DER)";
    case IPSEC_ID_KEY_ID:
        return "a key ID";
    default:
        return "of a kind that is not known here";
    }
}

static void report_too_long(struct ipseci_page *page, const struct ipsec_failure *f)
{
    add_here(page, f);
    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer's identity is ");
    ipseci_text_add(&page->entry, kind_of(f->their_id));
    ipseci_text_add(&page->entry, " of ");
    ipseci_text_u64(&page->entry, f->id_length);
    ipseci_text_add(&page->entry, " octets; identities here have at most ");
    ipseci_text_u64(&page->entry, IPSEC_ID_BYTES_MAX);
    ipseci_page_end(page, 3);
    ipseci_page_say(page, "To do:",
                    "on the other:    a shorter one in local_id, such as a domain name that is a "
                    "subjectAltName of its certificate");
}

void ipseci_report_identity(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->id_length != 0) {
        report_too_long(page, f);
        return;
    }
    add_identities(page, f);
    if (f->refused_by == IPSEC_REFUSED_PEER) {
        add_peer_identity(page, f);
        return;
    }
    add_local_identity(page, f);
}
