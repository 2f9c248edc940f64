/* SPDX-License-Identifier: Apache-2.0
 *
 * Events to the caller, and the key log of debugging builds. Called after the state they speak of
 * is committed.
 */
#include "engine.h"

void ipseci_emit(struct ipsec_ike *ike, struct ipsec_event *event)
{
    if (ike->config.callbacks.event != NULL) {
        event->now = ike->now;
        ike->config.callbacks.event(ike->config.user, event);
    }
}

void ipseci_emit_ike(struct ipsec_ike *ike, enum ipsec_event_type type,
                     const struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    struct ipsec_ike_sa_info info;
    struct ipsec_event event = {.type = type,
                                .ike_sa = sa->self,
                                .peer = sa->peer,
                                .ike = &info,
                                .reason = reason,
                                .old_sa = type == IPSEC_EVENT_IKE_ESTABLISHED ? sa->elder : 0};

    if (ike->config.callbacks.event != NULL) {
        ipseci_ike_info(sa, ike, &info);
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_config(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipsec_config_set *set)
{
    struct ipsec_ike_sa_info info;
    struct ipsec_event event = {.type = IPSEC_EVENT_CONFIG,
                                .ike_sa = sa->self,
                                .peer = sa->peer,
                                .ike = &info,
                                .config = set};

    if (ike->config.callbacks.event != NULL) {
        ipseci_ike_info(sa, ike, &info);
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_child(struct ipsec_ike *ike, enum ipsec_event_type type,
                       const struct ipseci_child *child, enum ipsec_reason reason)
{
    struct ipsec_child_info info;
    struct ipsec_event event = {.type = type,
                                .ike_sa = child->ike_sa,
                                .child_sa = child->self,
                                .old_child = child->replaces,
                                .child = &info,
                                .reason = reason};

    if (ike->config.callbacks.event != NULL) {
        ipseci_child_info_fill(child, ike, &info);
        event.peer = info.peer;
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_failure(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipsec_failure *failure)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_FAILURE,
                                .ike_sa = sa == NULL ? 0 : sa->self,
                                .peer = failure->peer,
                                .failure = failure,
                                .status = failure->status,
                                .remote = failure->remote};

    ipseci_emit(ike, &event);
}

void ipseci_emit_quirks(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t quirks)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_WARNING,
                                .ike_sa = sa == NULL ? 0 : sa->self,
                                .peer = sa == NULL ? NULL : sa->peer,
                                .warning = IPSEC_WARNING_QUIRK,
                                .quirks = quirks};

    if (quirks != 0) {
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_warnings(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t warnings)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        if ((warnings & (1u << bit)) != 0) {
            struct ipsec_event event = {.type = IPSEC_EVENT_WARNING,
                                        .ike_sa = sa == NULL ? 0 : sa->self,
                                        .peer = sa == NULL ? NULL : sa->peer,
                                        .warning = (enum ipsec_warning)bit};
            ipseci_emit(ike, &event);
        }
    }
}

void ipseci_emit_drop(struct ipsec_ike *ike, enum ipsec_status status,
                      const struct ipsec_endpoint *remote)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_DROP, .status = status, .remote = *remote};

    ipseci_emit(ike, &event);
}

#ifdef IPSECI_KEY_LOG

void ipseci_key_log_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_keys *keys)
{
    const struct ipsec_key_log log = {
        .protocol = IPSEC_PROTOCOL_IKE,
        .suite = sa->suite,
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .sk_ei = ipseci_view(keys->ei, keys->encr_length),
        .sk_er = ipseci_view(keys->er, keys->encr_length),
        .sk_ai = ipseci_view(keys->ai, keys->integ_length),
        .sk_ar = ipseci_view(keys->ar, keys->integ_length),
    };

    if (ike->config.callbacks.key_log != NULL) {
        ike->config.callbacks.key_log(ike->config.user, &log);
    }
}

void ipseci_key_log_child(struct ipsec_ike *ike, const struct ipsec_child_sa *child)
{
    const struct ipsec_key_log log = {
        .protocol = IPSEC_PROTOCOL_ESP, .suite = child->suite, .child = child};

    if (ike->config.callbacks.key_log != NULL) {
        ike->config.callbacks.key_log(ike->config.user, &log);
    }
}

bool ipsec_ike_has_key_log(void)
{
    return true;
}

#else

void ipseci_key_log_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_keys *keys)
{
    (void)ike;
    (void)sa;
    (void)keys;
}

void ipseci_key_log_child(struct ipsec_ike *ike, const struct ipsec_child_sa *child)
{
    (void)ike;
    (void)child;
}

bool ipsec_ike_has_key_log(void)
{
    return false;
}

#endif
