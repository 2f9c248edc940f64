/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec_failure_text: the page over every combination of cause, phase, refuser and role.
 */
#include "explain.h"
#include "failure_kit.h"

enum amount { NOTHING, USUAL, MOST, AMOUNTS };

static void fill_id(struct ipsec_id *id, enum amount amount)
{
    memset(id, 0, sizeof(*id));
    id->type = IPSEC_ID_FQDN;
    id->length = amount == MOST ? IPSEC_ID_BYTES_MAX : 5;
    memset(id->bytes, amount == MOST ? 0x01 : 'a', sizeof(id->bytes));
}

static void fill_selectors(struct ipsec_selectors *list, unsigned seed, enum amount amount)
{
    list->count = amount == MOST ? IPSEC_SELECTORS_MAX : 1;
    for (uint32_t i = 0; i < list->count; i++) {
        struct ipsec_selector *s = &list->item[i];
        memset(s, 0, sizeof(*s));
        s->family = amount == MOST ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
        s->protocol = 250;
        s->port_first = 10001;
        s->port_last = 60001;
        memset(s->first, (int)(0x20 + 8 * seed + i), sizeof(s->first));
        memcpy(s->last, s->first, sizeof(s->last));
        s->last[3]++;
    }
}

static void fill_lists(enum amount amount, enum ipsec_protocol protocol)
{
    if (amount == USUAL) {
        ours = kit_list(protocol == IKE ? "aes256-sha256-modp2048" : "aes256-sha256", protocol);
        theirs =
            kit_list(protocol == IKE ? "aes128-sha512-ecp256" : "aes256-sha256-modp2048", protocol);
        return;
    }
    memset(&ours, 0, sizeof(ours));
    ours.count = IPSEC_PROPOSALS_MAX;
    for (unsigned i = 0; i < IPSEC_PROPOSALS_MAX; i++) {
        ours.item[i].protocol = (uint8_t)protocol;
        ours.item[i].transform_count = IPSEC_PROPOSAL_TRANSFORMS_MAX;
        for (unsigned k = 0; k < IPSEC_PROPOSAL_TRANSFORMS_MAX; k++) {
            ours.item[i].transform[k] =
                (struct ipsec_transform){(uint8_t)(1 + k % 8), (uint16_t)(60000 + k), 65535};
        }
    }
    theirs = ours;
    for (unsigned i = 0; i < IPSEC_PROPOSALS_MAX; i++) {
        for (unsigned k = 0; k < IPSEC_PROPOSAL_TRANSFORMS_MAX; k++) {
            theirs.item[i].transform[k].id -= 10000;
        }
    }
}

static void fill_names(enum amount amount)
{
    static const char longest[] =
        "\001\002\003\004\005\006\007\010a long name of a configured peer, "
        "longer than any line of the page could ever hold it, truly long";
    peer.name = amount == MOST ? longest : "berlin";
    child.name = amount == MOST ? longest : NULL;
    if (amount == MOST) {
        f.local = failure_endpoint("2001:db8:1111:2222:3333:4444:5555:6666", 65535);
        f.remote = failure_endpoint("2001:db8:1111:2222:3333:4444:5555:7777", 65535);
        f.attempts = UINT32_MAX;
        f.duration_ms = UINT64_MAX;
        f.notify = 65535;
        f.status = IPSEC_FATAL_INVARIANT;
        f.theirs_cut = true;
    }
}

static void fill_all(enum amount amount)
{
    const bool esp = f.phase == IPSEC_PHASE_CHILD_CREATE || f.phase == IPSEC_PHASE_CHILD_REKEY;
    if (amount == NOTHING) {
        f.peer = NULL;
        f.child = NULL;
        memset(&f.local, 0, sizeof(f.local));
        memset(&f.remote, 0, sizeof(f.remote));
        return;
    }
    fill_names(amount);
    fill_lists(amount, esp ? ESP : IKE);
    f.ours = &ours;
    f.theirs = &theirs;
    f.built_in = &ours;
    ipseci_explain(&f, NULL, 0);
    for (unsigned i = 0; i < 3; i++) {
        fill_id(&ids[i], amount);
    }
    f.our_id = &ids[0];
    f.their_id = &ids[1];
    f.expected_id = &ids[2];
    for (unsigned i = 0; i < 4; i++) {
        fill_selectors(&selectors[i], i, amount);
    }
    f.our_local_ts = &selectors[0];
    f.our_remote_ts = &selectors[1];
    f.their_local_ts = &selectors[2];
    f.their_remote_ts = &selectors[3];
}

