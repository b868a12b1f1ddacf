-- SPDX-License-Identifier: BSD-3-Clause
--[[
Query storm: browse queries (PTR) of 1,024 stations on 16 links for 64 service types, all of which are there.

Make the load, on either machine:
    ./traffic.py hot storm.pcap --providers
NIC to NIC (the gateway's port is the other end of the cable; gateway.py 0000:3b:00.0 > gateway.yaml):
    pktgen -l 0-1 -a 0000:5e:00.0 -- -P -m 1.0 -s 0:storm.pcap -f storm.lua
On one machine, without a NIC:
    ./gateway.py net_vhost0,iface=/tmp/linkspan.sock,queues=1 > gateway.yaml
    linkspan -c gateway.yaml -- --lcores=0@0,1@1
    pktgen --lcores=0@0,1@0 --no-pci --vdev net_virtio_user0,path=/tmp/linkspan.sock,queues=1 \
           --single-file-segments -- -P -m 1.0 -s 0:storm.pcap -f storm.lua

Read: received/s beside sent/s, and on the gateway `linkspanctl -s /run/linkspan-pktgen.sock show counters`.
Expected: one answer for each query (answered, most of them rendered), until the gateway's worker or the port is busy;
what is too much is lost before it is read (`linkspanctl show ports`), and nothing else changes.
]]
dofile((SCRIPTS or ".") .. "/load.lua")
run_load("query storm", { 0.1, 1, 10, 100 }, 5, "received about as many as sent, up to what the worker can do")
