/* SPDX-License-Identifier: Apache-2.0
 *
 * The version of the headers a program was compiled against. meson.build reads it from here, so
 * this is the one place to change it.
 */
#ifndef IPSEC_VERSION_H
#define IPSEC_VERSION_H

#define IPSEC_VERSION_MAJOR  0
#define IPSEC_VERSION_MINOR  1
#define IPSEC_VERSION_PATCH  0
#define IPSEC_VERSION_STRING "0.1.0"

#endif
