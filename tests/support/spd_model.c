/* SPDX-License-Identifier: Apache-2.0
 *
 * See spd_model.h.
 */
#include "spd_model.h"

#include <string.h>

void spd_model_add(struct spd_model *model, const struct ipsec_spd_entry *entry,
                   ipsec_handle handle)
{
    uint32_t at = model->count++;
    for (; at > 0 && model->rules[at - 1].entry.priority > entry->priority; at--) {
        model->rules[at] = model->rules[at - 1];
    }
    model->rules[at].entry = *entry;
    model->rules[at].handle = handle;
}

void spd_model_remove(struct spd_model *model, uint32_t at)
{
    model->count--;
    memmove(&model->rules[at], &model->rules[at + 1],
            (model->count - at) * sizeof(model->rules[0]));
}

/* What a rule sees of one end of a packet. */
struct end {
    const uint8_t *address;
    uint16_t port;
};

static bool has_ports(const struct spd_model_packet *p)
{
    const uint8_t with[] = {1, 6, 17, 58};
    return !p->later_fragment && memchr(with, p->protocol, sizeof(with)) != NULL;
}

static bool side_covers(const struct ipsec_selector *s, const struct spd_model_packet *p,
                        const uint8_t *address)
{
    const size_t octets = p->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    return s->family == p->family && (s->protocol == 0 || s->protocol == p->protocol) &&
           memcmp(address, s->first, octets) >= 0 && memcmp(address, s->last, octets) <= 0;
}

static bool side_takes(const struct ipsec_selector *s, const struct spd_model_packet *p,
                       uint16_t port)
{
    const bool any = s->port_first == 0 && s->port_last == 65535;
    const bool opaque = s->port_first == 65535 && s->port_last == 0;
    return any || (has_ports(p) ? port >= s->port_first && port <= s->port_last : opaque);
}

static struct end end_of(const struct spd_model_packet *p, bool local)
{
    const bool icmp = p->protocol == 1 || p->protocol == 58; /* one field for both */
    const bool source = local == p->outbound;
    const struct end e = {source ? p->src : p->dst, source || icmp ? p->src_port : p->dst_port};
    return e;
}

static bool covers(const struct ipsec_spd_entry *e, const struct spd_model_packet *p)
{
    return side_covers(&e->local, p, end_of(p, true).address) &&
           side_covers(&e->remote, p, end_of(p, false).address);
}

static bool takes(const struct ipsec_spd_entry *e, const struct spd_model_packet *p)
{
    return covers(e, p) && side_takes(&e->local, p, end_of(p, true).port) &&
           side_takes(&e->remote, p, end_of(p, false).port);
}

struct spd_model_answer spd_model_lookup(const struct spd_model *model,
                                         const struct spd_model_packet *packet)
{
    struct spd_model_answer answer = {IPSEC_SPD_DISCARD, 0, 0};
    ipsec_handle held_back = 0; /* the first that a later fragment may not pass by */
    for (uint32_t i = 0; i < model->count; i++) {
        const struct spd_model_rule *rule = &model->rules[i];
        if (takes(&rule->entry, packet)) {
            answer.entry = rule->handle;
            answer.action = (enum ipsec_spd_action)rule->entry.action;
            answer.sa = rule->entry.sa;
            break;
        }
        if (held_back == 0 && rule->entry.action != IPSEC_SPD_BYPASS &&
            covers(&rule->entry, packet)) {
            held_back = rule->handle;
        }
    }
    if (packet->later_fragment && answer.action == IPSEC_SPD_BYPASS && held_back != 0) {
        answer = (struct spd_model_answer){IPSEC_SPD_DISCARD, held_back, 0};
    }
    return answer;
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

struct ipsec_view spd_model_build(const struct spd_model_packet *packet,
                                  uint8_t octets[SPD_MODEL_PACKET_BYTES])
{
    size_t at;
    memset(octets, 0, SPD_MODEL_PACKET_BYTES);
    if (packet->family == IPSEC_FAMILY_IPV4) {
        octets[0] = 0x45;
        put16(octets + 2, 28);
        put16(octets + 6, packet->later_fragment ? 5 : 0);
        octets[9] = packet->protocol;
        memcpy(octets + 12, packet->src, 4);
        memcpy(octets + 16, packet->dst, 4);
        at = 20;
    } else {
        octets[0] = 0x60;
        put16(octets + 4, packet->later_fragment ? 16 : 8);
        octets[6] = packet->later_fragment ? 44 : packet->protocol;
        memcpy(octets + 8, packet->src, 16);
        memcpy(octets + 24, packet->dst, 16);
        octets[40] = packet->protocol; /* of the fragment header, or of what is overwritten */
        put16(octets + 42, packet->later_fragment ? 5 << 3 : 0);
        at = packet->later_fragment ? 48 : 40;
    }
    put16(octets + at, packet->src_port);
    put16(octets + at + 2, packet->dst_port);
    const struct ipsec_view view = {octets, at + 8};
    return view;
}
