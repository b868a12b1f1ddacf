-- SPDX-License-Identifier: BSD-3-Clause
--[[
Goodbye storm: 1,024 stations announce a service and withdraw it again (TTL 0), over and over.

Make the load:  ./traffic.py goodbye goodbye.pcap
Run it:         as storm.lua, with -s 0:goodbye.pcap -f goodbye.lua

Read: records in `linkspanctl show status` while it runs and two seconds after.
Expected: never more than 4,096 records; a second after the last goodbye none of what was withdrawn last; no browser,
so nothing comes back.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("goodbye storm", { 0.1, 1, 10 }, 5, "nothing received; records go a second after their goodbye")
