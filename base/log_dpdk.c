/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log_dpdk.h"

#include <errno.h>
#include <stdio.h>

#include <rte_log.h>

#include "base/log.h"

LOG_MODULE(dpdk);

static FILE *stream;

/* The level of the message that this thread is in the middle of writing. */
static enum log_level current_level(void)
{
	int level = rte_log_cur_msg_loglevel();

	if (level < 0)
		return LOG_LEVEL_NOTICE;
	if (level <= (int)RTE_LOG_ERR)
		return LOG_LEVEL_ERR;
	if (level == (int)RTE_LOG_WARNING)
		return LOG_LEVEL_WARN;
	if (level == (int)RTE_LOG_NOTICE)
		return LOG_LEVEL_NOTICE;
	return level == (int)RTE_LOG_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

int log_dpdk_attach(void)
{
	if (stream != NULL)
		return 0;
	stream = log_stream(&log_self, current_level);
	if (stream == NULL)
		return -errno;
	rte_openlog_stream(stream);
	return 0;
}

void log_dpdk_detach(void)
{
	if (stream == NULL)
		return;
	rte_openlog_stream(NULL);
	fclose(stream);
	stream = NULL;
}
