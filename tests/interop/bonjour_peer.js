// SPDX-License-Identifier: BSD-3-Clause
// bonjour-service as a peer; README.md tells how peers are driven.
"use strict";
const { Bonjour } = require("bonjour-service");
const readline = require("readline");

const tell = (what) => console.log(JSON.stringify(what));
const [, , command, ...args] = process.argv;
const [family, address, iface] = args.slice(command === "publish" ? 4 : 2);

const bonjour = new Bonjour(family === "6"
	? { type: "udp6", ip: "ff02::fb", interface: `::%${iface}` }
	: { interface: address, bind: "0.0.0.0" });

// It reports a name that is taken by console.log alone.
const log = console.log;
console.log = (...words) => words[0] instanceof Error
	? log(JSON.stringify({ event: "refused", why: words[0].message }))
	: log(...words);

const short = (type) => type.split(".")[0].slice(1);
let service;

function publish(text) {
	const [name, type, port, host] = args;
	service = bonjour.publish({ name, type: short(type), port: Number(port),
		host: `${host}.local`, txt: { note: text } });
	service.once("up", () => tell({ event: "published", name: service.name }));
}

function describe(event, s) {
	tell({ event, name: s.name, host: s.host, port: s.port, addresses: s.addresses,
		txt: s.txt });
}

if (command === "publish") {
	publish(args[args.length - 1]);
} else {
	const browser = bonjour.find({ type: short(args[0]) });
	browser.on("up", (s) => describe("up", s));
	browser.on("txt-update", (s) => describe("up", s));
	browser.on("srv-update", (s) => describe("up", s));
	browser.on("down", (s) => tell({ event: "down", name: s.name }));
	tell({ event: "browsing" });
}

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
	// It cannot change the TXT of what is published: its users publish anew.
	if (line.startsWith("update "))
		service.stop(() => publish(line.slice("update ".length)));
	else
		bonjour.unpublishAll(() => bonjour.destroy(() => process.exit(0)));
});
input.on("close", () => process.exit(0));
