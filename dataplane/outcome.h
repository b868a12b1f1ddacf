/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The one list of outcomes. Every packet a worker receives ends in exactly one of them, so their
 * sum is what was received (less what is on its way between two workers). Name, then what an
 * operator is told.
 */
#define DP_OUTCOMES(X)                                                                             \
	/* mDNS, handled */                                                                        \
	X(answered, "queries answered, or their answer scheduled")                                 \
	X(query_known, "queries whose every answer the querier knew already (RFC 6762 7.1)")       \
	X(query_denied, "queries that policy lets nobody answer")                                  \
	X(query_missed, "queries handed to control: nothing cached to answer them with")           \
	X(query_gathered, "queries with TC set: answered when more known answers were awaited "    \
			  "(RFC 6762 7.2)")                                                        \
	X(query_more, "packets of more known answers to such a query (RFC 6762 7.2)")              \
	X(query_nothing, "queries for which there is nothing to say")                              \
	X(fragment_held, "IP fragments held until their datagram is whole")                        \
	X(touched, "advertisements that repeated what is held")                                    \
	X(learning, "advertisements handed to control")                                            \
	/* host duties, handed to control */                                                       \
	X(arp, "ARP packets for the gateway")                                                      \
	X(nd, "neighbour discovery packets for the gateway")                                       \
	X(igmp, "IGMP queries")                                                                    \
	X(mld, "MLD queries")                                                                      \
	/* passed on */                                                                            \
	X(bypassed, "frames passed on to the other port of an inline pair")                        \
	/* dropped, from the outside in */                                                         \
	X(filtered, "mDNS on a link whose mode is filter")                                         \
	X(not_ours, "frames that are neither mDNS nor a host duty")                                \
	X(unknown_link, "frames of a VLAN that is no configured link")                             \
	X(link_off, "mDNS on a link whose mode is off")                                            \
	X(bad_frame, "frames too short, or with a broken Ethernet or VLAN header")                 \
	X(bad_ip, "broken IPv4 or IPv6 headers")                                                   \
	X(truncated, "packets whose IP length goes beyond the data")                               \
	X(fragment, "IP fragments shed: broken, doubled, overlapping or too many")                 \
	X(bad_udp, "broken UDP headers, or source port 0")                                         \
	X(bad_checksum, "wrong IPv4 header or UDP checksums")                                      \
	X(own, "our own frames coming back")                                                       \
	X(gateway, "queries of other gateways (draft 4.3)")                                        \
	X(martian, "sources that cannot be a station")                                             \
	X(no_address, "mDNS of a family the gateway has no address for on the link")               \
	X(off_link, "unicast-addressed or legacy mDNS from a source off the link (RFC 6762 11)")   \
	X(over_station, "packets over what one station may send (admission.station)")              \
	X(over_unknown, "packets over what unknown stations may send (admission.link.unknown)")    \
	X(over_link, "packets over what a link may send (admission.link)")                         \
	X(bad_dns, "DNS messages that cannot be read")                                             \
	X(bad_opcode, "messages with an opcode or rcode other than 0 (RFC 6762 18.3, 18.11)")      \
	X(response_port, "responses not from port 5353 (RFC 6762 6)")                              \
	X(unasked, "unicast responses nobody asked for (RFC 6762 6)")                              \
	X(oversize, "messages over 9000 bytes (RFC 6762 17)")                                      \
	X(control_busy, "dropped since the ring to control was full")                              \
	X(worker_busy, "dropped since the ring to the link's home worker was full")

enum dp_outcome {
#define DP_OUTCOME_ENUM(name, text) DP_##name,
	DP_OUTCOMES(DP_OUTCOME_ENUM)
#undef DP_OUTCOME_ENUM
		DP_N_OUTCOMES
};

/* What else is counted per link: not an end of a packet. */
#define DP_EVENTS(X)                                                                               \
	X(rx, "packets received")                                                                  \
	X(rx_multicast, "packets received that were sent to a multicast address")                  \
	X(rx_broadcast, "packets received that were sent to all (broadcast)")                      \
	X(rendered, "queries answered by what was rendered for one before")                        \
	X(rendered_known, "queries rendered answers told: the querier knows all of it")            \
	X(rendered_missed, "queries of which control had heard just before: nothing answers them") \
	X(heard_again, "advertisements heard again within a second, with nothing new")             \
	X(tx_records, "records sent in answer sections")                                           \
	X(crossed, "frames passed on by their Ethernet header alone")                              \
	X(sieved, "frames to somebody else, dropped by their Ethernet header alone")               \
	X(shed_martian, "packets shed early: from a source that cannot be a station")              \
	X(shed_station, "packets shed early: over what the station may send")                      \
	X(tx_multicast, "mDNS messages sent to the group, for all to hear")                        \
	X(tx_unicast, "mDNS messages sent in a frame to one station")                              \
	X(tx_host, "ARP, ND, IGMP, MLD and mDNS queries of our own sent")                          \
	X(tx_refused, "frames the port did not take")                                              \
	X(no_mbuf, "answers not built for want of an mbuf")                                        \
	X(partial_checksum, "unfinished UDP checksums accepted from a kernel-backed port")         \
	X(reassembled, "datagrams made whole from fragments")                                      \
	X(fragments_lost, "fragments held whose datagram never became whole")                      \
	X(tx_fragmented, "messages of one record sent in fragments (RFC 6762 17)")                 \
	X(linearised, "chained packets copied into one piece")                                     \
	X(known_answers, "records not sent: the querier knew them")                                \
	X(hidden, "records not sent: no usable address (RFC 8766 5.5.2)")                          \
	X(denied, "records not sent: policy")                                                      \
	X(held_back, "records not sent again within a second (RFC 6762 6)")                        \
	X(said_by_others, "records not sent: somebody else just did (RFC 6762 7.4)")               \
	X(gathers_full, "queries with TC set answered at once: too many were waiting")             \
	X(gathers_ended, "queries with TC set looked at when their wait was over")                 \
	X(excess_known, "known answers not looked at: too many of one query")                      \
	X(schedule_full, "records not scheduled: the home worker's schedule was full")             \
	X(control_busy_hint, "hints to control lost since its ring was full")                      \
	X(excess_questions, "questions not looked at: too many in one message")                    \
	X(excess_answers, "records not sent: too many in one answer")                              \
	X(spoiled_records, "records of a message that could not be read")                          \
	X(injected, "packets of the self-test, put before a worker as if they had been received")  \
	X(replayed, "waiting queries looked at again")                                             \
	X(truncated_legacy, "legacy answers sent with TC since they did not fit (RFC 6762 6.7)")

enum dp_event {
#define DP_EVENT_ENUM(name, text) DP_EV_##name,
	DP_EVENTS(DP_EVENT_ENUM)
#undef DP_EVENT_ENUM
		DP_N_EVENTS
};

/* Names and texts by index, for show, telemetry and metrics. Any thread. */
const char *dp_outcome_name(unsigned outcome);
const char *dp_outcome_text(unsigned outcome);
const char *dp_event_name(unsigned event);
const char *dp_event_text(unsigned event);
