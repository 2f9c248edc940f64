/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "value.h"

#include <ipsec/version.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

struct command_entry {
    const char *name;
    enum command command;
    size_t least; /* words behind it */
    size_t most;
    const char *usage;
};

static const struct command_entry commands[] = {
    {"run", COMMAND_RUN, 1, 1, "run FILE"},
    {"check", COMMAND_CHECK, 1, 1, "check FILE"},
    {"status", COMMAND_STATUS, 0, 1, "status [FILE] [--json]"},
    {"up", COMMAND_UP, 1, 2, "up SITE [FILE]"},
    {"down", COMMAND_DOWN, 1, 2, "down SITE [FILE]"},
    {"rekey", COMMAND_REKEY, 2, 3, "rekey child CHILD|ike SITE [FILE] [--without-pfs]"},
    {"reauth", COMMAND_REAUTH, 1, 2, "reauth SITE [FILE]"},
    {"move", COMMAND_MOVE, 2, 4, "move SITE LOCAL|- [REMOTE|-] [FILE]"},
    {"redirect", COMMAND_REDIRECT, 2, 3, "redirect SITE GATEWAY [FILE]"},
    {"dummy", COMMAND_DUMMY, 3, 4, "dummy CHILD OCTETS COUNT [FILE]"},
    {"log", COMMAND_LOG, 0, 1, "log [FILE] [-f]"},
    {"packet", COMMAND_PACKET, 1, 1, "packet CAPTURE --esp SUITE [--inner OCTETS]"},
    {"in-process", COMMAND_IN_PROCESS, 2, 2, "in-process FILE-A FILE-B [--steps STEPS]"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum option_value { VALUE_SET = 1, VALUE_SET_B = 2, VALUE_VERSION = 3, VALUE_HELP = 4 };

static void print_help(poptContext context)
{
    poptPrintHelp(context, stdout, 0);
    printf("\nCommands (FILE names the configuration, whose control socket is asked):\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %s\n", commands[i].usage);
    }
    printf("\nSee ipsec-two-site(8).\n");
}

static bool usage_error(const char *text, const char *word, int *exit_status)
{
    fprintf(stderr, "ipsec-two-site: %s%s%s (--help tells more)\n", text, word == NULL ? "" : ": ",
            word == NULL ? "" : word);
    *exit_status = EXIT_USAGE;
    return false;
}

static const struct command_entry *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool unknown_command(const char *name, int *exit_status)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    const char *nearest = value_nearest(name, names, COMMANDS);
    fprintf(stderr, "ipsec-two-site: unknown command \"%s\"", name);
    if (nearest != NULL) {
        fprintf(stderr, ": did you mean \"%s\"?", nearest);
    }
    fprintf(stderr, " (--help tells more)\n");
    *exit_status = EXIT_USAGE;
    return false;
}

static bool read_words(struct options *options, poptContext context, int *exit_status)
{
    const char *name = poptGetArg(context);
    if (name == NULL) {
        return usage_error("a command, please", NULL, exit_status);
    }
    const struct command_entry *entry = find_command(name);
    if (entry == NULL) {
        return unknown_command(name, exit_status);
    }
    options->command = entry->command;
    for (const char *word = poptGetArg(context); word != NULL; word = poptGetArg(context)) {
        if (options->word_count == entry->most) {
            return usage_error("too many words: usage", entry->usage, exit_status);
        }
        options->word[options->word_count++] = word;
    }
    if (options->word_count < entry->least) {
        return usage_error("usage", entry->usage, exit_status);
    }
    return true;
}

/* Keeps popt's copy of the text. */
static bool take_set(const char *set[], size_t *count, char *text, int *exit_status)
{
    if (text == NULL || *count == OPTIONS_SETS_MAX) {
        (void)usage_error("too many --set", text, exit_status);
        free(text);
        return false;
    }
    set[(*count)++] = text;
    return true;
}

