/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures and messages whose licence keeps them out of this project (README.md here): read at run
 * time from the folder that the environment variable IPSEC_CORE_VECTORS names, else skipped. SK
 * payloads are opened with the engine's own code, and datagrams given to a responder.
 */
#include "capture_kit.h"
#include "narrow.h"

#include <stdio.h>
#include <stdlib.h>

static const char *folder;

/* ---- openswan ----------------------------------------------------------------------------------
 * Every protected message of these captures has one of two SPI pairs and keys by direction. */

#define OPENSWAN(name) "openswan/" name ".pcap"

static struct kit_keys openswan_keys(uint64_t spi_i, uint64_t spi_r, bool from_initiator)
{
    const char *direction = from_initiator ? "initiator to responder" : "responder to initiator";
    json_t *root = kit_json(folder, "openswan/keys.json");
    struct kit_keys keys = {.encr = IPSEC_ENCR_AES_CBC,
                            .encr_key_bits = 128,
                            .integ = IPSEC_INTEG_HMAC_SHA2_256_128,
                            .from_initiator = from_initiator};
    const json_t *entry;
    size_t index;

    json_array_foreach(json_object_get(root, "keys"), index, entry)
    {
        if (ipseci_load64(kit_hex(entry, "spi_i").data) == spi_i &&
            ipseci_load64(kit_hex(entry, "spi_r").data) == spi_r &&
            strcmp(json_string_value(json_object_get(entry, "direction")), direction) == 0) {
            keys.sk_e = kit_hex(entry, "SK_e");
            keys.sk_a = kit_hex(entry, "SK_a");
        }
    }
    json_decref(root);
    assert_int_not_equal(keys.sk_e.length, 0);
    return keys;
}

static const struct ipseci_message *openswan_open(const char *name, uint32_t n)
{
    const struct ipsec_view datagram = kit_datagram(folder, name, n);
    const struct ipseci_message *message;
    struct ipseci_ike_header header;
    struct ipseci_payloads payloads;
    struct ipsec_view ike = datagram;

    if (ipseci_load32(ike.data) == 0) { /* port 4500 */
        ike = ipseci_view(ike.data + 4, ike.length - 4);
    }
    assert_int_equal(ipseci_message_parse(ike, &header, &payloads), IPSEC_OK);
    struct kit_keys keys =
        openswan_keys(header.spi_i, header.spi_r, (header.flags & IPSECI_FLAG_INITIATOR) != 0);
    assert_int_equal(kit_open(&keys, ike, &message), IPSEC_OK);
    assert_true(message->is_protected && !message->syntax_error);
    /* RFC 7296 2.14: with the other end's keys it does not open. */
    keys.from_initiator = !keys.from_initiator;
    const struct kit_keys other = openswan_keys(header.spi_i, header.spi_r, keys.from_initiator);
    const struct ipseci_message *closed;
    assert_int_equal(kit_open(&other, ike, &closed), IPSEC_DROP_ICV);
    keys.from_initiator = !keys.from_initiator;
    assert_int_equal(kit_open(&keys, ike, &message), IPSEC_OK);
    return message;
}

static void openswan_initial_exchanges_parse_and_decrypt(void **state)
{
    struct ipseci_ike_header header;
    struct ipseci_payloads payloads;

    (void)state;
    assert_int_equal(
        ipseci_message_parse(kit_datagram(folder, OPENSWAN("lp12-parentR2__parentI1"), 0), &header,
                             &payloads),
        IPSEC_OK);
    kit_types_are(&payloads, "33 34 40 41 41 43");
    assert_int_equal(
        ipseci_message_parse(kit_datagram(folder, OPENSWAN("lp10-parentI2__parentR1"), 0), &header,
                             &payloads),
        IPSEC_OK);
    kit_types_are(&payloads, "33 34 40 41 41 43");
    assert_int_equal(header.flags, IPSECI_FLAG_RESPONSE);
    kit_types_are(&openswan_open(OPENSWAN("lp12-parentR2__parentI2"), 0)->payloads,
                  "35 39 33 44 45");
    kit_types_are(&openswan_open(OPENSWAN("lp13-parentI3__parentR2"), 0)->payloads,
                  "36 39 33 44 45");
}

static void openswan_first_message_is_answered(void **state)
{
    const struct ipsec_view request = kit_datagram(folder, OPENSWAN("lp12-parentR2__parentI1"), 0);
    struct ipseci_notify notify;
    struct ipseci_ike_header header;
    struct ipseci_payloads payloads;

    (void)state;
    assert_int_equal(kit_answer("aes128-sha1-modp2048,aes128-sha256-modp2048", request, 500),
                     IPSEC_OK);
    assert_int_equal(ipseci_message_parse(kit_sent, &header, &payloads), IPSEC_OK);
    assert_non_null(ipseci_payload_find(&payloads, IPSECI_PAYLOAD_KE));
    assert_int_equal(kit_counters.half_open, 1);
    /* It offers group 15, too, and its KE payload is of group 14. */
    (void)kit_answer("aes128-sha1-modp3072,aes128-sha256-modp3072", request, 500);
    assert_true(kit_sent_notify(IPSECI_NOTIFY_INVALID_KE_PAYLOAD, &notify));
    assert_int_equal(ipseci_notify_group(&notify), 15);
    assert_int_equal(kit_counters.sas, 0);
}

