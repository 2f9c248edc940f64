/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the conformance suite share: vector files, octets in memory of their exact size
 * (so that a sanitizer sees one octet too many), a repeatable generator, one op on one key.
 */
#ifndef PROVIDER_KIT_H
#define PROVIDER_KIT_H

#include "facade.h"

#include <jansson.h>

/* Octets of their own. */
struct blob {
    uint8_t *data;
    size_t length;
};

struct blob blob_of(const json_t *object,
                    const char *name); /* a hex text; fails the test if none */
struct blob blob_copy(const void *data, size_t length);
/* a followed by b */
struct blob blob_join(struct blob a, const uint8_t *b, size_t length);
void blob_free(struct blob *blob);
struct ipsec_view blob_view(struct blob blob);

/* A file below VECTORS_DIR; fails the test when it can not be read. json_decref it. */
json_t *kit_load(const char *path);
/* The octets of a file below VECTORS_DIR. */
struct blob kit_file(const char *path);
const char *kit_text(const json_t *object, const char *name);
uint32_t kit_number(const json_t *object, const char *name);

/* A repeatable stream of octets; not random, only mixed. */
uint32_t kit_next(uint32_t *seed);
void kit_fill(uint32_t *seed, void *out, size_t length);

/* Makes a key, runs one op, frees the key. The op's status, or key_new's. */
enum ipsec_status kit_run(const struct ipsec_crypto *provider,
                          const struct ipsec_key_params *params, struct ipsec_crypto_op *op);

#endif
