-- SPDX-License-Identifier: BSD-3-Clause
-- What the scripts of this folder share: sends the loaded pcap at one rate after another and prints what came back.
-- Pktgen runs a script with dofile(); SCRIPTS says where this folder is, else it is the current one.

local port = "0"

local function printf(...)
	io.write(string.format(...))
	io.flush()
end

local function totals()
	local s = pktgen.portStats(port, "port")[tonumber(port)]
	return { tx = s.opackets, rx = s.ipackets, missed = s.imissed, errors = s.ierrors + s.oerrors }
end

-- Sends for so many seconds at `percent` of the port's rate. Returns packets sent and received.
local function burst(percent, seconds)
	pktgen.set(port, "rate", percent)
	local before = totals()
	pktgen.start(port)
	pktgen.delay(seconds * 1000)
	pktgen.stop(port)
	pktgen.delay(500) -- what is on its way arrives
	local after = totals()
	return after.tx - before.tx, after.rx - before.rx
end

-- name: for the table. percents: of the port's rate, one line each. expect: what to see, printed below.
function run_load(name, percents, seconds, expect)
	pktgen.screen("off")
	pktgen.pcap(port, "on")
	pktgen.set(port, "count", 0)
	pktgen.delay(2000) -- the port of a vhost comes up
	printf("\n%s: %d s at each rate\n", name, seconds)
	printf("%8s %14s %14s %16s %16s\n", "rate %", "sent", "received", "sent/s", "received/s")
	for _, percent in ipairs(percents) do
		local tx, rx = burst(percent, seconds)
		printf("%8.3f %14d %14d %16.0f %16.0f\n", percent, tx, rx, tx / seconds, rx / seconds)
	end
	printf("expect: %s\n", expect)
	pktgen.quit()
end
