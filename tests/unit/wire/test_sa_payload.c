/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/sa_payload.h.
 */
#include "sa_payload.h"
#include "wire_test.h"

/* AES-CBC-256, PRF SHA2-256, INTEG SHA2-256-128, MODP 2048. */
#define IKE_TRANSFORMS                                                                             \
    "0300000c 0100000c 800e0100 03000008 02000005 03000008 0300000c 00000008 0400000e"
#define IKE_PROPOSAL               "0000002c 01010004" IKE_TRANSFORMS
#define ESP_TRANSFORMS             "0300000c 0100000c 800e0100 03000008 0300000c 00000008 05000000"
#define ESP_PROPOSAL(last, number) last "000028" number "030403 c0ffee01" ESP_TRANSFORMS

static enum ipsec_status check(const char *text)
{
    return ipseci_sa_check(hex(text));
}

static void proposal_and_transforms_are_read(void **state)
{
    (void)state;
    struct ipsec_view body = hex(IKE_PROPOSAL);
    struct ipseci_proposal_view p;
    struct ipseci_transform_view t;
    assert_int_equal(ipseci_sa_check(body), IPSEC_OK);
    struct ipseci_reader proposals = ipseci_sa_proposals(body);
    assert_true(ipseci_sa_next(&proposals, &p));
    assert_int_equal(p.number, 1);
    assert_int_equal(p.protocol, IPSEC_PROTOCOL_IKE);
    assert_int_equal(p.transform_count, 4);
    assert_int_equal(p.spi.length, 0);
    assert_false(ipseci_sa_next(&proposals, &(struct ipseci_proposal_view){0}));
    static const struct ipsec_transform expected[] = {
        {IPSEC_TRANSFORM_ENCR, 12, 256},
        {IPSEC_TRANSFORM_PRF, 5, 0},
        {IPSEC_TRANSFORM_INTEG, 12, 0},
        {IPSEC_TRANSFORM_KE, 14, 0},
    };
    struct ipseci_reader transforms = ipseci_proposal_transforms(&p);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ipseci_transform_next(&transforms, &t));
        assert_int_equal(t.type, expected[i].type);
        assert_int_equal(t.id, expected[i].id);
        assert_int_equal(t.key_bits, expected[i].key_bits);
        assert_int_equal(t.has_key_length, i == 0);
        assert_false(t.unknown_attribute);
    }
    assert_false(ipseci_transform_next(&transforms, &t));
    assert_true(ipseci_proposal_types_known(&p));
}

static void several_proposals_with_spi(void **state)
{
    (void)state;
    struct ipsec_view body = hex(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "02"));
    struct ipseci_proposal_view p;
    assert_int_equal(ipseci_sa_check(body), IPSEC_OK);
    assert_int_equal(ipseci_sa_proposal_count(body), 2);
    struct ipseci_reader proposals = ipseci_sa_proposals(body);
    assert_true(ipseci_sa_next(&proposals, &p) && ipseci_sa_next(&proposals, &p));
    assert_int_equal(p.number, 2);
    assert_view(p.spi, "c0ffee01");
}

static void init_08_answer_keeps_the_chosen_number(void **state)
{
    (void)state;
    assert_int_equal(check(ESP_PROPOSAL("00", "07")), IPSEC_OK);
    assert_int_equal(check(ESP_PROPOSAL("00", "00")), IPSEC_DROP_MALFORMED);
}

static void init_17_numbers_count_from_one(void **state)
{
    (void)state;
    assert_int_equal(check(ESP_PROPOSAL("02", "02") ESP_PROPOSAL("00", "03")),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "01")),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "03")),
                     IPSEC_DROP_MALFORMED);
}

static void init_17_last_flags_of_proposals(void **state)
{
    (void)state;
    assert_int_equal(check(ESP_PROPOSAL("02", "01")), IPSEC_DROP_MALFORMED);
    assert_int_equal(check(ESP_PROPOSAL("03", "01")), IPSEC_DROP_MALFORMED);
    assert_int_equal(check(ESP_PROPOSAL("00", "01") ESP_PROPOSAL("00", "02")),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check(ESP_PROPOSAL("03", "01") ESP_PROPOSAL("00", "02")),
                     IPSEC_DROP_MALFORMED);
}

static void init_17_last_flags_of_transforms(void **state)
{
    (void)state;
    assert_int_equal(check("00000018 01010002 03000008 02000005 00000008 0400000e"), IPSEC_OK);
    assert_int_equal(check("00000018 01010002 00000008 02000005 00000008 0400000e"),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000018 01010002 03000008 02000005 03000008 0400000e"),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000018 01010002 02000008 02000005 00000008 0400000e"),
                     IPSEC_DROP_MALFORMED);
}

