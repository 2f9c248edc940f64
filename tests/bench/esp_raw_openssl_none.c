/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without OpenSSL.
 */
#include "esp_raw.h"

#include <stddef.h>

const struct esp_raw *esp_raw_openssl(void)
{
    return NULL;
}
