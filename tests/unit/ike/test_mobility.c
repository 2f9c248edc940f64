/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/mobility.c: notify bodies, acceptable addresses, paths. RFC 4555.
 */
#include "ike_kit.h"
#include "mobility.h"

static struct ipsec_endpoint endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

/* RFC 4555 4.2.6: source address, destination address, source port, destination port. */
static void no_nats_allowed_data(void **state)
{
    const struct ipsec_endpoint a = endpoint("192.0.2.1", 4500);
    const struct ipsec_endpoint b = endpoint("192.0.2.2", 500);
    const struct ipsec_endpoint a6 = endpoint("2001:db8::1", 4500);
    const struct ipsec_endpoint b6 = endpoint("2001:db8::2", 500);
    struct ipseci_octets_no_nats data;

    (void)state;
    ipseci_no_nats_build(&a, &b, &data);
    assert_view(ipseci_view(data.octets, data.length), "c0000201c0000202119401f4");
    ipseci_no_nats_build(&a6, &b6, &data);
    assert_view(ipseci_view(data.octets, data.length),
                "20010db800000000000000000000000120010db8000000000000000000000002119401f4");
    ipseci_no_nats_build(&a, &b6, &data);
    assert_int_equal(data.length, 0);
}

static void acceptable_by_address(void **state)
{
    static const struct {
        const char *remote;
        bool good;
    } row[] = {
        {"192.0.2.9", true},     {"0.0.0.0", false},   {"0.1.2.3", false},
        {"223.255.255.1", true}, {"224.0.0.1", false}, {"255.255.255.255", false},
        {"2001:db8::9", false}, /* not between these two */
    };
    const struct ipsec_peer peer = IPSEC_PEER_INIT;
    struct ipseci_ike_sa sa = {.peer = &peer};

    (void)state;
    sa.local = endpoint("192.0.2.1", 4500);
    sa.remote = endpoint("192.0.2.2", 4500);
    for (size_t i = 0; i < IPSECI_COUNT(row); i++) {
        const struct ipsec_endpoint to = endpoint(row[i].remote, 4500);
        assert_int_equal(ipseci_addresses_acceptable(&sa, &sa.local, &to), row[i].good);
    }
    const struct ipsec_endpoint six = endpoint("2001:db8::1", 4500);
    const char *const bad6[] = {"::", "ff02::1"};
    for (size_t i = 0; i < IPSECI_COUNT(bad6); i++) {
        const struct ipsec_endpoint to = endpoint(bad6[i], 4500);
        assert_false(ipseci_addresses_acceptable(&sa, &six, &to));
    }
    const struct ipsec_endpoint good6 = endpoint("fd00::1", 4500);
    assert_true(ipseci_addresses_acceptable(&sa, &six, &good6));
    /* ports: ours is the SA's, and the peer has one */
    const struct ipsec_endpoint on_500 = endpoint("192.0.2.1", 500);
    const struct ipsec_endpoint no_port = endpoint("192.0.2.2", 0);
    assert_false(ipseci_addresses_acceptable(&sa, &on_500, &sa.remote));
    assert_false(ipseci_addresses_acceptable(&sa, &sa.local, &no_port));
}

static void every_pair_once_and_no_more_than_the_limit(void **state)
{
    struct ipsec_addr others[4];
    struct ipsec_peer peer = IPSEC_PEER_INIT;
    struct ipseci_ike_sa sa = {.peer = &peer};
    struct ipseci_path path = {.count = 2};
    struct ipsec_addr local;
    struct ipsec_addr remote;
    uint32_t n = 0;

    (void)state;
    for (uint8_t i = 0; i < 4; i++) {
        others[i] = endpoint("192.0.2.1", 0).addr;
        others[i].bytes[3] = (uint8_t)(10 + i);
        path.peer[i] = endpoint("198.51.100.1", 0).addr;
        path.peer[i].bytes[3] = (uint8_t)(20 + i);
    }
    peer.local = endpoint("192.0.2.1", 0);
    peer.other_local = others;
    peer.other_local_count = 1;
    path.old_local = endpoint("192.0.2.2", 4500);
    path.old_remote = endpoint("198.51.100.1", 4500);
    const uint8_t last_local[] = {2, 1, 10};
    const uint8_t last_remote[] = {1, 20, 21};
    while (ipseci_path_pair(&sa, &path, n, &local, &remote)) {
        assert_int_equal(local.bytes[3], last_local[n / 3]);
        assert_int_equal(remote.bytes[3], last_remote[n % 3]);
        n++;
    }
    assert_int_equal(n, 9);
    path.count = IPSECI_ADDITIONAL_MAX;
    peer.other_local_count = 4;
    for (n = 0; ipseci_path_pair(&sa, &path, n, &local, &remote); n++) {
    }
    assert_int_equal(n, IPSECI_PATHS_MAX);
    assert_false(ipseci_path_pair(&sa, &path, UINT32_MAX, &local, &remote));
}

/* Each request has a value of its own, and another engine others. */
static void cookie2_differs(void **state)
{
    static struct ipsec_ike ike[2];
    struct ipseci_ike_sa sa = {.spi_i = 1, .spi_r = 2, .request_id = 3};
    uint8_t cookie[3][IPSECI_COOKIE2_BYTES];

    (void)state;
    ike[1].gate_key[0] = 1;
    ipseci_cookie2(&ike[0], &sa, cookie[0]);
    ipseci_cookie2(&ike[1], &sa, cookie[1]);
    sa.request_id = 4;
    ipseci_cookie2(&ike[0], &sa, cookie[2]);
    assert_memory_not_equal(cookie[0], cookie[1], IPSECI_COOKIE2_BYTES);
    assert_memory_not_equal(cookie[0], cookie[2], IPSECI_COOKIE2_BYTES);
    sa.request_id = 3;
    ipseci_cookie2(&ike[0], &sa, cookie[1]);
    assert_memory_equal(cookie[0], cookie[1], IPSECI_COOKIE2_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_nats_allowed_data),
        cmocka_unit_test(acceptable_by_address),
        cmocka_unit_test(every_pair_once_and_no_more_than_the_limit),
        cmocka_unit_test(cookie2_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
