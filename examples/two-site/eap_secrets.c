/* SPDX-License-Identifier: Apache-2.0 */
#include "eap_secrets.h"
#include "content.h"
#include "session_eap.h"

#include <string.h>

/* What EAP-MSCHAPv2 takes (ipsec/backend_eap_mschapv2.h). */
#define NAME_MAX_BYTES     256
#define PASSWORD_MAX_BYTES 256

/* The next line without its end; false: there is none. */
static bool next_line(struct ipsec_view *rest, struct ipsec_view *line)
{
    if (rest->length == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->data, '\n', rest->length);
    const size_t whole = end == NULL ? rest->length : (size_t)(end - rest->data);
    *line = (struct ipsec_view){rest->data, whole};
    if (whole > 0 && rest->data[whole - 1] == '\r') {
        line->length--;
    }
    const size_t taken = end == NULL ? whole : whole + 1;
    rest->data += taken;
    rest->length -= taken;
    return true;
}

static bool is_comment(struct ipsec_view line)
{
    return line.length == 0 || line.data[0] == '#';
}

/* NAME:PASSWORD, where the password is everything behind the first colon. */
static bool split(struct ipsec_view line, struct ipsec_view *name, struct ipsec_view *password)
{
    const uint8_t *colon = memchr(line.data, ':', line.length);

    if (colon == NULL) {
        return false;
    }
    name->data = line.data;
    name->length = (size_t)(colon - line.data);
    password->data = colon + 1;
    password->length = line.length - name->length - 1;
    return true;
}

