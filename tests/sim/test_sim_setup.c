/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting up: IKE_SA_INIT and IKE_AUTH message by message. RFC 7296 1.2.
 */
#include "sim_test.h"

/*  A                                         B
 *  IKE_SA_INIT 0: SA KE Ni            ->
 *                                     <-     IKE_SA_INIT 0: SA KE Nr
 *  IKE_AUTH 1: IDi IDr AUTH SA TSi TSr ->
 *                                     <-     IKE_AUTH 1: IDr AUTH SA TSi TSr
 */
static void init_01_auth_01_the_reference_scenario(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_01_auth_01_the_reference_scenario),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
