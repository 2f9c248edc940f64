/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads an INI stream into a struct config: lines through inih, errors with file and line. inih
 * cuts long lines, section names and keys without a word, so the lines are looked at before it gets
 * them.
 */
#include "config.h"
#include "secret.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_BYTES_MAX 49 /* inih keeps this much of a section name and of a key */

void config_fail(struct config *config, uint32_t line, const char *format, ...)
{
    if (config->error_count < CONFIG_ERRORS_MAX) {
        struct config_error *error = &config->error[config->error_count];
        error->line = line;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
    }
    config->error_count++;
}

struct override {
    char section[SECTION_BYTES_MAX + 1];
    char key[SECTION_BYTES_MAX + 1];
    const char *value;
};

#define OVERRIDES_MAX 16

struct reading {
    struct config *config;
    FILE *stream;
    uint32_t line;
    struct override override[OVERRIDES_MAX];
    size_t override_count;
};

/* True when a newline ended what fgets gave; reads on to it otherwise. */
static bool whole_line(FILE *stream, const char *text)
{
    if (strchr(text, '\n') != NULL) {
        return true;
    }
    const int next = fgetc(stream);
    if (next == EOF) {
        return true;
    }
    for (int c = next; c != '\n' && c != EOF; c = fgetc(stream)) {
    }
    return false;
}

/* The mark of UTF-8 that some editors put at the beginning of a file. */
static const char *behind_mark(const char *text)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t same = 0;
    while (mark[same] != '\0' && text[same] == mark[same]) {
        same++;
    }
    return mark[same] == '\0' ? text + same : text;
}

static void drop_leading(char *text, bool first_line)
{
    const char *rest = first_line ? behind_mark(text) : text;
    rest += strspn(rest, " \t");
    memmove(text, rest, strlen(rest) + 1);
}

/* Puts a comment where a line can not be given to inih as it is. */
static void look_at_line(struct reading *reading, char *text)
{
    const size_t name = strcspn(text, text[0] == '[' ? "]\n" : "=:\n");
    if (text[0] != ';' && text[0] != '#' && name > SECTION_BYTES_MAX) {
        config_fail(reading->config, reading->line, "a name is longer than %d characters",
                    SECTION_BYTES_MAX);
        memcpy(text, ";\n", 3);
    }
}

/* inih's fgets. Blanks before a key go, so no line is taken as the continuation of the last. */
static char *read_line(char *text, int capacity, void *user)
{
    struct reading *reading = user;
    if (capacity < 4 || fgets(text, capacity, reading->stream) == NULL) {
        return NULL;
    }
    reading->line++;
    if (!whole_line(reading->stream, text)) {
        config_fail(reading->config, reading->line,
                    "the line is longer than %d characters: a list key may be given again on "
                    "another line",
                    capacity - 3);
        memcpy(text, ";\n", 3);
        return text;
    }
    drop_leading(text, reading->line == 1);
    look_at_line(reading, text);
    return text;
}

