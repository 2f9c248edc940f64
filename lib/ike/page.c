/* SPDX-License-Identifier: Apache-2.0
 *
 * The page: labels, wrapping, and its limits. Called by the failure report's files.
 */
#include "page.h"

#include <string.h>

void ipseci_page_init(struct ipseci_page *page, char *text, size_t capacity)
{
    page->out = ipseci_text_init(text, capacity);
    page->lines = 0;
    ipseci_page_begin(page, "");
}

void ipseci_page_begin(struct ipseci_page *page, const char *label)
{
    page->label = label;
    page->entry = ipseci_text_init(page->room, sizeof(page->room));
}

/* Offset behind the last place up to `width` where a line may end: after a comma or hyphen (long
 * proposals have nothing else), or before a blank; 0: none from `least` on. */
static size_t break_between(const char *text, size_t least, size_t width, bool blank)
{
    for (size_t i = width; i > least; i--) {
        const bool here = blank ? text[i] == ' ' : text[i - 1] == ',' || text[i - 1] == '-';
        if (here) {
            return i;
        }
    }
    return 0;
}

/* Best at a blank, unless that leaves half of the line empty. */
static size_t break_at(const char *text, size_t width)
{
    size_t at = break_between(text, width / 2, width, true);

    at = at == 0 ? break_between(text, width / 2, width, false) : at;
    at = at == 0 ? break_between(text, 0, width, true) : at;
    return at == 0 ? width : at;
}

static void begin_line(struct ipseci_page *page, bool first)
{
    size_t column = 0;

    if (page->lines > 0) {
        ipseci_text_char(&page->out, '\n');
    }
    page->lines++;
    if (page->label == NULL) {
        ipseci_text_add(&page->out, first ? "" : "    ");
        return;
    }
    if (first) {
        ipseci_text_add(&page->out, page->label);
        column = strlen(page->label);
    }
    for (; column < IPSECI_PAGE_LABEL; column++) {
        ipseci_text_char(&page->out, ' ');
    }
}

static void add_octets(struct ipseci_text *t, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        ipseci_text_char(t, text[i]);
    }
}

void ipseci_page_end(struct ipseci_page *page, uint32_t lines_max)
{
    const char *rest = page->room;
    const size_t width =
        IPSECI_PAGE_COLUMNS - (page->label == NULL ? 4 : (size_t)IPSECI_PAGE_LABEL);

    for (uint32_t line = 0; *rest != '\0' && page->lines < IPSECI_PAGE_LINES; line++) {
        const size_t left = strlen(rest);
        const bool last = line + 1 >= lines_max || page->lines + 1 == IPSECI_PAGE_LINES;
        begin_line(page, line == 0);
        if (left <= width) {
            ipseci_text_add(&page->out, rest);
            return;
        }
        if (last) {
            add_octets(&page->out, rest, width - 3);
            ipseci_text_add(&page->out, "...");
            return;
        }
        const size_t length = break_at(rest, width);
        add_octets(&page->out, rest, length);
        rest += length;
        while (*rest == ' ') {
            rest++;
        }
    }
}

void ipseci_page_say(struct ipseci_page *page, const char *label, const char *text)
{
    ipseci_page_begin(page, label);
    ipseci_text_add(&page->entry, text);
    ipseci_page_end(page, 3);
}
