/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/port.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>

/*
 * What the kernel knows of an interface that a port rides on. The PMDs for kernel interfaces tell
 * little of it: MTU always reads 1500 and carrier always up.
 */

static unsigned netif_channels(int fd, struct ifreq *ifr)
{
	struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};
	unsigned n;

	ifr->ifr_data = (void *)&ch;
	if (ioctl(fd, SIOCETHTOOL, ifr) < 0)
		return 1;
	n = ch.combined_count > 0 ? ch.combined_count : ch.rx_count;
	return n > 0 ? n : 1;
}

int dp_netif_read(const char *ifname, struct dp_netif *out)
{
	struct ifreq ifr = {0};
	int fd, rc = 0;

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memset(out, 0, sizeof(*out));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCGIFINDEX, &ifr) < 0) {
		rc = -errno;
		goto out;
	}
	out->index = (unsigned)ifr.ifr_ifindex;
	if (ioctl(fd, SIOCGIFMTU, &ifr) < 0) {
		rc = -errno;
		goto out;
	}
	out->mtu = (unsigned)ifr.ifr_mtu;
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0) {
		rc = -errno;
		goto out;
	}
	out->up = ifr.ifr_flags & IFF_UP;
	out->promiscuous = ifr.ifr_flags & IFF_PROMISC;
	out->running = out->up && (ifr.ifr_flags & IFF_RUNNING);
	out->channels = netif_channels(fd, &ifr);
out:
	close(fd);
	return rc;
}

/* The kernel puts the packet this many bytes into a frame of a TPACKET_V2 ring: header, address,
 * alignment. */
#define TPACKET_OFFSET 66

/* Rings of all queues together, each way: a flooded trunk fills them in some milliseconds, which is
 * how long a worker may be away. */
#define RING_BYTES (8u << 20)
#define RING_BLOCK (64u << 10)

void dp_packet_ring_size(
	unsigned mtu, unsigned page_size, unsigned queues, struct dp_packet_ring *out)
{
	unsigned framesz = rte_align32pow2(mtu + DP_PORT_L2_MAX + TPACKET_OFFSET);

	out->framesz = RTE_MAX(framesz, 2048u);
	out->blocksz = RTE_MAX(RING_BLOCK, page_size); /* both powers of two, as framesz is */
	out->blocksz = RTE_MAX(out->blocksz, out->framesz);
	/* Whole blocks, or the kernel refuses the ring. */
	out->framecnt =
		RTE_MAX(RING_BYTES / queues / out->blocksz, 2u) * (out->blocksz / out->framesz);
	out->data = out->framesz - TPACKET_OFFSET;
}
