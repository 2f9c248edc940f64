/* SPDX-License-Identifier: Apache-2.0
 *
 * The `run` command: sockets, TUN device, control socket, signals, and the loop.
 */
#ifndef TWO_SITE_DAEMON_H
#define TWO_SITE_DAEMON_H

#include "config.h"
#include "options.h"

/* Runs in the foreground until SIGTERM or SIGINT; then tells the peers and cleans up. The exit
 * status. */
int daemon_run(struct config *config, const struct options *options);

#endif
