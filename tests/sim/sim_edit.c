/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_edit.h.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define HEADER_BYTES 28
#define SK           46
#define IV_BYTES     16
#define TAG_BYTES    16
#define ROOMS        8

struct chain {
    uint8_t first;
    uint8_t *last; /* where the type of what follows stands */
    size_t used;
    uint8_t octets[SIM_DATAGRAM_BYTES];
};

struct sim_datagram *sim_flying(struct sim *s)
{
    struct sim_datagram *found = NULL;

    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        struct sim_datagram *d = &s->queue[i];
        if (d->used && !d->esp && (found == NULL || d->order < found->order)) {
            found = d;
        }
    }
    assert_non_null(found);
    return found;
}

struct ipsec_view sim_edit_inside(const struct sim_datagram *d, uint8_t *first)
{
    struct ipsec_view all = {d->octets + HEADER_BYTES, d->length - HEADER_BYTES};

    assert_true(d->length >= HEADER_BYTES);
    *first = d->octets[16];
    return *first == SK ? sim_craft_inside(d, first) : all;
}

struct ipsec_view sim_edit_body(const struct sim_datagram *d, uint8_t type)
{
    uint8_t is = 0;
    const struct ipsec_view in = sim_edit_inside(d, &is);
    struct ipsec_view body = {NULL, 0};

    for (size_t at = 0; at + 4 <= in.length && is != 0;) {
        const uint8_t *p = in.data + at;
        const size_t length = (size_t)p[2] << 8 | p[3];
        assert_true(length >= 4 && at + length <= in.length);
        if (is == type && body.data == NULL) {
            body.data = p + 4;
            body.length = length - 4;
        }
        is = p[0];
        at += length;
    }
    return body;
}

static void add(struct chain *to, uint8_t type, uint8_t flags, struct ipsec_view body)
{
    uint8_t *at = to->octets + to->used;

    assert_true(to->used + 4 + body.length <= sizeof(to->octets));
    *to->last = type;
    to->last = at;
    at[0] = 0;
    at[1] = flags;
    at[2] = (uint8_t)((body.length + 4) >> 8);
    at[3] = (uint8_t)(body.length + 4);
    if (body.length > 0) {
        memcpy(at + 4, body.data, body.length);
    }
    to->used += 4 + body.length;
}

static void rebuild(struct ipsec_view from, uint8_t type, const struct sim_edit *edit,
                    struct chain *to)
{
    to->first = 0;
    to->last = &to->first;
    to->used = 0;
    if (edit->kind == SIM_EDIT_FIRST) {
        add(to, edit->type, edit->flags, edit->body);
    }
    for (size_t at = 0; at + 4 <= from.length && type != 0;) {
        const uint8_t *p = from.data + at;
        const size_t length = (size_t)p[2] << 8 | p[3];
        const struct ipsec_view body = {p + 4, length - 4};
        const bool hit = type == edit->type;
        assert_true(length >= 4 && at + length <= from.length);
        if (hit && edit->kind == SIM_EDIT_REPLACE) {
            add(to, type, edit->flags, edit->body);
        } else if (!hit || edit->kind != SIM_EDIT_LEAVE_OUT) {
            add(to, type, p[1], body);
        }
        type = p[0];
        at += length;
    }
    if (edit->kind == SIM_EDIT_LAST) {
        add(to, edit->type, edit->flags, edit->body);
    }
}

static void put_length(uint8_t *at, size_t length)
{
    at[0] = (uint8_t)(length >> 8);
    at[1] = (uint8_t)length;
}

void sim_edit(struct sim_datagram *d, const struct sim_edit *edit)
{
    static struct chain chain; /* large */
    uint8_t first = 0;
    const bool is_protected = d->octets[16] == SK;
    const struct ipsec_view inside = sim_edit_inside(d, &first);
    uint8_t *body = d->octets + HEADER_BYTES;

    rebuild(inside, first, edit, &chain);
    if (!is_protected) {
        assert_true(HEADER_BYTES + chain.used <= sizeof(d->octets));
        d->octets[16] = chain.first;
        memcpy(body, chain.octets, chain.used);
        d->length = (uint32_t)(HEADER_BYTES + chain.used);
    } else {
        const size_t pad = 15 - chain.used % 16;
        const size_t sk = 4 + IV_BYTES + chain.used + pad + 1 + TAG_BYTES;
        assert_true(HEADER_BYTES + sk <= sizeof(d->octets));
        body[0] = chain.first;
        put_length(body + 2, sk);
        memcpy(body + 4 + IV_BYTES, chain.octets, chain.used);
        memset(body + 4 + IV_BYTES + chain.used, (int)pad, pad + 1 + TAG_BYTES);
        d->length = (uint32_t)(HEADER_BYTES + sk);
    }
    put_length(d->octets + 26, d->length);
}

/* ---- octets ------------------------------------------------------------------------------------
 */

static uint8_t *room(size_t length)
{
    static uint8_t rooms[ROOMS][SIM_DATAGRAM_BYTES];
    static unsigned next;

    assert_true(length <= sizeof(rooms[0]));
    return rooms[next++ % ROOMS];
}

struct ipsec_view sim_hex(const char *hex)
{
    uint8_t *to = room(strlen(hex) / 2);
    size_t length = 0;

    for (const char *p = hex; *p != '\0'; p++) {
        if (*p != ' ') {
            const char pair[3] = {p[0], p[1], '\0'};
            to[length++] = (uint8_t)strtoul(pair, NULL, 16);
            p++;
        }
    }
    const struct ipsec_view view = {to, length};
    return view;
}

struct ipsec_view sim_notify(uint16_t type, struct ipsec_view data)
{
    uint8_t *to = room(4 + data.length);
    const struct ipsec_view view = {to, 4 + data.length};

    to[0] = 0;
    to[1] = 0;
    put_length(to + 2, type);
    if (data.length > 0) {
        memcpy(to + 4, data.data, data.length);
    }
    return view;
}