static void init_17_counts(void **state)
{
    (void)state;
    assert_int_equal(check("00000018 01010001 03000008 02000005 00000008 0400000e"),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000018 01010003 03000008 02000005 00000008 0400000e"),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(check("00000018 010100ff 03000008 02000005 00000008 0400000e"),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(check("00000008 01010000"), IPSEC_OK);
}

static void init_17_lengths(void **state)
{
    (void)state;
    assert_int_equal(check(""), IPSEC_DROP_TRUNCATED);
    assert_int_equal(check("00000007 010100"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000000 01010000"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000009 01010000"), IPSEC_DROP_TRUNCATED);
    /* A transform shorter than its fixed part, and one that reaches beyond its proposal. */
    assert_int_equal(check("00000010 01010001 00000007 02000005"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000010 01010001 00000000 02000005"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000010 01010001 0000000c 02000005"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(check("00000010 01010001 0000000c 02000005 800e0100"), IPSEC_DROP_MALFORMED);
}

static void init_18_spi_beyond_the_proposal(void **state)
{
    (void)state;
    assert_int_equal(check("00000008 0103ff00"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("0000000b 01030400 aabbcc"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("0000000c 01030400 aabbccdd"), IPSEC_OK);
}

static void init_17_every_truncation_is_refused(void **state)
{
    (void)state;
    struct ipsec_view whole = hex(ESP_PROPOSAL("02", "01") ESP_PROPOSAL("00", "02"));
    for (size_t n = 0; n < whole.length; n++) {
        struct ipsec_view part = exact(ipseci_view(whole.data, n));
        assert_true(ipseci_sa_check(part) < IPSEC_OK);
        assert_true(ipseci_sa_proposal_count(part) < 2);
    }
}

/* The one transform of a lone IKE proposal made of these octets after the transform's fixed part.
 */
static struct ipseci_transform_view transform_with(const char *attributes)
{
    uint8_t octets[64];
    struct ipsec_view a = hex(attributes);
    struct ipseci_proposal_view p;
    struct ipseci_transform_view t = {0};
    memcpy(octets, hex("00000010 01010001 00000008 0100000c").data, 16);
    memcpy(octets + 16, a.data, a.length);
    octets[3] = (uint8_t)(16 + a.length);
    octets[11] = (uint8_t)(8 + a.length);
    struct ipsec_view body = exact(ipseci_view(octets, 16 + a.length));
    assert_int_equal(ipseci_sa_check(body), IPSEC_OK);
    struct ipseci_reader proposals = ipseci_sa_proposals(body);
    assert_true(ipseci_sa_next(&proposals, &p));
    struct ipseci_reader transforms = ipseci_proposal_transforms(&p);
    assert_true(ipseci_transform_next(&transforms, &t));
    return t;
}

static void init_13_14_key_length_is_told(void **state)
{
    (void)state;
    assert_false(transform_with("").has_key_length);
    assert_true(transform_with("800e0080").has_key_length);
    assert_int_equal(transform_with("800e0080").key_bits, 128);
}

static void init_16_unknown_attributes_are_told(void **state)
{
    (void)state;
    assert_false(transform_with("800e0080").unknown_attribute);
    assert_true(transform_with("800f0080").unknown_attribute);
    assert_true(transform_with("800e0080 80011234").unknown_attribute);
    /* In type, length, value form: of another type, and a Key Length, which has none. */
    assert_true(transform_with("00110003 aabbcc").unknown_attribute);
    assert_true(transform_with("000e0002 0080").unknown_attribute);
    assert_true(transform_with("00110000").unknown_attribute);
    /* Repeated, and of nothing. */
    assert_true(transform_with("800e0080 800e0100").unknown_attribute);
    assert_true(transform_with("800e0000").unknown_attribute);
}

static void init_17_attribute_beyond_the_transform(void **state)
{
    (void)state;
    assert_int_equal(check("00000012 01010001 0000000a 0100000c 800e"), IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000015 01010001 0000000d 0100000c 00110002 aa"),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(check("00000014 01010001 0000000c 0100000c 0011ffff"), IPSEC_DROP_MALFORMED);
}

static void init_15_unknown_transform_types_are_told(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        bool known;
    } cases[] = {{0, false}, {1, true},   {5, true},   {6, true},
                 {12, true}, {13, false}, {255, false}};
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        uint8_t octets[24];
        struct ipseci_proposal_view p;
        memcpy(octets, hex("00000018 01010002 03000008 02000005 00000008 0400000e").data, 24);
        octets[20] = cases[i].type;
        struct ipseci_reader r = ipseci_sa_proposals(ipseci_view(octets, 24));
        assert_true(ipseci_sa_next(&r, &p));
        assert_int_equal(ipseci_proposal_types_known(&p), cases[i].known);
        assert_int_equal(ipseci_transform_type_known(cases[i].type), cases[i].known);
    }
}

static const struct ipsec_proposals offer = {
    .count = 2,
    .item = {{.protocol = IPSEC_PROTOCOL_ESP,
              .transform_count = 3,
              .transform = {{1, 12, 256}, {3, 12, 0}, {5, 0, 0}}},
             {.protocol = IPSEC_PROTOCOL_ESP,
              .transform_count = 2,
              .transform = {{1, 28, 0}, {5, 0, 0}}}}};

static void init_17_offer_is_built(void **state)
{
    (void)state;
    uint8_t buffer[128];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &offer, hex("c0ffee01"));
    assert_written(&w, "02000028 01030403 c0ffee01" ESP_TRANSFORMS
                       "0000001c 02030402 c0ffee01 03000008 0100001c 00000008 05000000");
    assert_int_equal(ipseci_sa_check(ipseci_written(&w)), IPSEC_OK);
}

static void init_18_ike_offer_has_no_spi(void **state)
{
    (void)state;
    uint8_t buffer[128];
    static const struct ipsec_proposals ike = {
        .count = 1,
        .item = {{.protocol = IPSEC_PROTOCOL_IKE,
                  .transform_count = 4,
                  .transform = {{1, 12, 256}, {2, 5, 0}, {3, 12, 0}, {4, 14, 0}}}}};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &ike, ipseci_view(NULL, 0));
    assert_written(&w, IKE_PROPOSAL);
}

static void building_refuses_what_does_not_fit(void **state)
{
    (void)state;
    uint8_t buffer[1024];
    static const struct ipsec_proposals empty = {.count = 0};
    struct ipsec_proposals bad = offer;
    static const uint8_t spi[256];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &empty, ipseci_view(NULL, 0));
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, 67); /* 68 are needed */
    ipseci_sa_build(&w, &offer, hex("c0ffee01"));
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, 68);
    ipseci_sa_build(&w, &offer, hex("c0ffee01"));
    assert_false(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &offer, ipseci_view(spi, 255));
    assert_false(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &offer, ipseci_view(spi, 256));
    assert_true(w.failed);
    bad.item[0].transform_count = IPSEC_PROPOSAL_TRANSFORMS_MAX + 1;
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &bad, ipseci_view(NULL, 0));
    assert_true(w.failed);
    bad = (struct ipsec_proposals){.count = IPSEC_PROPOSALS_MAX};
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &bad, ipseci_view(NULL, 0));
    assert_int_equal(ipseci_sa_proposal_count(ipseci_written(&w)), IPSEC_PROPOSALS_MAX);
    bad.count = IPSEC_PROPOSALS_MAX + 1;
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &bad, ipseci_view(NULL, 0));
    assert_true(w.failed);
}

