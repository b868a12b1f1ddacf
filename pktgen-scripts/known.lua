-- SPDX-License-Identifier: BSD-3-Clause
--[[
Browse with known answers: the queries of storm.lua, each with eight known answers, one of them what there is
(RFC 6762, section 7.1).

Make the load:  ./traffic.py known known.pcap --providers
Run it:         as storm.lua, with -s 0:known.pcap -f known.lua

Read: received/s, and the gateway's counters query_known and known_answers.
Expected: next to nothing comes back. Every query ends as query_known, as what would answer it is known to the asker.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("browse with known answers", { 0.1, 1, 10 }, 5, "hardly anything received: all is known")
