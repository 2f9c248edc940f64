/* SPDX-License-Identifier: Apache-2.0
 *
 * Sites that prove themselves by certificates: a tunnel between two gateways in one process, and
 * for every file that is not taken the words about it. The certificates are those of
 * tests/vectors/x509 (valid until 2034), copied where their keys can be closed to others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "credential.h"
#include "inprocess.h"

static char folder[] = "/tmp/two-site-certificates-XXXXXX";
static const char *source;

static const char *const copied[] = {"gw.chain.pem", "gw.key.pem",      "gw.aes256.pem",
                                     "gw-p384.der",  "gw-p384.key.pem", "root.der",
                                     "ca.der",       "crl-ca.der",      "root2.der"};
#define COPIED (sizeof(copied) / sizeof(copied[0]))

static void path_of(const char *name, char out[300])
{
    snprintf(out, 300, "%s/%s", folder, name);
}

static void copy(const char *name, mode_t mode)
{
    static char content[100000];
    char from[400];
    char to[300];
    snprintf(from, sizeof(from), "%s/%s", source, name);
    path_of(name, to);
    FILE *in = fopen(from, "r");
    assert_non_null(in);
    const size_t length = fread(content, 1, sizeof(content), in);
    assert_true(length > 0 && length < sizeof(content));
    assert_int_equal(fclose(in), 0);
    FILE *out = fopen(to, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(content, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, mode), 0);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < COPIED; i++) {
        copy(copied[i], 0600);
    }
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const more[] = {"a.log", "b.log"};
    char path[300];
    (void)state;
    for (size_t i = 0; i < COPIED; i++) {
        path_of(copied[i], path);
        assert_int_equal(unlink(path), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        path_of(more[i], path);
        (void)unlink(path);
    }
    return rmdir(folder);
}

#define A_SHOWS "cert_file = gw.chain.pem\nkey_file = gw.key.pem\n"
#define B_SHOWS "cert_file = gw-p384.der\nkey_file = gw-p384.key.pem\n"
#define BOTH    "auth = certificate\nca_file = root.der\n"

static struct config *read_end(bool a, const char *keys)
{
    char text[2000];
    char name[300];
    struct config *config = config_new();
    snprintf(text, sizeof(text),
             "[gateway]\naddress = 10.9.0.%d\n[site x]\nremote = 10.9.0.%d\n"
             "local_id = gw.example.org\nremote_id = gw.example.org\nrole = %s\n%s"
             "[child net]\nsite = x\nlocal_ts = 192.168.%d.0/24\nremote_ts = 192.168.%d.0/24\n"
             "esp = aes256-sha256-modp2048\n",
             a ? 1 : 2, a ? 2 : 1, a ? "initiator" : "responder", keys, a ? 1 : 2, a ? 2 : 1);
    path_of("x.conf", name);
    FILE *stream = fmemopen(text, strlen(text), "r");
    (void)config_read(config, stream, name, NULL, 0);
    (void)fclose(stream);
    return config;
}

/* ---- tunnels -----------------------------------------------------------------------------------
 */

static char *content(const char *path)
{
    char *text = calloc(1, 1 << 18);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 18) - 1, file) < (1 << 18) - 1);
    (void)fclose(file);
    return text;
}

/* What A said of it. */
static char *play(const char *a_keys, const char *b_keys, const char *steps, int wanted)
{
    char log_a[300];
    char log_b[300];
    path_of("a.log", log_a);
    path_of("b.log", log_b);
    struct options options = {.steps = (char *)(uintptr_t)steps, .log_a = log_a, .log_b = log_b};
    struct config *a = read_end(true, a_keys);
    struct config *b = read_end(false, b_keys);
    assert_int_equal(a->error_count, 0);
    assert_int_equal(b->error_count, 0);
    assert_int_equal(inprocess_run(a, b, &options), wanted);
    config_free(a);
    config_free(b);
    return content(log_a);
}

/* B shows no intermediate, and A knows the root only. */
static void an_intermediate_is_missing(void **state)
{
    (void)state;
    char *log = play(BOTH A_SHOWS, BOTH B_SHOWS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log, "trust the authority that signed it (ca_file)"));
    free(log);
}

