/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/presets.h"

#include <string.h>

#define TYPES(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * Only base types: a subtype (_universal._sub._ipp._tcp) matches through its base. Left out on
 * purpose: raw print ports from airprint (clients that ask for them are no AirPrint clients),
 * _companion-link._tcp from airplay (it tells of every phone and is in the built-in never set).
 */
static const struct yaml_preset presets[] = {
	{
		.name = "airprint",
		.types = TYPES("_ipp._tcp", "_ipps._tcp"),
		.doc = "printers for iOS and driverless printing",
	},
	{
		.name = "airplay",
		.types = TYPES("_airplay._tcp", "_raop._tcp", "_appletv-v2._tcp",
			"_touch-able._tcp", "_mediaremotetv._tcp"),
		.doc = "screen and sound to Apple TVs and AirPlay speakers, with their remotes",
	},
	{
		.name = "googlecast",
		.types = TYPES("_googlecast._tcp", "_googlezone._tcp", "_googlerpc._tcp"),
		.doc = "Chromecast and speaker groups",
	},
	{
		.name = "spotify",
		.types = TYPES("_spotify-connect._tcp"),
		.doc = "Spotify Connect",
	},
	{
		.name = "sonos",
		.types = TYPES("_sonos._tcp"),
		.doc = "Sonos speakers",
	},
	{
		.name = "itunes",
		.types = TYPES("_daap._tcp", "_dacp._tcp", "_home-sharing._tcp", "_touch-able._tcp",
			"_dpap._tcp"),
		.doc = "shared music and photo libraries and their remotes",
	},
	{
		.name = "homekit",
		.types = TYPES("_hap._tcp", "_hap._udp", "_homekit._tcp"),
		.doc = "HomeKit accessories",
	},
	{
		.name = "matter",
		.types = TYPES("_matter._tcp", "_matterc._udp", "_matterd._udp"),
		.doc = "Matter: operational, commissionable, commissioner",
	},
	{
		.name = "thread",
		.types = TYPES("_meshcop._udp", "_trel._udp", "_srpl-tls._tcp"),
		.doc = "Thread border routers",
	},
	{
		.name = "scanner",
		.types = TYPES("_uscan._tcp", "_uscans._tcp", "_scanner._tcp"),
		.doc = "scanners, eSCL (AirScan) and others",
	},
	{
		.name = "file-sharing",
		.types = TYPES("_smb._tcp", "_afpovertcp._tcp", "_nfs._tcp", "_webdav._tcp",
			"_webdavs._tcp", "_adisk._tcp", "_device-info._tcp"),
		.doc = "file servers and Time Machine",
	},
	{
		.name = "remote",
		.types = TYPES("_ssh._tcp", "_sftp-ssh._tcp", "_rfb._tcp", "_net-assistant._udp",
			"_rdp._tcp"),
		.doc = "remote shells and screens",
	},
	{
		.name = "chat",
		.types = TYPES("_presence._tcp"),
		.doc = "serverless messaging (XEP-0174)",
	},
	{
		.name = "web",
		.types = TYPES("_http._tcp", "_https._tcp"),
		.doc = "web pages; of very many kinds of devices",
	},
	{
		.name = "workstation",
		.types = TYPES("_workstation._tcp"),
		.workstation = true,
		.doc = "hosts by themselves",
	},
	{
		.name = "sleep-proxy",
		.types = TYPES("_sleep-proxy._udp"),
		.doc = "Bonjour sleep proxies; they impersonate hosts of their own link",
	},
	{
		.name = "any",
		.types = TYPES(NULL),
		.any = true,
		.doc = "every service and every host",
	},
};

const struct yaml_preset *yaml_presets(size_t *n)
{
	*n = sizeof(presets) / sizeof(presets[0]);
	return presets;
}

const struct yaml_preset *yaml_preset_find(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	}
	return NULL;
}

/* Private to a desk, or noise (DESIGN §6). */
static const char *const never_types[] = {
	"_sleep-proxy._udp",
	"_dosvc._tcp",
	"_companion-link._tcp",
	"_rdlink._tcp",
	NULL,
};

const char *const *yaml_never_types(void)
{
	return never_types;
}

bool yaml_is_never(const char *type)
{
	for (const char *const *t = never_types; *t; t++)
		if (strcmp(*t, type) == 0)
			return true;
	return false;
}
