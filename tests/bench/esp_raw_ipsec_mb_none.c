/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without ipsec-mb.
 */
#include "esp_raw.h"

#include <stddef.h>

const struct esp_raw *esp_raw_ipsec_mb(void)
{
    return NULL;
}
