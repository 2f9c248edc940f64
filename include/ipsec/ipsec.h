/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything but the backends.
 */
#ifndef IPSEC_IPSEC_H
#define IPSEC_IPSEC_H

#include <ipsec/auth.h>
#include <ipsec/crypto.h>
#include <ipsec/crypto_choice.h>
#include <ipsec/esp.h>
#include <ipsec/event.h>
#include <ipsec/gw.h>
#include <ipsec/ike.h>
#include <ipsec/io.h>
#include <ipsec/lookaside.h>
#include <ipsec/mtu.h>
#include <ipsec/peer.h>
#include <ipsec/proposal.h>
#include <ipsec/redirect.h>
#include <ipsec/sa_share.h>
#include <ipsec/sad.h>
#include <ipsec/spd.h>
#include <ipsec/status.h>
#include <ipsec/types.h>
#include <ipsec/version.h>

#endif
