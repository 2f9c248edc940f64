/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Two hold it: the thread, and who asked. Who lets go last frees it. */
struct resolver_lookup {
    atomic_int holders;
    atomic_bool done;
    uint32_t token;
    uint8_t family;
    char name[IPSEC_ID_BYTES_MAX + 1];
    enum ipsec_status status;
    struct ipsec_addr addr;
};

static void let_go(struct resolver_lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) == 1) {
        free(lookup);
    }
}

static bool take(const struct addrinfo *found, struct ipsec_addr *out)
{
    memset(out, 0, sizeof(*out));
    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)found->ai_addr;
        out->family = IPSEC_FAMILY_IPV4;
        memcpy(out->bytes, &in->sin_addr, 4);
        return true;
    }
    if (found->ai_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)found->ai_addr;
        out->family = IPSEC_FAMILY_IPV6;
        memcpy(out->bytes, &in->sin6_addr, 16);
        return true;
    }
    return false;
}

static void look_up(struct resolver_lookup *lookup)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    struct ipsec_addr addr;
    if (getaddrinfo(lookup->name, NULL, &hints, &list) != 0) {
        return;
    }
    for (const struct addrinfo *found = list; found != NULL; found = found->ai_next) {
        const bool first = lookup->status != IPSEC_OK;
        if (take(found, &addr) &&
            (first || (lookup->addr.family != lookup->family && addr.family == lookup->family))) {
            lookup->addr = addr;
            lookup->status = IPSEC_OK;
        }
    }
    freeaddrinfo(list);
}

static void *run(void *user)
{
    struct resolver_lookup *lookup = user;
    look_up(lookup);
    atomic_store(&lookup->done, true);
    let_go(lookup);
    return NULL;
}

bool resolver_start(struct resolver *resolver, uint32_t token, const char *name, uint8_t family)
{
    size_t i = 0;
    pthread_t thread;
    while (i < RESOLVER_LOOKUPS_MAX && resolver->lookup[i] != NULL) {
        i++;
    }
    struct resolver_lookup *lookup = i < RESOLVER_LOOKUPS_MAX ? calloc(1, sizeof(*lookup)) : NULL;
    if (lookup == NULL) {
        return false;
    }
    atomic_init(&lookup->holders, 2);
    atomic_init(&lookup->done, false);
    lookup->token = token;
    lookup->family = family;
    lookup->status = IPSEC_ERR_NOT_FOUND;
    snprintf(lookup->name, sizeof(lookup->name), "%s", name);
    if (pthread_create(&thread, NULL, run, lookup) != 0) {
        free(lookup);
        return false;
    }
    (void)pthread_detach(thread);
    resolver->lookup[i] = lookup;
    return true;
}

bool resolver_next(struct resolver *resolver, uint32_t *token, enum ipsec_status *status,
                   struct ipsec_addr *addr)
{
    for (size_t i = 0; i < RESOLVER_LOOKUPS_MAX; i++) {
        struct resolver_lookup *lookup = resolver->lookup[i];
        if (lookup != NULL && atomic_load(&lookup->done)) {
            *token = lookup->token;
            *status = lookup->status;
            *addr = lookup->addr;
            resolver->lookup[i] = NULL;
            let_go(lookup);
            return true;
        }
    }
    return false;
}

bool resolver_busy(const struct resolver *resolver)
{
    bool busy = false;
    for (size_t i = 0; i < RESOLVER_LOOKUPS_MAX; i++) {
        busy = busy || resolver->lookup[i] != NULL;
    }
    return busy;
}

void resolver_deinit(struct resolver *resolver)
{
    for (size_t i = 0; i < RESOLVER_LOOKUPS_MAX; i++) {
        if (resolver->lookup[i] != NULL) {
            let_go(resolver->lookup[i]);
            resolver->lookup[i] = NULL;
        }
    }
}
