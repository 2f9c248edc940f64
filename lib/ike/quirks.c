/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of quirks, for people: names and what each relaxes. Called by configurations and logs;
 * the engine has the bits only (quirks.h, choice.c), so that a firmware without texts goes without.
 */
#include "quirks.h"

#include <stddef.h>
#include <string.h>

static const struct quirk {
    uint32_t bit;
    const char *name;
    const char *text;
} quirks[] = {
    /* RFC 7296 3.3.5, RFC 7634 4: a MUST NOT that some releases break (INIT-14). The length is the
     * only one that there is, so the keys are the same. */
    {IPSEC_QUIRK_FORTIGATE, "fortigate",
     "FortiGate: a Key Length of 256 on ChaCha20-Poly1305 is taken, and answered as it was "
     "offered"},
    /* RFC 5282 8: NONE is the same as nothing, in offers and answers, and is always taken as that.
     * What the quirk changes is our answer: RFC 7296 2.7 may be read both ways. */
    {IPSEC_QUIRK_CISCO_ASA, "cisco-asa",
     "Cisco ASA: integrity NONE beside an AEAD is answered where it was offered"},
    /* RFC 7296 1.2: the first child has no key exchange of its own (AUTH-22). */
    {IPSEC_QUIRK_MIKROTIK, "mikrotik",
     "MikroTik: a group in the ESP proposals of IKE_AUTH is passed over"},
    /* Configuration attributes 23456 and 23457 (an IPv4 and an IPv6 server) are asked for beside
     * the registered ones. RFC 7296 3.10.1, 3.15.1: unknown attributes and status notifies are
     * passed over, from everybody. */
    {IPSEC_QUIRK_WINDOWS, "windows",
     "Windows: nothing is relaxed; its attributes and notifies for private use are passed over"},
    /* Its default policy offers children without PFS, also to a peer that has a group configured.
     * RFC 7296 3.3.6: NONE, or no group, is as good as our own list says; PFS is not given up
     * for a habit. */
    {IPSEC_QUIRK_AZURE, "azure",
     "Azure: nothing is relaxed; it may leave out PFS where our proposals have one without a "
     "group"},
};

static const struct quirk *find(uint32_t bit)
{
    for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
        if (quirks[i].bit == bit) {
            return &quirks[i];
        }
    }
    return NULL;
}

const char *ipsec_quirk_name(uint32_t quirk)
{
    const struct quirk *found = find(quirk);

    return found == NULL ? NULL : found->name;
}

const char *ipsec_quirk_text(uint32_t quirk)
{
    const struct quirk *found = find(quirk);

    return found == NULL ? NULL : found->text;
}

enum ipsec_status ipsec_quirk_parse(const char *name, uint32_t *quirk)
{
    if (name == NULL || quirk == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
        if (strcmp(name, quirks[i].name) == 0) {
            *quirk = quirks[i].bit;
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_SYNTAX;
}
