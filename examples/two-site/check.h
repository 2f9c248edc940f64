/* SPDX-License-Identifier: Apache-2.0
 *
 * What is questionable about a configuration, said before the first packet, and the settings the
 * other box needs.
 */
#ifndef TWO_SITE_CHECK_H
#define TWO_SITE_CHECK_H

#include "config.h"

struct check_counts {
    uint32_t errors; /* it will not work */
    uint32_t warnings;
    uint32_t notes;
};

/* Prints "FILE:LINE: error|warning|note: TEXT" for each finding of a configuration that was read
 * without error. crypto: what is built in. */
void check_config(const struct config *config, const struct ipsec_crypto_list *crypto, FILE *out,
                  struct check_counts *counts);

/* mirror.c: the other box's settings for each site, once as this program's INI and once as a
 * swanctl.conf. Secrets are never printed. */
void mirror_ini(const struct config *config, const struct config_site *site, FILE *out);
void mirror_swanctl(const struct config *config, const struct config_site *site, FILE *out);

#endif
