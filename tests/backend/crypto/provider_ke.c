/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: key exchange. Both ends agree in fixed width, exponents are fresh, and public
 * values that RFC 6989 forbids are refused by both roles. Known answers need the private values and
 * are in the test of each backend.
 */
#include "provider_kit.h"
#include "provider_suite.h"
#include "test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_crypto *provider;
static struct ipsec_crypto_list list;

static const uint16_t groups[] = {
    IPSEC_KE_MODP_2048,      IPSEC_KE_MODP_3072,      IPSEC_KE_MODP_4096,      IPSEC_KE_ECP_256,
    IPSEC_KE_ECP_384,        IPSEC_KE_ECP_521,        IPSEC_KE_MODP_2048_256,  IPSEC_KE_CURVE25519,
    IPSEC_KE_BRAINPOOL_P256, IPSEC_KE_BRAINPOOL_P384, IPSEC_KE_BRAINPOOL_P512, IPSEC_KE_CURVE448};

static bool has(uint16_t group)
{
    return provider->supports(provider->context, IPSEC_TRANSFORM_KE, group, 0);
}

/* A value of a group in a room of exactly its size. */
struct value {
    struct blob room;
    struct ipseci_octets out;
};

static struct value value_of(size_t octets)
{
    struct value v;
    uint8_t zeros[IPSEC_KE_PUBLIC_MAX] = {0};
    v.room = blob_copy(zeros, octets);
    v.out = (struct ipseci_octets){v.room.data, octets, 0};
    return v;
}

static struct ipsec_view view_of(const struct value *v)
{
    return ipseci_view(v->room.data, v->out.length);
}

struct exchange {
    struct ipseci_ke_state ke;
    struct value public_i;
    struct value public_r;
    struct value secret_i;
    struct value secret_r;
};

static void begin(struct exchange *x, uint16_t group)
{
    const struct ipseci_ke_info *info = ipseci_ke_find(group);
    x->public_i = value_of(info->public_octets);
    x->public_r = value_of(info->public_octets);
    x->secret_i = value_of(info->secret_octets);
    x->secret_r = value_of(info->secret_octets);
    assert_int_equal(ipseci_ke_start(&x->ke, &list, group, &x->public_i.out), IPSEC_OK);
}

static void respond(struct exchange *x)
{
    assert_int_equal(ipseci_ke_respond(&list, x->ke.group, view_of(&x->public_i), &x->public_r.out,
                                       &x->secret_r.out),
                     IPSEC_OK);
}

static void finish(struct exchange *x)
{
    assert_int_equal(ipseci_ke_finish(&x->ke, view_of(&x->public_r), &x->secret_i.out), IPSEC_OK);
    assert_int_equal(x->secret_i.out.length, ipseci_ke_find(x->ke.group)->secret_octets);
    assert_memory_equal(x->secret_i.room.data, x->secret_r.room.data, x->secret_i.out.length);
}

static void end(struct exchange *x)
{
    ipseci_ke_free(&x->ke);
    blob_free(&x->public_i.room);
    blob_free(&x->public_r.room);
    blob_free(&x->secret_i.room);
    blob_free(&x->secret_r.room);
}

static void both_ends_agree_in_fixed_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        struct exchange x;
        if (!has(groups[i])) {
            continue;
        }
        begin(&x, groups[i]);
        respond(&x);
        finish(&x);
        finish(&x); /* the state can be used again: a second answer after a bad one */
        end(&x);
    }
}

static void exponents_are_fresh(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        struct exchange a;
        struct exchange b;
        if (!has(groups[i])) {
            continue;
        }
        begin(&a, groups[i]);
        begin(&b, groups[i]);
        assert_memory_not_equal(a.public_i.room.data, b.public_i.room.data, a.public_i.out.length);
        respond(&a);
        struct blob first = blob_copy(a.public_r.room.data, a.public_r.out.length);
        respond(&a);
        assert_memory_not_equal(a.public_r.room.data, first.data, first.length);
        blob_free(&first);
        end(&a);
        end(&b);
    }
}