static void an_intermediate_is_sent_along(void **state)
{
    (void)state;
    /* B's certificate is one of the intermediate's: A has that as its anchor. */
    char *log = play("auth = certificate\nca_file = ca.der\n" A_SHOWS, BOTH B_SHOWS,
                     "up ping rekey-child rekey-ike ping down", EXIT_SUCCESS);
    assert_non_null(strstr(log, "IDi CERT CERT N(INITIAL_CONTACT) CERTREQ"));
    assert_non_null(strstr(log, "IKE SA established"));
    free(log);
}

static void a_revocation_list(void **state)
{
    (void)state;
    char *log = play("auth = certificate\nca_file = ca.der\ncrl_file = crl-ca.der\n" A_SHOWS,
                     BOTH B_SHOWS, "up", EXIT_SUCCESS);
    free(log);
}

static void the_authority_is_another_one(void **state)
{
    (void)state;
    char *log =
        play("auth = certificate\nca_file = root2.der\n" A_SHOWS, BOTH B_SHOWS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log, "is refused: "));
    assert_non_null(strstr(log, "trust anchor"));
    free(log);
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Among the errors of reading the keys, or of loading what they name. */
static void says(const char *keys, const char *words)
{
    struct ipsec_mbedtls *provider = NULL;
    struct config *config = read_end(true, keys);
    assert_int_equal(ipsec_mbedtls_new(NULL, &provider), IPSEC_OK);
    if (config->error_count == 0) {
        assert_false(credentials_load(config, provider));
    }
    assert_true(config->error_count > 0);
    bool said = false;
    for (size_t i = 0; i < config->error_count; i++) {
        said = said || strstr(config->error[i].text, words) != NULL;
    }
    if (!said) {
        print_error("not \"%s\" but \"%s\"\n", words, config->error[0].text);
        fail();
    }
    assert_true(config->error[0].line > 0);
    credentials_free(config);
    ipsec_mbedtls_free(provider);
    config_free(config);
}

static void what_does_not_fit_together(void **state)
{
    (void)state;
    says("auth = certificate\nca_file = root.der\n", "takes cert_file and key_file");
    says("auth = certificate\n" A_SHOWS, "ca_file is missing");
    says("auth = null\n" A_SHOWS, "not used with local_auth");
    says("auth = null\nca_file = root.der\n", "not used with remote_auth");
    says("auth = password\n", "is not psk, certificate, eap or null");
    says(BOTH A_SHOWS "require_crl = yes\n", "require_crl takes a crl_file");
    says(BOTH A_SHOWS "require_crl = perhaps\n", "is not yes or no");
    says(BOTH A_SHOWS "signatures = rsa-md5\n", "is no signature such as");
    says(BOTH A_SHOWS "remote_signatures = rsa-sha256, dsa\n", "is no signature such as");
}

static void files_that_are_not_taken(void **state)
{
    (void)state;
    says(BOTH "cert_file = none.pem\nkey_file = gw.key.pem\n", "No such file");
    says(BOTH "cert_file = gw.key.pem\nkey_file = gw.key.pem\n", "gw.key.pem: ");
    says(BOTH "cert_file = gw.chain.pem\nkey_file = gw.chain.pem\n", "gw.chain.pem");
    says(BOTH "cert_file = gw.chain.pem\nkey_file = gw-p384.key.pem\n",
         "not that of the first certificate");
    says(BOTH "cert_file = gw.chain.pem\nkey_file = gw.aes256.pem\n", "password");
    says("auth = certificate\nca_file = gw.key.pem\n" A_SHOWS, "gw.key.pem");
    says(BOTH A_SHOWS "crl_file = root.der\n", "root.der");
}

static void a_key_that_others_can_read(void **state)
{
    char path[300];
    (void)state;
    path_of("gw.key.pem", path);
    assert_int_equal(chmod(path, 0640), 0);
    says(BOTH A_SHOWS, "can be read or written by others");
    assert_int_equal(chmod(path, 0600), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intermediate_is_missing),
        cmocka_unit_test(an_intermediate_is_sent_along),
        cmocka_unit_test(a_revocation_list),
        cmocka_unit_test(the_authority_is_another_one),
        cmocka_unit_test(what_does_not_fit_together),
        cmocka_unit_test(files_that_are_not_taken),
        cmocka_unit_test(a_key_that_others_can_read),
    };
    source = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
