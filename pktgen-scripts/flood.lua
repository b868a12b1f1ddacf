-- SPDX-License-Identifier: BSD-3-Clause
--[[
Flood from one station: browse queries of a single MAC, far over what admission lets a station ask.

Make the load:  ./traffic.py flood flood.pcap --providers
Run it:         as storm.lua, with -s 0:flood.pcap -f flood.lua; take the admission: block out of gateway.yaml, so that
                the defaults hold (50 queries a second from one station)

Read: received/s; the gateway's counter over_station; `refused` lines in the audit, if there is one.
Expected: 50 answers a second and a burst of 100 at any rate; all the rest is dropped before it is read.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("flood from one station", { 0.1, 1, 10, 100 }, 5, "about 50 a second received, at any rate")
