/* SPDX-License-Identifier: Apache-2.0
 *
 * What options make of the ends of a seeded run.
 */
#ifndef SEED_CHOICES_H
#define SEED_CHOICES_H

#include "sim.h"

void seed_choose_fragments(struct sim *s);
/* IKE SAs that are set up anew, and duplicates that go. */
void seed_choose_reauth(struct sim *s);

#endif