/* Until a public value and a shared secret began with a zero octet. */
static void leading_zeros(uint16_t group)
{
    struct exchange x;
    bool public_seen = false;
    bool secret_seen = false;
    begin(&x, group);
    for (size_t i = 0; i < 20000 && !(public_seen && secret_seen); i++) {
        respond(&x);
        bool public_zero = x.public_r.room.data[0] == 0;
        bool secret_zero = x.secret_r.room.data[0] == 0;
        if (public_zero || secret_zero) {
            finish(&x);
        }
        public_seen |= public_zero;
        secret_seen |= secret_zero;
    }
    end(&x);
    assert_true(public_seen && secret_seen);
}

static void init_24_vpp_1678e345871_leading_zeros_modp(void **state)
{
    (void)state;
    if (!has(IPSEC_KE_MODP_2048)) {
        skip();
    }
    leading_zeros(IPSEC_KE_MODP_2048);
}

static void init_24_leading_zeros_ecp(void **state)
{
    (void)state;
    if (!has(IPSEC_KE_ECP_256)) {
        skip();
    }
    leading_zeros(IPSEC_KE_ECP_256);
}

/* Refused by both roles, straight by the provider, and nothing is left in the secret. */
static void refuse(uint16_t group, const uint8_t *peer)
{
    const struct ipseci_ke_info *info = ipseci_ke_find(group);
    struct ipsec_view view = ipseci_view(peer, info->public_octets);
    struct exchange x;
    size_t public_length = info->public_octets;
    size_t secret_length = info->secret_octets;
    begin(&x, group);
    assert_int_equal(
        provider->ke_finish(provider->context, x.ke.ke, view, x.secret_i.room.data, &secret_length),
        IPSEC_DROP_KE);
    secret_length = info->secret_octets;
    assert_int_equal(provider->ke_respond(provider->context, group, view, x.public_r.room.data,
                                          &public_length, x.secret_r.room.data, &secret_length),
                     IPSEC_DROP_KE);
    for (size_t i = 0; i < info->secret_octets; i++) {
        assert_int_equal(x.secret_i.room.data[i] | x.secret_r.room.data[i], 0);
    }
    end(&x);
}

/* The primes come from the own test vectors' generator, not from the provider. */
static void init_23_cve_2015_3240_cve_2008_4551_modp_values_out_of_range(void **state)
{
    (void)state;
    static const uint16_t modp[] = {IPSEC_KE_MODP_2048, IPSEC_KE_MODP_3072, IPSEC_KE_MODP_4096,
                                    IPSEC_KE_MODP_2048_256};
    json_t *root = kit_load("ike-groups/primes.json");
    for (size_t i = 0; i < IPSECI_COUNT(modp); i++) {
        char name[8] = {(char)('0' + modp[i] / 10), (char)('0' + modp[i] % 10)};
        struct blob p = blob_of(root, name);
        uint8_t value[IPSEC_KE_PUBLIC_MAX] = {0};
        if (!has(modp[i])) {
            blob_free(&p);
            continue;
        }
        refuse(modp[i], value); /* 0: CVE-2015-3240 */
        value[p.length - 1] = 1;
        refuse(modp[i], value); /* 1 */
        memcpy(value, p.data, p.length);
        refuse(modp[i], value); /* p */
        value[p.length - 1]--;
        refuse(modp[i], value); /* p - 1 */
        memset(value, 0xff, p.length);
        refuse(modp[i], value); /* beyond p */
        blob_free(&p);
    }
    json_decref(root);
}

/* RFC 6989 2.2: 2 and p - 2 are in range, but of no use as members of the subgroup. */
static void init_23_group_24_subgroup(void **state)
{
    (void)state;
    uint8_t value[256] = {0};
    if (!has(IPSEC_KE_MODP_2048_256)) {
        skip();
    }
    value[255] = 2;
    refuse(IPSEC_KE_MODP_2048_256, value);
    json_t *root = kit_load("ike-groups/primes.json");
    struct blob p = blob_of(root, "24");
    memcpy(value, p.data, p.length);
    value[255] = (uint8_t)(value[255] - 2);
    refuse(IPSEC_KE_MODP_2048_256, value);
    blob_free(&p);
    json_decref(root);
}

