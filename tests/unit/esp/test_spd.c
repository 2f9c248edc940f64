/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the policy database (lib/esp/spd.c).
 */
#include "esp_kit.h"
#include "ip_header.h"

#include <ipsec/spd.h>

static _Alignas(max_align_t) uint8_t block[32 * 1024];
static struct ipsec_spd *spd;
static struct kit_buffer buffer;

static void start(uint32_t entry_max)
{
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    size_t bytes;
    c.entry_max = entry_max;
    assert_int_equal(ipsec_spd_size(&c, &bytes), IPSEC_OK);
    assert_true(bytes <= sizeof(block));
    assert_int_equal(ipsec_spd_init(block, bytes - 1, &c, &spd), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_spd_init(block, bytes, &c, &spd), IPSEC_OK);
}

static struct ipsec_spd_entry entry_of(enum ipsec_spd_action action, int32_t priority,
                                       const char *local, const char *remote)
{
    struct ipsec_spd_entry e = IPSEC_SPD_ENTRY_INIT;
    e.action = (uint8_t)action;
    e.priority = priority;
    e.local = kit_selector(local);
    e.remote = kit_selector(remote);
    return e;
}

static ipsec_handle add(enum ipsec_spd_action action, int32_t priority, const char *local,
                        const char *remote)
{
    const struct ipsec_spd_entry e = entry_of(action, priority, local, remote);
    ipsec_handle handle = 0;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_OK);
    assert_true(handle != 0);
    return handle;
}

static struct ipsec_spd_result look(bool outbound)
{
    struct ipsec_spd_result result;
    memset(&result, 0xee, sizeof(result));
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(kit_content(&buffer), buffer.packet.length),
                                      outbound, &result),
                     IPSEC_OK);
    return result;
}

static void spd_01_first_match_by_priority_then_age(void **state)
{
    UNUSED_STATE;
    start(8);
    const ipsec_handle wide = add(IPSEC_SPD_DISCARD, 10, "0.0.0.0/0", "0.0.0.0/0");
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(look(true).entry, wide);
    const ipsec_handle late = add(IPSEC_SPD_BYPASS, 10, "0.0.0.0/0", "0.0.0.0/0");
    assert_int_equal(look(true).entry, wide);
    const ipsec_handle narrow = add(IPSEC_SPD_PROTECT, 5, "192.168.1.0/24", "192.168.2.0/24");
    assert_int_equal(look(true).entry, narrow);
    assert_int_equal(look(true).action, IPSEC_SPD_PROTECT);
    const ipsec_handle first = add(IPSEC_SPD_BYPASS, -7, "192.168.1.10", "192.168.2.10");
    assert_int_equal(look(true).entry, first);
    assert_int_equal(look(true).action, IPSEC_SPD_BYPASS);

    assert_int_equal(ipsec_spd_remove(spd, first), IPSEC_OK);
    assert_int_equal(look(true).entry, narrow);
    assert_int_equal(ipsec_spd_remove(spd, narrow), IPSEC_OK);
    assert_int_equal(look(true).entry, wide);
    assert_int_equal(look(true).action, IPSEC_SPD_DISCARD);
    assert_int_equal(ipsec_spd_remove(spd, wide), IPSEC_OK);
    assert_int_equal(look(true).entry, late);
    assert_int_equal(ipsec_spd_remove(spd, late), IPSEC_OK);
    assert_int_equal(look(true).entry, 0);
    ipsec_spd_deinit(spd);
}

static void spd_01_no_match_is_discard(void **state)
{
    UNUSED_STATE;
    start(8);
    (void)add(IPSEC_SPD_BYPASS, 1, "10.0.0.0/8", "0.0.0.0/0");
    kit_ipv4(&buffer, NULL, 40);
    const struct ipsec_spd_result r = look(true);
    assert_int_equal(r.action, IPSEC_SPD_DISCARD);
    assert_int_equal(r.entry, 0);
    assert_int_equal(r.sa, 0);
    assert_null(r.user);
    ipsec_spd_deinit(spd);
}

static void spd_02_inbound_clear_packet_meets_the_protect_entry(void **state)
{
    UNUSED_STATE;
    start(8);
    /* 192.168.1.10 -> 192.168.2.10, seen from gateway B: local is 192.168.2.0/24. */
    const ipsec_handle protect = add(IPSEC_SPD_PROTECT, 1, "192.168.2.0/24", "192.168.1.0/24");
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(look(false).entry, protect);
    assert_int_equal(look(false).action, IPSEC_SPD_PROTECT);
    assert_int_equal(look(true).entry, 0);
    ipsec_spd_deinit(spd);
}

