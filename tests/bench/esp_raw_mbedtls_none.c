/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without Mbed TLS.
 */
#include "esp_raw.h"

#include <stddef.h>

const struct esp_raw *esp_raw_mbedtls(void)
{
    return NULL;
}
