/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, through popt.
 */
#ifndef TWO_SITE_OPTIONS_H
#define TWO_SITE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command {
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_STATUS,
    COMMAND_UP,
    COMMAND_DOWN,
    COMMAND_REKEY,
    COMMAND_REAUTH,
    COMMAND_MOVE,
    COMMAND_REDIRECT,
    COMMAND_DUMMY,
    COMMAND_LOG,
    COMMAND_PACKET,
    COMMAND_IN_PROCESS
};

#define OPTIONS_WORDS_MAX 4
#define OPTIONS_SETS_MAX  16

/* Strings are the command line's own, or popt's; options_free releases those. */
struct options {
    enum command command;
    const char *word[OPTIONS_WORDS_MAX]; /* behind the command */
    size_t word_count;
    char *control; /* NULL: the configuration's, or the default */
    char *key_log;
    char *esp;
    char *steps;
    char *log_a;
    char *log_b;
    const char *set[OPTIONS_SETS_MAX];
    size_t set_count;
    const char *set_b[OPTIONS_SETS_MAX]; /* in-process: for the second configuration */
    size_t set_b_count;
    long inner;
    int json;
    int follow;
    int without_pfs;
    int quiet;
    int lose_all;
    void *popt;
};

/* The command line: true to go on, false to end with *exit_status (--help, --version, or an error
 * that was printed). */
bool options_read(struct options *options, int argc, char **argv, int *exit_status);
void options_free(struct options *options);

#endif
