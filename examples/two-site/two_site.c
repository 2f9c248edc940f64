/* SPDX-License-Identifier: Apache-2.0
 *
 * ipsec-two-site: site-to-site tunnels with ipsec-core. This file reads the command line and calls
 * the command; see ipsec-two-site(8).
 */
#include "check.h"
#include "config.h"
#include "control.h"
#include "credential.h"
#include "daemon.h"
#include "inprocess.h"
#include "options.h"
#include "packet.h"
#include "providers.h"

#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static struct config *load(const char *file, const char *const set[], size_t set_count)
{
    struct config *config = config_new();
    if (config == NULL) {
        fprintf(stderr, "ipsec-two-site: no memory\n");
        return NULL;
    }
    if (!config_load(config, file, set, set_count)) {
        config_print_errors(config, stderr);
        config_free(config);
        return NULL;
    }
    return config;
}

static int run(const struct options *options)
{
    struct config *config = load(options->word[0], options->set, options->set_count);
    if (config == NULL) {
        return EXIT_FAILURE;
    }
    const int result = daemon_run(config, options);
    config_free(config);
    return result;
}

static int check_with(const struct config *config, const struct ipsec_crypto_list *crypto)
{
    struct check_counts counts;
    check_config(config, crypto, stdout, &counts);
    for (size_t i = 0; i < config->site_count; i++) {
        printf("\n");
        mirror_ini(config, &config->site[i], stdout);
        printf("\n");
        mirror_swanctl(config, &config->site[i], stdout);
    }
    printf("\n%s: %u errors, %u warnings, %u notes\n", config->file, counts.errors, counts.warnings,
           counts.notes);
    return counts.errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(const struct options *options)
{
    struct providers providers = {0};
    char why[PROVIDERS_WHY_BYTES];
    struct config *config = load(options->word[0], options->set, options->set_count);
    if (config == NULL) {
        return EXIT_FAILURE;
    }
    int result = EXIT_FAILURE;
    if (providers_open(&providers, &config->gateway, why)) {
        if (credentials_load(config, providers.mbedtls)) {
            result = check_with(config, &providers.list);
        } else {
            config_print_errors(config, stderr);
        }
    } else {
        fprintf(stderr, "%s: %s\n", config->file, why);
    }
    credentials_free(config);
    providers_close(&providers);
    config_free(config);
    return result;
}

/* Asks the daemon of a configuration (its control socket), of --control, or of the default. */
static int ask(const struct options *options, const char *file, const char *request)
{
    char path[CONFIG_SOCKET_BYTES] = "";
    struct config *config = config_new();
    if (config == NULL) {
        fprintf(stderr, "ipsec-two-site: no memory\n");
        return EXIT_USAGE;
    }
    /* Its errors are no matter here: only the path is wanted. */
    if (file != NULL && !config_load(config, file, NULL, 0) && config->gateway_line == 0 &&
        config->site_count == 0) {
        config_print_errors(config, stderr);
        config_free(config);
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "%s",
             options->control != NULL ? options->control : config->gateway.control);
    config_free(config);
    return control_ask(path, request, options->json != 0, stdout);
}

static const char *file_at(const struct options *options, size_t index)
{
    return options->word_count > index ? options->word[index] : NULL;
}

static int ask_about(const struct options *options, const char *verb)
{
    char request[CONTROL_REQUEST_MAX];
    snprintf(request, sizeof(request), "%s %s", verb, options->word[0]);
    return ask(options, file_at(options, 1), request);
}

static int rekey(const struct options *options)
{
    char request[CONTROL_REQUEST_MAX];
    const bool child = strcmp(options->word[0], "child") == 0;
    if (!child && strcmp(options->word[0], "ike") != 0) {
        fprintf(stderr, "ipsec-two-site: rekey what: \"child CHILD\" or \"ike SITE\"\n");
        return EXIT_USAGE;
    }
    if (!child && options->without_pfs != 0) {
        fprintf(stderr, "ipsec-two-site: an IKE SA is never rekeyed without a key exchange\n");
        return EXIT_USAGE;
    }
    snprintf(request, sizeof(request), "rekey %s %s%s", options->word[0], options->word[1],
             options->without_pfs != 0 ? " without-pfs" : "");
    return ask(options, file_at(options, 2), request);
}

/* The third word is an address, or the configuration's file. */
static int move(const struct options *options)
{
    char request[CONTROL_REQUEST_MAX];
    struct ipsec_addr addr;
    const char *third = file_at(options, 2);
    const bool has_remote =
        third != NULL && (strcmp(third, "-") == 0 || ipsec_addr_parse(third, &addr) == IPSEC_OK);
    snprintf(request, sizeof(request), "move %s %s %s", options->word[0], options->word[1],
             has_remote ? third : "-");
    return ask(options, file_at(options, has_remote ? 3 : 2), request);
}

static int redirect(const struct options *options)
{
    char request[CONTROL_REQUEST_MAX];
    snprintf(request, sizeof(request), "redirect %s %s", options->word[0], options->word[1]);
    return ask(options, file_at(options, 2), request);
}

static int dummy(const struct options *options)
{
    char request[CONTROL_REQUEST_MAX];
    snprintf(request, sizeof(request), "dummy %s %s %s", options->word[0], options->word[1],
             options->word[2]);
    return ask(options, file_at(options, 3), request);
}

static int packet(const struct options *options)
{
    struct ipsec_proposals list;
    struct ipsec_suite suite = {.protocol = IPSEC_PROTOCOL_ESP};
    if (options->esp == NULL || options->inner < 0 || options->inner > 65535 ||
        ipsec_proposals_parse(options->esp, IPSEC_PROTOCOL_ESP, &list, NULL) != IPSEC_OK) {
        fprintf(stderr, "ipsec-two-site: packet needs --esp with a suite such as aes256-sha256\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < list.item[0].transform_count; i++) {
        const struct ipsec_transform *t = &list.item[0].transform[i];
        if (t->type == IPSEC_TRANSFORM_ENCR) {
            suite.encr = t->id;
            suite.encr_key_bits = t->key_bits;
        } else if (t->type == IPSEC_TRANSFORM_INTEG) {
            suite.integ = t->id;
        }
    }
    return packet_from_pcap(options->word[0], &suite, (uint32_t)options->inner, stdout);
}

static int in_process(const struct options *options)
{
    struct config *a = load(options->word[0], options->set, options->set_count);
    struct config *b =
        a == NULL ? NULL : load(options->word[1], options->set_b, options->set_b_count);
    const int result = b == NULL ? EXIT_FAILURE : inprocess_run(a, b, options);
    config_free(a);
    config_free(b);
    return result;
}

static int do_command(const struct options *options)
{
    switch (options->command) {
    case COMMAND_RUN:
        return run(options);
    case COMMAND_CHECK:
        return check(options);
    case COMMAND_STATUS:
        return ask(options, file_at(options, 0), "status");
    case COMMAND_UP:
        return ask_about(options, "up");
    case COMMAND_DOWN:
        return ask_about(options, "down");
    case COMMAND_REKEY:
        return rekey(options);
    case COMMAND_REAUTH:
        return ask_about(options, "reauth");
    case COMMAND_MOVE:
        return move(options);
    case COMMAND_REDIRECT:
        return redirect(options);
    case COMMAND_DUMMY:
        return dummy(options);
    case COMMAND_LOG:
        return ask(options, file_at(options, 0), options->follow != 0 ? "log follow" : "log");
    case COMMAND_PACKET:
        return packet(options);
    case COMMAND_IN_PROCESS:
        return in_process(options);
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct options options;
    int result = EXIT_USAGE;
    if (options_read(&options, argc, argv, &result)) {
        result = do_command(&options);
    }
    options_free(&options);
    return result;
}
