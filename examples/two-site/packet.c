/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"
#include "render.h"

#include <string.h>

#define ESP_HEADER_BYTES 8
#define TRAILER_BYTES    2 /* pad length, next header */
#define SHOWN_BYTES_MAX  16

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint16_t load_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void print_field(FILE *out, const char *name, const uint8_t *bytes, uint32_t length,
                        const char *meaning)
{
    char hex[2 * SHOWN_BYTES_MAX + 3] = "";
    const uint32_t shown = length < SHOWN_BYTES_MAX ? length : SHOWN_BYTES_MAX;
    for (size_t i = 0; i < shown; i++) {
        snprintf(hex + 2 * i, sizeof(hex) - 2 * i, "%02x%s", bytes[i],
                 i + 1 == SHOWN_BYTES_MAX && length > shown ? ".." : "");
    }
    if (*meaning == '\0') {
        fprintf(out, "  %-14s %5u  %s\n", name, length, hex);
    } else {
        fprintf(out, "  %-14s %5u  %-34s  %s\n", name, length, hex, meaning);
    }
}

static void print_outer(FILE *out, struct ipsec_view outer)
{
    if (outer.length == 0) {
        fprintf(out, "  %-14s %5s  %-34s  made by the socket\n", "outer IP", "20", "");
        return;
    }
    char meaning[120];
    const uint8_t *ip = outer.data;
    const size_t ip_length = (size_t)(ip[0] & 15) * 4;
    snprintf(meaning, sizeof(meaning), "%u.%u.%u.%u to %u.%u.%u.%u, protocol %u", ip[12], ip[13],
             ip[14], ip[15], ip[16], ip[17], ip[18], ip[19], ip[9]);
    print_field(out, "outer IP", ip, (uint32_t)ip_length, meaning);
    if (outer.length > ip_length) {
        const uint8_t *udp = ip + ip_length;
        snprintf(meaning, sizeof(meaning), "ports %u to %u", load_u16(udp), load_u16(udp + 2));
        print_field(out, "UDP", udp, 8, meaning);
    }
}

static void print_body(FILE *out, const uint8_t *body, uint32_t length, uint32_t inner)
{
    if (inner == 0) {
        print_field(out, "encrypted", body, length,
                    "inner packet, padding, pad length, next header");
        return;
    }
    char meaning[60];
    const uint32_t padding = length - inner - TRAILER_BYTES;
    print_field(out, "inner packet", body, inner, "encrypted");
    print_field(out, "padding", body + inner, padding, "encrypted; 1, 2, 3 ...");
    snprintf(meaning, sizeof(meaning), "encrypted; %u", padding);
    print_field(out, "pad length", body + length - 2, 1, meaning);
    print_field(out, "next header", body + length - 1, 1, "encrypted; 4 (IPv4)");
}

bool packet_print(const struct packet_layout *layout, FILE *out)
{
    struct render_esp_sizes sizes;
    const uint8_t *esp = layout->esp.data;
    const uint32_t length = (uint32_t)layout->esp.length;
    if (!render_esp_sizes(&layout->suite, &sizes) ||
        length < ESP_HEADER_BYTES + sizes.iv + TRAILER_BYTES + sizes.icv) {
        fprintf(out, "packet: %u octets are not an ESP packet of this suite\n", length);
        return false;
    }
    const uint32_t body = length - ESP_HEADER_BYTES - sizes.iv - sizes.icv;
    if (body % sizes.block != 0 ||
        (layout->inner_bytes != 0 && layout->inner_bytes + TRAILER_BYTES > body)) {
        fprintf(out, "packet: %u encrypted octets do not fit this suite or the inner packet\n",
                body);
        return false;
    }
    char meaning[60];
    const size_t outer = layout->outer.length != 0 ? layout->outer.length : 20;
    fprintf(out, "One ESP packet, %zu octets:\n", outer + length);
    print_outer(out, layout->outer);
    print_field(out, "SPI", esp, 4, "");
    snprintf(meaning, sizeof(meaning), "%u", load_u32(esp + 4));
    print_field(out, "sequence", esp + 4, 4, meaning);
    print_field(out, "IV", esp + ESP_HEADER_BYTES, sizes.iv, "");
    print_body(out, esp + ESP_HEADER_BYTES + sizes.iv, body, layout->inner_bytes);
    print_field(out, "ICV", esp + length - sizes.icv, sizes.icv, "over everything from the SPI on");
    if (layout->inner_bytes != 0) {
        fprintf(out, "  %u octets of inner packet became %zu on the wire: %zu more\n",
                layout->inner_bytes, outer + length, outer + length - layout->inner_bytes);
    }
    return true;
}

