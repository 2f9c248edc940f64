/* SPDX-License-Identifier: Apache-2.0
 *
 * A capture of ESP whose licence is not known (README.md here): read at run time from the folder
 * that the environment variable IPSEC_CORE_VECTORS names, else skipped. Transport mode over IPv4
 * and IPv6: what the library has a suite for opens, and seals to the same octets.
 */
#include "packet_kit.h"

#include <stdio.h>

#define FOLDER          "wireshark-wiki-esp/ipsec_esp_capture_1"
#define ROWS_MAX        32u
#define FILE_BYTES_MAX  262144u
#define FIELDS          8u
#define FIELD_BYTES     48u
#define ETHERNET_OCTETS 14u

static const char *folder;

/* ---- the table of keys -------------------------------------------------------------------------
 */

/* "IPv4","190.0.0.1","190.0.0.2","110",CIPHER,KEY,MAC,KEY */
struct row {
    char field[FIELDS][FIELD_BYTES];
    struct ipsec_addr to;
    uint32_t spi;
    bool is_ours; /* AES-CBC or NULL with HMAC-SHA1-96 */
};

enum { FAMILY, FROM, TO, SPI, CIPHER, CIPHER_KEY, MAC, MAC_KEY };

static struct row rows[ROWS_MAX];
static size_t row_count;

static FILE *open_file(const char *name)
{
    char path[1024];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/" FOLDER "/%s", folder, name) <
                sizeof(path));
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: can not be opened", path);
    }
    return file;
}

/* How many fields in quotes the line has. */
static size_t split(const char *line, char field[FIELDS][FIELD_BYTES])
{
    size_t count = 0;
    for (const char *at = strchr(line, '"'); at != NULL && count < FIELDS; count++) {
        const char *end = strchr(at + 1, '"');
        assert_true(end != NULL && (size_t)(end - at) <= FIELD_BYTES);
        memcpy(field[count], at + 1, (size_t)(end - at) - 1);
        field[count][end - at - 1] = '\0';
        at = strchr(end + 1, '"');
    }
    return count;
}

static void load_rows(void)
{
    char line[512];
    FILE *file = open_file("esp_sa");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] != '"') {
            continue;
        }
        assert_true(row_count < ROWS_MAX);
        struct row *row = &rows[row_count++];
        assert_int_equal(split(line, row->field), FIELDS);
        assert_int_equal(ipsec_addr_parse(row->field[TO], &row->to), IPSEC_OK);
        row->spi = (uint32_t)strtoul(row->field[SPI], NULL, 10);
        row->is_ours = strncmp(row->field[MAC], "HMAC-SHA-1-96", 13) == 0 &&
                       (strncmp(row->field[CIPHER], "AES-CBC", 7) == 0 ||
                        strcmp(row->field[CIPHER], "NULL") == 0);
    }
    (void)fclose(file);
}

static struct kit_octets octets_of(const char *text)
{
    struct kit_octets o = {.length = strlen(text)};
    memcpy(o.data, text, o.length);
    return o;
}

static struct kit_recipe recipe_of(const struct row *row, uint32_t sequence)
{
    const bool is_null = strcmp(row->field[CIPHER], "NULL") == 0;
    return (struct kit_recipe){.suite.encr = is_null ? IPSEC_ENCR_NULL : IPSEC_ENCR_AES_CBC,
                               .suite.encr_key_bits = is_null ? 0 : 128,
                               .suite.integ = IPSEC_INTEG_HMAC_SHA1_96,
                               .mode = IPSEC_MODE_TRANSPORT,
                               .encr_key = octets_of(row->field[CIPHER_KEY]),
                               .integ_key = octets_of(row->field[MAC_KEY]),
                               .spi = row->spi,
                               .sequence = sequence};
}

/* ---- packets -----------------------------------------------------------------------------------
 */

static struct kit_octets opened(const struct kit_recipe *r, const struct kit_octets *outer)
{
    struct kit_sa m;
    struct kit_packet w;
    struct ipsec_packet *const list[1] = {&w.packet};
    struct kit_octets inner = {.length = 0};
    assert_int_equal(kit_make(&m, r, IPSEC_OPEN), IPSEC_OK);
    kit_put(&w, m.sa, outer->data, outer->length);
    w.packet.carrier = IPSEC_CARRIER_IP;
    assert_int_equal(ipsec_esp_open(list, 1), 1);
    inner.length = w.packet.length;
    memcpy(inner.data, kit_content(&w), inner.length);
    ipsec_sa_deinit(m.sa);
    return inner;
}

