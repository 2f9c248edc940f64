/* SPDX-License-Identifier: Apache-2.0
 *
 * The control socket: a Unix stream socket, mode 0600.
 *
 * Protocol: the client sends one line of words separated by single blanks (at most
 * CONTROL_REQUEST_MAX octets, the newline included). The server answers "ok\n" or "error TEXT\n",
 * then what was asked for, and closes; "log follow" stays open.
 *
 *   status                        JSON
 *   up SITE | down SITE
 *   rekey ike SITE
 *   rekey child CHILD [without-pfs]
 *   log [follow]                  lines
 */
#ifndef TWO_SITE_CONTROL_H
#define TWO_SITE_CONTROL_H

#include "session.h"

#define CONTROL_REQUEST_MAX 200
#define CONTROL_CLIENTS_MAX 8
#define CONTROL_WORDS_MAX   5
#define CONTROL_IDLE_MS     5000       /* a client must have asked by then */
#define CONTROL_PENDING_MAX (4u << 20) /* octets a slow client may let wait */

struct control;

/* Told which descriptors to wait for. */
struct control_watch {
    void *user;
    bool (*add)(void *user, int fd);
    void (*remove)(void *user, int fd);
};

/* Listens at the path. A socket that nobody listens at any more is taken away first; one that
 * somebody listens at is an error. NULL with the reason. */
struct control *control_open(const char *path, const struct control_watch *watch, char *error,
                             size_t error_capacity);
/* Closes everything and removes the socket. NULL is allowed. */
void control_close(struct control *control);

/* Accepts, reads, answers; never blocks. Called after each turn. */
void control_work(struct control *control, struct session *session, ipsec_ms now);

/* True while an answer waits for room: come again soon. */
bool control_pending(const struct control *control);

/* control_answer.c: splits a request into words and appends the answer to *out (a growing FILE).
 * *follow is set for "log follow". */
void control_answer(struct session *session, char *request, ipsec_ms now, FILE *out, bool *follow);

/* The client's side. Prints the answer; `json` prints status as it comes. The exit status: 0 ok, 1
 * the daemon said no, 2 it could not be asked. */
int control_ask(const char *path, const char *request, bool json, FILE *out);

#endif
