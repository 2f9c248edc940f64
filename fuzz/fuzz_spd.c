/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy database under a fuzzer, against a list of policies that is walked from the front
 * (tests/support/spd_model.c). Input: commands of one octet each with their operands; what the
 * input lacks at its end is zero. Addresses are made of few octets, so that ranges and packets
 * meet.
 */
#include "spd_model.h"

#include <string.h>

#define RULES_MAX    48u
#define COMMANDS_MAX 400u
#define FLOWS_MAX    8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* The flow cache's secret, the same each time. */
static enum ipsec_status no_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 0x5a, length);
    return IPSEC_OK;
}

static const struct ipsec_crypto provider = {
    .size = sizeof(provider), .name = "none", .random = no_random};
static const struct ipsec_crypto *const items[] = {&provider};
static const struct ipsec_crypto_list crypto = {items, 1};

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

static void take_address(struct input *in, uint8_t family, uint8_t address[16])
{
    const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    memset(address, 0, 16);
    address[0] = take(in);
    address[octets - 1] = take(in);
    address[octets / 2] = (uint8_t)(address[0] ^ address[octets - 1]);
}

static void order_ends(struct ipsec_selector *s)
{
    uint8_t first[16];
    memcpy(first, s->first, sizeof(first));
    if (memcmp(s->first, s->last, sizeof(first)) > 0) {
        memcpy(s->first, s->last, sizeof(first));
        memcpy(s->last, first, sizeof(first));
    }
}

static void take_selector(struct input *in, uint8_t family, struct ipsec_selector *s)
{
    const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    const uint8_t kind = take(in);
    s->family = family;
    s->protocol = (kind & 1) != 0 ? 17 : (uint8_t)((kind & 2) != 0 ? take(in) : 0);
    take_address(in, family, s->first);
    memcpy(s->last, s->first, sizeof(s->last));
    if ((kind & 4) != 0) {
        take_address(in, family, s->last);
        order_ends(s);
    } else if ((kind & 8) != 0) {
        memset(s->first + octets / 4, 0, octets - octets / 4);
        memset(s->last + octets / 4, 0xff, octets - octets / 4);
    }
    s->port_last = UINT16_MAX;
    if ((kind & 16) != 0) {
        s->port_first = s->port_last = take(in);
    } else if ((kind & 32) != 0) {
        s->port_first = take(in);
        s->port_last = (uint16_t)(s->port_first + take(in));
    } else if ((kind & 64) != 0) {
        s->port_first = UINT16_MAX;
        s->port_last = 0;
    }
}

static void add(struct input *in, struct ipsec_spd *spd, struct spd_model *model)
{
    struct ipsec_spd_entry e = IPSEC_SPD_ENTRY_INIT;
    ipsec_handle handle = 0;
    const uint8_t kind = take(in);
    const uint8_t family = (kind & 4) != 0 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    e.action = (uint8_t)((kind & 3) % 3);
    e.priority = (int8_t)(kind & 0xf0);
    take_selector(in, family, &e.local);
    take_selector(in, family, &e.remote);
    const enum ipsec_status status = ipsec_spd_add(spd, &e, &handle);
    require(status == (model->count < RULES_MAX ? IPSEC_OK : IPSEC_ERR_FULL));
    if (status == IPSEC_OK) {
        spd_model_add(model, &e, handle);
    }
}

static void drop(struct input *in, struct ipsec_spd *spd, struct spd_model *model)
{
    const uint8_t which = take(in);
    if (model->count != 0) {
        const uint32_t at = which % model->count;
        require(ipsec_spd_remove(spd, model->rules[at].handle) == IPSEC_OK);
        spd_model_remove(model, at);
    }
}

static void look(struct input *in, struct ipsec_spd *spd, const struct spd_model *model)
{
    uint8_t octets[SPD_MODEL_PACKET_BYTES];
    struct ipsec_spd_result result;
    struct spd_model_packet p = {0};
    const uint8_t kind = take(in);
    p.family = (kind & 1) != 0 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    p.outbound = (kind & 2) != 0;
    p.later_fragment = (kind & 4) != 0;
    p.protocol = (uint8_t)((kind & 8) != 0 ? 17 : (kind & 16) != 0 ? 1 : 47);
    take_address(in, p.family, p.src);
    take_address(in, p.family, p.dst);
    p.src_port = take(in);
    p.dst_port = take(in);
    const struct spd_model_answer expected = spd_model_lookup(model, &p);
    require(ipsec_spd_lookup(spd, spd_model_build(&p, octets), p.outbound, &result) == IPSEC_OK);
    require(result.entry == expected.entry && result.action == expected.action &&
            result.sa == expected.sa);
    /* Once more: as it is remembered. */
    require(ipsec_spd_lookup(spd, spd_model_build(&p, octets), p.outbound, &result) == IPSEC_OK);
    require(result.entry == expected.entry && result.action == expected.action);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(max_align_t) uint8_t block[32 * 1024];
    static struct spd_model_rule rules[RULES_MAX];
    struct spd_model model = {rules, 0};
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    struct ipsec_spd *spd = NULL;
    struct input in = {data, size};
    c.entry_max = RULES_MAX;
    c.crypto = crypto;
    c.flow_max = (size & 1) != 0 ? FLOWS_MAX : 0;
    if (ipsec_spd_init(block, sizeof(block), &c, &spd) == IPSEC_ERR_NOT_BUILT_IN) {
        c.flow_max = 0;
        require(ipsec_spd_init(block, sizeof(block), &c, &spd) == IPSEC_OK);
    }
    for (unsigned i = 0; i < COMMANDS_MAX && in.left != 0; i++) {
        const uint8_t command = take(&in);
        if (command % 4 == 0) {
            add(&in, spd, &model);
        } else if (command % 4 == 1) {
            drop(&in, spd, &model);
        } else {
            look(&in, spd, &model);
        }
    }
    ipsec_spd_deinit(spd);
    return 0;
}
