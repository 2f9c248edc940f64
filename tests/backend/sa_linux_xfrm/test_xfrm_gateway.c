/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference scenario with the kernel as data plane: two gateways with the real engine
 * negotiate, and what is in either kernel fits the other's. RFC 4301 4.1, RFC 7296 1.3, 2.8.
 */
#include "fake_kernel.h"
#include "pair_kit.h"

#define NOW(kit) ipsec_memory_now((kit)->pair.memory)

struct side {
    struct fake_kernel kernel;
    struct ipsec_xfrm *xfrm;
};
struct kit {
    struct pair pair;
    struct side a;
    struct side b;
};

static void side_open(struct side *side, struct pair_end *end)
{
    char why[IPSEC_XFRM_TEXT_MAX];
    struct ipsec_xfrm_config config = IPSEC_XFRM_CONFIG_INIT;
    fake_init(&side->kernel);
    config.link = &side->kernel.link;
    assert_int_equal(ipsec_xfrm_open(&config, &side->xfrm, why), IPSEC_OK);
    end->config.sink = ipsec_xfrm_sink(side->xfrm);
}

static void side_attach(const struct side *side, const struct pair_end *end)
{
    ipsec_xfrm_attach(side->xfrm, ipsec_gw_ike(end->gw));
    assert_int_equal(ipsec_xfrm_add_peer(side->xfrm, &end->peer), IPSEC_OK);
}

static struct kit *begin(const char *esp)
{
    struct kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    pair_init(&kit->pair, "aes256-sha256-ecp256", esp);
    side_open(&kit->a, &kit->pair.a);
    side_open(&kit->b, &kit->pair.b);
    return kit;
}

static void start(struct kit *kit)
{
    pair_start(&kit->pair);
    side_attach(&kit->a, &kit->pair.a);
    side_attach(&kit->b, &kit->pair.b);
}

static void end(struct kit *kit)
{
    pair_stop(&kit->pair);
    assert_int_equal(fake_count(&kit->a.kernel, false), 0); /* the engine took its children out */
    ipsec_xfrm_close(kit->a.xfrm);
    ipsec_xfrm_close(kit->b.xfrm);
    assert_int_equal(fake_count(&kit->a.kernel, true), 0);
    assert_int_equal(fake_count(&kit->b.kernel, true), 0);
    free(kit);
}

static void expect_same(const struct fake_entry *a, const struct fake_entry *b, uint16_t type)
{
    size_t a_length = 0;
    size_t b_length = 0;
    const void *a_octets = fake_sa_attr(a, type, &a_length);
    const void *b_octets = fake_sa_attr(b, type, &b_length);
    assert_int_equal(a_octets == NULL, b_octets == NULL);
    assert_int_equal(a_length, b_length);
    if (a_octets != NULL) {
        assert_memory_equal(a_octets, b_octets, a_length);
    }
}

/* Both kernels have the SA with this SPI with the same keys and addresses. */
static void expect_sa(struct kit *kit, uint32_t spi)
{
    const struct fake_entry *a = fake_sa(&kit->a.kernel, spi);
    const struct fake_entry *b = fake_sa(&kit->b.kernel, spi);
    assert_non_null(a);
    assert_non_null(b);
    expect_same(a, b, XFRMA_ALG_AEAD);
    expect_same(a, b, XFRMA_ALG_CRYPT);
    expect_same(a, b, XFRMA_ALG_AUTH_TRUNC);
    assert_memory_equal(&fake_sa_info(a)->saddr, &fake_sa_info(b)->saddr, 16);
    assert_memory_equal(&fake_sa_info(a)->id, &fake_sa_info(b)->id, sizeof fake_sa_info(a)->id);
}

/* A's newest child is in both kernels, and A sends on it. */
static void expect_child(struct kit *kit)
{
    struct ipsec_child_info info;
    assert_int_equal(
        ipsec_ike_child_info(ipsec_gw_ike(kit->pair.a.gw), kit->pair.a.child_sa, &info), IPSEC_OK);
    expect_sa(kit, info.spi_in);
    expect_sa(kit, info.spi_out);
    const struct fake_entry *policy = fake_policy(&kit->a.kernel, XFRM_POLICY_OUT, 0);
    assert_int_equal(ntohl(fake_template(policy)->id.spi), info.spi_out);
}

static void what_is_negotiated_is_in_both_kernels(void **state)
{
    (void)state;
    static const char *const suites[] = {"aes256-sha256", "aes256gcm16", "chacha20poly1305",
                                         "aes256gcm16-esn"};
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        struct kit *kit = begin(suites[i]);
        struct ipsec_child_stats stats;
        start(kit);
        pair_establish(&kit->pair);
        expect_child(kit);
        assert_int_equal(fake_count(&kit->a.kernel, false), 2);
        assert_int_equal(fake_count(&kit->a.kernel, true), 3);
        fake_sa(&kit->a.kernel,
                ntohl(fake_template(fake_policy(&kit->a.kernel, XFRM_POLICY_OUT, 0))->id.spi))
            ->packets = 12;
        assert_int_equal(ipsec_gw_child_stats(kit->pair.a.gw, kit->pair.a.child_sa, &stats),
                         IPSEC_OK);
        assert_int_equal(stats.packets_out, 12);
        end(kit);
    }
}

