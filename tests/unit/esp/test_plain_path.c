/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/esp/plain_path.h: the shorter way says what the whole one says.
 */
#include "plain_path.h"

#include "esp_kit.h"

#include <stdlib.h>

#define PACKET_OCTETS 64

static struct kit kit;

static struct ipsec_sa *start(const char *local, const char *remote, uint8_t direction)
{
    kit_init(&kit, KIT_GCM);
    kit.params.local_ts.count = kit.params.remote_ts.count = 1;
    kit.params.local_ts.item[0] = kit_selector(local);
    kit.params.remote_ts.item[0] = kit_selector(remote);
    kit_start(&kit);
    return direction == IPSEC_SEAL ? kit.out : kit.in;
}

/* 10.1.0.5 to 10.2.0.7, a UDP packet with an octet of filler. */
static void packet_of(uint8_t out[PACKET_OCTETS])
{
    static const uint8_t header[] = {0x45, 0x2e, 0,    PACKET_OCTETS - 1,
                                     1,    2,    0x40, 0,
                                     64,   17,   0,    0,
                                     10,   1,    0,    5,
                                     10,   2,    0,    7,
                                     0x13, 0x88, 0,    80};
    memset(out, 0, PACKET_OCTETS);
    memcpy(out, header, sizeof(header));
}

static enum ipsec_status whole_way(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length,
                                   struct ipseci_flow *out)
{
    const enum ipsec_status status = ipseci_ip_parse(ipseci_view(ip, length), out);
    if (status != IPSEC_OK) {
        return status;
    }
    return ipseci_sa_carries(sa, out) ? IPSEC_OK : IPSEC_DROP_SELECTORS;
}

/* In a block of exactly that length, so that a sanitizer sees a read too far. True: carried. */
static bool assert_same(const struct ipsec_sa *sa, const uint8_t *octets, uint32_t length)
{
    struct ipseci_flow flow;
    struct ipseci_flow expected;
    uint8_t *ip = malloc((size_t)length + (length == 0));
    assert_non_null(ip);
    memcpy(ip, octets, length);
    const enum ipsec_status status = whole_way(sa, ip, length, &expected);
    assert_int_equal(ipseci_plain_look(sa, ip, length, &flow), status);
    if (status == IPSEC_OK) {
        assert_int_equal(flow.family, expected.family);
        assert_int_equal(flow.traffic_class, expected.traffic_class);
        assert_int_equal(flow.total_length, expected.total_length);
    }
    free(ip);
    return status == IPSEC_OK;
}

/* Each octet of the header with each value, and each length. How many were carried. */
static unsigned assert_same_of_all(const char *local, const char *remote, uint8_t direction)
{
    uint8_t packet[PACKET_OCTETS];
    unsigned carried = 0;
    const struct ipsec_sa *sa = start(local, remote, direction);
    packet_of(packet);
    for (uint32_t length = 0; length <= PACKET_OCTETS; length++) {
        carried += assert_same(sa, packet, length);
    }
    for (size_t at = 0; at < 24; at++) {
        for (unsigned value = 0; value < 256; value++) {
            packet_of(packet);
            packet[at] = (uint8_t)value;
            carried += assert_same(sa, packet, PACKET_OCTETS);
        }
    }
    kit_stop(&kit);
    return carried;
}

static void spd_06_shorter_way_says_what_the_whole_one_says(void **state)
{
    static const char *const pairs[][2] = {{"10.1.0.0/16", "10.2.0.0/16"},
                                           {"10.1.0.5-10.1.0.5", "10.2.0.7-10.2.0.9"},
                                           {"0.0.0.0/0", "0.0.0.0/0"},
                                           {"10.1.0.0/16[udp/any]", "10.2.0.0/16"},
                                           {"10.1.0.0/16", "10.2.0.0/16[udp/80]"},
                                           {"10.1.0.0/16[udp/5000]", "10.2.0.0/16[udp/80]"}};
    UNUSED_STATE;
    for (size_t i = 0; i < IPSECI_COUNT(pairs); i++) {
        /* One way round it is carried when sealed, the other when opened. */
        assert_true(assert_same_of_all(pairs[i][0], pairs[i][1], IPSEC_SEAL) > 1000);
        assert_true(assert_same_of_all(pairs[i][0], pairs[i][1], IPSEC_OPEN) > 1000);
        (void)assert_same_of_all(pairs[i][1], pairs[i][0], IPSEC_SEAL);
    }
    assert_int_equal(assert_same_of_all("10.2.0.0/16", "10.1.0.0/16", IPSEC_SEAL), 0);
    assert_int_equal(assert_same_of_all("::/0", "::/0", IPSEC_SEAL), 0);
}

static void shorter_way_is_for_plain_selectors(void **state)
{
    UNUSED_STATE;
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    assert_false(ipseci_plain_fits(&p));
    p.local_ts.count = p.remote_ts.count = 1;
    p.local_ts.item[0] = kit_selector("10.1.0.0/16");
    p.remote_ts.item[0] = kit_selector("10.2.0.0/16");
    assert_true(ipseci_plain_fits(&p));
    p.remote_ts.count = 2;
    p.remote_ts.item[1] = p.remote_ts.item[0];
    assert_false(ipseci_plain_fits(&p));
    p.remote_ts.count = 1;
    p.remote_ts.item[0] = kit_selector("10.2.0.0/16[tcp/80]");
    assert_false(ipseci_plain_fits(&p));
    p.remote_ts.item[0].protocol = 0;
    assert_false(ipseci_plain_fits(&p));
    p.remote_ts.item[0] = kit_selector("10.2.0.0/16[tcp/any]");
    assert_false(ipseci_plain_fits(&p));
    p.remote_ts.item[0] = kit_selector("2001:db8::/32");
    assert_false(ipseci_plain_fits(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_06_shorter_way_says_what_the_whole_one_says),
        cmocka_unit_test(shorter_way_is_for_plain_selectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
