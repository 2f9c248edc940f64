/* SPDX-License-Identifier: Apache-2.0
 *
 * Sites with EAP: a tunnel between two gateways in one process, the server with a certificate or
 * without; refusals with their reason; and for every file or key that is not taken the words about
 * it. In a build without EAP: that it says so.
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

#include "check.h"
#include "credential.h"
#include "inprocess.h"
#include "session_eap.h"

static char folder[] = "/tmp/two-site-eap-XXXXXX";
static const char *source;

static const char *const certificates[] = {"gw.chain.pem", "gw.key.pem", "root.der"};
static const char *const made[] = {"a.log", "b.log", "password", "users", "ids", "other"};

static void path_of(const char *name, char out[300])
{
    snprintf(out, 300, "%s/%s", folder, name);
}

static void put(const char *name, const void *content, size_t length, mode_t mode)
{
    char path[300];
    path_of(name, path);
    (void)unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text), 0600);
}

static int make_folder(void **state)
{
    static char content[20000];
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        char from[400];
        snprintf(from, sizeof(from), "%s/%s", source, certificates[i]);
        FILE *in = fopen(from, "r");
        assert_non_null(in);
        put(certificates[i], content, fread(content, 1, sizeof(content), in), 0600);
        assert_int_equal(fclose(in), 0);
    }
    return 0;
}

static int remove_folder(void **state)
{
    char path[300];
    (void)state;
    for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        path_of(certificates[i], path);
        assert_int_equal(unlink(path), 0);
    }
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        path_of(made[i], path);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* What the files hold unless a test says otherwise. */
static int usual_files(void **state)
{
    (void)state;
    put_text("password", "p\xc3\xa4ss: word\n");
    put_text("users", "# who may call\r\n\r\nbob:other\nalice:p\xc3\xa4ss: word\r\nCORP\\al:x");
    return 0;
}

#define CLIENT "local_auth = eap\nremote_auth = certificate\nca_file = root.der\n"
#define SERVER                                                                                     \
    "local_auth = certificate\nremote_auth = eap\ncert_file = gw.chain.pem\n"                      \
    "key_file = gw.key.pem\n"
#define PASSWORD "eap_password_file = password\n"
#define USERS    "eap_users_file = users\n"
#define IDS      "eap_ids_file = ids\n"

static struct config *read_end(bool client, const char *keys)
{
    char text[2000];
    char name[300];
    struct config *config = config_new();
    snprintf(text, sizeof(text),
             "[gateway]\naddress = 10.9.0.%d\n[site x]\nremote = 10.9.0.%d\n"
             "local_id = %s\nremote_id = %s\nrole = %s\n%s"
             "[child net]\nsite = x\nlocal_ts = 192.168.%d.0/24\nremote_ts = 192.168.%d.0/24\n"
             "esp = aes256-sha256-modp2048\n",
             client ? 1 : 2, client ? 2 : 1, client ? "alice" : "gw.example.org",
             client ? "gw.example.org" : "alice", client ? "initiator" : "responder", keys,
             client ? 1 : 2, client ? 2 : 1);
    path_of("x.conf", name);
    FILE *stream = fmemopen(text, strlen(text), "r");
    (void)config_read(config, stream, name, NULL, 0);
    (void)fclose(stream);
    return config;
}

/* ---- tunnels -----------------------------------------------------------------------------------
 */

static char log_text[2][1 << 16]; /* what A and B said */

static void play(const char *a_keys, const char *b_keys, const char *steps, int wanted)
{
    char path[2][300];
    path_of("a.log", path[0]);
    path_of("b.log", path[1]);
    struct options options = {
        .steps = (char *)(uintptr_t)steps, .log_a = path[0], .log_b = path[1]};
    struct config *a = read_end(true, a_keys);
    struct config *b = read_end(false, b_keys);
    config_print_errors(a, stderr);
    config_print_errors(b, stderr);
    assert_int_equal(a->error_count + b->error_count, 0);
    const int result = inprocess_run(a, b, &options);
    config_free(a);
    config_free(b);
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(path[i], "r");
        assert_non_null(file);
        const size_t length = fread(log_text[i], 1, sizeof(log_text[i]) - 1, file);
        log_text[i][length] = '\0';
        (void)fclose(file);
        assert_null(strstr(log_text[i], "ss: word"));
    }
    if (result != wanted) {
        print_error("%s\n----\n%s\n", log_text[0], log_text[1]);
    }
    assert_int_equal(result, wanted);
}

