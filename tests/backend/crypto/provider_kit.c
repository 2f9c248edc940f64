/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared parts of the conformance suite.
 */
#include "provider_kit.h"

#include "test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct blob blob_copy(const void *data, size_t length)
{
    struct blob blob = {malloc(length), length};
    assert_true(blob.data != NULL || length == 0);
    if (length != 0) {
        memcpy(blob.data, data, length);
    }
    return blob;
}

struct blob blob_of(const json_t *object, const char *name)
{
    const char *hex = kit_text(object, name);
    size_t length = strlen(hex) / 2;
    struct blob blob = {malloc(length), length};
    assert_int_equal(test_hex(hex, blob.data, length), length);
    return blob;
}

struct blob blob_join(struct blob a, const uint8_t *b, size_t length)
{
    struct blob blob = {malloc(a.length + length), a.length + length};
    assert_non_null(blob.data);
    if (a.length != 0) {
        memcpy(blob.data, a.data, a.length);
    }
    memcpy(blob.data + a.length, b, length);
    return blob;
}

void blob_free(struct blob *blob)
{
    free(blob->data);
    *blob = (struct blob){NULL, 0};
}

struct ipsec_view blob_view(struct blob blob)
{
    return ipseci_view(blob.data, blob.length);
}

json_t *kit_load(const char *path)
{
    char full[1024];
    json_error_t error;
    (void)snprintf(full, sizeof(full), "%s/%s", VECTORS_DIR, path);
    json_t *root = json_load_file(full, 0, &error);
    if (root == NULL) {
        fail_msg("%s:%d: %s", full, error.line, error.text);
    }
    return root;
}

struct blob kit_file(const char *path)
{
    char full[1024];
    uint8_t octets[16384];
    (void)snprintf(full, sizeof(full), "%s/%s", VECTORS_DIR, path);
    FILE *file = fopen(full, "rb");
    if (file == NULL) {
        fail_msg("%s can not be read", full);
    }
    size_t length = fread(octets, 1, sizeof(octets), file);
    assert_true(length < sizeof(octets));
    (void)fclose(file);
    return blob_copy(octets, length);
}

const char *kit_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL) {
        fail_msg("no text named %s", name);
    }
    return text;
}

uint32_t kit_number(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);
    assert_true(json_is_integer(number));
    return (uint32_t)json_integer_value(number);
}

uint32_t kit_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

void kit_fill(uint32_t *seed, void *out, size_t length)
{
    uint8_t *at = out;
    for (size_t i = 0; i < length; i++) {
        at[i] = (uint8_t)(kit_next(seed) >> 11);
    }
}

enum ipsec_status kit_run(const struct ipsec_crypto *provider,
                          const struct ipsec_key_params *params, struct ipsec_crypto_op *op)
{
    struct ipsec_crypto_op *const ops[1] = {op};
    op->key = NULL;
    enum ipsec_status status = provider->key_new(provider->context, params, &op->key);
    if (status != IPSEC_OK) {
        assert_null(op->key);
        return status;
    }
    assert_non_null(op->key);
    op->status = 1234;
    provider->run(provider->context, ops, 1);
    provider->key_free(provider->context, op->key);
    return (enum ipsec_status)op->status;
}