static void spd_04_05_cve_2020_1749_without_sa_it_is_acquire_not_clear(void **state)
{
    UNUSED_STATE;
    start(8);
    int user;
    struct ipsec_spd_entry e = entry_of(IPSEC_SPD_PROTECT, 1, "192.168.1.0/24", "192.168.2.0/24");
    ipsec_handle handle;
    e.user = &user;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_OK);
    (void)add(IPSEC_SPD_BYPASS, 2, "0.0.0.0/0", "0.0.0.0/0");
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(look(true).action, IPSEC_SPD_PROTECT);
    assert_int_equal(look(true).sa, 0);
    assert_ptr_equal(look(true).user, &user);
    assert_int_equal(ipsec_spd_set_sa(spd, handle, 0x10001), IPSEC_OK);
    assert_int_equal(look(true).sa, 0x10001);
    /* The SA is gone: acquire again, never the entry below. */
    assert_int_equal(ipsec_spd_set_sa(spd, handle, 0), IPSEC_OK);
    assert_int_equal(look(true).action, IPSEC_SPD_PROTECT);
    assert_int_equal(look(true).sa, 0);
    /* An IPv6 packet does not slip under the IPv4 entries. */
    kit_ipv6(&buffer, NULL, 60);
    assert_int_equal(look(true).action, IPSEC_SPD_DISCARD);
    ipsec_spd_deinit(spd);
}

static void spd_06_ports_and_protocols(void **state)
{
    UNUSED_STATE;
    start(8);
    const ipsec_handle http = add(IPSEC_SPD_PROTECT, 1, "0.0.0.0/0", "0.0.0.0/0[tcp/80]");
    const ipsec_handle udp = add(IPSEC_SPD_PROTECT, 2, "0.0.0.0/0", "0.0.0.0/0[udp/2000]");
    const ipsec_handle echo = add(IPSEC_SPD_BYPASS, 3, "0.0.0.0/0", "0.0.0.0/0[icmp/2048]");
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(look(true).entry, udp);
    ipseci_store16(kit_content(&buffer) + 22, 2001);
    assert_int_equal(look(true).entry, 0);
    kit_content(&buffer)[9] = 6;
    ipseci_store16(kit_content(&buffer) + 22, 80);
    assert_int_equal(look(true).entry, http);
    kit_content(&buffer)[9] = 1;
    kit_content(&buffer)[20] = 8;
    kit_content(&buffer)[21] = 0;
    assert_int_equal(look(true).entry, echo);
    kit_content(&buffer)[20] = 0;
    assert_int_equal(look(true).entry, 0);
    ipsec_spd_deinit(spd);
}

static void spd_10_later_fragments(void **state)
{
    UNUSED_STATE;
    start(8);
    const ipsec_handle ports = add(IPSEC_SPD_PROTECT, 1, "192.168.1.0/24", "0.0.0.0/0[udp/2000]");
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(look(true).entry, ports);
    ipseci_store16(kit_content(&buffer) + 6, 0x2000); /* the first fragment has ports */
    assert_int_equal(look(true).entry, ports);
    ipseci_store16(kit_content(&buffer) + 6, 100);
    assert_int_equal(look(true).entry, 0);
    assert_int_equal(look(true).action, IPSEC_SPD_DISCARD);
    /* A general bypass must not let out what may belong to the protected flow. */
    const ipsec_handle bypass = add(IPSEC_SPD_BYPASS, 2, "0.0.0.0/0", "0.0.0.0/0");
    assert_int_equal(look(true).action, IPSEC_SPD_DISCARD);
    assert_int_equal(look(true).entry, ports);
    assert_int_equal(look(true).sa, 0);
    /* Of another protocol, or from elsewhere, it may. */
    kit_content(&buffer)[9] = 6;
    assert_int_equal(look(true).entry, bypass);
    kit_content(&buffer)[9] = 17;
    kit_content(&buffer)[14] = 9;
    assert_int_equal(look(true).entry, bypass);
    kit_content(&buffer)[14] = 1;
    /* An SA for all ports in between carries all fragments. */
    struct ipsec_spd_entry all = entry_of(IPSEC_SPD_PROTECT, 1, "192.168.1.0/24", "192.168.2.0/24");
    ipsec_handle carrier;
    assert_int_equal(ipsec_spd_add(spd, &all, &carrier), IPSEC_OK);
    assert_int_equal(look(true).entry, carrier);
    assert_int_equal(look(true).action, IPSEC_SPD_PROTECT);
    ipsec_spd_deinit(spd);
}

static void packets_that_can_not_be_looked_up(void **state)
{
    struct ipsec_spd_result r = {.action = IPSEC_SPD_BYPASS};
    UNUSED_STATE;
    start(8);
    (void)add(IPSEC_SPD_BYPASS, 1, "0.0.0.0/0", "0.0.0.0/0");
    kit_ipv4(&buffer, NULL, 40);
    uint8_t *packet = kit_content(&buffer);
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(packet, 39), true, &r),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(r.action, IPSEC_SPD_DISCARD);
    packet[0] = 0x44;
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(packet, 40), true, &r), IPSEC_DROP_HEADER);
    packet[0] = 0x25;
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(packet, 40), true, &r), IPSEC_DROP_VERSION);
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(NULL, 0), true, &r), IPSEC_DROP_VERSION);
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(NULL, 9), true, &r), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_spd_lookup(spd, ipseci_view(packet, 40), true, NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_spd_lookup(NULL, ipseci_view(packet, 40), true, &r), IPSEC_ERR_ARGUMENT);
    ipsec_spd_deinit(spd);
}

