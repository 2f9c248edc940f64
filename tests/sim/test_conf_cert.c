/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about CERT, CERTREQ and identities that need messages no engine
 * would send. RFC 7296 3.5 to 3.7.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { IDI = 35, CERT = 37, CERTREQ = 38 };

/* IKE_AUTH with certificates on both sides, in flight to B or back. */
static struct sim *flying_auth(bool answer)
{
    struct sim *s = sim_new(1);

    sim_certificates(s, IPSEC_KEY_EC, 256);
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && (!answer || sim_deliver(s, 0)));
    assert_non_null(sim_edit_body(sim_flying(s), CERT).data);
    return s;
}

static void comes_up(struct sim *s)
{
    s->held = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void both_ways(const struct sim_edit *edit)
{
    for (int answer = 0; answer < 2; answer++) {
        struct sim *s = flying_auth(answer != 0);
        sim_edit(sim_flying(s), edit);
        comes_up(s);
    }
}

/* "type" octet and some more; none of them is the certificate of a signature. */
static const char *const other_encodings[] = {
    "00", "01 deadbeef", "02 00", "03",    "06 30820102",   "07 00",
    "08", "0a 3003",     "0b 30", "0f 01", "c8 0102030405", "ff"};

static void auth_18_encodings_of_others_beside_a_good_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(other_encodings) / sizeof(other_encodings[0]); i++) {
        struct sim_edit edit = {
            .kind = SIM_EDIT_LAST, .type = CERT, .body = sim_hex(other_encodings[i])};
        both_ways(&edit);
        edit.kind = SIM_EDIT_FIRST; /* where the certificate of the end itself stands */
        both_ways(&edit);
    }
}

static void auth_18_nothing_but_encodings_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(other_encodings) / sizeof(other_encodings[0]); i++) {
        const struct sim_edit edit = {
            .kind = SIM_EDIT_REPLACE, .type = CERT, .body = sim_hex(other_encodings[i])};
        struct sim *s = flying_auth(false);
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
        sim_free(s);
    }
}

/* AUTH-20, CVE-2022-40617: a hash and the address of a certificate, or of a bundle. The engine can
 * fetch nothing and asks nobody to: beside a certificate it is passed over, alone it is none. */
static void auth_20_cve_2022_40617_hash_and_url_is_not_fetched(void **state)
{
    static const char tail[] = "http://203.0.113.99/a.cer";
    uint8_t octets[21 + sizeof(tail) - 1] = {0};

    (void)state;
    memcpy(octets + 21, tail, sizeof(tail) - 1);
    for (uint8_t encoding = 12; encoding <= 13; encoding++) {
        const struct ipsec_view body = {octets, sizeof(octets)};
        struct sim_edit edit = {.kind = SIM_EDIT_FIRST, .type = CERT, .body = body};
        octets[0] = encoding;
        both_ways(&edit);
        edit.kind = SIM_EDIT_REPLACE;
        struct sim *s = flying_auth(false);
        const uint32_t sent = s->sent;
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(B(s)->failure.cert_problem, IPSEC_CERT_MISSING);
        assert_int_equal(s->sent, sent + 1); /* the refusal, and nothing to anybody else */
        sim_free(s);
    }
}

/* Authorities of nobody, none, cut in the middle of a hash, of other encodings: hints at most. */
static void auth_19_odd_requests_for_certificates(void **state)
{
    static const char *const bodies[] = {"04",
                                         "04 00",
                                         "04 0000000000000000000000000000000000000000",
                                         "04 000000000000000000000000000000000000000000",
                                         "04 00000000000000000000000000000000000000",
                                         "0c 0000",
                                         "ff",
                                         "00 0102"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct sim_edit edit = {.kind = SIM_EDIT_LAST, .type = CERTREQ, .body = sim_hex(bodies[i])};
        both_ways(&edit);
        edit.kind = SIM_EDIT_REPLACE;
        both_ways(&edit);
    }
}

/* CVE-2013-5018, CVE-2013-6075: identities that begin as ASN.1 does, with lengths that lie. Nobody
 * guesses what they are; they are not the expected one, and that is all. */
static void auth_14_cve_2013_5018_identities_like_asn_1(void **state)
{
    static const char *const names[] = {"30",         "3000",         "30ff",     "3080",
                                        "30820000",   "3084ffffffff", "308100",   "3003310030",
                                        "3082ffff00", "0c",           "31808080", "30050c03616263"};

    (void)state;
    for (uint8_t type = 0; type < 14; type++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const struct ipsec_view name = sim_hex(names[i]);
            uint8_t octets[16] = {type};
            memcpy(octets + 4, name.data, name.length);
            const struct sim_edit edit = {
                .kind = SIM_EDIT_REPLACE, .type = IDI, .body = {octets, 4 + name.length}};
            struct sim *s = flying_auth(false);
            sim_edit(sim_flying(s), &edit);
            assert_true(sim_deliver(s, 0));
            assert_true(B(s)->has_failure);
            assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
            assert_int_equal(sim_sa(B(s), 0), 0);
            sim_free(s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_18_encodings_of_others_beside_a_good_one),
        cmocka_unit_test(auth_18_nothing_but_encodings_of_others),
        cmocka_unit_test(auth_20_cve_2022_40617_hash_and_url_is_not_fetched),
        cmocka_unit_test(auth_19_odd_requests_for_certificates),
        cmocka_unit_test(auth_14_cve_2013_5018_identities_like_asn_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