/* Offered are groups 14, 5 and 2; this library has none that is not the KE payload's, so that the
 * offer of 5 becomes one of 15 here. */
static void init_19_openswan_bad_ke(void **state)
{
    const struct ipsec_view request =
        kit_datagram(folder, OPENSWAN("lp08-parentR1__parentI1badKE"), 0);
    uint8_t *octets = (uint8_t *)(uintptr_t)request.data;
    struct ipseci_notify notify;
    uint32_t changed = 0;

    (void)state;
    for (size_t i = 28; i + 8 <= request.length; i++) {
        static const uint8_t group5[] = {0, 0, 8, 4, 0, 0, 5};
        if (memcmp(octets + i, group5, sizeof(group5)) == 0) {
            octets[i + 6] = 15;
            changed++;
        }
    }
    assert_true(changed > 0);
    (void)kit_answer("aes128-sha1-modp3072", request, 500);
    assert_true(kit_sent_notify(IPSECI_NOTIFY_INVALID_KE_PAYLOAD, &notify));
    assert_int_equal(ipseci_notify_group(&notify), 15);
    assert_int_equal(kit_counters.sas, 0);
}

/* Two with a KE value that is too short for its group, and one that is good. */
static void init_22_openswan_variants_of_the_first_message(void **state)
{
    struct ipseci_notify notify;

    (void)state;
    assert_int_equal(kit_answer("aes128-sha1-modp2048",
                                kit_datagram(folder, OPENSWAN("lp08-parentR1__parentI1syntax"), 0),
                                500),
                     IPSEC_DROP_KE);
    assert_true(kit_sent.length == 0 || kit_sent_notify(IPSECI_NOTIFY_INVALID_SYNTAX, &notify));
    assert_int_equal(kit_counters.sas, 0);
    assert_int_equal(kit_answer("aes128-sha1-modp2048",
                                kit_datagram(folder, OPENSWAN("lp08-parentR1__parentI1badKE"), 0),
                                500),
                     IPSEC_DROP_KE);
    assert_int_equal(kit_counters.sas, 0);
    assert_int_equal(kit_answer("aes128-sha1-modp2048",
                                kit_datagram(folder, OPENSWAN("lp08-parentR1__parker1"), 0), 500),
                     IPSEC_OK);
    assert_int_equal(kit_counters.half_open, 1);
}

/* Both say INVALID_KE_PAYLOAD. The first has two octets after its last payload and is refused for
 * them; the second names no group: nothing to try again with. */
static void openswan_refusals(void **state)
{
    const struct ipsec_view first =
        kit_datagram(folder, OPENSWAN("lp08-parentR1__parentR1notify"), 0);
    const struct ipsec_view second =
        kit_datagram(folder, OPENSWAN("lp08-parentR1__parentR1notify"), 1);
    struct ipseci_ike_header header;
    struct ipseci_payloads payloads;
    struct ipseci_notify notify;

    (void)state;
    assert_int_equal(ipseci_message_parse(first, &header, &payloads), IPSEC_DROP_MALFORMED);
    assert_true(ipseci_notify_find(&payloads, IPSECI_NOTIFY_INVALID_KE_PAYLOAD, &notify));
    assert_int_equal(ipseci_notify_group(&notify), 14);
    assert_int_equal(ipseci_message_parse(second, &header, &payloads), IPSEC_OK);
    assert_true(ipseci_notify_find(&payloads, IPSECI_NOTIFY_INVALID_KE_PAYLOAD, &notify));
    assert_int_equal(ipseci_notify_group(&notify), 0);
    /* Nobody has asked. */
    assert_true(kit_answer("aes128-sha1-modp2048", first, 500) < IPSEC_OK);
    assert_int_equal(kit_sent.length, 0);
    assert_true(kit_answer("aes128-sha1-modp2048", second, 500) < IPSEC_OK);
    assert_int_equal(kit_sent.length, 0);
}

/* A reserved bit of the flags is set. */
static void openswan_rekeys_with_a_reserved_flag(void **state)
{
    const struct ipseci_message *m = openswan_open(OPENSWAN("lp47-rekeyikev2-R1__rekeyCI1"), 0);

    (void)state;
    assert_int_equal(m->header.exchange, IPSECI_EXCHANGE_CREATE_CHILD_SA);
    assert_int_equal(m->header.flags & 1, 1);
    kit_types_are(&m->payloads, "34 40 33 44 45");
    m = openswan_open(OPENSWAN("lp57-rekeyv2nopfs-R1__rekeyCI1"), 0);
    assert_int_equal(m->header.flags & 1, 1);
    kit_types_are(&m->payloads, "40 33 44 45");
}

