/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys, certificates, trust stores and passwords of the sites, read from their files, with the
 * provider.
 */
#ifndef TWO_SITE_CREDENTIAL_H
#define TWO_SITE_CREDENTIAL_H

#include "config.h"

#include <ipsec/backend_mbedtls.h>

/* Reads what the sites name and has their peers use it; local_id, where it is not given, becomes
 * the subject of the certificate. False: config->error says what is wrong with which file. */
bool credentials_load(struct config *config, struct ipsec_mbedtls *provider);
/* Before the provider is freed. */
void credentials_free(struct config *config);

#endif
