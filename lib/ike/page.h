/* SPDX-License-Identifier: Apache-2.0
 *
 * A page of labelled lines for people: at most 24 lines of at most 100 columns, words wrapped under
 * their label. Used by the failure report.
 */
#ifndef IPSECI_PAGE_H
#define IPSECI_PAGE_H

#include "text.h"

#define IPSECI_PAGE_LINES     24
#define IPSECI_PAGE_COLUMNS   100
#define IPSECI_PAGE_LABEL     12  /* columns of the label */
#define IPSECI_PAGE_ENTRY_MAX 800 /* octets of one entry before wrapping, with the NUL */

struct ipseci_page {
    struct ipseci_text out;
    struct ipseci_text entry; /* what is being written: add to it between begin and end */
    const char *label;
    uint32_t lines;
    char room[IPSECI_PAGE_ENTRY_MAX];
};

/* Starts in place: the page must not be moved afterwards. */
void ipseci_page_init(struct ipseci_page *page, char *text, size_t capacity);

/* An entry: begin, add to page->entry, end. The label ("Here:") is constant text and stands once;
 * "" keeps to the column; NULL begins at the left edge. The entry is cut with "..." after lines_max
 * lines, and all of it when the page is full. An empty entry leaves no line. */
void ipseci_page_begin(struct ipseci_page *page, const char *label);
void ipseci_page_end(struct ipseci_page *page, uint32_t lines_max);

/* A whole entry of constant text, of up to three lines. */
void ipseci_page_say(struct ipseci_page *page, const char *label, const char *text);

#endif
