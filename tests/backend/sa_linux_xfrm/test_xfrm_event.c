/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel tells by itself, and what the IKE engine is then told: packets that wait, limits,
 * NAT mappings; and events that are nobody's, cut short or lost. RFC 4301 4.4.2, RFC
 * 7296 2.9, 2.23.
 */
#include "fake_ike.h"
#include "xfrm_kit.h"

struct both {
    struct xfrm_kit kit;
    struct ipsec_ike ike;
};

static struct both *begin(bool on_demand)
{
    struct both *both = calloc(1, sizeof *both);
    assert_non_null(both);
    xfrm_kit_init(&both->kit);
    both->kit.child[0].start = on_demand ? IPSEC_START_ON_DEMAND : IPSEC_START_ALWAYS;
    xfrm_kit_open(&both->kit);
    ipsec_xfrm_attach(both->kit.xfrm, &both->ike);
    return both;
}

static void end(struct both *both)
{
    xfrm_kit_close(&both->kit);
    free(both);
}

static void add(struct both *both)
{
    const struct ipsec_child_sa sa = xfrm_kit_sa(&both->kit, 1, "aes256gcm16");
    assert_int_equal(both->kit.sink->child_add(both->kit.sink->context, &sa), IPSEC_OK);
}

static struct ipsec_xfrm_counters counters(const struct both *both)
{
    struct ipsec_xfrm_counters c;
    ipsec_xfrm_counters(both->kit.xfrm, &c);
    return c;
}

static void read_events(struct both *both)
{
    assert_int_equal(ipsec_xfrm_events(both->kit.xfrm, 5000), IPSEC_OK);
}

static void expect_selector(const struct ipsec_selector *s, const char *addr, uint8_t protocol,
                            uint16_t first, uint16_t last)
{
    struct ipsec_addr parsed;
    assert_int_equal(ipsec_addr_parse(addr, &parsed), IPSEC_OK);
    assert_int_equal(s->family, parsed.family);
    assert_memory_equal(s->first, parsed.bytes, sizeof s->first);
    assert_memory_equal(s->last, parsed.bytes, sizeof s->last);
    assert_int_equal(s->protocol, protocol);
    assert_int_equal(s->port_first, first);
    assert_int_equal(s->port_last, last);
}

/* ---- Packets that wait ----------------------------------------------------------------------- */

static void a_packet_that_waits_brings_its_child_up(void **state)
{
    (void)state;
    struct both *both = begin(true);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 17, 4000, 53);
    read_events(both);
    assert_int_equal(both->ike.acquires, 1);
    assert_ptr_equal(both->ike.acquired_peer, &both->kit.peer);
    assert_ptr_equal(both->ike.acquired, &both->kit.child[0]);
    expect_selector(&both->ike.acquired_packet.local, "10.1.2.3", 17, 4000, 4000);
    expect_selector(&both->ike.acquired_packet.remote, "10.2.3.4", 17, 53, 53);
    /* The SA that comes of it answers the kernel's number. */
    add(both);
    assert_int_equal(fake_sa_info(fake_sa(&both->kit.kernel, 0x2001))->seq, 77);
    assert_int_equal(counters(both).acquires, 1);
    assert_int_equal(counters(both).acquires_refused, 0);
    end(both);
}

static void icmp_has_a_type_and_a_code(void **state)
{
    (void)state;
    struct both *both = begin(true);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 1, 3, 4);
    read_events(both);
    expect_selector(&both->ike.acquired_packet.local, "10.1.2.3", 1, 0x304, 0x304);
    expect_selector(&both->ike.acquired_packet.remote, "10.2.3.4", 1, 0x304, 0x304);
    end(both);
}

static void a_protocol_without_ports_has_all(void **state)
{
    (void)state;
    struct both *both = begin(true);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 47, 0, 0);
    read_events(both);
    expect_selector(&both->ike.acquired_packet.local, "10.1.2.3", 47, 0, UINT16_MAX);
    expect_selector(&both->ike.acquired_packet.remote, "10.2.3.4", 47, 0, UINT16_MAX);
    end(both);
}

static void only_children_on_demand_are_brought_up(void **state)
{
    (void)state;
    struct both *both = begin(false);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 17, 4000, 53);
    read_events(both);
    assert_int_equal(both->ike.acquires, 0);
    assert_int_equal(counters(both).acquires, 1);
    end(both);
}

/* ---- Limits, mappings ------------------------------------------------------------------------ */

static void limits_are_told_for_either_direction(void **state)
{
    (void)state;
    struct both *both = begin(false);
    add(both);
    fake_expire(&both->kit.kernel, 0x2001, false);
    read_events(both);
    assert_int_equal(fake_notices(&both->ike, 1, IPSEC_CHILD_NOTICE_SOFT), 1);
    fake_expire(&both->kit.kernel, 0x1001, false);
    read_events(both);
    assert_int_equal(fake_notices(&both->ike, 1, IPSEC_CHILD_NOTICE_SOFT), 2);
    fake_expire(&both->kit.kernel, 0x1001, true);
    read_events(both);
    assert_int_equal(fake_notices(&both->ike, 1, IPSEC_CHILD_NOTICE_HARD), 1);
    assert_int_equal(counters(both).soft_limits, 2);
    assert_int_equal(counters(both).hard_limits, 1);
    end(both);
}

