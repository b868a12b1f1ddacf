#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tshark.sh RUNNER ARGUMENTS: what the gateway sends in all scenarios and replays, read by another's dissectors.
# Prints the frames that tshark calls malformed or in error, and "N passed, M failed".
command -v tshark >/dev/null || { echo "tshark is not there"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# Scenarios that fail are the other test's; frames they sent are looked at all the same.
runner=$1
shift
"$runner" -w "$dir/sent.pcap" "$@" >"$dir/log" 2>&1
frames=$(tshark -n -r "$dir/sent.pcap" -T fields -e frame.number 2>/dev/null | wc -l)
tshark -n -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -r "$dir/sent.pcap" \
	-Y '_ws.malformed || _ws.expert.severity == error || ip.checksum.status == 0 ||
	udp.checksum.status == 0 || igmp.checksum.status == 0 || icmpv6.checksum.status == 0' \
	>"$dir/bad" 2>"$dir/err" || { cat "$dir/err"; exit 1; }
cat "$dir/bad"
failed=$(wc -l <"$dir/bad")
if [ "$frames" -eq 0 ]; then
	cat "$dir/log"
	failed=1
fi
echo "$((frames - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
