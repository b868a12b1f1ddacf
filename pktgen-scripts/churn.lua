-- SPDX-License-Identifier: BSD-3-Clause
--[[
Announcement churn: 1,024 stations announce a service each, every other time with another TXT record.

Make the load:  ./traffic.py churn churn.pcap
Run it:         as storm.lua, with -s 0:churn.pcap -f churn.lua

Read: the gateway's counters learning, touched, control_busy, and records in `linkspanctl show status`.
Expected: 4,096 records, and 1,024 more that are in their last second, however fast; what control cannot take in is dropped as control_busy, since
mDNS announces again; nothing comes back, as nobody browses.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("announcement churn", { 0.1, 1, 10 }, 5, "nothing received; 4,096 to 5,120 records held")
