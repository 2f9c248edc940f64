/* SPDX-License-Identifier: Apache-2.0
 *
 * Why an attempt failed, in words.
 */
#include <ipsec/backend_eap_mschapv2.h>

const char *ipsec_eap_mschapv2_cause_text(enum ipsec_eap_mschapv2_cause cause)
{
    switch (cause) {
    case IPSEC_EAP_MSCHAPV2_REFUSED:
        return "the server refused our name or password";
    case IPSEC_EAP_MSCHAPV2_IMPOSTOR:
        return "the server does not know our password";
    case IPSEC_EAP_MSCHAPV2_EARLY:
        return "the server claims success without having proven itself";
    case IPSEC_EAP_MSCHAPV2_CREDENTIAL:
        return "no usable name and password here";
    case IPSEC_EAP_MSCHAPV2_METHOD:
        return "the peer wants another EAP method";
    case IPSEC_EAP_MSCHAPV2_MALFORMED:
        return "the peer's EAP packet is malformed or comes at the wrong time";
    case IPSEC_EAP_MSCHAPV2_USER:
        return "there is no such user";
    case IPSEC_EAP_MSCHAPV2_PASSWORD:
        return "wrong password";
    case IPSEC_EAP_MSCHAPV2_IDENTITY:
        return "the password is right, but this user may not have the peer's identity";
    case IPSEC_EAP_MSCHAPV2_GIVEN_UP:
        return "the client makes no further try";
    }
    return "unknown";
}

const char *ipsec_eap_mschapv2_error_text(uint32_t error)
{
    switch (error) {
    case IPSEC_EAP_MSCHAPV2_RESTRICTED_HOURS:
        return "not at this time of day";
    case IPSEC_EAP_MSCHAPV2_ACCOUNT_DISABLED:
        return "the account is disabled";
    case IPSEC_EAP_MSCHAPV2_PASSWORD_EXPIRED:
        return "the password has expired";
    case IPSEC_EAP_MSCHAPV2_NO_DIALIN:
        return "the account has no permission to dial in";
    case IPSEC_EAP_MSCHAPV2_AUTHENTICATION:
        return "wrong name or password";
    case IPSEC_EAP_MSCHAPV2_CHANGING:
        return "the password could not be changed";
    default:
        return NULL;
    }
}
