/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things stand in an ESP packet (RFC 4303 2). Used by lib/esp and lib/gw.
 *
 *   SPI | sequence number | IV | payload | padding | pad length | next header | ICV
 */
#ifndef IPSECI_ESP_HEADER_H
#define IPSECI_ESP_HEADER_H

#include "bytes.h"

#define IPSECI_ESP_SPI_AT        0
#define IPSECI_ESP_SEQUENCE_AT   4
#define IPSECI_ESP_HEADER_BYTES  8
#define IPSECI_ESP_TRAILER_BYTES 2 /* pad length and next header */
#define IPSECI_ESP_ALIGN_BYTES   4 /* the trailer ends on this boundary, counted from the payload */
#define IPSECI_ESP_PAD_MAX       255
/* Header and the least that ends on the boundary; IV and ICV come on top. */
#define IPSECI_ESP_BYTES_MIN  (IPSECI_ESP_HEADER_BYTES + IPSECI_ESP_ALIGN_BYTES)
#define IPSECI_ESP_NEXT_IPV4  4
#define IPSECI_ESP_NEXT_IPV6  41
#define IPSECI_ESP_NEXT_DUMMY 59 /* RFC 4303 2.6 */

static inline uint32_t ipseci_esp_spi(const uint8_t *esp)
{
    return ipseci_load32(esp + IPSECI_ESP_SPI_AT);
}

static inline uint32_t ipseci_esp_sequence(const uint8_t *esp)
{
    return ipseci_load32(esp + IPSECI_ESP_SEQUENCE_AT);
}

#endif