static void a_tunnel(void **state)
{
    (void)state;
    play(CLIENT PASSWORD, SERVER USERS, "up ping rekey-child rekey-ike ping down", EXIT_SUCCESS);
    assert_non_null(strstr(log_text[0], "IKE_AUTH response 1"));
    assert_non_null(strstr(log_text[0], "SK{IDr CERT CERT AUTH EAP}"));
    play(CLIENT PASSWORD, SERVER USERS "eap_ask_identity = yes\n", "up ping down", EXIT_SUCCESS);
    play("auth = eap\n" PASSWORD, "auth = eap\n" USERS, "up ping down", EXIT_SUCCESS);
    assert_non_null(strstr(log_text[0], "SK{IDr EAP}"));
}

static void a_user_of_another_name(void **state)
{
    (void)state;
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log_text[1], "EAP: wrong password: user \"bob\""));
    put_text("password", "other");
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log_text[1], "may not have the peer's identity: user \"bob\""));
    assert_non_null(strstr(log_text[0], "error 691, wrong name or password"));
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS "eap_any_id = yes\n", "up",
         EXIT_SUCCESS);
    put_text("password", "x\n");
    play(CLIENT PASSWORD "eap_identity = CORP\\al\n", SERVER USERS "eap_any_id = yes\n", "up",
         EXIT_SUCCESS);
}

/* Who is in the file of identities has the one that stands there, and no other; the rest as before.
 */
static void a_user_with_an_identity(void **state)
{
    (void)state;
    put_text("ids", "# who is who\nalice:x.example\nbob:@ALICE\n");
    put_text("password", "other");
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS IDS, "up ping down", EXIT_SUCCESS);
    put_text("ids", "alice:x.example\nbob:keyid:alice\n"); /* the same octets of another kind */
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS IDS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log_text[1], "may not have the peer's identity: user \"bob\""));
    play(CLIENT PASSWORD "eap_identity = bob\n", SERVER USERS IDS "eap_any_id = yes\n", "up",
         EXIT_FAILURE);
    assert_non_null(strstr(log_text[1], "may not have the peer's identity: user \"bob\""));
    assert_int_equal(usual_files(state), 0);
    put_text("ids", "bob:x.example\n");
    play(CLIENT PASSWORD, SERVER USERS IDS, "up", EXIT_SUCCESS); /* alice is not in it */
    put_text("ids", "alice:2001:db8::1\n");
    play(CLIENT PASSWORD, SERVER USERS IDS, "up", EXIT_FAILURE); /* nor her own name any more */
    assert_non_null(strstr(log_text[1], "may not have the peer's identity: user \"alice\""));
}