static void a_new_mapping_is_a_move_of_the_peer(void **state)
{
    (void)state;
    struct both *both = begin(false);
    struct ipsec_addr now_at;
    add(both);
    fake_mapping(&both->kit.kernel, 0x1001, "198.51.100.77", 40001);
    read_events(both);
    assert_int_equal(both->ike.moves, 1);
    assert_int_equal(both->ike.moved_child, 1);
    assert_int_equal(ipsec_addr_parse("198.51.100.77", &now_at), IPSEC_OK);
    assert_memory_equal(&both->ike.moved_to.addr, &now_at, sizeof now_at);
    assert_int_equal(both->ike.moved_to.port, 40001);
    fake_mapping(&both->kit.kernel, 0x2001, "198.51.100.78", 40001); /* nothing comes in on it */
    read_events(both);
    assert_int_equal(both->ike.moves, 1);
    assert_int_equal(counters(both).strange_events, 1);
    end(both);
}

/* ---- Bad events ------------------------------------------------------------------------------ */

static void events_of_others_change_nothing(void **state)
{
    (void)state;
    struct both *both = begin(true);
    add(both);
    /* Another program's SA and policy: the same events, but with numbers that are not ours. */
    fake_expire(&both->kit.kernel, 0x2001, true);
    both->kit.kernel.event[NLMSG_HDRLEN + offsetof(struct xfrm_user_expire, state.id.spi)] ^= 1;
    read_events(both);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 17, 4000, 53);
    const size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct xfrm_user_acquire)) + NLA_HDRLEN +
                      offsetof(struct xfrm_user_tmpl, reqid);
    both->kit.kernel.event[at] ^= 0x40;
    read_events(both);
    fake_expire(&both->kit.kernel, 0x2001, true);
    both->kit.kernel.event[offsetof(struct nlmsghdr, nlmsg_type)] = XFRM_MSG_POLEXPIRE;
    read_events(both);
    assert_int_equal(both->ike.notices + both->ike.acquires, 0);
    assert_int_equal(counters(both).strange_events, 3);
    end(both);
}

/* Whatever length a message has, or says it has, nothing past it is read. */
static void events_cut_short_are_counted(void **state)
{
    (void)state;
    struct both *both = begin(true);
    add(both);
    for (unsigned kind = 0; kind < 3; kind++) {
        for (size_t cut = 1;; cut++) {
            switch (kind) {
            case 0:
                fake_expire(&both->kit.kernel, 0x2001, true);
                break;
            case 1:
                fake_mapping(&both->kit.kernel, 0x1001, "198.51.100.77", 40001);
                break;
            default:
                fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 17, 4000, 53);
                break;
            }
            struct fake_kernel *kernel = &both->kit.kernel;
            if (cut > kernel->event_length) {
                kernel->event_status = IPSEC_ERR_AGAIN;
                break;
            }
            const uint32_t length = (uint32_t)(kernel->event_length - cut);
            kernel->event_length = length;
            if (cut % 2 == 0) { /* a header that knows, and one that does not */
                memcpy(kernel->event, &length, sizeof length);
            }
            read_events(both);
            assert_int_equal(both->ike.notices + both->ike.acquires + both->ike.moves, 0);
        }
    }
    end(both);
}

static void events_that_were_lost_are_said(void **state)
{
    (void)state;
    struct both *both = begin(true);
    both->kit.kernel.event_status = IPSEC_ERR_FULL;
    assert_int_equal(ipsec_xfrm_events(both->kit.xfrm, 5000), IPSEC_ERR_FULL);
    assert_int_equal(counters(both).lost_events, 1);
    both->kit.kernel.event_status = IPSEC_ERR_IO;
    assert_int_equal(ipsec_xfrm_events(both->kit.xfrm, 5000), IPSEC_ERR_IO);
    assert_int_equal(counters(both).lost_events, 1);
    read_events(both);
    assert_int_equal(ipsec_xfrm_events(NULL, 5000), IPSEC_ERR_ARGUMENT);
    end(both);
}

static void without_an_engine_events_are_only_counted(void **state)
{
    (void)state;
    struct both *both = begin(true);
    ipsec_xfrm_attach(both->kit.xfrm, NULL);
    fake_acquire(&both->kit.kernel, 0, "10.1.2.3", "10.2.3.4", 17, 4000, 53);
    read_events(both);
    add(both);
    fake_expire(&both->kit.kernel, 0x2001, true);
    read_events(both);
    assert_int_equal(counters(both).hard_limits, 1);
    assert_int_equal(counters(both).acquires, 1);
    assert_int_equal(both->ike.notices + both->ike.acquires, 0);
    end(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_that_waits_brings_its_child_up),
        cmocka_unit_test(icmp_has_a_type_and_a_code),
        cmocka_unit_test(a_protocol_without_ports_has_all),
        cmocka_unit_test(only_children_on_demand_are_brought_up),
        cmocka_unit_test(limits_are_told_for_either_direction),
        cmocka_unit_test(a_new_mapping_is_a_move_of_the_peer),
        cmocka_unit_test(events_of_others_change_nothing),
        cmocka_unit_test(events_cut_short_are_counted),
        cmocka_unit_test(events_that_were_lost_are_said),
        cmocka_unit_test(without_an_engine_events_are_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
