/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/syslog_line.h"

#include <syslog.h>

void mgmt_syslog(const char *line)
{
	syslog(LOG_DAEMON | LOG_NOTICE, "linkspan audit %s", line);
}
