// SPDX-License-Identifier: BSD-3-Clause
// @homebridge/ciao as a peer; README.md tells how peers are driven. It has no browser, and speaks IPv4 alone.
"use strict";
const ciao = require("@homebridge/ciao");
const readline = require("readline");

const tell = (what) => console.log(JSON.stringify(what));
const [, , command, name, type, port, host, , , iface, text] = process.argv;

if (command !== "publish")
	throw new Error("ciao only publishes");

const responder = ciao.getResponder({ interface: iface });
const service = responder.createService({ name, type: type.split(".")[0].slice(1), port: Number(port),
	hostname: host, txt: { note: text } });
service.on("name-change", (to) => tell({ event: "renamed", name: to }));
service.on("hostname-change", (to) => tell({ event: "renamed", host: to }));
service.advertise().then(() => tell({ event: "published", name: service.getFQDN().split("._")[0] }));

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
	if (line.startsWith("update "))
		service.updateTxt({ note: line.slice("update ".length) });
	else
		responder.shutdown().then(() => process.exit(0));
});
input.on("close", () => process.exit(0));