static void a_user_nobody_knows(void **state)
{
    (void)state;
    play(CLIENT PASSWORD "eap_identity = \"mal\xc3\xb3ry\"\n", SERVER USERS, "up", EXIT_FAILURE);
    assert_non_null(strstr(log_text[1], "EAP: there is no such user: user \"?mal??ry?\""));
    assert_non_null(strstr(log_text[0], "EAP: the server refused our name or password"));
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

/* Among the errors of reading the keys, or of loading what they name. */
static void says(bool client, const char *keys, const char *words)
{
    struct ipsec_mbedtls *provider = NULL;
    struct config *config = read_end(client, keys);
    assert_int_equal(ipsec_mbedtls_new(NULL, &provider), IPSEC_OK);
    if (config->error_count == 0) {
        assert_false(credentials_load(config, provider));
    }
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

static void keys_that_do_not_fit_together(void **state)
{
    (void)state;
    says(true, CLIENT, "takes eap_password_file");
    says(false, SERVER, "takes eap_users_file");
    says(true, CLIENT PASSWORD USERS, "this end does not answer EAP");
    says(true, CLIENT PASSWORD "eap_any_id = yes\n", "this end does not answer EAP");
    says(true, CLIENT PASSWORD IDS, "this end does not answer EAP");
    says(false, SERVER USERS PASSWORD, "does not prove itself by EAP");
    says(true, "auth = null\neap_identity = x\n", "does not prove itself by EAP");
    says(false, CLIENT PASSWORD, "needs role = initiator");
    says(true, SERVER USERS, "needs role = responder");
    says(true, CLIENT PASSWORD "eap_identity =\n", "from 1 to 256 characters");
    says(false, SERVER USERS "eap_any_id = perhaps\n", "yes or no");
    says(true, "auth = eap-md5\n", "is not psk, certificate, eap or null");
}

static void a_client_without_a_name(void **state)
{
    static const char text[] =
        "[gateway]\naddress = 10.9.0.1\n[site x]\nremote = 10.9.0.2\nremote_id = gw\n"
        "role = initiator\n" CLIENT PASSWORD
        "[child net]\nsite = x\nlocal_ts = 192.168.1.0/24\nremote_ts = 192.168.2.0/24\n";
    struct config *config = config_new();
    FILE *stream = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    (void)state;
    assert_false(config_read(config, stream, "x.conf", NULL, 0));
    (void)fclose(stream);
    assert_int_equal(config->error_count, 1);
    assert_non_null(strstr(config->error[0].text, "no user name"));
    config_free(config);
}

static void files_that_are_not_taken(void **state)
{
    static const struct {
        const char *users;
        const char *words;
    } bad[] = {
        {"alice", "users, line 1: is not NAME:PASSWORD"},
        {"alice:", "users, line 1: is not NAME:PASSWORD"},
        {"# x\n:secret\n", "users, line 2: is not NAME:PASSWORD"},
        {"a:1\nb:2\na:3\n", "users, line 3: has a user who is there already"},
        {"# nobody\n\n", "there is no user in it"},
        {"bob:1\nBob:2\n", "users, line 2: has a user whose name differs only in case"},
        {"CORP\\al:1\nx:2\ncorp\\AL:3\n", "users, line 3: has a user whose name differs only"},
    };
    static char longer[400];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_text("users", bad[i].users);
        says(false, SERVER USERS, bad[i].words);
    }
    memset(longer, 'x', 300);
    longer[1] = ':';
    put_text("users", longer);
    says(false, SERVER USERS, "of more than 256 octets");
    put_text("users", "");
    says(false, SERVER USERS, "users is empty");
    put_text("password", longer);
    says(true, CLIENT PASSWORD, "one line of up to 256 octets");
    put_text("password", "two\nlines\n");
    says(true, CLIENT PASSWORD, "one line of up to 256 octets");
    put_text("password", "\n");
    says(true, CLIENT PASSWORD, "one line of up to 256 octets");
    says(true, CLIENT "eap_password_file = none\n", "No such file");
}

static void identities_that_are_not_taken(void **state)
{
    static const struct {
        const char *ids;
        const char *words;
    } bad[] = {
        {"alice", "ids, line 1: is not NAME:IDENTITY"},
        {"alice:\n", "ids, line 1: is not NAME:IDENTITY"},
        {"# x\nalice:any\n", "ids, line 2: is not NAME:IDENTITY"},
        {"alice:1.2.3.999\n", "ids, line 1: is not NAME:IDENTITY"},
        {"mallory:x.example\n", "ids, line 1: has a user who is not in eap_users_file"},
        {"alice:x.example\nalice:y.example\n", "ids, line 2: has a user who is there already"},
        {"alice:x.example\nbob:@X.example\n",
         "ids, line 2: has an identity that is another user's"},
        {"bob:@alice\n", "ids, line 1: has an identity that is another user's"},
    };
    static char longer[700] = "alice:";
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_text("ids", bad[i].ids);
        says(false, SERVER USERS IDS, bad[i].words);
    }
    memset(longer + 6, 'x', 600);
    put_text("ids", longer);
    says(false, SERVER USERS IDS, "ids, line 1: is not NAME:IDENTITY");
    says(false, SERVER USERS "eap_ids_file = none\n", "No such file");
    put("ids", "alice:x", 7, 0664);
    says(false, SERVER USERS IDS, "ids can be read or written by others");
}

static void files_of_another_user(void **state)
{
    char path[300];
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    path_of("password", path);
    assert_int_equal(chown(path, 12345, 0), 0);
    says(true, CLIENT PASSWORD, "password belongs to another user (uid 12345)");
    path_of("users", path);
    assert_int_equal(chown(path, 12345, 0), 0);
    says(false, SERVER USERS, "users belongs to another user (uid 12345)");
    path_of("gw.key.pem", path);
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_int_equal(usual_files(state), 0);
    says(false, SERVER USERS, "gw.key.pem belongs to another user (uid 12345)");
    assert_int_equal(chown(path, 0, 0), 0);
}

static void files_that_others_can_read(void **state)
{
    (void)state;
    put("password", "secret", 6, 0640);
    says(true, CLIENT PASSWORD, "password can be read or written by others");
    put("users", "a:secret", 8, 0604);
    says(false, SERVER USERS, "users can be read or written by others");
}

/* ---- check -------------------------------------------------------------------------------------
 */

