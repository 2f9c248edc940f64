/* SPDX-License-Identifier: Apache-2.0
 *
 * See xfrm_kit.h.
 */
#include "xfrm_kit.h"

struct ipsec_selectors xfrm_kit_selectors(const char *text)
{
    struct ipsec_selectors result = {.count = 0};
    char copy[256];
    char *rest = NULL;
    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    for (char *one = strtok_r(copy, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest)) {
        assert_int_equal(ipsec_selector_parse(one, &result.item[result.count++]), IPSEC_OK);
    }
    return result;
}

void xfrm_kit_init(struct xfrm_kit *kit)
{
    memset(kit, 0, sizeof *kit);
    fake_init(&kit->kernel);
    kit->config.size = (uint32_t)sizeof kit->config;
    kit->config.link = &kit->kernel.link;
    for (size_t i = 0; i < 2; i++) {
        kit->child[i].size = (uint32_t)sizeof kit->child[i];
        kit->child[i].name = i == 0 ? "net" : "more";
    }
    kit->child[0].local_ts = xfrm_kit_selectors("10.1.0.0/16");
    kit->child[0].remote_ts = xfrm_kit_selectors("10.2.0.0/16");
    kit->peer.size = (uint32_t)sizeof kit->peer;
    kit->peer.name = "b";
    kit->peer.children = kit->child;
    kit->peer.child_count = 1;
    assert_int_equal(ipsec_addr_parse("192.0.2.1", &kit->peer.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("192.0.2.2", &kit->peer.remote.addr), IPSEC_OK);
    for (size_t i = 0; i < 4; i++) {
        memset(kit->keys[i], (int)(0xa0 + i), sizeof kit->keys[i]);
    }
}

void xfrm_kit_open(struct xfrm_kit *kit)
{
    char why[IPSEC_XFRM_TEXT_MAX];
    assert_int_equal(ipsec_xfrm_open(&kit->config, &kit->xfrm, why), IPSEC_OK);
    kit->sink = ipsec_xfrm_sink(kit->xfrm);
    assert_int_equal(fake_count(&kit->kernel, false), 0); /* the trial SA is gone */
    assert_int_equal(ipsec_xfrm_add_peer(kit->xfrm, &kit->peer), IPSEC_OK);
}

void xfrm_kit_close(struct xfrm_kit *kit)
{
    ipsec_xfrm_close(kit->xfrm);
    assert_int_equal(fake_count(&kit->kernel, false), 0);
    assert_int_equal(fake_count(&kit->kernel, true), 0);
}

struct xfrm_kit *xfrm_kit_begin(void)
{
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    xfrm_kit_open(kit);
    return kit;
}

void xfrm_kit_end(struct xfrm_kit *kit)
{
    xfrm_kit_close(kit);
    free(kit);
}

struct ipsec_child_sa xfrm_kit_sa(struct xfrm_kit *kit, ipsec_handle child, const char *suite)
{
    struct ipsec_proposals proposals;
    struct ipsec_child_sa sa;
    memset(&sa, 0, sizeof sa);
    assert_int_equal(ipsec_proposals_parse(suite, IPSEC_PROTOCOL_ESP, &proposals, NULL), IPSEC_OK);
    sa.suite.protocol = IPSEC_PROTOCOL_ESP;
    for (size_t i = 0; i < proposals.item[0].transform_count; i++) {
        const struct ipsec_transform *t = &proposals.item[0].transform[i];
        sa.suite.encr = t->type == IPSEC_TRANSFORM_ENCR ? t->id : sa.suite.encr;
        sa.suite.encr_key_bits =
            t->type == IPSEC_TRANSFORM_ENCR ? t->key_bits : sa.suite.encr_key_bits;
        sa.suite.integ = t->type == IPSEC_TRANSFORM_INTEG ? t->id : sa.suite.integ;
        sa.suite.esn = t->type == IPSEC_TRANSFORM_ESN ? t->id : sa.suite.esn;
    }
    sa.child = child;
    sa.ike_sa = 1;
    sa.peer = &kit->peer;
    sa.config = &kit->child[0];
    sa.spi_in = 0x1000 + child;
    sa.spi_out = 0x2000 + child;
    sa.encr_key_in = (struct ipsec_view){kit->keys[0], 36};
    sa.integ_key_in = (struct ipsec_view){kit->keys[1], 32};
    sa.encr_key_out = (struct ipsec_view){kit->keys[2], 36};
    sa.integ_key_out = (struct ipsec_view){kit->keys[3], 32};
    sa.local.addr = kit->peer.local.addr;
    sa.remote.addr = kit->peer.remote.addr;
    sa.local.port = sa.remote.port = 4500;
    sa.outbound_ready = true;
    sa.local_ts = kit->child[0].local_ts;
    sa.remote_ts = kit->child[0].remote_ts;
    return sa;
}
