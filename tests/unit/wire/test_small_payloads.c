/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/small_payloads.h.
 */
#include "small_payloads.h"
#include "wire_test.h"
#include <ipsec/proposal.h>

static uint8_t buffer[600];

static struct ipseci_writer writer(void)
{
    return ipseci_writer_init(buffer, sizeof(buffer));
}

static void ke(void **state)
{
    (void)state;
    struct ipseci_ke k;
    assert_int_equal(ipseci_ke_parse(hex("000effff aabbcc"), &k), IPSEC_OK);
    assert_int_equal(k.group, 14);
    assert_view(k.data, "aabbcc");
    struct ipseci_writer w = writer();
    ipseci_ke_build(&w, k.group, k.data);
    assert_written(&w, "000e0000 aabbcc");
}

static void init_22_ke_without_data_or_fixed_part(void **state)
{
    (void)state;
    struct ipseci_ke k;
    assert_int_equal(ipseci_ke_parse(hex("000e0000"), &k), IPSEC_OK);
    assert_int_equal(k.data.length, 0);
    assert_int_equal(ipseci_ke_parse(hex("000e00"), &k), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_ke_parse(hex(""), &k), IPSEC_DROP_TRUNCATED);
}

static void auth_06_id_body_keeps_reserved_octets(void **state)
{
    (void)state;
    struct ipseci_id id;
    assert_int_equal(ipseci_id_parse(hex("02 a1b2c3 6777"), &id), IPSEC_OK);
    assert_int_equal(id.type, IPSEC_ID_FQDN);
    assert_view(id.data, "6777");
    assert_view(id.body, "02 a1b2c3 6777");
}

static void auth_14_address_identities_have_one_length(void **state)
{
    (void)state;
    struct ipseci_id id;
    static uint8_t octets[4 + 20];
    static const struct {
        uint8_t type;
        size_t length;
    } address[] = {{IPSEC_ID_IPV4_ADDR, 4}, {IPSEC_ID_IPV6_ADDR, 16}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 0; n <= 20; n++) {
            octets[0] = address[i].type;
            assert_int_equal(ipseci_id_parse(exact(ipseci_view(octets, 4 + n)), &id),
                             n == address[i].length ? IPSEC_OK : IPSEC_DROP_MALFORMED);
        }
    }
}

/* CVE-2004-0184, tcpdump's IKEv2 identity: the fixed part comes before any subtraction. */
static void auth_14_short_identities(void **state)
{
    (void)state;
    struct ipseci_id id;
    assert_int_equal(ipseci_id_parse(hex(""), &id), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_id_parse(hex("02"), &id), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_id_parse(hex("020000"), &id), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_id_parse(hex("02000000"), &id), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_id_parse(hex("c8000000 aa"), &id), IPSEC_OK); /* unknown type */
    assert_int_equal(id.type, 200);
}

/* CVE-2025-9242, CVE-2023-33009: no copy into a fixed buffer without its size. */
static void auth_14_identity_by_value_has_a_limit(void **state)
{
    (void)state;
    static uint8_t octets[4 + IPSEC_ID_BYTES_MAX + 1];
    struct ipseci_id id;
    struct ipsec_id copy;
    memset(octets, 'a', sizeof(octets));
    octets[0] = IPSEC_ID_KEY_ID;
    assert_int_equal(ipseci_id_parse(exact(ipseci_view(octets, sizeof(octets))), &id), IPSEC_OK);
    assert_int_equal(ipseci_id_copy(&id, &copy), IPSEC_DROP_TOO_BIG);
    assert_int_equal(copy.type, IPSEC_ID_NONE);
    assert_int_equal(ipseci_id_parse(exact(ipseci_view(octets, sizeof(octets) - 1)), &id),
                     IPSEC_OK);
    assert_int_equal(ipseci_id_copy(&id, &copy), IPSEC_OK);
    assert_int_equal(copy.length, IPSEC_ID_BYTES_MAX);
    assert_int_equal(copy.bytes[IPSEC_ID_BYTES_MAX - 1], 'a');
    struct ipseci_writer w = writer();
    ipseci_id_build(&w, &copy);
    octets[1] = octets[2] = octets[3] = 0;
    assert_int_equal(w.used, sizeof(octets) - 1);
    assert_memory_equal(w.start, octets, w.used);
    copy.length = IPSEC_ID_BYTES_MAX + 1;
    w = writer();
    ipseci_id_build(&w, &copy);
    assert_true(w.failed);
}

