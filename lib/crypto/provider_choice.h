/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a choice among providers: a row for each algorithm that some provider has.
 */
#ifndef IPSECI_PROVIDER_CHOICE_H
#define IPSECI_PROVIDER_CHOICE_H

#include "facade.h"

#include <ipsec/crypto_choice.h>

struct ipseci_choice_row {
    uint16_t id;
    uint16_t key_bits;
    uint8_t type;  /* enum ipsec_transform_type, 1 to 4 */
    uint8_t place; /* of the provider that does it */
};

/* What an object sees of one provider: the algorithms it was given. */
struct ipseci_chosen {
    struct ipsec_crypto table;
    const struct ipsec_crypto_choice *choice;
    uint8_t place;
};

struct ipsec_crypto_choice {
    struct ipsec_crypto_list list;
    const struct ipsec_crypto **item; /* the tables below */
    struct ipseci_chosen *chosen;
    struct ipseci_choice_row *row;
    size_t rows;
};

static inline bool ipseci_choice_has(const struct ipsec_crypto *real,
                                     const struct ipseci_choice_row *row)
{
    return real->supports(real->context, (enum ipsec_transform_type)row->type, row->id,
                          row->key_bits);
}

#endif