static bool same(struct ipsec_view a, struct ipsec_view b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* But for the case of ASCII letters, in which identities that are host names do not differ (RFC
 * 4343). */
static bool alike(struct ipsec_view a, struct ipsec_view b)
{
    size_t i = 0;
    while (i < a.length && i < b.length && lower(a.data[i]) == lower(b.data[i])) {
        i++;
    }
    return a.length == b.length && i == a.length;
}

typedef bool (*name_test)(struct ipsec_view a, struct ipsec_view b);

/* What stands in these lines behind the first user of that name. */
static struct ipsec_view find_by(struct ipsec_view lines, struct ipsec_view name, name_test fits)
{
    struct ipsec_view line = {NULL, 0};
    struct ipsec_view user = {NULL, 0};
    struct ipsec_view password = {NULL, 0};

    while (next_line(&lines, &line)) {
        if (!is_comment(line) && split(line, &user, &password) && fits(user, name)) {
            return password;
        }
    }
    return (struct ipsec_view){NULL, 0};
}

static struct ipsec_view find(struct ipsec_view lines, struct ipsec_view name)
{
    return find_by(lines, name, same);
}

static struct ipsec_view view_of(const struct config_content *content)
{
    return (struct ipsec_view){content->data, content->length};
}

/* What is wrong with a line, and those before it; NULL: nothing. */
typedef const char *(*line_fault)(const struct config_site *site, struct ipsec_view line,
                                  struct ipsec_view before);

static const char *user_fault(const struct config_site *site, struct ipsec_view line,
                              struct ipsec_view before)
{
    struct ipsec_view name = {NULL, 0};
    struct ipsec_view password = {NULL, 0};

    (void)site;
    if (!split(line, &name, &password) || name.length == 0 || password.length == 0) {
        return "is not NAME:PASSWORD";
    }
    if (name.length > NAME_MAX_BYTES || password.length > PASSWORD_MAX_BYTES) {
        return "has a name or password of more than 256 octets";
    }
    if (find(before, name).data != NULL) {
        return "has a user who is there already";
    }
    /* Both could have the same identity in IKE. */
    return find_by(before, name, alike).data != NULL
               ? "has a user whose name differs only in case from another's"
               : NULL;
}

static bool parse_id(struct ipsec_view from, struct ipsec_id *id)
{
    char text[IPSEC_ID_TEXT_MAX];

    if (from.length >= sizeof(text) || memchr(from.data, '\0', from.length) != NULL) {
        return false;
    }
    memcpy(text, from.data, from.length);
    text[from.length] = '\0';
    return ipsec_id_parse(text, id) == IPSEC_OK && id->type != IPSEC_ID_NONE;
}

/* Whether these lines give somebody the identity. */
static bool id_is_given(struct ipsec_view lines, const struct ipsec_id *id)
{
    struct ipsec_view line = {NULL, 0};
    struct ipsec_view name = {NULL, 0};
    struct ipsec_view text = {NULL, 0};
    struct ipsec_id given;

    while (next_line(&lines, &line)) {
        if (!is_comment(line) && split(line, &name, &text) && parse_id(text, &given) &&
            ipsec_id_equal(&given, id)) {
            return true;
        }
    }
    return false;
}

/* Whether another user has it, by the name alone: who is in eap_ids_file does not. */
static bool id_is_name(const struct config_site *site, const struct ipsec_id *id,
                       struct ipsec_view of)
{
    const struct ipsec_view text = {id->bytes, id->length};
    struct ipsec_view rest = view_of(&site->eap.users);
    struct ipsec_view line = {NULL, 0};
    struct ipsec_view name = {NULL, 0};
    struct ipsec_view password = {NULL, 0};

    if (id->type != IPSEC_ID_FQDN && id->type != IPSEC_ID_RFC822_ADDR &&
        id->type != IPSEC_ID_KEY_ID) {
        return false;
    }
    while (next_line(&rest, &line)) {
        if (!is_comment(line) && split(line, &name, &password) && alike(name, text) &&
            !same(name, of) && find(view_of(&site->eap.ids), name).data == NULL) {
            return true;
        }
    }
    return false;
}

static const char *id_fault(const struct config_site *site, struct ipsec_view line,
                            struct ipsec_view before)
{
    struct ipsec_view name = {NULL, 0};
    struct ipsec_view text = {NULL, 0};
    struct ipsec_id id;

    if (!split(line, &name, &text) || !parse_id(text, &id)) {
        return "is not NAME:IDENTITY";
    }
    if (find(view_of(&site->eap.users), name).data == NULL) {
        return "has a user who is not in eap_users_file";
    }
    if (find(before, name).data != NULL) {
        return "has a user who is there already";
    }
    return id_is_given(before, &id) || id_is_name(site, &id, name)
               ? "has an identity that is another user's"
               : NULL;
}

static bool check_lines(struct config *config, const struct config_site *site, const char *file,
                        struct ipsec_view all, line_fault fault_of)
{
    struct ipsec_view rest = all;
    struct ipsec_view line = {NULL, 0};
    unsigned users = 0;

    for (unsigned number = 1; next_line(&rest, &line); number++) {
        const struct ipsec_view before = {all.data, (size_t)(line.data - all.data)};
        const char *fault = is_comment(line) ? NULL : fault_of(site, line, before);
        if (fault != NULL) {
            config_fail(config, site->eap.line, "%.200s, line %u: %s", file, number, fault);
            return false;
        }
        users += is_comment(line) ? 0 : 1;
    }
    if (users == 0) {
        config_fail(config, site->eap.line, "%.200s: there is no user in it", file);
    }
    return users > 0;
}

static bool check_password(struct config *config, const struct config_site *site)
{
    struct ipsec_view rest = view_of(&site->eap.password);
    struct ipsec_view line = {NULL, 0};

    if (!next_line(&rest, &line) || line.length == 0 || line.length > PASSWORD_MAX_BYTES ||
        rest.length > 0) {
        config_fail(config, site->eap.line, "%.200s: one line of up to %d octets, please",
                    site->eap.password_file, PASSWORD_MAX_BYTES);
        return false;
    }
    return true;
}

bool eap_secrets_load(struct config *config, struct config_site *site)
{
    struct config_eap *eap = &site->eap;

    if (!config_site_uses(site, IPSEC_AUTH_EAP)) {
        return true;
    }
    if (!session_eap_built_in()) {
        config_fail(config, eap->line != 0 ? eap->line : site->line,
                    "site %s: EAP is not built in here: this program was built without nettle, or "
                    "without the option eap",
                    site->name);
        return false;
    }
    return (eap->password_file[0] == '\0' ||
            (content_load(config, eap->line, eap->password_file, true, &eap->password) &&
             check_password(config, site))) &&
           (eap->users_file[0] == '\0' ||
            (content_load(config, eap->line, eap->users_file, true, &eap->users) &&
             check_lines(config, site, eap->users_file, view_of(&eap->users), user_fault))) &&
           (eap->ids_file[0] == '\0' ||
            (content_load(config, eap->line, eap->ids_file, true, &eap->ids) &&
             check_lines(config, site, eap->ids_file, view_of(&eap->ids), id_fault)));
}

void eap_secrets_release(struct config_site *site)
{
    content_release(&site->eap.password);
    content_release(&site->eap.users);
    content_release(&site->eap.ids);
}

struct ipsec_view eap_user_name(const struct config_site *site)
{
    const struct ipsec_id *id = &site->peer.local_id;
    const bool text = id->type == IPSEC_ID_FQDN || id->type == IPSEC_ID_RFC822_ADDR ||
                      id->type == IPSEC_ID_KEY_ID;

    if (site->eap.identity[0] != '\0') {
        return (struct ipsec_view){(const uint8_t *)site->eap.identity, strlen(site->eap.identity)};
    }
    return (struct ipsec_view){id->bytes, text ? id->length : 0};
}

struct ipsec_view eap_password(const struct config_site *site)
{
    struct ipsec_view rest = view_of(&site->eap.password);
    struct ipsec_view line = {NULL, 0};

    return next_line(&rest, &line) ? line : (struct ipsec_view){NULL, 0};
}

struct ipsec_view eap_password_of(const struct config_site *site, struct ipsec_view name)
{
    return find(view_of(&site->eap.users), name);
}

bool eap_id_of(const struct config_site *site, struct ipsec_view name, struct ipsec_id *id)
{
    const struct ipsec_view text = find(view_of(&site->eap.ids), name);

    return text.data != NULL && parse_id(text, id);
}
