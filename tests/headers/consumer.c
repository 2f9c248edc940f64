/* SPDX-License-Identifier: Apache-2.0
 *
 * Another project's program: built by consumer.py against the installed files only, as C99 and, the
 * same file, as C++11.
 */
#include <ipsec/ipsec.h>

#include <stdio.h>
#include <string.h>

static int check_texts(void)
{
    struct ipsec_addr addr;
    char text[IPSEC_ADDR_TEXT_MAX];

    if (ipsec_addr_parse("192.168.1.10", &addr) != IPSEC_OK) {
        return 1;
    }
    ipsec_addr_text(&addr, text, sizeof(text));
    return strcmp(text, "192.168.1.10") != 0;
}

static int check_proposals(void)
{
    struct ipsec_proposals list;
    char text[IPSEC_PROPOSAL_TEXT_MAX];

    if (ipsec_proposals_parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_IKE, &list, NULL) !=
        IPSEC_OK) {
        return 1;
    }
    ipsec_proposals_text(&list, text, sizeof(text));
    return list.count != 1 || strncmp(text, "aes256-sha256", 13) != 0;
}

static int check_structs(void)
{
    struct ipsec_peer peer = IPSEC_PEER_INIT;
    struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;

    return peer.size != sizeof(peer) || config.size != sizeof(config) || config.sa_max != 0;
}

int main(void)
{
    const int failed = check_texts() + check_proposals() + check_structs();

    printf("ipsec-core %s: %s\n", IPSEC_VERSION_STRING, ipsec_status_text(IPSEC_OK));
    return failed;
}