/* Values in range but at its ends are fine in the groups of safe primes. */
static void modp_values_at_the_ends_of_the_range(void **state)
{
    (void)state;
    struct exchange x;
    if (!has(IPSEC_KE_MODP_2048)) {
        skip();
    }
    json_t *root = kit_load("ike-groups/primes.json");
    struct blob p = blob_of(root, "14");
    uint8_t value[256] = {0};
    value[255] = 2;
    begin(&x, IPSEC_KE_MODP_2048);
    assert_int_equal(ipseci_ke_finish(&x.ke, ipseci_view(value, 256), &x.secret_i.out), IPSEC_OK);
    /* the generator as the peer's value: the secret is the own public value */
    assert_memory_equal(x.secret_i.room.data, x.public_i.room.data, 256);
    memcpy(value, p.data, p.length);
    value[255] = (uint8_t)(value[255] - 2);
    assert_int_equal(ipseci_ke_finish(&x.ke, ipseci_view(value, 256), &x.secret_i.out), IPSEC_OK);
    end(&x);
    blob_free(&p);
    json_decref(root);
}

static void init_23_ecp_points_not_on_the_curve(void **state)
{
    (void)state;
    static const uint16_t ecp[] = {IPSEC_KE_ECP_256,        IPSEC_KE_ECP_384,
                                   IPSEC_KE_ECP_521,        IPSEC_KE_BRAINPOOL_P256,
                                   IPSEC_KE_BRAINPOOL_P384, IPSEC_KE_BRAINPOOL_P512};
    for (size_t i = 0; i < IPSECI_COUNT(ecp); i++) {
        const size_t octets = ipseci_ke_find(ecp[i])->public_octets;
        uint8_t value[IPSEC_KE_PUBLIC_MAX] = {0};
        struct exchange x;
        if (!has(ecp[i])) {
            continue;
        }
        refuse(ecp[i], value); /* what stands for infinity, and for CVE-2015-3240's zero */
        memset(value, 0xff, octets);
        refuse(ecp[i], value); /* coordinates beyond p */
        begin(&x, ecp[i]);
        memcpy(value, x.public_i.room.data, octets);
        end(&x);
        value[octets - 1] ^= 1;
        refuse(ecp[i], value); /* a good x with a wrong y */
        value[octets - 1] ^= 1;
        memset(value, 0, octets / 2);
        refuse(ecp[i], value); /* x = 0 with any y */
    }
}

/* RFC 7748 6.1: small-order points; reduced or not, they give zero. CVE-2008-4551's kin: nothing
 * a peer sends may be more than refused. */
static void init_23_curve25519_small_order(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
        "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
        "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    /* the last five have the top bit set, which is masked off, so only some are of small order */
    if (!has(IPSEC_KE_CURVE25519)) {
        skip();
    }
    for (size_t i = 0; i < 7; i++) {
        uint8_t value[32];
        assert_int_equal(test_hex(points[i], value, sizeof(value)), 32);
        refuse(IPSEC_KE_CURVE25519, value);
    }
    for (size_t i = 7; i < IPSECI_COUNT(points); i++) {
        struct exchange x;
        uint8_t value[32];
        assert_int_equal(test_hex(points[i], value, sizeof(value)), 32);
        begin(&x, IPSEC_KE_CURVE25519);
        enum ipsec_status status = ipseci_ke_finish(&x.ke, ipseci_view(value, 32), &x.secret_i.out);
        assert_true(status == IPSEC_OK || status == IPSEC_DROP_KE);
        end(&x);
    }
}

static void init_22_wrong_lengths_straight_to_the_provider(void **state)
{
    (void)state;
    uint8_t value[IPSEC_KE_PUBLIC_MAX + 1] = {2, 2, 2, 2};
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        const struct ipseci_ke_info *info = ipseci_ke_find(groups[i]);
        const size_t lengths[] = {0, 1, info->public_octets - 1u, info->public_octets + 1u};
        struct exchange x;
        if (!has(groups[i])) {
            continue;
        }
        begin(&x, groups[i]);
        for (size_t n = 0; n < IPSECI_COUNT(lengths); n++) {
            size_t public_length = info->public_octets;
            size_t secret_length = info->secret_octets;
            struct ipsec_view view = ipseci_view(value, lengths[n]);
            assert_int_equal(provider->ke_finish(provider->context, x.ke.ke, view,
                                                 x.secret_i.room.data, &secret_length),
                             IPSEC_DROP_KE);
            assert_int_equal(provider->ke_respond(provider->context, groups[i], view,
                                                  x.public_r.room.data, &public_length,
                                                  x.secret_r.room.data, &secret_length),
                             IPSEC_DROP_KE);
        }
        end(&x);
    }
}