/* popt's answers one after the other; --set comes back here because it may be given again. */
static bool read_options(struct options *options, poptContext context, int *exit_status)
{
    int value = poptGetNextOpt(context);
    for (; value > 0; value = poptGetNextOpt(context)) {
        if (value == VALUE_VERSION) {
            printf("ipsec-two-site %s\n", IPSEC_VERSION_STRING);
            *exit_status = EXIT_SUCCESS;
            return false;
        }
        if (value == VALUE_HELP) {
            print_help(context);
            *exit_status = EXIT_SUCCESS;
            return false;
        }
        char *text = poptGetOptArg(context);
        const bool taken = value == VALUE_SET
                               ? take_set(options->set, &options->set_count, text, exit_status)
                               : take_set(options->set_b, &options->set_b_count, text, exit_status);
        if (!taken) {
            return false;
        }
    }
    if (value < -1) {
        return usage_error(poptStrerror(value), poptBadOption(context, POPT_BADOPTION_NOALIAS),
                           exit_status);
    }
    return read_words(options, context, exit_status);
}

bool options_read(struct options *options, int argc, char **argv, int *exit_status)
{
    memset(options, 0, sizeof(*options));
    const struct poptOption table[] = {
        {"control", 'c', POPT_ARG_STRING, &options->control, 0,
         "ask this control socket (default: the configuration's)", "PATH"},
        {"esp", 0, POPT_ARG_STRING, &options->esp, 0, "packet: the suite of the captured packets",
         "SUITE"},
        {"follow", 'f', POPT_ARG_NONE, &options->follow, 0, "log: go on with what happens", NULL},
        {"help", 'h', POPT_ARG_NONE, NULL, VALUE_HELP, "show this", NULL},
        {"inner", 0, POPT_ARG_LONG, &options->inner, 0,
         "packet: length of the inner packet, to tell it from its padding", "OCTETS"},
        {"json", 'j', POPT_ARG_NONE, &options->json, 0, "status: for machines", NULL},
        {"key-log", 0, POPT_ARG_STRING, &options->key_log, 0,
         "run: write ALL KEYS as Wireshark's tables (needs a build with -Dkey_log=true)", "DIR"},
        {"log-a", 0, POPT_ARG_STRING, &options->log_a, 0, "in-process: log of the first gateway",
         "FILE"},
        {"log-b", 0, POPT_ARG_STRING, &options->log_b, 0, "in-process: log of the second gateway",
         "FILE"},
        {"lose-all", 0, POPT_ARG_NONE, &options->lose_all, 0,
         "in-process: the link loses every datagram", NULL},
        {"quiet", 'q', POPT_ARG_NONE, &options->quiet, 0, "run: print nothing (`log` still has it)",
         NULL},
        {"set", 's', POPT_ARG_STRING, NULL, VALUE_SET,
         "stands over the file, e.g. \"child net.esp=aes128-sha256\"", "SECTION.KEY=VALUE"},
        {"set-b", 0, POPT_ARG_STRING, NULL, VALUE_SET_B,
         "in-process: the same for the second configuration", "SECTION.KEY=VALUE"},
        {"steps", 0, POPT_ARG_STRING, &options->steps, 0,
         "in-process: what to do, e.g. \"up ping packet rekey-child rekey-ike down\"", "STEPS"},
        {"version", 'V', POPT_ARG_NONE, NULL, VALUE_VERSION, "show the version", NULL},
        {"without-pfs", 0, POPT_ARG_NONE, &options->without_pfs, 0,
         "rekey child: without a key exchange of its own", NULL},
        POPT_TABLEEND};
    poptContext context =
        poptGetContext("ipsec-two-site", argc, (const char **)(void *)argv, table, 0);
    if (context == NULL) {
        return usage_error("no memory", NULL, exit_status);
    }
    options->popt = context;
    poptSetOtherOptionHelp(context, "COMMAND [OPTION...]");
    return read_options(options, context, exit_status);
}

void options_free(struct options *options)
{
    if (options->popt != NULL) {
        (void)poptFreeContext(options->popt);
        options->popt = NULL;
    }
    char *const owned[] = {options->control, options->key_log, options->esp,
                           options->steps,   options->log_a,   options->log_b};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        free(owned[i]);
    }
    for (size_t i = 0; i < options->set_count; i++) {
        free((void *)(uintptr_t)options->set[i]);
    }
    for (size_t i = 0; i < options->set_b_count; i++) {
        free((void *)(uintptr_t)options->set_b[i]);
    }
}
