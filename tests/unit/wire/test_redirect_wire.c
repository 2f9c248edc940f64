/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/redirect_wire.h.
 */
#include "redirect_wire.h"
#include "wire_test.h"

static struct ipsec_id id_of(const char *text)
{
    struct ipsec_id id;

    assert_int_equal(ipsec_id_parse(text, &id), IPSEC_OK);
    return id;
}

static enum ipsec_status read_it(const char *text, struct ipsec_id *gateway,
                                 struct ipsec_view *nonce)
{
    return ipseci_redirect_parse(hex(text), gateway, nonce);
}

/* Refused, whatever else it is. */
static enum ipsec_status refusal(const char *text)
{
    struct ipsec_id gateway;
    struct ipsec_view nonce;

    return read_it(text, &gateway, &nonce);
}

static void each_kind_of_gateway(void **state)
{
    const struct ipsec_id four = id_of("198.51.100.7");
    const struct ipsec_id six = id_of("2001:db8::7");
    const struct ipsec_id name = id_of("vpn2.example.net");
    struct ipsec_id gateway;
    struct ipsec_view nonce;

    (void)state;
    assert_int_equal(read_it("0104 c6336407 0102030405", &gateway, &nonce), IPSEC_OK);
    assert_true(ipsec_id_equal(&gateway, &four));
    assert_view(nonce, "0102030405");
    assert_int_equal(read_it("0210 20010db8000000000000000000000007", &gateway, &nonce), IPSEC_OK);
    assert_true(ipsec_id_equal(&gateway, &six));
    assert_int_equal(nonce.length, 0);
    assert_int_equal(read_it("0310 76706e322e6578616d706c652e6e6574 aa", &gateway, &nonce),
                     IPSEC_OK);
    assert_true(ipsec_id_equal(&gateway, &name));
    assert_view(nonce, "aa");
}

