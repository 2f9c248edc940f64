/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers for every algorithm a provider claims. Called by programs at start-up; in a file of
 * its own, so that a build which never calls it does not carry it.
 *
 * Answers: NIST SP 800-38A F.2 (AES-CBC), RFC 3686 6 (AES-CTR, cases 1, 4, 7), McGrew and Viega's
 * GCM test cases 4, 10, 16, RFC 8439 2.8.2 (ChaCha20-Poly1305), RFC 2202 and RFC 4868 2.7 (HMAC),
 * RFC 2202 and RFC 4231 (PRF), FIPS 180 (SHA-1). AES-CCM, AES-GMAC and the MACs of AES over the
 * same octets were computed with another implementation.
 */
#include "suite.h"

#include <string.h>

#define VIEW(array)                                                                                \
    {                                                                                              \
        array, sizeof(array)                                                                       \
    }
#define TEXT_MAX 128

static const uint8_t cbc_key_128[] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                      0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t cbc_key_192[] = {0x8e, 0x73, 0xb0, 0xf7, 0xda, 0x0e, 0x64, 0x52,
                                      0xc8, 0x10, 0xf3, 0x2b, 0x80, 0x90, 0x79, 0xe5,
                                      0x62, 0xf8, 0xea, 0xd2, 0x52, 0x2c, 0x6b, 0x7b};
