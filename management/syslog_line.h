/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* One line to syslog (facility daemon, level notice). By itself, since <syslog.h> and base/log.h
 * name the same macros. Management thread; may block. */
void mgmt_syslog(const char *line);
