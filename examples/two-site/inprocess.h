/* SPDX-License-Identifier: Apache-2.0
 *
 * The `in-process` command: both gateways in one process over the in-memory link, in virtual time.
 * For machines without root or TUN, and for trying two configurations against each other.
 */
#ifndef TWO_SITE_INPROCESS_H
#define TWO_SITE_INPROCESS_H

#include "config.h"
#include "options.h"

/* Does the steps (options->steps, or "up ping down"):
 *   up                       the tunnel, or a failure on either end
 *   ping, stream             echo requests from LAN A to LAN B and back; full-size packets both
 * ways packet                   the layout of the last ESP packet that had a ping inside
 *   rekey-child, rekey-child-without-pfs, rekey-ike, reauth
 *                            each with a packet every 10 ms while it runs
 *   down                     A deletes
 * The exit status: 0 when every step did what it says. */
int inprocess_run(struct config *a, struct config *b, const struct options *options);

#endif