static void init_08_ike_answer_is_built(void **state)
{
    (void)state;
    uint8_t buffer[128];
    struct ipsec_suite suite = {.protocol = IPSEC_PROTOCOL_IKE,
                                .encr = 12,
                                .encr_key_bits = 256,
                                .integ = 12,
                                .prf = 5,
                                .ke = 14};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build_suite(&w, &suite, 1, ipseci_view(NULL, 0), false);
    assert_written(&w, IKE_PROPOSAL);
}

static void init_12_aead_answer_has_no_integ(void **state)
{
    (void)state;
    uint8_t buffer[128];
    struct ipsec_suite suite = {
        .protocol = IPSEC_PROTOCOL_IKE, .encr = 20, .encr_key_bits = 128, .prf = 5, .ke = 19};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build_suite(&w, &suite, 3, hex("0011223344556677"), false);
    assert_written(&w, "0000002c 03010803 0011223344556677 0300000c 01000014 800e0080"
                       "03000008 02000005 00000008 04000013");
}

static void child_06_esp_answer_has_esn(void **state)
{
    (void)state;
    uint8_t buffer[128];
    struct ipsec_suite suite = {
        .protocol = IPSEC_PROTOCOL_ESP, .encr = 12, .encr_key_bits = 256, .integ = 12};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build_suite(&w, &suite, 1, hex("c0ffee01"), false);
    assert_written(&w, "00000028 01030403 c0ffee01" ESP_TRANSFORMS);
    suite.esn = IPSEC_ESN_YES;
    suite.ke = 14;
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build_suite(&w, &suite, 1, hex("c0ffee01"), false);
    assert_written(&w, "00000030 01030404 c0ffee01 0300000c 0100000c 800e0100 03000008 0300000c"
                       "03000008 0400000e 00000008 05000001");
}