static const uint8_t cbc_key_256[] = {
    0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
    0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
static const uint8_t cbc_iv[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t cbc_text[] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                   0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
/* salt last, as KEYMAT has it */
static const uint8_t gcm_key_128[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a,
                                      0x8f, 0x94, 0x67, 0x30, 0x83, 0x08, 0xca, 0xfe, 0xba, 0xbe};
static const uint8_t gcm_key_192[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a,
                                      0x8f, 0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92,
                                      0x86, 0x65, 0x73, 0x1c, 0xca, 0xfe, 0xba, 0xbe};
static const uint8_t gcm_key_256[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d,
                                      0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff,
                                      0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                      0x94, 0x67, 0x30, 0x83, 0x08, 0xca, 0xfe, 0xba, 0xbe};
static const uint8_t gcm_iv[] = {0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
static const uint8_t gcm_aad[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                  0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
static const uint8_t gcm_text[] = {
    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
    0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
    0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
    0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
static const uint8_t gcm_tag_128[] = {0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb,
                                      0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47};
static const uint8_t gcm_tag_192[] = {0x25, 0x19, 0x49, 0x8e, 0x80, 0xf1, 0x47, 0x8f,
                                      0x37, 0xba, 0x55, 0xbd, 0x6d, 0x27, 0x61, 0x8c};
static const uint8_t gcm_tag_256[] = {0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68,
                                      0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b};
static const uint8_t chacha_key[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
                                     0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91,
                                     0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
                                     0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0x07, 0x00, 0x00, 0x00};
static const uint8_t chacha_iv[] = {0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
static const uint8_t chacha_aad[] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
                                     0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
static const char chacha_text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                  "only one tip for the future, sunscreen would be it.";
static const uint8_t chacha_tag[] = {0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a,
                                     0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91};
static const uint8_t cbc_128[] = {0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46,
                                  0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d};
static const uint8_t cbc_192[] = {0x4f, 0x02, 0x1d, 0xb2, 0x43, 0xbc, 0x63, 0x3d,
                                  0x71, 0x78, 0x18, 0x3a, 0x9f, 0xa0, 0x71, 0xe8};
static const uint8_t cbc_256[] = {0xf5, 0x8c, 0x4c, 0x04, 0xd6, 0xe5, 0xf1, 0xba,
                                  0x77, 0x9e, 0xab, 0xfb, 0x5f, 0x7b, 0xfb, 0xd6};

static const uint8_t ctr_key_128[] = {0xae, 0x68, 0x52, 0xf8, 0x12, 0x10, 0x67, 0xcc, 0x4b, 0xf7,
                                      0xa5, 0x76, 0x55, 0x77, 0xf3, 0x9e, 0x00, 0x00, 0x00, 0x30};
static const uint8_t ctr_key_192[] = {0x16, 0xaf, 0x5b, 0x14, 0x5f, 0xc9, 0xf5, 0x79, 0xc1, 0x75,
                                      0xf9, 0x3e, 0x3b, 0xfb, 0x0e, 0xed, 0x86, 0x3d, 0x06, 0xcc,
                                      0xfd, 0xb7, 0x85, 0x15, 0x00, 0x00, 0x00, 0x48};
static const uint8_t ctr_key_256[] = {0x77, 0x6b, 0xef, 0xf2, 0x85, 0x1d, 0xb0, 0x6f, 0x4c,
                                      0x8a, 0x05, 0x42, 0xc8, 0x69, 0x6f, 0x6c, 0x6a, 0x81,
                                      0xaf, 0x1e, 0xec, 0x96, 0xb4, 0xd3, 0x7f, 0xc1, 0xd6,
                                      0x89, 0xe6, 0xc1, 0xc1, 0x04, 0x00, 0x00, 0x00, 0x60};
static const uint8_t ctr_iv_128[8] = {0};
static const uint8_t ctr_iv_192[] = {0x36, 0x73, 0x3c, 0x14, 0x7d, 0x6d, 0x93, 0xcb};
static const uint8_t ctr_iv_256[] = {0xdb, 0x56, 0x72, 0xc9, 0x7a, 0xa8, 0xf0, 0xb2};
static const char ctr_text[] = "Single block msg";
static const uint8_t ctr_128[] = {0xe4, 0x09, 0x5d, 0x4f, 0xb7, 0xa7, 0xb3, 0x79,
                                  0x2d, 0x61, 0x75, 0xa3, 0x26, 0x13, 0x11, 0xb8};
static const uint8_t ctr_192[] = {0x4b, 0x55, 0x38, 0x4f, 0xe2, 0x59, 0xc9, 0xc8,
                                  0x4e, 0x79, 0x35, 0xa0, 0x03, 0xcb, 0xe9, 0x28};
static const uint8_t ctr_256[] = {0x14, 0x5a, 0xd0, 0x1d, 0xbf, 0x82, 0x4e, 0xc7,
                                  0x56, 0x08, 0x63, 0xdc, 0x71, 0xe3, 0xe0, 0xc0};
static const uint8_t ccm_tags[9][16] = {
    {0xd6, 0x8e, 0xb0, 0x30, 0xba, 0x4e, 0xec, 0x68, 0xfb, 0x74, 0xbf, 0xde, 0x81, 0x80, 0xdf,
     0x72},
    {0xe0, 0xc4, 0xcc, 0xe4, 0xb4, 0x20, 0x7d, 0x28, 0x15, 0x92, 0xc6, 0xae, 0x67, 0x0d, 0x6b,
     0x06},
    {0x31, 0x14, 0x1d, 0x1b, 0x0f, 0x68, 0xb4, 0xc7, 0x98, 0x3a, 0xf0, 0x8b, 0x81, 0x4a, 0x8d,
     0x48},
    {0x7e, 0xaa, 0x15, 0x05, 0xf8, 0x8a, 0x0c, 0x68, 0x27, 0x06, 0x1f, 0x85},
    {0xa3, 0xb1, 0xbe, 0x08, 0x56, 0x50, 0x47, 0x5f, 0xe2, 0xc6, 0x6b, 0x74},
    {0x84, 0x67, 0x8e, 0x50, 0x15, 0x66, 0xf9, 0x7b, 0xaa, 0xbe, 0xa5, 0x09},
    {0x5f, 0xaf, 0x0c, 0xe8, 0xec, 0x3e, 0x81, 0x0c},
    {0x0f, 0xbd, 0x4a, 0x68, 0x18, 0xd6, 0x0d, 0x0f},
    {0xa1, 0xfa, 0x73, 0xfc, 0xc7, 0xb7, 0x2b, 0xea}};
static const uint8_t gmac_128[] = {0x9f, 0x38, 0xfe, 0x9f, 0x91, 0xe4, 0xbc, 0x99,
                                   0x64, 0xcb, 0x88, 0x33, 0xb6, 0xfb, 0xb5, 0xc2};
static const uint8_t gmac_192[] = {0xf4, 0x42, 0x22, 0xe0, 0xbb, 0x4b, 0xbe, 0xbc,
                                   0xd4, 0x66, 0x12, 0xb4, 0xab, 0x12, 0xd1, 0xca};
static const uint8_t gmac_256[] = {0x0b, 0x8c, 0x90, 0x9b, 0x38, 0x45, 0xc4, 0xac,
                                   0xb9, 0x36, 0x7b, 0xc1, 0x83, 0xba, 0xb6, 0x1b};

/* `answer` is the tag of an AEAD, the whole ciphertext of a plain cipher. */
struct encr_row {
    const char *name;
    uint16_t id;
    uint16_t key_bits;
    struct ipsec_view key;
    struct ipsec_view iv;
    struct ipsec_view aad;
    struct ipsec_view text;
    struct ipsec_view answer;
};

#define NOTHING                                                                                    \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define GCM(bits) VIEW(gcm_key_##bits), VIEW(gcm_iv), VIEW(gcm_aad), VIEW(gcm_text)
#define CBC(bits) VIEW(cbc_key_##bits), VIEW(cbc_iv), NOTHING, VIEW(cbc_text), VIEW(cbc_##bits)

#define CTR(bits)                                                                                  \
    VIEW(ctr_key_##bits), VIEW(ctr_iv_##bits), NOTHING, {(const uint8_t *)ctr_text, 16},           \
        VIEW(ctr_##bits)
/* The keys are GCM's with a salt that is an octet shorter. */
#define CCM(bits, row, tag)                                                                        \
    {gcm_key_##bits, sizeof(gcm_key_##bits) - 1}, VIEW(gcm_iv), VIEW(gcm_aad), VIEW(gcm_text),     \
    {                                                                                              \
        ccm_tags[row], tag                                                                         \
    }

static const struct encr_row encr_rows[] = {
    {"AES-CBC-128", IPSEC_ENCR_AES_CBC, 128, CBC(128)},
    {"AES-CBC-192", IPSEC_ENCR_AES_CBC, 192, CBC(192)},
    {"AES-CBC-256", IPSEC_ENCR_AES_CBC, 256, CBC(256)},
    {"AES-GCM-16-128", IPSEC_ENCR_AES_GCM_16, 128, GCM(128), VIEW(gcm_tag_128)},
    {"AES-GCM-16-192", IPSEC_ENCR_AES_GCM_16, 192, GCM(192), VIEW(gcm_tag_192)},
    {"AES-GCM-16-256", IPSEC_ENCR_AES_GCM_16, 256, GCM(256), VIEW(gcm_tag_256)},
    {"AES-GCM-12-128", IPSEC_ENCR_AES_GCM_12, 128, GCM(128), {gcm_tag_128, 12}},
    {"AES-GCM-12-192", IPSEC_ENCR_AES_GCM_12, 192, GCM(192), {gcm_tag_192, 12}},
    {"AES-GCM-12-256", IPSEC_ENCR_AES_GCM_12, 256, GCM(256), {gcm_tag_256, 12}},
    {"AES-GCM-8-128", IPSEC_ENCR_AES_GCM_8, 128, GCM(128), {gcm_tag_128, 8}},
    {"AES-GCM-8-192", IPSEC_ENCR_AES_GCM_8, 192, GCM(192), {gcm_tag_192, 8}},
    {"AES-GCM-8-256", IPSEC_ENCR_AES_GCM_8, 256, GCM(256), {gcm_tag_256, 8}},
    {"AES-CTR-128", IPSEC_ENCR_AES_CTR, 128, CTR(128)},
    {"AES-CTR-192", IPSEC_ENCR_AES_CTR, 192, CTR(192)},
    {"AES-CTR-256", IPSEC_ENCR_AES_CTR, 256, CTR(256)},
    {"AES-CCM-16-128", IPSEC_ENCR_AES_CCM_16, 128, CCM(128, 0, 16)},
    {"AES-CCM-16-192", IPSEC_ENCR_AES_CCM_16, 192, CCM(192, 1, 16)},
    {"AES-CCM-16-256", IPSEC_ENCR_AES_CCM_16, 256, CCM(256, 2, 16)},
    {"AES-CCM-12-128", IPSEC_ENCR_AES_CCM_12, 128, CCM(128, 3, 12)},
    {"AES-CCM-12-192", IPSEC_ENCR_AES_CCM_12, 192, CCM(192, 4, 12)},
    {"AES-CCM-12-256", IPSEC_ENCR_AES_CCM_12, 256, CCM(256, 5, 12)},
    {"AES-CCM-8-128", IPSEC_ENCR_AES_CCM_8, 128, CCM(128, 6, 8)},
    {"AES-CCM-8-192", IPSEC_ENCR_AES_CCM_8, 192, CCM(192, 7, 8)},
    {"AES-CCM-8-256", IPSEC_ENCR_AES_CCM_8, 256, CCM(256, 8, 8)},
    {"AES-GMAC-128", IPSEC_ENCR_NULL_AES_GMAC, 128, GCM(128), VIEW(gmac_128)},
    {"AES-GMAC-192", IPSEC_ENCR_NULL_AES_GMAC, 192, GCM(192), VIEW(gmac_192)},
    {"AES-GMAC-256", IPSEC_ENCR_NULL_AES_GMAC, 256, GCM(256), VIEW(gmac_256)},
    {"CHACHA20-POLY1305",
     IPSEC_ENCR_CHACHA20_POLY1305,
     0,
     VIEW(chacha_key),
     VIEW(chacha_iv),
     VIEW(chacha_aad),
     {(const uint8_t *)chacha_text, sizeof(chacha_text) - 1},
     VIEW(chacha_tag)},
};

/* RFC 2202 case 1, RFC 4868 2.7.2: a key of 0x0b in the algorithm's length over "Hi There". */
struct integ_row {
    const char *name;
    uint16_t id;
    uint8_t key_octets;
    uint8_t tag_octets;
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
};

static const struct integ_row integ_rows[] = {
    {"HMAC-SHA1-96",
     IPSEC_INTEG_HMAC_SHA1_96,
     20,
     12,
     {0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b, 0xc0, 0xb6}},
    {"AES-XCBC-96",
     IPSEC_INTEG_AES_XCBC_96,
     16,
     12,
     {0x87, 0xa4, 0x1f, 0xbc, 0xcf, 0xf5, 0x48, 0x0d, 0x03, 0x9b, 0xf3, 0xb4}},
    {"AES-CMAC-96",
     IPSEC_INTEG_AES_CMAC_96,
     16,
     12,
     {0xa9, 0x62, 0xdd, 0x30, 0xac, 0xd5, 0xbf, 0xed, 0x67, 0x1c, 0x4b, 0xb6}},
    {"HMAC-SHA2-256-128",
     IPSEC_INTEG_HMAC_SHA2_256_128,
     32,
     16,
     {0x19, 0x8a, 0x60, 0x7e, 0xb4, 0x4b, 0xfb, 0xc6, 0x99, 0x03, 0xa0, 0xf1, 0xcf, 0x2b, 0xbd,
      0xc5}},
    {"HMAC-SHA2-384-192", IPSEC_INTEG_HMAC_SHA2_384_192, 48, 24, {0xb6, 0xa8, 0xd5, 0x63, 0x6f,
                                                                  0x5c, 0x6a, 0x72, 0x24, 0xf9,
                                                                  0x97, 0x7d, 0xcf, 0x7e, 0xe6,
                                                                  0xc7, 0xfb, 0x6d, 0x0c, 0x48,
                                                                  0xcb, 0xde, 0xe9, 0x73}},
    {"HMAC-SHA2-512-256",
     IPSEC_INTEG_HMAC_SHA2_512_256,
     64,
     32,
     {0x63, 0x7e, 0xdc, 0x6e, 0x01, 0xdc, 0xe7, 0xe6, 0x74, 0x2a, 0x99,
      0x45, 0x1a, 0xae, 0x82, 0xdf, 0x23, 0xda, 0x3e, 0x92, 0x43, 0x9e,
      0x59, 0x0e, 0x43, 0xe7, 0x61, 0xb3, 0x3e, 0x91, 0x0f, 0xb8}},
};

/* RFC 2202 and RFC 4231 case 2: key "Jefe"; the first 16 octets of the answer. */
struct prf_row {
    const char *name;
    uint16_t id;
    uint8_t start[16];
};

static const struct prf_row prf_rows[] = {
    {"PRF-HMAC-SHA1",
     IPSEC_PRF_HMAC_SHA1,
     {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84, 0xdf,
      0x9c}},
    {"PRF-AES128-XCBC",
     IPSEC_PRF_AES128_XCBC,
     {0x07, 0xad, 0x6a, 0x75, 0x77, 0x1b, 0x53, 0x2c, 0x4d, 0x23, 0xcd, 0x23, 0x3a, 0x49, 0x2c,
      0xbb}},
    {"PRF-AES128-CMAC",
     IPSEC_PRF_AES128_CMAC,
     {0x90, 0x4f, 0x15, 0x7f, 0x36, 0xb3, 0x4d, 0x2f, 0x72, 0xd0, 0xcb, 0x4a, 0xd6, 0x0c, 0x20,
      0xf1}},
    {"PRF-HMAC-SHA2-256",
     IPSEC_PRF_HMAC_SHA2_256,
     {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75,
      0xc7}},
    {"PRF-HMAC-SHA2-384",
     IPSEC_PRF_HMAC_SHA2_384,
     {0xaf, 0x45, 0xd2, 0xe3, 0x76, 0x48, 0x40, 0x31, 0x61, 0x7f, 0x78, 0xd2, 0xb5, 0x8a, 0x6b,
      0x1b}},
    {"PRF-HMAC-SHA2-512",
     IPSEC_PRF_HMAC_SHA2_512,
     {0x16, 0x4b, 0x7a, 0x7b, 0xfc, 0xf8, 0x19, 0xe2, 0xe3, 0x95, 0xfb, 0xe7, 0x3b, 0x56, 0xe0,
      0xa3}},
};

struct ke_row {
    const char *name;
    uint16_t id;
};

static const struct ke_row ke_rows[] = {
    {"MODP-2048", IPSEC_KE_MODP_2048},    {"MODP-3072", IPSEC_KE_MODP_3072},
    {"MODP-4096", IPSEC_KE_MODP_4096},    {"ECP-256", IPSEC_KE_ECP_256},
    {"ECP-384", IPSEC_KE_ECP_384},        {"ECP-521", IPSEC_KE_ECP_521},
    {"CURVE-25519", IPSEC_KE_CURVE25519}, {"MODP-2048-256", IPSEC_KE_MODP_2048_256},
};

static enum ipsec_status same(const void *a, const void *b, size_t length)
{
    return memcmp(a, b, length) == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

/* One op with a fresh key. */
static enum ipsec_status run_once(const struct ipsec_crypto *p,
                                  const struct ipsec_key_params *params, struct ipsec_crypto_op *op)
{
    struct ipsec_crypto_op *const ops[1] = {op};
    enum ipsec_status status = p->key_new(p->context, params, &op->key);
    if (status != IPSEC_OK) {
        return status < IPSEC_OK ? status : IPSEC_FATAL_CRYPTO;
    }
    op->status = IPSEC_FATAL_CRYPTO;
    p->run(p->context, ops, 1);
    p->key_free(p->context, op->key);
    return (enum ipsec_status)op->status;
}

/* Opens what was sealed: the text comes back, and with a changed tag it is refused. */
static enum ipsec_status check_open(const struct ipsec_crypto *p, struct ipsec_key_params *params,
                                    struct ipsec_crypto_op *op, struct ipsec_view text)
{
    uint8_t sealed[TEXT_MAX];
    memcpy(sealed, op->data, text.length);
    params->direction = IPSEC_OPEN;
    IPSECI_TRY(run_once(p, params, op));
    IPSECI_TRY(same(op->data, text.data, text.length));
    if (op->tag == NULL) {
        return IPSEC_OK;
    }
    memcpy(op->data, sealed, text.length);
    op->tag[0] ^= 1;
    return run_once(p, params, op) == IPSEC_DROP_ICV ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static enum ipsec_status check_encr(const struct ipsec_crypto *p, const struct encr_row *row)
{
    uint8_t data[TEXT_MAX];
    uint8_t tag[IPSEC_TAG_BYTES_MAX] = {0};
    bool aead = row->aad.length != 0;
    struct ipsec_key_params params = {
        .encr_id = row->id, .encr_key_bits = row->key_bits, .encr_key = row->key};
    struct ipsec_crypto_op op = {.data = data,
                                 .aad = row->aad.data,
                                 .iv = row->iv.data,
                                 .tag = aead ? tag : NULL,
                                 .data_length = (uint32_t)row->text.length,
                                 .aad_length = (uint16_t)row->aad.length};

    memcpy(data, row->text.data, row->text.length);
    IPSECI_TRY(run_once(p, &params, &op));
    IPSECI_TRY(same(aead ? tag : data, row->answer.data, row->answer.length));
    return check_open(p, &params, &op, row->text);
}

static void fill_key(uint8_t key[IPSEC_INTEG_KEY_BYTES_MAX])
{
    memset(key, 0x0b, IPSEC_INTEG_KEY_BYTES_MAX);
}

static enum ipsec_status check_integ(const struct ipsec_crypto *p, const struct integ_row *row)
{
    uint8_t key[IPSEC_INTEG_KEY_BYTES_MAX];
    uint8_t text[8];
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
    fill_key(key);
    memcpy(text, "Hi There", sizeof(text));
    struct ipsec_key_params params = {.integ_id = row->id, .integ_key = {key, row->key_octets}};
    /* All three runs of a MAC: "Hi" in front, " The" as data, "re" behind. */
    struct ipsec_crypto_op op = {.data = text + 2,
                                 .aad = text,
                                 .tag = tag,
                                 .data_length = 4,
                                 .aad_length = 2,
                                 .tail_length = 2,
                                 .scratch = {'r', 'e'}};

    IPSECI_TRY(run_once(p, &params, &op));
    IPSECI_TRY(same(tag, row->tag, row->tag_octets));
    return check_open(p, &params, &op, ipseci_view(text + 2, 4));
}

/* A combined key against its two halves, whose answers are known by now. */
static enum ipsec_status check_combined(const struct ipsec_crypto *p, const struct encr_row *encr,
                                        const struct integ_row *integ)
{
    uint8_t key[IPSEC_INTEG_KEY_BYTES_MAX];
    uint8_t data[TEXT_MAX];
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
    uint8_t expected[IPSEC_TAG_BYTES_MAX];
    fill_key(key);
    memcpy(data, encr->answer.data, encr->answer.length);
    struct ipsec_key_params mac = {.integ_id = integ->id, .integ_key = {key, integ->key_octets}};
    struct ipsec_key_params both = {.encr_id = encr->id,
                                    .encr_key_bits = encr->key_bits,
                                    .integ_id = integ->id,
                                    .encr_key = encr->key,
                                    .integ_key = {key, integ->key_octets}};
    struct ipsec_crypto_op op = {.data = data,
                                 .aad = encr->iv.data,
                                 .iv = encr->iv.data,
                                 .tag = expected,
                                 .data_length = (uint32_t)encr->text.length,
                                 .aad_length = (uint16_t)encr->iv.length};

    IPSECI_TRY(run_once(p, &mac, &op));
    memcpy(data, encr->text.data, encr->text.length);
    op.tag = tag;
    IPSECI_TRY(run_once(p, &both, &op));
    IPSECI_TRY(same(data, encr->answer.data, encr->answer.length));
    IPSECI_TRY(same(tag, expected, integ->tag_octets));
    return check_open(p, &both, &op, encr->text);
}

static enum ipsec_status check_prf(const struct ipsec_crypto *p, const struct prf_row *row)
{
    static const char text[] = "what do ya want for nothing?";
    uint8_t out[IPSEC_PRF_BYTES_MAX] = {0};
    const struct ipsec_view parts[2] = {ipseci_view(text, 5),
                                        ipseci_view(text + 5, sizeof(text) - 6)};
    IPSECI_TRY(p->prf(p->context, row->id, ipseci_view("Jefe", 4), parts, 2, out));
    return same(out, row->start, sizeof(row->start));
}

static enum ipsec_status check_sha1(const struct ipsec_crypto *p)
{
    static const uint8_t answer[20] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                       0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    const struct ipsec_view parts[2] = {ipseci_view("a", 1), ipseci_view("bc", 2)};
    uint8_t out[20] = {0};
    IPSECI_TRY(p->sha1(p->context, parts, 2, out));
    return same(out, answer, sizeof(answer));
}

static enum ipsec_status check_random(const struct ipsec_crypto *p)
{
    uint8_t a[16] = {0};
    uint8_t b[16] = {0};
    IPSECI_TRY(p->random(p->context, a, sizeof(a)));
    IPSECI_TRY(p->random(p->context, b, sizeof(b)));
    return memcmp(a, b, sizeof(a)) != 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

struct ke_values {
    uint8_t public_a[IPSEC_KE_PUBLIC_MAX];
    uint8_t public_b[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret_a[IPSEC_KE_SECRET_MAX];
    uint8_t secret_b[IPSEC_KE_SECRET_MAX];
};

/* A with B's value, then A with a value of zeros, which every group refuses. */
static enum ipsec_status check_finish(const struct ipsec_crypto *p, struct ipsec_ke *ke,
                                      const struct ipseci_ke_info *info, struct ke_values *v)
{
    size_t length = sizeof(v->secret_a);
    IPSECI_TRY(p->ke_finish(p->context, ke, ipseci_view(v->public_b, info->public_octets),
                            v->secret_a, &length));
    if (length != info->secret_octets) {
        return IPSEC_FATAL_CRYPTO;
    }
    IPSECI_TRY(same(v->secret_a, v->secret_b, length));
    memset(v->public_b, 0, sizeof(v->public_b));
    length = sizeof(v->secret_a);
    return p->ke_finish(p->context, ke, ipseci_view(v->public_b, info->public_octets), v->secret_a,
                        &length) == IPSEC_DROP_KE
               ? IPSEC_OK
               : IPSEC_FATAL_CRYPTO;
}

static enum ipsec_status check_ke(const struct ipsec_crypto *p, uint16_t group)
{
    struct ke_values v = {{0}, {0}, {0}, {0}};
    struct ipsec_ke *ke = NULL;
    const struct ipseci_ke_info *info = ipseci_ke_find(group);
    size_t length = sizeof(v.public_a);
    size_t public_length = sizeof(v.public_b);
    size_t secret_length = sizeof(v.secret_b);

    IPSECI_TRY(p->ke_start(p->context, group, &ke, v.public_a, &length));
    enum ipsec_status status =
        p->ke_respond(p->context, group, ipseci_view(v.public_a, length), v.public_b,
                      &public_length, v.secret_b, &secret_length);
    if (status == IPSEC_OK && (length != info->public_octets || public_length != length)) {
        status = IPSEC_FATAL_CRYPTO;
    }
    if (status == IPSEC_OK) {
        status = check_finish(p, ke, info, &v);
    }
    p->ke_free(p->context, ke);
    ipseci_wipe(&v, sizeof(v));
    return status;
}

static bool is_complete(const struct ipsec_crypto *p)
{
    if (p->size < sizeof(*p) || p->name == NULL || p->supports == NULL) {
        return false;
    }
    bool has_keys = p->key_new != NULL && p->key_free != NULL && p->run != NULL;
    bool has_ke =
        p->ke_start != NULL && p->ke_respond != NULL && p->ke_finish != NULL && p->ke_free != NULL;
    for (size_t i = 0; i < IPSECI_COUNT(encr_rows) && !has_keys; i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_ENCR, encr_rows[i].id, encr_rows[i].key_bits)) {
            return false;
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(integ_rows) && !has_keys; i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_INTEG, integ_rows[i].id, 0)) {
            return false;
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(prf_rows) && p->prf == NULL; i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_PRF, prf_rows[i].id, 0)) {
            return false;
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(ke_rows) && !has_ke; i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_KE, ke_rows[i].id, 0)) {
            return false;
        }
    }
    return (p->submit == NULL) == (p->reap == NULL);
}

static enum ipsec_status check_packets(const struct ipsec_crypto *p, const char **failed)
{
    for (size_t i = 0; i < IPSECI_COUNT(encr_rows); i++) {
        const struct encr_row *row = &encr_rows[i];
        if (p->supports(p->context, IPSEC_TRANSFORM_ENCR, row->id, row->key_bits)) {
            *failed = row->name;
            IPSECI_TRY(check_encr(p, row));
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(integ_rows); i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_INTEG, integ_rows[i].id, 0)) {
            *failed = integ_rows[i].name;
            IPSECI_TRY(check_integ(p, &integ_rows[i]));
        }
    }
    return IPSEC_OK;
}

static enum ipsec_status check_combinations(const struct ipsec_crypto *p, const char **failed)
{
    for (size_t i = 0; i < IPSECI_COUNT(encr_rows) * IPSECI_COUNT(integ_rows); i++) {
        const struct encr_row *encr = &encr_rows[i / IPSECI_COUNT(integ_rows)];
        const struct integ_row *integ = &integ_rows[i % IPSECI_COUNT(integ_rows)];
        if (encr->aad.length == 0 && p->combines != NULL &&
            p->combines(p->context, encr->id, encr->key_bits, integ->id)) {
            *failed = encr->name;
            IPSECI_TRY(check_combined(p, encr, integ));
        }
    }
    return IPSEC_OK;
}

static enum ipsec_status check_negotiation(const struct ipsec_crypto *p, const char **failed)
{
    if (p->random != NULL) {
        *failed = "random";
        IPSECI_TRY(check_random(p));
    }
    if (p->sha1 != NULL) {
        *failed = "SHA-1";
        IPSECI_TRY(check_sha1(p));
    }
    for (size_t i = 0; i < IPSECI_COUNT(prf_rows); i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_PRF, prf_rows[i].id, 0)) {
            *failed = prf_rows[i].name;
            IPSECI_TRY(check_prf(p, &prf_rows[i]));
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(ke_rows); i++) {
        if (p->supports(p->context, IPSEC_TRANSFORM_KE, ke_rows[i].id, 0)) {
            *failed = ke_rows[i].name;
            IPSECI_TRY(check_ke(p, ke_rows[i].id));
        }
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_crypto_self_test(const struct ipsec_crypto *provider, const char **failed)
{
    const char *name = "table";
    enum ipsec_status status = IPSEC_ERR_ARGUMENT;

    if (provider != NULL && is_complete(provider)) {
        status = check_packets(provider, &name);
    }
    if (status == IPSEC_OK) {
        status = check_combinations(provider, &name);
    }
    if (status == IPSEC_OK) {
        status = check_negotiation(provider, &name);
    }
    if (failed != NULL) {
        *failed = status == IPSEC_OK ? NULL : name;
    }
    return status;
}