bool packet_find_esp(struct ipsec_view ip, struct packet_layout *layout)
{
    if (ip.length < 20 || ip.data[0] >> 4 != 4) {
        return false;
    }
    const size_t header = (size_t)(ip.data[0] & 15) * 4;
    const size_t total = load_u16(ip.data + 2);
    if (header < 20 || total > ip.length || total < header + ESP_HEADER_BYTES) {
        return false;
    }
    size_t before = header;
    if (ip.data[9] == 17) { /* RFC 3948: an SPI of 0 is the non-ESP marker */
        before += 8;
        if (total < before + ESP_HEADER_BYTES || load_u32(ip.data + before) == 0 ||
            (load_u16(ip.data + header) != 4500 && load_u16(ip.data + header + 2) != 4500)) {
            return false;
        }
    } else if (ip.data[9] != 50) {
        return false;
    }
    layout->outer = (struct ipsec_view){.data = ip.data, .length = before};
    layout->esp = (struct ipsec_view){.data = ip.data + before, .length = total - before};
    return true;
}

#define PCAP_RECORDS_MAX 100000
#define FRAME_BYTES_MAX  9216

static uint32_t load_host_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value)); /* pcap is in the order of the machine that wrote it */
    return value;
}

/* The next frame; its length, 0 at the end or when the file is cut. */
static size_t next_frame(FILE *file, uint8_t frame[FRAME_BYTES_MAX])
{
    uint8_t record[16];
    if (fread(record, 1, sizeof(record), file) != sizeof(record)) {
        return 0;
    }
    const uint32_t length = load_host_u32(record + 8);
    if (length > FRAME_BYTES_MAX || fread(frame, 1, length, file) != length) {
        return 0;
    }
    return length;
}

static bool print_first(FILE *file, const struct ipsec_suite *suite, uint32_t inner_bytes,
                        FILE *out)
{
    uint8_t frame[FRAME_BYTES_MAX];
    for (uint32_t i = 0; i < PCAP_RECORDS_MAX; i++) {
        const size_t length = next_frame(file, frame);
        if (length == 0) {
            return false;
        }
        struct packet_layout layout = {.suite = *suite, .inner_bytes = inner_bytes};
        const bool ipv4 = length > 14 && load_u16(frame + 12) == 0x0800;
        if (ipv4 &&
            packet_find_esp((struct ipsec_view){.data = frame + 14, .length = length - 14},
                            &layout) &&
            layout.esp.length > inner_bytes) {
            return packet_print(&layout, out);
        }
    }
    return false;
}

int packet_from_pcap(const char *path, const struct ipsec_suite *suite, uint32_t inner_bytes,
                     FILE *out)
{
    uint8_t header[24];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "ipsec-two-site: %s can not be opened\n", path);
        return 2;
    }
    bool found = false;
    if (fread(header, 1, sizeof(header), file) == sizeof(header) &&
        load_host_u32(header) == 0xa1b2c3d4 && load_host_u32(header + 20) == 1) {
        found = print_first(file, suite, inner_bytes, out);
    }
    (void)fclose(file);
    if (!found) {
        fprintf(stderr, "ipsec-two-site: %s: no ESP packet of this suite (pcap, Ethernet)\n", path);
    }
    return found ? 0 : 1;
}
