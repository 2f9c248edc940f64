/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts with PEM blocks, one block after the other. Mbed TLS reads several certificates at once as
 * well, but passes over those it can not read.
 */
#include "mbed_x509.h"

#include <string.h>

/* Offset of a text in the octets, from `at` on; the length when it is not there. */
static size_t find(struct ipsec_view octets, size_t at, const char *text)
{
    size_t length = strlen(text);
    for (; at + length <= octets.length; at++) {
        if (memcmp(octets.data + at, text, length) == 0) {
            return at;
        }
    }
    return octets.length;
}

static enum ipsec_status take_block(struct ipsec_view block, ipseci_mbed_take take, void *context,
                                    struct ipsec_mbedtls_fault *fault)
{
    uint8_t *copy = mbedtls_calloc(1, block.length + 1);
    if (copy == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    memcpy(copy, block.data, block.length);
    struct ipsec_view text = {copy, block.length + 1};
    enum ipsec_status status = take(context, text, fault);
    mbedtls_free(copy);
    return status;
}

/* "-----BEGIN label-----"; labels are ours and short. */
#define MARK_MAX 40

static void mark(char out[MARK_MAX], const char *word, const char *label)
{
    out[0] = '\0';
    strcat(strcat(strcat(strcat(out, "-----"), word), label), "-----");
}

enum ipsec_status ipseci_mbed_each(struct ipsec_view octets, const char *label,
                                   ipseci_mbed_take take, void *context,
                                   struct ipsec_mbedtls_fault *fault)
{
    char begin[MARK_MAX];
    char end[MARK_MAX];
    uint32_t item = 0;

    if (octets.length == 0) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX, "the input is empty", 0);
    }
    if (find(octets, 0, "-----BEGIN ") == octets.length) {
        return take(context, octets, fault);
    }
    mark(begin, "BEGIN ", label);
    mark(end, "END ", label);
    for (size_t at = find(octets, 0, begin); at < octets.length; at = find(octets, at, begin)) {
        size_t stop = find(octets, at, end);
        enum ipsec_status status = IPSEC_ERR_SYNTAX;
        item++;
        if (stop < octets.length) {
            stop += strlen(end);
            struct ipsec_view block = {octets.data + at, stop - at};
            status = take_block(block, take, context, fault);
        } else {
            (void)ipseci_mbed_fault(fault, status, "a PEM block has no end", 0);
        }
        if (status != IPSEC_OK) {
            if (fault != NULL) {
                fault->item = item;
            }
            return status;
        }
        at = stop;
    }
    return item > 0 ? IPSEC_OK
                    : ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX,
                                        "the PEM text holds nothing of the kind wanted", 0);
}