static void auth(void **state)
{
    (void)state;
    struct ipseci_auth a;
    assert_int_equal(ipseci_auth_parse(hex("02ffffff aabb"), &a), IPSEC_OK);
    assert_int_equal(a.method, IPSECI_AUTH_SHARED_KEY);
    assert_view(a.data, "aabb");
    assert_int_equal(ipseci_auth_parse(hex("02000000"), &a), IPSEC_OK);
    assert_int_equal(a.data.length, 0);
    assert_int_equal(ipseci_auth_parse(hex("020000"), &a), IPSEC_DROP_TRUNCATED);
    struct ipseci_writer w = writer();
    ipseci_auth_build(&w, IPSECI_AUTH_SIGNATURE, hex("0102"));
    assert_written(&w, "0e000000 0102");
}

static void init_25_nonce_lengths(void **state)
{
    (void)state;
    static uint8_t octets[300];
    struct ipsec_view nonce;
    for (size_t n = 0; n < sizeof(octets); n++) {
        bool good = n >= 16 && n <= 256;
        struct ipseci_writer w = writer();
        assert_int_equal(ipseci_nonce_parse(ipseci_view(octets, n), &nonce),
                         good ? IPSEC_OK : IPSEC_DROP_MALFORMED);
        assert_int_equal(nonce.length, good ? n : 0);
        ipseci_nonce_build(&w, ipseci_view(octets, n));
        assert_int_equal(w.failed, !good);
    }
}

static void info_03_delete_of_esp(void **state)
{
    (void)state;
    struct ipseci_delete d;
    static const uint32_t spi[] = {0xc0ffee01, 0xc0ffee02};
    assert_int_equal(ipseci_delete_parse(hex("03040002 c0ffee01 c0ffee02"), &d), IPSEC_OK);
    assert_int_equal(d.protocol, IPSEC_PROTOCOL_ESP);
    assert_int_equal(d.count, 2);
    assert_int_equal(ipseci_delete_spi(&d, 0), 0xc0ffee01);
    assert_int_equal(ipseci_delete_spi(&d, 1), 0xc0ffee02);
    assert_int_equal(ipseci_delete_spi(&d, 2), 0);
    assert_int_equal(ipseci_delete_spi(&d, 65535), 0);
    struct ipseci_writer w = writer();
    ipseci_delete_build_esp(&w, spi, 2);
    assert_written(&w, "03040002 c0ffee01 c0ffee02");
}

static void info_06_delete_of_ike(void **state)
{
    (void)state;
    struct ipseci_delete d;
    assert_int_equal(ipseci_delete_parse(hex("01000000"), &d), IPSEC_OK);
    assert_int_equal(ipseci_delete_spi(&d, 0), 0);
    assert_int_equal(ipseci_delete_parse(hex("01080001 1122334455667788"), &d),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_delete_parse(hex("01000001"), &d), IPSEC_DROP_MALFORMED);
    struct ipseci_writer w = writer();
    ipseci_delete_build_ike(&w);
    assert_written(&w, "01000000");
}

static void info_07_cve_2004_0183_spi_size_times_count(void **state)
{
    (void)state;
    struct ipseci_delete d;
    static const char *const bad[] = {
        "03040001",          "03040002 c0ffee01",
        "0304ffff c0ffee01", "03040001 c0ffee01 00",
        "03040000 c0ffee01", "03080001 c0ffee01 00000000",
        "03000001",          "03000000",
        "0304 0001 c0ffee",  "00040001 c0ffee01",
        "04040001 c0ffee01", "ff000000",
    };
    for (size_t i = 0; i < IPSECI_COUNT(bad); i++) {
        assert_int_equal(ipseci_delete_parse(hex(bad[i]), &d), IPSEC_DROP_MALFORMED);
        assert_int_equal(ipseci_delete_spi(&d, 0), 0);
    }
    assert_int_equal(ipseci_delete_parse(hex("030400"), &d), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_delete_parse(hex("02040001 c0ffee01"), &d), IPSEC_OK);
    assert_int_equal(ipseci_delete_parse(hex("03040000"), &d), IPSEC_OK);
}