/* The original responder's request has neither flag, the answer has both. */
static void sk_10_openswan_delete_from_the_original_responder(void **state)
{
    const struct ipseci_message *m =
        openswan_open(OPENSWAN("lp83-h2h-deleteSA-I3__h2hR2delete"), 0);

    (void)state;
    kit_types_are(&m->payloads, "36 39 33 44 45");
    m = openswan_open(OPENSWAN("lp83-h2h-deleteSA-I3__h2hR2delete"), 1);
    assert_int_equal(m->header.exchange, IPSECI_EXCHANGE_INFORMATIONAL);
    assert_int_equal(m->header.flags, 0);
    kit_types_are(&m->payloads, "42");
    m = openswan_open(OPENSWAN("lp84-h2h-deleteSA-R2-R__h2hI3deleteAck"), 0);
    assert_int_equal(m->header.flags, IPSECI_FLAG_INITIATOR | IPSECI_FLAG_RESPONSE);
    kit_types_are(&m->payloads, "42");
}

/* What the initiator wants lies outside of what its peer in that test has. */
static void openswan_selectors_that_do_not_fit(void **state)
{
    const struct ipseci_message *m = openswan_open(OPENSWAN("lp171-childTSwrong__nattI2"), 0);
    const struct ipseci_payload *p = ipseci_payload_find(&m->payloads, IPSECI_PAYLOAD_TSR);
    struct ipsec_selectors offered;
    struct ipsec_selectors ours = {.count = 1};
    struct ipsec_selectors out;
    bool cut = false;

    (void)state;
    kit_types_are(&m->payloads, "35 39 33 44 45");
    assert_non_null(p);
    assert_int_equal(ipseci_ts_read(p->body, &offered, &cut), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse("203.0.113.0/24", &ours.item[0]), IPSEC_OK);
    assert_int_equal(ipseci_ts_narrow(&ours, &offered, &out), IPSEC_ERR_NOT_FOUND);
}

/* ---- others ------------------------------------------------------------------------------------
 */

static void free5gc_eap_message_decrypts(void **state)
{
    const struct ipseci_message *message;
    json_t *root = kit_json(folder, "free5gc-ike/eap-message.json");
    const json_t *values = json_object_get(root, "keys");
    struct kit_keys keys = {IPSEC_ENCR_AES_CBC,       256,
                            IPSEC_INTEG_HMAC_SHA1_96, true,
                            kit_hex(values, "SK_ei"), kit_hex(values, "SK_ai")};
    const struct ipsec_view datagram = kit_hex(root, "message");
    const struct ipsec_view padded = kit_hex(root, "decrypted");

    (void)state;
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_OK);
    kit_types_are(&message->payloads, "48");
    assert_int_equal(message->header.message_id, 3);
    assert_int_equal(message->raw.length, padded.length - 5); /* Pad Length 4 */
    assert_memory_equal(message->raw.data, padded.data, message->raw.length);
    keys.from_initiator = false;
    keys.sk_e = kit_hex(values, "SK_er");
    keys.sk_a = kit_hex(values, "SK_ar");
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_DROP_ICV);
    json_decref(root);
}

static void libreswan_authip_is_ignored(void **state)
{
    const struct ipsec_view datagram = kit_file(folder, "libreswan/authip-rogue.raw");

    (void)state;
    assert_true(kit_answer("aes128-sha1-modp2048", datagram, 500) < IPSEC_OK);
    assert_int_equal(kit_counters.sas, 0);
    assert_int_equal(kit_counters.half_open, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(openswan_initial_exchanges_parse_and_decrypt),
        WIRE_TEST(openswan_first_message_is_answered),
        WIRE_TEST(init_19_openswan_bad_ke),
        WIRE_TEST(init_22_openswan_variants_of_the_first_message),
        WIRE_TEST(openswan_refusals),
        WIRE_TEST(openswan_rekeys_with_a_reserved_flag),
        WIRE_TEST(sk_10_openswan_delete_from_the_original_responder),
        WIRE_TEST(openswan_selectors_that_do_not_fit),
        WIRE_TEST(free5gc_eap_message_decrypts),
        WIRE_TEST(libreswan_authip_is_ignored),
    };

    folder = getenv("IPSEC_CORE_VECTORS");
    if (folder == NULL || folder[0] == '\0') {
        printf(
            "SKIP: IPSEC_CORE_VECTORS does not name the folder of captures under other licences\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, kit_start, kit_end);
}
