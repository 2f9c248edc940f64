/* SPDX-License-Identifier: Apache-2.0
 *
 * Elliptic curve groups: 19, 20, 21 (RFC 5903) and 31 (RFC 8031). RFC 6989 2.3: the peer's point
 * must be on the curve and not at infinity.
 */
#include "mbed.h"

#if IPSECI_MBED_ECP
#include <mbedtls/ecp.h>
#include <string.h>

/* 0x04 and both coordinates of P-521. */
#define POINT_MAX 133

/* Curve25519 goes by its x-coordinate alone; the others by 0x04 | x | y, of which IKE has x | y. */
static size_t lead_octets(const struct ipseci_mbed_group *group)
{
    return group->id == IPSEC_KE_CURVE25519 ? 0 : 1;
}

/* The point as Mbed TLS writes it; `all` has room for POINT_MAX. */
static int write_point(const struct ipseci_mbed_group *group, const mbedtls_ecp_group *curve,
                       const mbedtls_ecp_point *point, uint8_t *all)
{
    size_t length = 0;
    int error = mbedtls_ecp_point_write_binary(curve, point, MBEDTLS_ECP_PF_UNCOMPRESSED, &length,
                                               all, POINT_MAX);
    if (error == 0 && length != group->public_octets + lead_octets(group)) {
        error = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    }
    return error;
}

static enum ipsec_status ecp_make(const struct ipseci_mbed_group *group,
                                  struct ipseci_mbed_rng *rng, mbedtls_mpi *exponent,
                                  uint8_t *public_value)
{
    uint8_t all[POINT_MAX];
    mbedtls_ecp_group curve;
    mbedtls_ecp_point point;
    mbedtls_ecp_group_init(&curve);
    mbedtls_ecp_point_init(&point);

    int error = mbedtls_ecp_group_load(&curve, (mbedtls_ecp_group_id)group->parameter);
    if (error == 0) {
        error = mbedtls_ecp_gen_keypair(&curve, exponent, &point, ipseci_mbed_rng, rng);
    }
    if (error == 0) {
        error = write_point(group, &curve, &point, all);
    }
    if (error == 0) {
        memcpy(public_value, all + lead_octets(group), group->public_octets);
    }
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&curve);
    return ipseci_mbed_ke_status(error, rng);
}

static int read_peer(const struct ipseci_mbed_group *group, const mbedtls_ecp_group *curve,
                     const uint8_t *peer_public, mbedtls_ecp_point *point)
{
    uint8_t all[POINT_MAX];
    size_t lead = lead_octets(group);
    all[0] = 0x04;
    memcpy(all + lead, peer_public, group->public_octets);
    int error = mbedtls_ecp_point_read_binary(curve, point, all, group->public_octets + lead);
    /* RFC 6989 2.3, CVE-2015-3240's kin: not on the curve, out of range, at infinity, small order
     */
    return error != 0 ? error : mbedtls_ecp_check_pubkey(curve, point);
}

/* RFC 7748 6.1, RFC 8031 2: an all-zero result is refused. Its time does not depend on the value.
 */
static bool is_zero(const uint8_t *octets, size_t length)
{
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++) {
        any |= octets[i];
    }
    return any == 0;
}

static enum ipsec_status ecp_agree(const struct ipseci_mbed_group *group,
                                   struct ipseci_mbed_rng *rng, const mbedtls_mpi *exponent,
                                   const uint8_t *peer_public, uint8_t *secret)
{
    uint8_t all[POINT_MAX] = {0};
    mbedtls_ecp_group curve;
    mbedtls_ecp_point peer;
    mbedtls_ecp_point result;
    mbedtls_ecp_group_init(&curve);
    mbedtls_ecp_point_init(&peer);
    mbedtls_ecp_point_init(&result);

    int error = mbedtls_ecp_group_load(&curve, (mbedtls_ecp_group_id)group->parameter);
    if (error == 0) {
        error = read_peer(group, &curve, peer_public, &peer);
    }
    if (error == 0) {
        error = mbedtls_ecp_mul(&curve, &result, exponent, &peer, ipseci_mbed_rng, rng);
    }
    if (error == 0) {
        error = write_point(group, &curve, &result, all);
    }
    const uint8_t *x = all + lead_octets(group);
    if (error == 0 && is_zero(x, group->secret_octets) && lead_octets(group) == 0) {
        error = MBEDTLS_ERR_ECP_INVALID_KEY;
    }
    if (error == 0) {
        memcpy(secret, x, group->secret_octets);
    }
    mbedtls_platform_zeroize(all, sizeof(all));
    mbedtls_ecp_point_free(&result);
    mbedtls_ecp_point_free(&peer);
    mbedtls_ecp_group_free(&curve);
    return ipseci_mbed_ke_status(error, rng);
}

#define CURVE(id, public_octets, secret_octets, curve)                                             \
    {                                                                                              \
        id, public_octets, secret_octets, curve, ecp_make, ecp_agree, NULL, {NULL, 0},             \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

static const struct ipseci_mbed_group groups[] = {
#if defined(MBEDTLS_ECP_DP_SECP256R1_ENABLED)
    CURVE(IPSEC_KE_ECP_256, 64, 32, MBEDTLS_ECP_DP_SECP256R1),
#endif
#if defined(MBEDTLS_ECP_DP_SECP384R1_ENABLED)
    CURVE(IPSEC_KE_ECP_384, 96, 48, MBEDTLS_ECP_DP_SECP384R1),
#endif
#if defined(MBEDTLS_ECP_DP_SECP521R1_ENABLED)
    CURVE(IPSEC_KE_ECP_521, 132, 66, MBEDTLS_ECP_DP_SECP521R1),
#endif
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
    CURVE(IPSEC_KE_CURVE25519, 32, 32, MBEDTLS_ECP_DP_CURVE25519),
#endif
    {0} /* so that there is always one */
};

const struct ipseci_mbed_group *ipseci_mbed_ecp_find(uint16_t id)
{
    for (size_t i = 0; groups[i].id != 0; i++) {
        if (groups[i].id == id) {
            return &groups[i];
        }
    }
    return NULL;
}

#else

const struct ipseci_mbed_group *ipseci_mbed_ecp_find(uint16_t id)
{
    (void)id;
    return NULL;
}

#endif
