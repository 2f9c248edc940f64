/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals, SA payloads and vector files for the tests of lib/ike.
 */
#include "ike_kit.h"
#include "sa_payload.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (512 * 1024)

static char file[FILE_BYTES_MAX];

struct ipsec_proposals kit_list(const char *text, enum ipsec_protocol protocol)
{
    struct ipsec_proposals list = {.count = 0};

    assert_int_equal(ipsec_proposals_parse(text, protocol, &list, NULL), IPSEC_OK);
    return list;
}

static uint16_t number(const char **at)
{
    char *end = NULL;
    const unsigned long v = strtoul(*at, &end, 10);

    assert_ptr_not_equal(end, *at);
    assert_true(v <= UINT16_MAX);
    *at = end;
    return (uint16_t)v;
}

struct ipsec_proposals kit_raw(const char *text, uint8_t protocol)
{
    struct ipsec_proposals list = {.count = 1, .item = {{.protocol = protocol}}};

    while (*text != '\0') {
        struct ipsec_proposal *p = &list.item[list.count - 1];
        if (*text == ' ') {
            text++;
            continue;
        }
        if (*text == '/') {
            assert_true(list.count < IPSEC_PROPOSALS_MAX);
            list.item[list.count++].protocol = protocol;
            text++;
            continue;
        }
        assert_true(p->transform_count < IPSEC_PROPOSAL_TRANSFORMS_MAX);
        struct ipsec_transform *t = &p->transform[p->transform_count++];
        t->type = (uint8_t)number(&text);
        assert_int_equal(*text, ':');
        text++;
        t->id = number(&text);
        if (*text == ':') {
            text++;
            t->key_bits = number(&text);
        }
    }
    return list;
}

struct ipsec_view kit_sa(const struct ipsec_proposals *list, const char *spi)
{
    uint8_t room[4096];
    struct ipseci_writer w = ipseci_writer_init(room, sizeof(room));

    ipseci_sa_build(&w, list, hex(spi));
    assert_false(w.failed);
    return exact(ipseci_written(&w));
}

const char *kit_load(const char *path)
{
    char full[1024];

    assert_true(snprintf(full, sizeof(full), "%s/%s", VECTORS_DIR, path) < (int)sizeof(full));
    FILE *stream = fopen(full, "rb");
    assert_non_null(stream);
    const size_t length = fread(file, 1, sizeof(file) - 1, stream);
    fclose(stream);
    assert_true(length > 0 && length < sizeof(file) - 1);
    file[length] = '\0';
    return file;
}

struct ipsec_view kit_value(const char *name)
{
    static char digits[8192];
    char key[128];

    assert_true(snprintf(key, sizeof(key), "\"%s\": \"", name) < (int)sizeof(key));
    const char *at = strstr(file, key);
    assert_non_null(at);
    at += strlen(key);
    const size_t length = strcspn(at, "\"");
    assert_true(length < sizeof(digits));
    memcpy(digits, at, length);
    digits[length] = '\0';
    return hex(digits);
}