static char *checked_config(struct config *config)
{
    struct ipsec_mbedtls *provider = NULL;
    struct check_counts counts;
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(ipsec_mbedtls_new(NULL, &provider), IPSEC_OK);
    assert_true(config->error_count == 0 && credentials_load(config, provider));
    const struct ipsec_crypto *item[] = {ipsec_mbedtls_crypto(provider)};
    const struct ipsec_crypto_list list = {.item = item, .count = 1};
    FILE *out = open_memstream(&text, &length);
    check_config(config, &list, out, &counts);
    mirror_ini(config, &config->site[0], out);
    mirror_swanctl(config, &config->site[0], out);
    (void)fclose(out);
    credentials_free(config);
    ipsec_mbedtls_free(provider);
    config_free(config);
    return text;
}

static char *checked(bool client, const char *keys)
{
    return checked_config(read_end(client, keys));
}

static void has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        print_error("no \"%s\" in:\n%s\n", words, text);
        fail();
    }
}

static void the_other_box(void **state)
{
    (void)state;
    char *text = checked(true, CLIENT PASSWORD);
    has(text, "local_auth = certificate\nremote_auth = eap\n");
    has(text, "eap_users_file = here.users\n");
    has(text, "auth = eap-mschapv2\n            id = alice\n");
    has(text, "eap-here {\n        id = \"alice\"\n");
    assert_null(strstr(text, "eap_any_id"));
    assert_null(strstr(text, "ss: word"));
    free(text);
    text = checked(true, CLIENT PASSWORD "eap_identity = bob\n");
    has(text, "eap_any_id = yes\n");
    has(text, "eap_id = %any\n");
    has(text, "id = \"bob\"\n");
    free(text);
    text = checked(false, SERVER USERS);
    has(text, "local_auth = eap\nremote_auth = certificate\n");
    has(text, "eap_password_file = here.password\n");
    has(text, "eap-there {\n        id = \"alice\"\n");
    free(text);
}

static void what_check_warns_of(void **state)
{
    (void)state;
    char *text = checked(true, "auth = eap\n" PASSWORD);
    has(text, "warning: site x: EAP on both sides");
    free(text);
    text = checked(false, SERVER USERS "eap_any_id = yes\n");
    has(text, "warning: site x: eap_any_id");
    free(text);
    text = checked(false, SERVER USERS);
    assert_null(strstr(text, "warning: site x"));
    free(text);
}

/* Remote access: whoever is in the file may call, from anywhere; the file says who that is. */
static void users_from_anywhere(void **state)
{
    static const char format[] =
        "[gateway]\naddress = 10.9.0.2\n[site x]\nremote = any\nlocal_id = gw.example.org\n"
        "role = responder\n%s"
        "[child net]\nsite = x\nlocal_ts = 192.168.2.0/24\nremote_ts = dynamic\n"
        "esp = aes256-sha256-modp2048\n";
    static const char *const keys[] = {SERVER USERS, "auth = null\n"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char text[1000];
        char name[300];
        struct config *config = config_new();
        snprintf(text, sizeof(text), format, keys[i]);
        path_of("x.conf", name);
        FILE *stream = fmemopen(text, strlen(text), "r");
        (void)config_read(config, stream, name, NULL, 0);
        (void)fclose(stream);
        char *said = checked_config(config);
        assert_int_equal(strstr(said, "everybody who has the secret") != NULL, i == 1);
        free(said);
    }
}

static void a_build_without_eap_says_so(void **state)
{
    (void)state;
    says(true, CLIENT PASSWORD, "EAP is not built in here");
    says(false, SERVER USERS, "EAP is not built in here");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_tunnel, usual_files),
        cmocka_unit_test_setup(a_user_of_another_name, usual_files),
        cmocka_unit_test_setup(a_user_with_an_identity, usual_files),
        cmocka_unit_test_setup(a_user_nobody_knows, usual_files),
        cmocka_unit_test_setup(keys_that_do_not_fit_together, usual_files),
        cmocka_unit_test_setup(a_client_without_a_name, usual_files),
        cmocka_unit_test_setup(files_that_are_not_taken, usual_files),
        cmocka_unit_test_setup(identities_that_are_not_taken, usual_files),
        cmocka_unit_test_setup(files_of_another_user, usual_files),
        cmocka_unit_test_setup(files_that_others_can_read, usual_files),
        cmocka_unit_test_setup(the_other_box, usual_files),
        cmocka_unit_test_setup(what_check_warns_of, usual_files),
        cmocka_unit_test_setup(users_from_anywhere, usual_files),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test_setup(a_build_without_eap_says_so, usual_files),
        cmocka_unit_test_setup(keys_that_do_not_fit_together, usual_files),
    };
    source = argc > 1 ? argv[1] : ".";
    return session_eap_built_in() ? cmocka_run_group_tests(tests, make_folder, remove_folder)
                                  : cmocka_run_group_tests(without, make_folder, remove_folder);
}