static void auth_18_cert(void **state)
{
    (void)state;
    struct ipseci_cert c;
    assert_int_equal(ipseci_cert_parse(hex("04 308201"), &c), IPSEC_OK);
    assert_int_equal(c.encoding, IPSECI_CERT_X509_SIGNATURE);
    assert_view(c.data, "308201");
    assert_int_equal(ipseci_cert_parse(hex("c8"), &c), IPSEC_OK);
    assert_int_equal(c.data.length, 0);
    assert_int_equal(ipseci_cert_parse(hex(""), &c), IPSEC_DROP_TRUNCATED);
    struct ipseci_writer w = writer();
    ipseci_cert_build(&w, IPSECI_CERT_X509_SIGNATURE, hex("308201"));
    assert_written(&w, "04 308201");
}

#define HASH_A "000102030405060708090a0b0c0d0e0f10111213"
#define HASH_B "202122232425262728292a2b2c2d2e2f30313233"

static void auth_19_certreq_hashes(void **state)
{
    (void)state;
    struct ipseci_cert c;
    assert_int_equal(ipseci_cert_parse(hex("04" HASH_A HASH_B "aabbcc"), &c), IPSEC_OK);
    assert_view(ipseci_certreq_hash(&c, 0), HASH_A);
    assert_view(ipseci_certreq_hash(&c, 1), HASH_B);
    assert_int_equal(ipseci_certreq_hash(&c, 2).length, 0);
    assert_int_equal(ipseci_certreq_hash(&c, SIZE_MAX).length, 0);
    assert_int_equal(ipseci_cert_parse(hex("04 aabbcc"), &c), IPSEC_OK);
    assert_int_equal(ipseci_certreq_hash(&c, 0).length, 0);
    assert_int_equal(ipseci_cert_parse(hex("0b" HASH_A), &c), IPSEC_OK);
    assert_int_equal(ipseci_certreq_hash(&c, 0).length, 0);
}

/* CVE-2016-1287: a fragment shorter than its header. */
static void frag_03_fragment_numbers(void **state)
{
    (void)state;
    struct ipseci_skf f;
    assert_int_equal(ipseci_skf_parse(hex("00010003 aabb"), &f), IPSEC_OK);
    assert_int_equal(f.number, 1);
    assert_int_equal(f.total, 3);
    assert_view(f.data, "aabb");
    assert_int_equal(ipseci_skf_parse(hex("00030003"), &f), IPSEC_OK);
    assert_int_equal(ipseci_skf_parse(hex("ffffffff"), &f), IPSEC_OK);
    assert_int_equal(ipseci_skf_parse(hex("00000003 aabb"), &f), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_skf_parse(hex("00040003 aabb"), &f), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_skf_parse(hex("00010000 aabb"), &f), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_skf_parse(hex("00000000 aabb"), &f), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_skf_parse(hex("000100"), &f), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_skf_parse(hex(""), &f), IPSEC_DROP_TRUNCATED);
    struct ipseci_writer w = writer();
    ipseci_skf_build(&w, 2, 258);
    assert_written(&w, "00020102");
}

static void building_without_room_fails(void **state)
{
    (void)state;
    struct ipsec_view data = hex("aabb");
    struct ipsec_id id = {.type = IPSEC_ID_FQDN, .length = 2};
    static const uint32_t spi[] = {0xc0ffee01};
    for (size_t room = 0; room < 3; room++) {
        struct ipseci_writer w[6];
        for (size_t i = 0; i < 6; i++) {
            w[i] = ipseci_writer_init(buffer, room);
        }
        ipseci_ke_build(&w[0], 14, data);
        ipseci_id_build(&w[1], &id);
        ipseci_auth_build(&w[2], 2, data);
        ipseci_delete_build_ike(&w[3]);
        ipseci_delete_build_esp(&w[4], spi, 1);
        ipseci_skf_build(&w[5], 1, 1);
        for (size_t i = 0; i < 6; i++) {
            assert_true(w[i].failed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(ke),
        WIRE_TEST(init_22_ke_without_data_or_fixed_part),
        WIRE_TEST(auth_06_id_body_keeps_reserved_octets),
        WIRE_TEST(auth_14_address_identities_have_one_length),
        WIRE_TEST(auth_14_short_identities),
        WIRE_TEST(auth_14_identity_by_value_has_a_limit),
        WIRE_TEST(auth),
        WIRE_TEST(init_25_nonce_lengths),
        WIRE_TEST(info_03_delete_of_esp),
        WIRE_TEST(info_06_delete_of_ike),
        WIRE_TEST(info_07_cve_2004_0183_spi_size_times_count),
        WIRE_TEST(auth_18_cert),
        WIRE_TEST(auth_19_certreq_hashes),
        WIRE_TEST(frag_03_fragment_numbers),
        WIRE_TEST(building_without_room_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
