/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REMIT_CTL_IMPORT_H
#define REMIT_CTL_IMPORT_H

/*
 * remitctl import: brings a trading history into an account through the public HTTP API, as any
 * client would, and compares at the end what the files say with what the API holds.
 */

#include "app/ctl/ctl.h"

extern const struct ctl_group ctl_import_group;

#endif