static void too_little_room_and_unknown_groups(void **state)
{
    (void)state;
    uint8_t room[IPSEC_KE_PUBLIC_MAX];
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        struct ipsec_ke *ke = NULL;
        size_t length = ipseci_ke_find(groups[i])->public_octets - 1u;
        if (has(groups[i])) {
            assert_int_equal(provider->ke_start(provider->context, groups[i], &ke, room, &length),
                             IPSEC_ERR_BUFFER);
            assert_null(ke);
        }
    }
    struct ipsec_ke *ke = NULL;
    size_t length = sizeof(room);
    assert_false(has(999));
    if (provider->ke_start == NULL) {
        skip();
    }
    assert_int_equal(provider->ke_start(provider->context, 999, &ke, room, &length),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_null(ke);
    provider->ke_free(provider->context, NULL);
}

/* Wycheproof's public values: all valid ones are taken, all invalid ones refused. */
static void check_points(const char *path, uint16_t group, size_t lead)
{
    json_t *root = kit_load(path);
    json_t *tests =
        json_object_get(json_array_get(json_object_get(root, "testGroups"), 0), "tests");
    const struct ipseci_ke_info *info = ipseci_ke_find(group);
    struct exchange x;
    size_t t = 0;
    size_t taken = 0;
    json_t *test = NULL;
    begin(&x, group);
    json_array_foreach(tests, t, test)
    {
        struct blob value = blob_of(test, "public");
        bool invalid = strcmp(kit_text(test, "result"), "invalid") == 0;
        if (value.length == info->public_octets + lead && (lead == 0 || value.data[0] == 4)) {
            struct ipsec_view view = ipseci_view(value.data + lead, info->public_octets);
            enum ipsec_status status = ipseci_ke_finish(&x.ke, view, &x.secret_i.out);
            assert_true(status == IPSEC_OK || status == IPSEC_DROP_KE);
            if (lead != 0) {
                assert_int_equal(status, invalid ? IPSEC_DROP_KE : IPSEC_OK);
            }
            taken += status == IPSEC_OK;
        }
        blob_free(&value);
    }
    end(&x);
    json_decref(root);
    assert_true(taken > 100);
}

static void wycheproof_public_values(void **state)
{
    (void)state;
    if (has(IPSEC_KE_ECP_256)) {
        check_points("wycheproof/ecdh_secp256r1_ecpoint_test.json", IPSEC_KE_ECP_256, 1);
    }
    if (has(IPSEC_KE_ECP_384)) {
        check_points("wycheproof/ecdh_secp384r1_ecpoint_test.json", IPSEC_KE_ECP_384, 1);
    }
    if (has(IPSEC_KE_CURVE25519)) {
        check_points("wycheproof/x25519_test.json", IPSEC_KE_CURVE25519, 0);
    }
}

int provider_ke_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree_in_fixed_width),
        cmocka_unit_test(exponents_are_fresh),
        cmocka_unit_test(init_24_vpp_1678e345871_leading_zeros_modp),
        cmocka_unit_test(init_24_leading_zeros_ecp),
        cmocka_unit_test(init_23_cve_2015_3240_cve_2008_4551_modp_values_out_of_range),
        cmocka_unit_test(init_23_group_24_subgroup),
        cmocka_unit_test(modp_values_at_the_ends_of_the_range),
        cmocka_unit_test(init_23_ecp_points_not_on_the_curve),
        cmocka_unit_test(init_23_curve25519_small_order),
        cmocka_unit_test(init_22_wrong_lengths_straight_to_the_provider),
        cmocka_unit_test(too_little_room_and_unknown_groups),
        cmocka_unit_test(wycheproof_public_values),
    };
    provider = of;
    list = (struct ipsec_crypto_list){&provider, 1};
    return cmocka_run_group_tests_name("provider key exchange", tests, NULL, NULL);
}