static void a_limit_of_the_kernels_rekeys(void **state)
{
    (void)state;
    struct kit *kit = begin("aes256-sha256");
    struct ipsec_child_info info;
    start(kit);
    pair_establish(&kit->pair);
    const ipsec_handle first = kit->pair.a.child_sa;
    assert_int_equal(ipsec_ike_child_info(ipsec_gw_ike(kit->pair.a.gw), first, &info), IPSEC_OK);
    fake_expire(&kit->a.kernel, info.spi_out, false);
    assert_int_equal(ipsec_xfrm_events(kit->a.xfrm, NOW(kit)), IPSEC_OK);
    pair_pass(&kit->pair, 60000);
    assert_int_equal(kit->pair.a.events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_true(kit->pair.a.child_sa != first);
    expect_child(kit);
    assert_null(fake_sa(&kit->a.kernel, info.spi_out)); /* the old ones are gone */
    assert_null(fake_sa(&kit->b.kernel, info.spi_in));
    assert_int_equal(fake_count(&kit->a.kernel, false), 2);
    assert_int_equal(fake_count(&kit->a.kernel, true), 3);
    end(kit);
}

static void a_packet_that_waits_brings_up_its_child(void **state)
{
    (void)state;
    struct kit *kit = begin("aes256-sha256");
    kit->pair.a.child.start = IPSEC_START_ON_DEMAND;
    start(kit);
    fake_acquire(&kit->a.kernel, 0, "192.168.1.10", "192.168.2.10", 1, 8, 0);
    assert_int_equal(ipsec_xfrm_events(kit->a.xfrm, NOW(kit)), IPSEC_OK);
    pair_settle(&kit->pair);
    assert_int_equal(kit->pair.a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    expect_child(kit);
    end(kit);
}

/* The peer is told, nothing is left on either side, and the reason is at hand. */
static void a_suite_the_kernel_lacks_is_refused(void **state)
{
    (void)state;
    struct kit *kit = begin("aes256gcm16");
    kit->pair.quiet = true;
    start(kit);
    kit->b.kernel.fail_at = kit->b.kernel.requests + 1;
    kit->b.kernel.fail_with = 38; /* ENOSYS: no such algorithm */
    ipsec_handle sa = 0;
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(kit->pair.a.gw), &kit->pair.a.peer, NOW(kit), &sa),
        IPSEC_OK);
    pair_settle(&kit->pair);
    assert_int_equal(kit->pair.a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_true(kit->pair.b.events[IPSEC_EVENT_FAILURE] != 0);
    assert_true(ipsec_xfrm_why(kit->b.xfrm)[0] != '\0');
    assert_int_equal(fake_count(&kit->a.kernel, false), 0);
    assert_int_equal(fake_count(&kit->b.kernel, false), 0);
    end(kit);
}

/* The gateway keeps IKE alone: packets that reach it all the same go nowhere. */
static void the_gateways_own_data_plane_has_no_child(void **state)
{
    (void)state;
    struct kit *kit = begin("aes256-sha256");
    start(kit);
    pair_establish(&kit->pair);
    pair_ping(&kit->pair.a);
    pair_settle(&kit->pair);
    assert_int_equal(kit->pair.b.arrived, 0);
    end(kit);
}

static void a_sink_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct pair *pair = malloc(sizeof *pair);
    struct ipsec_sa_sink sink = IPSEC_SA_SINK_INIT;
    struct ipsec_gw *gw = NULL;
    size_t bytes = 0;
    assert_non_null(pair);
    pair_init(pair, "aes256-sha256-ecp256", "aes256-sha256");
    pair->a.config.sink = &sink;
    assert_int_equal(ipsec_gw_size(&pair->a.config, &bytes), IPSEC_OK);
    void *block = malloc(bytes);
    assert_non_null(block);
    assert_int_equal(ipsec_gw_init(block, bytes, &pair->a.config, 0, &gw), IPSEC_ERR_ARGUMENT);
    sink.size = 0;
    assert_int_equal(ipsec_gw_init(block, bytes, &pair->a.config, 0, &gw), IPSEC_ERR_STRUCT_SIZE);
    free(block);
    ipsec_mbedtls_free(pair->a.provider);
    ipsec_mbedtls_free(pair->b.provider);
    free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_negotiated_is_in_both_kernels),
        cmocka_unit_test(a_limit_of_the_kernels_rekeys),
        cmocka_unit_test(a_packet_that_waits_brings_up_its_child),
        cmocka_unit_test(a_suite_the_kernel_lacks_is_refused),
        cmocka_unit_test(the_gateways_own_data_plane_has_no_child),
        cmocka_unit_test(a_sink_that_is_not_whole_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
