/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload rules as a table. Called by the engine before a message reaches its exchange handler,
 * so that no handler ever meets a missing payload. RFC 7296 1.2 to 1.5, 2.5, appendix C.
 */
#include "rules.h"

enum need {
    NEED_END,  /* ends a row */
    NEED_ONE,  /* exactly once */
    NEED_MAY,  /* at most once */
    NEED_GROUP /* at most once, and all of the row's group or none of them */
};

struct need_entry {
    uint8_t type;
    uint8_t need; /* enum need */
};

#define ROW_MAX 6

static const struct need_entry rows[][ROW_MAX] = {
    [IPSECI_RULE_INIT_REQUEST] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                  {IPSECI_PAYLOAD_KE, NEED_ONE},
                                  {IPSECI_PAYLOAD_NONCE, NEED_ONE}},
    [IPSECI_RULE_INIT_RESPONSE] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                   {IPSECI_PAYLOAD_KE, NEED_ONE},
                                   {IPSECI_PAYLOAD_NONCE, NEED_ONE}},
    [IPSECI_RULE_AUTH_REQUEST] = {{IPSECI_PAYLOAD_IDI, NEED_ONE},
                                  {IPSECI_PAYLOAD_IDR, NEED_MAY},
                                  {IPSECI_PAYLOAD_AUTH, NEED_MAY},
                                  {IPSECI_PAYLOAD_SA, NEED_GROUP}, /* none: RFC 6023 */
                                  {IPSECI_PAYLOAD_TSI, NEED_GROUP},
                                  {IPSECI_PAYLOAD_TSR, NEED_GROUP}},
    [IPSECI_RULE_AUTH_RESPONSE] = {{IPSECI_PAYLOAD_IDR, NEED_ONE},
                                   {IPSECI_PAYLOAD_AUTH, NEED_ONE},
                                   {IPSECI_PAYLOAD_SA, NEED_GROUP},
                                   {IPSECI_PAYLOAD_TSI, NEED_GROUP},
                                   {IPSECI_PAYLOAD_TSR, NEED_GROUP}},
    [IPSECI_RULE_CHILD_REQUEST] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                   {IPSECI_PAYLOAD_NONCE, NEED_ONE},
                                   {IPSECI_PAYLOAD_KE, NEED_MAY},
                                   {IPSECI_PAYLOAD_TSI, NEED_ONE},
                                   {IPSECI_PAYLOAD_TSR, NEED_ONE}},
    [IPSECI_RULE_CHILD_RESPONSE] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                    {IPSECI_PAYLOAD_NONCE, NEED_ONE},
                                    {IPSECI_PAYLOAD_KE, NEED_MAY},
                                    {IPSECI_PAYLOAD_TSI, NEED_ONE},
                                    {IPSECI_PAYLOAD_TSR, NEED_ONE}},
    [IPSECI_RULE_IKE_REKEY_REQUEST] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                       {IPSECI_PAYLOAD_NONCE, NEED_ONE},
                                       {IPSECI_PAYLOAD_KE, NEED_ONE}},
    [IPSECI_RULE_IKE_REKEY_RESPONSE] = {{IPSECI_PAYLOAD_SA, NEED_ONE},
                                        {IPSECI_PAYLOAD_NONCE, NEED_ONE},
                                        {IPSECI_PAYLOAD_KE, NEED_ONE}},
    [IPSECI_RULE_INFORMATIONAL] = {{0, NEED_END}},
};

static bool group_is_present(const struct need_entry *row, const struct ipseci_payloads *payloads)
{
    for (size_t i = 0; i < ROW_MAX; i++) {
        if (row[i].need == NEED_GROUP && ipseci_payload_find(payloads, row[i].type) != NULL) {
            return true;
        }
    }
    return false;
}

enum ipsec_status ipseci_rules_check(enum ipseci_rule rule, const struct ipseci_payloads *payloads,
                                     uint8_t *which)
{
    *which = IPSECI_PAYLOAD_NONE;
    if ((size_t)rule >= IPSECI_COUNT(rows)) {
        return IPSEC_ERR_ARGUMENT;
    }
    const struct need_entry *row = rows[rule];
    const bool group = group_is_present(row, payloads);

    for (size_t i = 0; i < ROW_MAX && row[i].need != NEED_END; i++) {
        const uint32_t count = ipseci_payload_count(payloads, row[i].type);
        const bool must = row[i].need == NEED_ONE || (row[i].need == NEED_GROUP && group);
        if (count > 1 || (must && count == 0)) {
            *which = row[i].type;
            return IPSEC_DROP_PAYLOADS;
        }
    }
    return IPSEC_OK;
}
