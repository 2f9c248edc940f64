/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_AUTH with EAP-MSCHAPv2 at both ends: the method's key becomes IKE's AUTH, or nothing is left.
 */
#include "sim_test.h"

#include <ipsec/backend_eap_mschapv2.h>

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct user {
    const char *name;
    const char *password;
    uint64_t block[1000];
    enum ipsec_eap_mschapv2_cause cause; /* the last; 0: none */
} users[2];

static enum ipsec_status credential(void *context, const struct ipsec_eap_mschapv2_query *query,
                                    struct ipsec_eap_mschapv2_credential *out)
{
    const struct user *user = context;
    if (query->server && (query->name.length != strlen(user->name) ||
                          memcmp(query->name.data, user->name, query->name.length) != 0)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    out->name_length = strlen(user->name);
    memcpy(out->name, user->name, out->name_length);
    out->password_length = strlen(user->password);
    memcpy(out->password, user->password, out->password_length);
    return IPSEC_OK;
}

static void failed(void *context, const struct ipsec_eap_mschapv2_query *query,
                   enum ipsec_eap_mschapv2_cause cause, uint32_t error)
{
    struct user *user = context;
    (void)query;
    (void)error;
    user->cause = cause;
}

/* A calls as its IKE identity with a password, B knows that user. */
static struct sim *with_method(uint64_t seed, bool alone, bool ask_identity)
{
    struct sim *s = sim_new(seed);
    sim_eap(s, 0, alone);
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        struct ipsec_eap_mschapv2_config config = IPSEC_EAP_MSCHAPV2_CONFIG_INIT;
        struct ipsec_eap_mschapv2 *method = NULL;
        static char name[IPSEC_ID_BYTES_MAX + 1];
        memcpy(name, A(s)->peer.local_id.bytes, A(s)->peer.local_id.length);
        name[A(s)->peer.local_id.length] = '\0';
        users[i] = (struct user){.name = name, .password = "correct horse"};
        config.credential = credential;
        config.failed = failed;
        config.user = &users[i];
        config.random = n->crypto.table.random;
        config.random_context = n->crypto.table.context;
        config.ask_identity = ask_identity;
        assert_int_equal(
            ipsec_eap_mschapv2_init(users[i].block, sizeof(users[i].block), &config, &method),
            IPSEC_OK);
        n->eap_method = method;
        n->eap_run = ipsec_eap_mschapv2_run;
    }
    return s;
}

static void assert_nothing_left(struct sim *s)
{
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
}

static void the_rounds_of_a_user_with_a_password(void **state)
{
    struct sim *s = with_method(1, false, false);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(
        s, "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " N(SIGNATURE_HASH_ALGORITHMS) V\n"
           "B IKE_SA_INIT response 0: SA KE Nr " NATD " " FRAG " N(SIGNATURE_HASH_ALGORITHMS) V\n"
           "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) CERTREQ IDr SA TSi TSr}\n"
           "B IKE_AUTH response 1: SK{IDr CERT AUTH EAP}\n"
           "A IKE_AUTH request 2: SK{EAP}\n"  /* Response */
           "B IKE_AUTH response 2: SK{EAP}\n" /* Success Request */
           "A IKE_AUTH request 3: SK{EAP}\n"
           "B IKE_AUTH response 3: SK{EAP}\n" /* Success */
           "A IKE_AUTH request 4: SK{AUTH}\n"
           "B IKE_AUTH response 4: SK{AUTH SA TSi TSr}\n");
    sim_assert_agree(s, 1, 1);
    assert_int_equal(users[0].cause, 0);
    assert_int_equal(users[1].cause, 0);
    sim_free(s);
}

static void with_identity_and_without_a_certificate(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sim *s = with_method(2, (i & 1) != 0, (i & 2) != 0);
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void a_wrong_password(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = with_method(3, i != 0, false);
        users[0].password = "battery staple";
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 40000);
        assert_nothing_left(s);
        assert_int_equal(users[0].cause, IPSEC_EAP_MSCHAPV2_REFUSED);
        assert_int_equal(users[1].cause, IPSEC_EAP_MSCHAPV2_PASSWORD);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        sim_free(s);
    }
}

/* RFC 7296 2.16: the identity of IKE is the one that is proven, also for a user with a password. */
static void a_user_who_says_to_be_another(void **state)
{
    struct sim *s = with_method(4, false, false);

    (void)state;
    users[0].name = users[1].name = "mallory";
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 40000);
    assert_nothing_left(s);
    assert_int_equal(users[0].cause, IPSEC_EAP_MSCHAPV2_REFUSED);
    assert_int_equal(users[1].cause, IPSEC_EAP_MSCHAPV2_IDENTITY);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rounds_of_a_user_with_a_password),
        cmocka_unit_test(with_identity_and_without_a_certificate),
        cmocka_unit_test(a_wrong_password),
        cmocka_unit_test(a_user_who_says_to_be_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
