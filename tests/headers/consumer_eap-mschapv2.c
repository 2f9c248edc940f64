/* SPDX-License-Identifier: Apache-2.0
 *
 * As consumer.c, for the module of EAP-MSCHAPv2: makes the method, and has a server begin.
 */
#include <ipsec/backend_eap_mschapv2.h>

#include <stdio.h>
#include <string.h>

static enum ipsec_status nobody(void *user, const struct ipsec_eap_mschapv2_query *query,
                                struct ipsec_eap_mschapv2_credential *out)
{
    (void)user;
    (void)query;
    (void)out;
    return IPSEC_ERR_NOT_FOUND;
}

static enum ipsec_status sevens(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 7, length);
    return IPSEC_OK;
}

int main(void)
{
    static uint64_t block[1000];
    struct ipsec_eap_mschapv2_config config = IPSEC_EAP_MSCHAPV2_CONFIG_INIT;
    struct ipsec_eap_mschapv2 *method = NULL;
    struct ipsec_eap_query query;
    struct ipsec_eap_reply reply;
    uint8_t packet[200];

    config.credential = nobody;
    config.random = sevens;
    if (ipsec_eap_mschapv2_init(block, sizeof(block), &config, &method) != IPSEC_OK) {
        return 1;
    }
    memset(&query, 0, sizeof(query));
    memset(&reply, 0, sizeof(reply));
    query.ike_sa = 1;
    query.server = true;
    reply.packet = packet;
    reply.capacity = sizeof(packet);
    if (ipsec_eap_mschapv2_run(method, 0, &query, &reply) != IPSEC_OK || reply.length < 26) {
        return 2;
    }
    ipsec_eap_mschapv2_deinit(method);
    printf("a challenge of %u octets\n", (unsigned)reply.length);
    return 0;
}
