-- SPDX-License-Identifier: BSD-3-Clause
--[[
Mixed campus: half is what a trunk carries beside mDNS (TCP, UDP, IPv6, ARP), half is mDNS: browse queries with known
answers 40 %, SRV, TXT and A queries 25 %, unchanged announcements 20 %, queries for nothing 10 %, probes 5 %.

Make the load:  ./traffic.py campus campus.pcap --providers
Run it:         as storm.lua, with -s 0:campus.pcap -f campus.lua

Read: received/s; the gateway's counters by outcome.
Expected: at low rates four answers for ten packets sent: queries, and what is asked on behalf of those that found
nothing; not_ours counts the rest of the trunk, touched the announcements. At high rates fewer: budgets hold.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("mixed campus", { 0.1, 1, 10 }, 5, "about four answers for ten packets, fewer at high rates")