static bool overridden(const struct reading *reading, const char *section, const char *key)
{
    for (size_t i = 0; i < reading->override_count; i++) {
        if (strcmp(reading->override[i].section, section) == 0 &&
            strcmp(reading->override[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    if (!overridden(reading, section, key)) {
        (void)config_key(reading->config, section, key, value, reading->line);
    }
    return 1; /* errors are kept by config_fail */
}

/* "SECTION.KEY=VALUE"; the section is everything before the last dot in front of the '='. */
static bool read_override(struct override *out, const char *text)
{
    const char *equals = strchr(text, '=');
    const char *dot = NULL;
    for (const char *at = text; equals != NULL && at < equals; at++) {
        dot = *at == '.' ? at : dot;
    }
    if (dot == NULL) {
        return false;
    }
    const size_t section = (size_t)(dot - text);
    const size_t key = (size_t)(equals - dot) - 1;
    if (section > SECTION_BYTES_MAX || key == 0 || key > SECTION_BYTES_MAX) {
        return false;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out->section, text, section);
    memcpy(out->key, dot + 1, key);
    out->value = equals + 1;
    return true;
}

static void read_overrides(struct reading *reading, const char *const overrides[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (reading->override_count == OVERRIDES_MAX) {
            config_fail(reading->config, 0, "more than %d --set options", OVERRIDES_MAX);
            return;
        }
        if (!read_override(&reading->override[reading->override_count], overrides[i])) {
            config_fail(reading->config, 0,
                        "--set %s: write it as \"SECTION.KEY=VALUE\", "
                        "e.g. \"child net.esp=aes256-sha256\"",
                        overrides[i]);
            continue;
        }
        reading->override_count++;
    }
}

static int by_line(const void *a, const void *b)
{
    const struct config_error *x = a;
    const struct config_error *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

bool config_read(struct config *config, FILE *stream, const char *name,
                 const char *const overrides[], size_t override_count)
{
    struct reading reading = {.config = config, .stream = stream};
    snprintf(config->file, sizeof(config->file), "%s", name);
    read_overrides(&reading, overrides, override_count);
    const int bad_line = ini_parse_stream(read_line, &reading, take_pair, &reading);
    if (bad_line > 0) {
        config_fail(config, (uint32_t)bad_line,
                    "neither \"[section]\" nor \"key = value\" nor a comment");
    } else if (bad_line < 0) {
        config_fail(config, 0, "no memory to read it");
    }
    if (ferror(stream) != 0) {
        config_fail(config, reading.line, "can not be read any further");
    }
    for (size_t i = 0; i < reading.override_count; i++) {
        const struct override *o = &reading.override[i];
        (void)config_key(config, o->section, o->key, o->value, 0);
    }
    config_finish(config);
    const size_t kept =
        config->error_count < CONFIG_ERRORS_MAX ? config->error_count : CONFIG_ERRORS_MAX;
    qsort(config->error, kept, sizeof(config->error[0]), by_line);
    return config->error_count == 0;
}

bool config_load(struct config *config, const char *name, const char *const overrides[],
                 size_t override_count)
{
    snprintf(config->file, sizeof(config->file), "%s", name);
    FILE *stream = fopen(name, "re");
    if (stream == NULL) {
        config_fail(config, 0, "can not be opened: %s", strerror(errno));
        return false;
    }
    const bool good = config_read(config, stream, name, overrides, override_count);
    (void)fclose(stream);
    return good;
}

void config_print_errors(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < config->error_count && i < CONFIG_ERRORS_MAX; i++) {
        if (config->error[i].line == 0) {
            fprintf(out, "%s: %s\n", config->file, config->error[i].text);
        } else {
            fprintf(out, "%s:%u: %s\n", config->file, config->error[i].line, config->error[i].text);
        }
    }
    if (config->error_count > CONFIG_ERRORS_MAX) {
        fprintf(out, "%s: and %zu more errors\n", config->file,
                config->error_count - CONFIG_ERRORS_MAX);
    }
}

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        return NULL;
    }
    struct config_gateway *gateway = &config->gateway;
    gateway->ike_port = 500;
    gateway->natt_port = 4500;
    gateway->mtu = 1400;
    gateway->fwmark = CONFIG_FWMARK;
    gateway->crypto[0] = CRYPTO_MBEDTLS;
    gateway->crypto_count = 1;
    snprintf(gateway->tun, sizeof(gateway->tun), "ipsec0");
    snprintf(gateway->control, sizeof(gateway->control), "/run/ipsec-two-site.sock");
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < CONFIG_SITES_MAX; i++) {
        secret_wipe(&config->site[i].secret);
    }
    free(config);
}

const struct config_site *config_find_site(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->site_count; i++) {
        if (strcmp(config->site[i].name, name) == 0) {
            return &config->site[i];
        }
    }
    return NULL;
}

const char *config_role_text(enum config_role role)
{
    switch (role) {
    case ROLE_BOTH:
        return "both";
    case ROLE_INITIATOR:
        return "initiator";
    case ROLE_RESPONDER:
        return "responder";
    }
    return "both";
}