static void copy_for_reports(void **state)
{
    (void)state;
    struct ipsec_proposals list;
    bool truncated = true;
    ipseci_sa_copy(hex(ESP_PROPOSAL("02", "01") "0000002c 02010004" IKE_TRANSFORMS), 0, &list,
                   &truncated);
    assert_false(truncated);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.item[0].protocol, IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.item[0].transform_count, 3);
    assert_int_equal(list.item[0].transform[0].key_bits, 256);
    assert_int_equal(list.item[1].transform[3].id, 14);
    ipseci_sa_copy(hex(ESP_PROPOSAL("02", "01") "0000002c 02010004" IKE_TRANSFORMS),
                   IPSEC_PROTOCOL_IKE, &list, &truncated);
    assert_false(truncated);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.item[0].protocol, IPSEC_PROTOCOL_IKE);
}

static void copy_tells_what_did_not_fit(void **state)
{
    (void)state;
    struct ipsec_proposals list;
    bool truncated = false;
    uint8_t octets[8 * (IPSEC_PROPOSALS_MAX + 1)];
    for (size_t i = 0; i <= IPSEC_PROPOSALS_MAX; i++) {
        ipseci_store32(octets + 8 * i, i < IPSEC_PROPOSALS_MAX ? 0x02000008 : 0x00000008);
        ipseci_store32(octets + 8 * i + 4, (uint32_t)(i + 1) << 24 | 0x010000);
    }
    ipseci_sa_copy(ipseci_view(octets, sizeof(octets)), 0, &list, &truncated);
    assert_true(truncated);
    assert_int_equal(list.count, IPSEC_PROPOSALS_MAX);
    octets[8 * (IPSEC_PROPOSALS_MAX - 1)] = 0;
    ipseci_sa_copy(ipseci_view(octets, 8 * IPSEC_PROPOSALS_MAX), 0, &list, &truncated);
    assert_false(truncated);
    assert_int_equal(list.count, IPSEC_PROPOSALS_MAX);
}

static void copy_tells_transforms_that_did_not_fit(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct ipsec_proposals list;
        bool truncated;
        uint8_t octets[8 + 8 * (IPSEC_PROPOSAL_TRANSFORMS_MAX + 1)];
        size_t n = IPSEC_PROPOSAL_TRANSFORMS_MAX + extra;
        ipseci_store32(octets, (uint32_t)(8 + 8 * n));
        ipseci_store32(octets + 4, 0x01010000 | (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
            ipseci_store32(octets + 8 + 8 * i, i + 1 < n ? 0x03000008 : 0x00000008);
            ipseci_store32(octets + 12 + 8 * i, 0x04000000 | (uint32_t)i);
        }
        struct ipsec_view body = exact(ipseci_view(octets, 8 + 8 * n));
        assert_int_equal(ipseci_sa_check(body), IPSEC_OK);
        ipseci_sa_copy(body, 0, &list, &truncated);
        assert_int_equal(truncated, extra == 1);
        assert_int_equal(list.item[0].transform_count, IPSEC_PROPOSAL_TRANSFORMS_MAX);
    }
}

static void copy_of_a_damaged_payload(void **state)
{
    (void)state;
    struct ipsec_proposals list;
    bool truncated = false;
    ipseci_sa_copy(hex(ESP_PROPOSAL("02", "01") "00000000"), 0, &list, &truncated);
    assert_true(truncated);
    assert_int_equal(list.count, 1);
    ipseci_sa_copy(hex("00000010 01010002 03000008 02000005"), 0, &list, &truncated);
    assert_true(truncated);
    ipseci_sa_copy(hex(""), 0, &list, &truncated);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(proposal_and_transforms_are_read),
        WIRE_TEST(several_proposals_with_spi),
        WIRE_TEST(init_08_answer_keeps_the_chosen_number),
        WIRE_TEST(init_17_numbers_count_from_one),
        WIRE_TEST(init_17_last_flags_of_proposals),
        WIRE_TEST(init_17_last_flags_of_transforms),
        WIRE_TEST(init_17_counts),
        WIRE_TEST(init_17_lengths),
        WIRE_TEST(init_18_spi_beyond_the_proposal),
        WIRE_TEST(init_17_every_truncation_is_refused),
        WIRE_TEST(init_13_14_key_length_is_told),
        WIRE_TEST(init_16_unknown_attributes_are_told),
        WIRE_TEST(init_17_attribute_beyond_the_transform),
        WIRE_TEST(init_15_unknown_transform_types_are_told),
        WIRE_TEST(init_17_offer_is_built),
        WIRE_TEST(init_18_ike_offer_has_no_spi),
        WIRE_TEST(building_refuses_what_does_not_fit),
        WIRE_TEST(init_08_ike_answer_is_built),
        WIRE_TEST(init_12_aead_answer_has_no_integ),
        WIRE_TEST(child_06_esp_answer_has_esn),
        WIRE_TEST(copy_for_reports),
        WIRE_TEST(copy_tells_what_did_not_fit),
        WIRE_TEST(copy_tells_transforms_that_did_not_fit),
        WIRE_TEST(copy_of_a_damaged_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
