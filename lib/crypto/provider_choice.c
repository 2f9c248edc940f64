/* SPDX-License-Identifier: Apache-2.0
 *
 * A choice among providers for each algorithm by itself. To the facade it is a list of tables, each
 * of which claims only what was given to its provider and says which that is; nothing else knows of
 * it, and a program that does not use it does not link it.
 */
#include "provider_choice.h"

#include "arena.h"

/* ---- the tables ---------------------------------------------------------------------------------
 */

static struct ipseci_choice_row *find(const struct ipsec_crypto_choice *choice,
                                      enum ipsec_transform_type type, uint16_t id,
                                      uint16_t key_bits)
{
    for (size_t i = 0; i < choice->rows; i++) {
        struct ipseci_choice_row *row = &choice->row[i];
        if (row->type == type && row->id == id && row->key_bits == key_bits) {
            return row;
        }
    }
    return NULL;
}

static bool on_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                        uint16_t key_bits)
{
    const struct ipseci_chosen *c = context;
    const struct ipseci_choice_row *row = find(c->choice, type, id, key_bits);
    return row != NULL && row->place == c->place;
}

/* ---- the rows -----------------------------------------------------------------------------------
 */

/* The rows of all that some provider has, each with the first that has it. rows NULL: only counts.
 */
struct walk {
    const struct ipsec_crypto_list *providers;
    struct ipseci_choice_row *row;
    size_t rows;
};

static void add(struct walk *w, enum ipsec_transform_type type, uint16_t id, uint16_t key_bits)
{
    struct ipseci_choice_row row = {.id = id, .key_bits = key_bits, .type = (uint8_t)type};
    for (size_t i = 0; i < w->providers->count; i++) {
        if (ipseci_choice_has(w->providers->item[i], &row)) {
            row.place = (uint8_t)i;
            if (w->row != NULL) {
                w->row[w->rows] = row;
            }
            w->rows++;
            return;
        }
    }
}

static void add_all(struct walk *w)
{
    const struct ipseci_encr *encr;
    const struct ipseci_integ *integ;
    const struct ipseci_prf_info *prf;
    const struct ipseci_ke_info *ke;

    for (size_t i = 0; (encr = ipseci_encr_at(i)) != NULL; i++) {
        for (size_t k = 0; k < IPSECI_COUNT(encr->key_bits); k++) {
            if (k == 0 || encr->key_bits[k] != 0) { /* 0: a fixed length, once */
                add(w, IPSEC_TRANSFORM_ENCR, encr->id, encr->key_bits[k]);
            }
        }
    }
    for (size_t i = 0; (integ = ipseci_integ_at(i)) != NULL; i++) {
        add(w, IPSEC_TRANSFORM_INTEG, integ->id, 0);
    }
    for (size_t i = 0; (prf = ipseci_prf_at(i)) != NULL; i++) {
        add(w, IPSEC_TRANSFORM_PRF, prf->id, 0);
    }
    for (size_t i = 0; (ke = ipseci_ke_at(i)) != NULL; i++) {
        add(w, IPSEC_TRANSFORM_KE, ke->id, 0);
    }
}

/* ---- the object ---------------------------------------------------------------------------------
 */

static bool is_usable(const struct ipsec_crypto_list *providers)
{
    if (providers == NULL || providers->count == 0 || providers->count > IPSEC_CRYPTO_CHOICE_MAX ||
        providers->item == NULL) {
        return false;
    }
    for (size_t i = 0; i < providers->count; i++) {
        if (providers->item[i] == NULL || providers->item[i]->supports == NULL) {
            return false;
        }
    }
    return true;
}

static struct ipsec_crypto_choice *layout(struct ipseci_arena *arena, size_t providers, size_t rows)
{
    struct ipsec_crypto_choice measured;
    struct ipsec_crypto_choice *choice = IPSECI_ARENA_NEW(arena, 1, struct ipsec_crypto_choice);
    struct ipsec_crypto_choice *to = choice != NULL ? choice : &measured;
    to->item = IPSECI_ARENA_NEW(arena, providers, const struct ipsec_crypto *);
    to->chosen = IPSECI_ARENA_NEW(arena, providers, struct ipseci_chosen);
    to->row = IPSECI_ARENA_NEW(arena, rows, struct ipseci_choice_row);
    return choice;
}

enum ipsec_status ipsec_crypto_choice_size(const struct ipsec_crypto_list *providers, size_t *bytes)
{
    struct walk w = {.providers = providers};
    if (!is_usable(providers) || bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    add_all(&w);
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    (void)layout(&arena, providers->count, w.rows);
    *bytes = arena.used;
    return IPSEC_OK;
}

enum ipsec_status ipsec_crypto_choice_init(void *block, size_t block_bytes,
                                           const struct ipsec_crypto_list *providers,
                                           struct ipsec_crypto_choice **choice)
{
    struct walk w = {.providers = providers};
    if (block == NULL || choice == NULL || !is_usable(providers)) {
        return IPSEC_ERR_ARGUMENT;
    }
    add_all(&w);
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    struct ipsec_crypto_choice *c = layout(&arena, providers->count, w.rows);
    if (arena.failed) {
        return IPSEC_ERR_BUFFER;
    }
    for (size_t i = 0; i < providers->count; i++) {
        struct ipseci_chosen *chosen = &c->chosen[i];
        chosen->table = (struct ipsec_crypto){.size = sizeof(chosen->table),
                                              .name = providers->item[i]->name,
                                              .context = chosen,
                                              .supports = on_supports,
                                              .real = providers->item[i]};
        chosen->choice = c;
        chosen->place = (uint8_t)i;
        c->item[i] = &chosen->table;
    }
    w.row = c->row;
    w.rows = 0;
    add_all(&w);
    c->rows = w.rows;
    c->list = (struct ipsec_crypto_list){c->item, providers->count};
    *choice = c;
    return IPSEC_OK;
}

const struct ipsec_crypto_list *ipsec_crypto_choice_list(const struct ipsec_crypto_choice *choice)
{
    return &choice->list;
}

enum ipsec_status ipsec_crypto_choice_set(struct ipsec_crypto_choice *choice,
                                          enum ipsec_transform_type type, uint16_t id,
                                          uint16_t key_bits, size_t place)
{
    struct ipseci_choice_row *row = find(choice, type, id, key_bits);
    if (place >= choice->list.count) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (row == NULL || !ipseci_choice_has(choice->chosen[place].table.real, row)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    row->place = (uint8_t)place;
    return IPSEC_OK;
}

const struct ipsec_crypto *ipsec_crypto_choice_get(const struct ipsec_crypto_choice *choice,
                                                   enum ipsec_transform_type type, uint16_t id,
                                                   uint16_t key_bits)
{
    const struct ipseci_choice_row *row = find(choice, type, id, key_bits);
    return row != NULL ? choice->chosen[row->place].table.real : NULL;
}
