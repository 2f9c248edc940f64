/* SPDX-License-Identifier: Apache-2.0
 *
 * What a build without options says of the features it has not.
 */
#include "esp_kit.h"

#include <ipsec/sa_share.h>

static struct kit kit;

static enum ipsec_status make(void)
{
    return ipsec_sa_init(kit.out_block, sizeof(kit.out_block), &kit.params, &kit.toy.list,
                         &kit.out);
}

static void what_is_not_built_in_is_said(void **state)
{
    UNUSED_STATE;
    static const struct ipsec_header_rules rules;
    kit_init(&kit, KIT_GCM);
    kit.params.rules = &rules;
    assert_int_equal(make(), IPSEC_ERR_NOT_BUILT_IN);
    kit.params.rules = NULL;
    kit.params.mode = IPSEC_MODE_TRANSPORT;
    assert_int_equal(make(), IPSEC_ERR_NOT_BUILT_IN);
    kit.params.mode = IPSEC_MODE_TUNNEL;
    assert_int_equal(ipsec_sa_share_size(), 0);
    assert_int_equal(
        ipsec_sa_share_init(kit.in_block, sizeof(kit.in_block), &kit.params, &kit.params.share),
        IPSEC_ERR_NOT_BUILT_IN);
    kit.params.share = (struct ipsec_sa_share *)(void *)kit.in_block;
    assert_int_equal(make(), IPSEC_ERR_NOT_BUILT_IN);
    kit.params.share = NULL;
    kit_start(&kit);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_built_in_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