static void entries_that_are_refused(void **state)
{
    ipsec_handle handle = 9;
    UNUSED_STATE;
    start(2);
    struct ipsec_spd_entry e = entry_of(IPSEC_SPD_PROTECT, 1, "10.0.0.0/8", "fd00::/16");
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_ARGUMENT);
    e = entry_of(IPSEC_SPD_PROTECT, 1, "10.0.0.0/8", "10.0.0.0/8");
    e.action = 3;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_ARGUMENT);
    e.action = IPSEC_SPD_BYPASS;
    e.sa = 5;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_ARGUMENT);
    e.sa = 0;
    e.local.family = 0;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_ARGUMENT);
    e.local.family = IPSEC_FAMILY_IPV4;
    e.size = 0;
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_STRUCT_SIZE);
    assert_int_equal(ipsec_spd_add(spd, NULL, &handle), IPSEC_ERR_ARGUMENT);
    e.size = sizeof(e);
    assert_int_equal(ipsec_spd_add(spd, &e, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_spd_add(NULL, &e, &handle), IPSEC_ERR_ARGUMENT);
    assert_int_equal(handle, 9);

    const ipsec_handle bypass = add(IPSEC_SPD_BYPASS, 1, "10.0.0.0/8", "10.0.0.0/8");
    assert_int_equal(ipsec_spd_set_sa(spd, bypass, 5), IPSEC_ERR_STATE);
    (void)add(IPSEC_SPD_BYPASS, 1, "10.0.0.0/8", "10.0.0.0/8");
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_ERR_FULL);
    assert_int_equal(ipsec_spd_remove(spd, bypass), IPSEC_OK);
    assert_int_equal(ipsec_spd_remove(spd, bypass), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_spd_set_sa(spd, bypass, 5), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_spd_remove(NULL, bypass), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_spd_add(spd, &e, &handle), IPSEC_OK);
    ipsec_spd_deinit(spd);
    ipsec_spd_deinit(NULL);
}

/* Any order of adding gives the order of priorities. */
static void spd_01_order_against_a_model(void **state)
{
    UNUSED_STATE;
    for (uint64_t seed = 1; seed < 40; seed++) {
        uint64_t random = seed;
        int32_t priorities[30];
        ipsec_handle handles[30];
        start(30);
        for (unsigned i = 0; i < 30; i++) {
            priorities[i] = (int32_t)(seeded(&random) % 7) - 3;
            handles[i] = add(IPSEC_SPD_BYPASS, priorities[i], "0.0.0.0/0", "0.0.0.0/0");
        }
        kit_ipv4(&buffer, NULL, 40);
        for (unsigned left = 30; left > 0; left--) {
            unsigned best = 30;
            for (unsigned i = 0; i < 30; i++) {
                if (handles[i] != 0 && (best == 30 || priorities[i] < priorities[best])) {
                    best = i;
                }
            }
            assert_int_equal(look(true).entry, handles[best]);
            const unsigned gone =
                seeded(&random) % 2 == 0 ? best : (unsigned)(seeded(&random) % 30);
            if (handles[gone] != 0) {
                assert_int_equal(ipsec_spd_remove(spd, handles[gone]), IPSEC_OK);
                handles[gone] = 0;
            }
        }
        ipsec_spd_deinit(spd);
    }
}

static void configurations_that_are_refused(void **state)
{
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    size_t bytes;
    UNUSED_STATE;
    assert_int_equal(ipsec_spd_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_spd_size(&c, NULL), IPSEC_ERR_ARGUMENT);
    c.entry_max = 1u << 21;
    assert_int_equal(ipsec_spd_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c.entry_max = 1;
    assert_int_equal(ipsec_spd_init(NULL, 100, &c, &spd), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_spd_init(block, sizeof(block), &c, NULL), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_01_first_match_by_priority_then_age),
        cmocka_unit_test(spd_01_no_match_is_discard),
        cmocka_unit_test(spd_02_inbound_clear_packet_meets_the_protect_entry),
        cmocka_unit_test(spd_04_05_cve_2020_1749_without_sa_it_is_acquire_not_clear),
        cmocka_unit_test(spd_06_ports_and_protocols),
        cmocka_unit_test(spd_10_later_fragments),
        cmocka_unit_test(packets_that_can_not_be_looked_up),
        cmocka_unit_test(entries_that_are_refused),
        cmocka_unit_test(spd_01_order_against_a_model),
        cmocka_unit_test(configurations_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
