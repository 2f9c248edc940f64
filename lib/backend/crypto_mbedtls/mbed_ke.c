/* SPDX-License-Identifier: Apache-2.0
 *
 * Key exchange in three moves over the groups of mbed_modp.c and mbed_ecp.c. RFC 7296 2.14.
 */
#include "mbed.h"

#include <mbedtls/ecp.h>

/* The initiator's exponent, until the peer's value comes. */
struct ipsec_ke {
    const struct ipseci_mbed_group *group;
    mbedtls_mpi exponent;
};

static const struct ipseci_mbed_group *group_find(uint16_t id)
{
    const struct ipseci_mbed_group *group = ipseci_mbed_modp_find(id);
    return group != NULL ? group : ipseci_mbed_ecp_find(id);
}

enum ipsec_status ipseci_mbed_ke_status(int error, const struct ipseci_mbed_rng *rng)
{
    if (error == 0) {
        return IPSEC_OK;
    }
    if (rng->failed) {
        return IPSEC_ERR_RANDOM;
    }
    switch (error) {
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
        return IPSEC_ERR_MEMORY;
    case MBEDTLS_ERR_MPI_NOT_ACCEPTABLE:
    case MBEDTLS_ERR_ECP_INVALID_KEY:
    case MBEDTLS_ERR_ECP_BAD_INPUT_DATA:
        return IPSEC_DROP_KE;
    default:
        return IPSEC_FATAL_CRYPTO;
    }
}

enum ipsec_status ipseci_mbed_ke_start(void *context, uint16_t ke_id, struct ipsec_ke **out,
                                       uint8_t *public_value, size_t *public_length)
{
    const struct ipseci_mbed_group *group = group_find(ke_id);
    struct ipseci_mbed_rng rng = {context, false};

    *out = NULL;
    if (group == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (*public_length < group->public_octets) {
        return IPSEC_ERR_BUFFER;
    }
    struct ipsec_ke *ke = mbedtls_calloc(1, sizeof(*ke));
    if (ke == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    ke->group = group;
    mbedtls_mpi_init(&ke->exponent);
    enum ipsec_status status = group->make(group, &rng, &ke->exponent, public_value);
    if (status != IPSEC_OK) {
        ipseci_mbed_ke_free(context, ke);
        return status;
    }
    *public_length = group->public_octets;
    *out = ke;
    return IPSEC_OK;
}

enum ipsec_status ipseci_mbed_ke_finish(void *context, struct ipsec_ke *ke,
                                        struct ipsec_view peer_public, uint8_t *secret,
                                        size_t *secret_length)
{
    const struct ipseci_mbed_group *group = ke->group;
    struct ipseci_mbed_rng rng = {context, false};

    if (*secret_length < group->secret_octets) {
        return IPSEC_ERR_BUFFER;
    }
    if (peer_public.length != group->public_octets) {
        return IPSEC_DROP_KE;
    }
    enum ipsec_status status = group->agree(group, &rng, &ke->exponent, peer_public.data, secret);
    if (status == IPSEC_OK) {
        *secret_length = group->secret_octets;
    }
    return status;
}

enum ipsec_status ipseci_mbed_ke_respond(void *context, uint16_t ke_id,
                                         struct ipsec_view peer_public, uint8_t *public_value,
                                         size_t *public_length, uint8_t *secret,
                                         size_t *secret_length)
{
    struct ipsec_ke *ke = NULL;
    enum ipsec_status status =
        ipseci_mbed_ke_start(context, ke_id, &ke, public_value, public_length);
    if (status == IPSEC_OK) {
        status = ipseci_mbed_ke_finish(context, ke, peer_public, secret, secret_length);
    }
    ipseci_mbed_ke_free(context, ke);
    return status;
}

void ipseci_mbed_ke_free(void *context, struct ipsec_ke *ke)
{
    (void)context;
    if (ke != NULL) {
        mbedtls_mpi_free(&ke->exponent); /* wipes */
        mbedtls_platform_zeroize(ke, sizeof(*ke));
        mbedtls_free(ke);
    }
}