static void too_short(void **state)
{
    (void)state;
    assert_int_equal(refusal(""), IPSEC_DROP_TRUNCATED);
    assert_int_equal(refusal("01"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(refusal("0104 c63364"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(refusal("0310 76706e32"), IPSEC_DROP_TRUNCATED);
}

static void unknown_types_and_wrong_lengths(void **state)
{
    (void)state;
    assert_int_equal(refusal("0004 c6336407"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0404 c6336407"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("ff04 c6336407"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0103 c63364"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0105 c633640700"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0204 c6336407"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0100"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0300"), IPSEC_DROP_MALFORMED);
}

static void addresses_of_no_host(void **state)
{
    (void)state;
    assert_int_equal(refusal("0104 00000000"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0104 e0000001"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0104 ffffffff"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0210 00000000000000000000000000000000"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0210 ff020000000000000000000000000001"), IPSEC_DROP_MALFORMED);
}

static void names_that_are_none(void **state)
{
    uint8_t octets[2 + 255] = {3, IPSEC_ID_BYTES_MAX};
    struct ipsec_id gateway;
    struct ipsec_view nonce;

    (void)state;
    assert_int_equal(refusal("0304 76706e00"), IPSEC_DROP_MALFORMED); /* a terminator */
    assert_int_equal(refusal("0304 7670 0d0a"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0304 76 20 706e"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0304 2e76706e"), IPSEC_DROP_MALFORMED); /* ".vpn" */
    assert_int_equal(refusal("0304 762e2e6e"), IPSEC_DROP_MALFORMED); /* "v..n" */
    assert_int_equal(refusal("0301 2e"), IPSEC_DROP_MALFORMED);
    assert_int_equal(refusal("0304 7670c3a9"), IPSEC_DROP_MALFORMED); /* not ASCII */
    assert_int_equal(refusal("0304 76706e2e"), IPSEC_OK);             /* "vpn." */
    memset(octets + 2, 'a', 255);
    assert_int_equal(
        ipseci_redirect_parse(exact(ipseci_view(octets, 2 + IPSEC_ID_BYTES_MAX)), &gateway, &nonce),
        IPSEC_OK);
    octets[1] = IPSEC_ID_BYTES_MAX + 1;
    assert_int_equal(
        ipseci_redirect_parse(exact(ipseci_view(octets, sizeof(octets))), &gateway, &nonce),
        IPSEC_DROP_TOO_BIG);
}

static void redirected_from_is_an_address_and_nothing_else(void **state)
{
    struct ipsec_addr addr;
    struct ipsec_addr expected;

    (void)state;
    assert_int_equal(ipsec_addr_parse("198.51.100.7", &expected), IPSEC_OK);
    assert_int_equal(ipseci_redirected_from_parse(hex("0104 c6336407"), &addr), IPSEC_OK);
    assert_true(ipsec_addr_equal(&addr, &expected));
    assert_int_equal(ipsec_addr_parse("2001:db8::7", &expected), IPSEC_OK);
    assert_int_equal(
        ipseci_redirected_from_parse(hex("0210 20010db8000000000000000000000007"), &addr),
        IPSEC_OK);
    assert_true(ipsec_addr_equal(&addr, &expected));
    assert_int_equal(ipseci_redirected_from_parse(hex("0104 c6336407 00"), &addr),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_redirected_from_parse(hex("0304 76706e32"), &addr),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_redirected_from_parse(hex("0104 c6"), &addr), IPSEC_DROP_TRUNCATED);
}

static void build(void **state)
{
    const char *const bad[] = {"keyid:vpn", "someone@example.net", "any", "0.0.0.0", "224.0.0.1"};
    const struct ipsec_id four = id_of("198.51.100.7");
    const struct ipsec_id six = id_of("2001:db8::7");
    const struct ipsec_id name = id_of("vpn2.example.net");
    uint8_t octets[64];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));

    (void)state;
    ipseci_redirect_build(&w, &four, hex("0102"));
    assert_written(&w, "0104 c6336407 0102");
    w = ipseci_writer_init(octets, sizeof(octets));
    ipseci_redirect_build(&w, &six, ipseci_view(NULL, 0));
    assert_written(&w, "0210 20010db8000000000000000000000007");
    w = ipseci_writer_init(octets, sizeof(octets));
    ipseci_redirect_build(&w, &name, ipseci_view(NULL, 0));
    assert_written(&w, "0310 76706e322e6578616d706c652e6e6574");
    w = ipseci_writer_init(octets, 5);
    ipseci_redirect_build(&w, &four, ipseci_view(NULL, 0));
    assert_true(w.failed);
    for (size_t i = 0; i < IPSECI_COUNT(bad); i++) {
        const struct ipsec_id id = id_of(bad[i]);
        w = ipseci_writer_init(octets, sizeof(octets));
        ipseci_redirect_build(&w, &id, ipseci_view(NULL, 0));
        assert_true(w.failed);
        assert_int_equal(w.used, 0);
    }
}

static void an_address_and_back(void **state)
{
    struct ipsec_addr addr;
    struct ipsec_addr again;
    struct ipsec_id gateway;

    (void)state;
    assert_int_equal(ipsec_addr_parse("2001:db8::7", &addr), IPSEC_OK);
    ipseci_gateway_of(&addr, &gateway);
    assert_true(ipseci_gateway_address(&gateway, &again));
    assert_true(ipsec_addr_equal(&addr, &again));
    gateway = id_of("vpn2.example.net");
    assert_false(ipseci_gateway_address(&gateway, &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(each_kind_of_gateway),
        WIRE_TEST(too_short),
        WIRE_TEST(unknown_types_and_wrong_lengths),
        WIRE_TEST(addresses_of_no_host),
        WIRE_TEST(names_that_are_none),
        WIRE_TEST(redirected_from_is_an_address_and_nothing_else),
        WIRE_TEST(build),
        WIRE_TEST(an_address_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