/* Echo requests; the checksum of ICMP is a witness of every octet. */
static void is_a_ping(const struct kit_octets *packet)
{
    struct ipseci_flow flow;
    const struct ipsec_view view = ipseci_view(packet->data, packet->length);
    assert_int_equal(ipseci_ip_parse(view, &flow), IPSEC_OK);
    assert_int_equal(flow.total_length, packet->length);
    const struct ipsec_view icmp =
        ipseci_view(packet->data + flow.upper_at, packet->length - flow.upper_at);
    if (packet->data[0] >> 4 == 4) {
        assert_int_equal(icmp.data[0], 8);
        assert_int_equal(ipseci_checksum(icmp, 0), 0);
    } else {
        assert_int_equal(flow.protocol, 58);
        assert_int_equal(icmp.data[0], 128);
    }
}

/* The row of an ESP packet; NULL: it is none. *gap: where ESP begins. */
static const struct row *row_of(const struct kit_octets *packet, size_t *gap)
{
    struct ipseci_flow flow;
    const struct ipsec_view view = ipseci_view(packet->data, packet->length);
    if (ipseci_ip_parse(view, &flow) != IPSEC_OK || flow.protocol != 50) {
        return NULL;
    }
    *gap = flow.upper_at;
    const size_t octets = packet->data[0] >> 4 == 4 ? 4 : 16;
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].spi == ipseci_load32(packet->data + flow.upper_at) &&
            memcmp(rows[i].to.bytes, flow.dst, octets) == 0) {
            return &rows[i];
        }
    }
    fail_msg("no key of a packet");
    return NULL;
}

static bool check(const struct kit_octets *outer, unsigned *done)
{
    size_t gap = 0;
    const struct row *row = row_of(outer, &gap);
    if (row == NULL) {
        return false;
    }
    if (row->is_ours) {
        const struct kit_recipe r = recipe_of(row, ipseci_load32(outer->data + gap + 4));
        const struct kit_octets inner = opened(&r, outer);
        is_a_ping(&inner);
        kit_passes(&r, &inner, outer, gap);
        done[strcmp(row->field[FAMILY], "IPv6") == 0]++;
    }
    return true;
}

static uint32_t little32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void espb_04_captured_packets_open_and_seal_to_the_same(void **state)
{
    static uint8_t file[FILE_BYTES_MAX];
    FILE *from = open_file("capture.pcap");
    const size_t length = fread(file, 1, sizeof(file), from);
    unsigned esp = 0;
    unsigned done[2] = {0, 0};
    (void)state;
    (void)fclose(from);
    load_rows();
    const struct kit_recipe first = recipe_of(&rows[0], 1);
    if (!kit_has(&first)) {
        skip();
    }
    assert_true(length > 24 && length < sizeof(file));
    assert_int_equal(little32(file), 0xa1b2c3d4);
    for (size_t at = 24; at + 16 <= length;) {
        const size_t octets = little32(file + at + 8);
        at += 16;
        assert_true(octets <= length - at);
        if (octets > ETHERNET_OCTETS && octets - ETHERNET_OCTETS <= KIT_OCTETS_MAX) {
            struct kit_octets packet = {.length = octets - ETHERNET_OCTETS};
            memcpy(packet.data, file + at + ETHERNET_OCTETS, packet.length);
            esp += check(&packet, done);
        }
        at += octets;
    }
    /* Ten of each; the rest has DES, 3DES, MD5, or no integrity. */
    assert_int_equal(esp, 240);
    assert_int_equal(done[0], 20);
    assert_int_equal(done[1], 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_04_captured_packets_open_and_seal_to_the_same),
    };
    folder = getenv("IPSEC_CORE_VECTORS");
    if (folder == NULL || folder[0] == '\0') {
        printf("SKIP: IPSEC_CORE_VECTORS does not name the folder of captures of other licences\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