static void assert_page(void)
{
    size_t lines = 1;
    size_t column = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            assert_true(column > 0); /* no empty line */
            lines++;
            column = 0;
            continue;
        }
        assert_true(*c >= 0x20 && *c <= 0x7e);
        column++;
        if (column > 100) {
            fail_msg("more than 100 columns in:\n%s", text);
        }
    }
    if (lines > 24) {
        fail_msg("more than 24 lines:\n%s", text);
    }
}

static void every_combination_fits_the_page(void **state)
{
    (void)state;
    unsigned count = 0;
    for (int cause = 1; cause <= IPSEC_CAUSE_PEER_REFUSED; cause++) {
        for (int phase = 0; phase <= IPSEC_PHASE_ESTABLISHED; phase++) {
            for (int variant = 0; variant < 3 * 2 * AMOUNTS; variant++) {
                failure_begin((enum ipsec_cause)cause, (enum ipsec_phase)phase,
                              (enum ipsec_refuser)(variant % 3));
                f.initiator = variant / 3 % 2 != 0;
                fill_all((enum amount)(variant / 6));
                failure_show();
                assert_page();
                assert_non_null(strchr(text, '['));
                assert_non_null(strstr(failure_flat(), ipsec_cause_name((enum ipsec_cause)cause)));
                assert_says("Refused by: ");
                wire_test_free(state);
                count++;
            }
        }
    }
    assert_int_equal(count, 12 * 7 * 18);
}

/* What to do must not fall off the page, however long the lists are. */
static void advice_survives_the_longest_lists(void **state)
{
    (void)state;
    for (int phase = IPSEC_PHASE_IKE_SA_INIT; phase <= IPSEC_PHASE_IKE_REKEY; phase++) {
        failure_begin(IPSEC_CAUSE_NO_PROPOSAL, (enum ipsec_phase)phase, IPSEC_REFUSED_LOCAL);
        fill_all(MOST);
        ours.item[0] = kit_raw("1:12:256 2:5 3:12 4:14 5:0", ours.item[0].protocol).item[0];
        ipseci_explain(&f, NULL, 0);
        failure_show();
        assert_page();
        assert_says("To do:");
        assert_says("lifetimes are local");
    }
}

static void small_buffers_are_kept(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    for (size_t capacity = 0; capacity < 800; capacity += 7) {
        memset(text, 0x7f, sizeof(text));
        ipsec_failure_text(&f, text, capacity);
        assert_true(capacity == 0 || strlen(text) < capacity);
        assert_int_equal(text[capacity], 0x7f);
    }
    ipsec_failure_text(NULL, text, sizeof(text));
    assert_string_equal(text, "");
}

static void numbers_out_of_range_are_survived(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    f.diff_count = UINT32_MAX;
    f.nearest_ours = UINT32_MAX;
    f.nearest_theirs = UINT32_MAX;
    ours.count = UINT32_MAX;
    f.cause = (enum ipsec_cause)77;
    f.phase = (enum ipsec_phase)77;
    f.refused_by = (enum ipsec_refuser)77;
    failure_show();
    assert_page();
    f.cause = IPSEC_CAUSE_NO_PROPOSAL;
    ours.count = 1;
    failure_show();
    assert_page();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(every_combination_fits_the_page),
        KIT_TEST(advice_survives_the_longest_lists),
        KIT_TEST(small_buffers_are_kept),
        KIT_TEST(numbers_out_of_range_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
