/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of notify types, as IANA registers them. Kept apart so that a build without texts can
 * leave the table out.
 */
#include "notify.h"

struct notify_name {
    uint16_t type;
    const char *name;
};

#define NAME(type)                                                                                 \
    {                                                                                              \
        IPSECI_NOTIFY_##type, #type                                                                \
    }

static const struct notify_name names[] = {
    NAME(UNSUPPORTED_CRITICAL_PAYLOAD),
    NAME(INVALID_IKE_SPI),
    NAME(INVALID_MAJOR_VERSION),
    NAME(INVALID_SYNTAX),
    NAME(INVALID_MESSAGE_ID),
    NAME(INVALID_SPI),
    NAME(NO_PROPOSAL_CHOSEN),
    NAME(INVALID_KE_PAYLOAD),
    NAME(AUTHENTICATION_FAILED),
    NAME(SINGLE_PAIR_REQUIRED),
    NAME(NO_ADDITIONAL_SAS),
    NAME(INTERNAL_ADDRESS_FAILURE),
    NAME(FAILED_CP_REQUIRED),
    NAME(TS_UNACCEPTABLE),
    NAME(INVALID_SELECTORS),
    NAME(UNACCEPTABLE_ADDRESSES),
    NAME(UNEXPECTED_NAT_DETECTED),
    NAME(TEMPORARY_FAILURE),
    NAME(CHILD_SA_NOT_FOUND),
    NAME(INITIAL_CONTACT),
    NAME(SET_WINDOW_SIZE),
    NAME(ADDITIONAL_TS_POSSIBLE),
    NAME(IPCOMP_SUPPORTED),
    NAME(NAT_DETECTION_SOURCE_IP),
    NAME(NAT_DETECTION_DESTINATION_IP),
    NAME(COOKIE),
    NAME(USE_TRANSPORT_MODE),
    NAME(HTTP_CERT_LOOKUP_SUPPORTED),
    NAME(REKEY_SA),
    NAME(ESP_TFC_PADDING_NOT_SUPPORTED),
    NAME(NON_FIRST_FRAGMENTS_ALSO),
    NAME(MOBIKE_SUPPORTED),
    NAME(ADDITIONAL_IP4_ADDRESS),
    NAME(ADDITIONAL_IP6_ADDRESS),
    NAME(NO_ADDITIONAL_ADDRESSES),
    NAME(UPDATE_SA_ADDRESSES),
    NAME(COOKIE2),
    NAME(NO_NATS_ALLOWED),
    NAME(AUTH_LIFETIME),
    NAME(REDIRECT_SUPPORTED),
    NAME(REDIRECT),
    NAME(REDIRECTED_FROM),
    NAME(EAP_ONLY_AUTHENTICATION),
    NAME(CHILDLESS_IKEV2_SUPPORTED),
    NAME(IKEV2_FRAGMENTATION_SUPPORTED),
    NAME(SIGNATURE_HASH_ALGORITHMS),
};

const char *ipseci_notify_name(uint16_t type)
{
    for (size_t i = 0; i < IPSECI_COUNT(names); i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return NULL;
}
