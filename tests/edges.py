#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Arrows point down only: which folder may see which other folder's headers.

    edges.py BUILDDIR

Reads what the compiler itself reported as dependencies (`ninja -t deps` of a finished build), so
indirect includes count too. Prints each violation and closes with "N passed, M failed": one count
per compiled file and one per made-up case, which make sure that the check can fail.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The table: compiled files of a folder (rows) may see headers of these folders. "main" is main.c.
ALLOWED = {
    "base": {"base"},
    "dns": {"dns", "base"},
    "cache": {"cache", "dns", "base"},
    "yaml": {"yaml", "base"},
    "policy": {"policy", "yaml", "dns", "base"},
    "dataplane": {"dataplane", "policy", "cache", "dns", "base"},
    "control": {"control", "dataplane", "policy", "cache", "dns", "base"},
    "management": {"management", "control", "dataplane", "policy", "cache", "yaml", "dns", "base"},
    "main": {"main", "management", "control", "dataplane", "policy", "cache", "yaml", "dns",
             "base"},
    "ctl": {"ctl", "dns", "base"},
}

# Headers that fewer may see than their folder's.
READERS = {
    "yaml/config.h": {"yaml", "policy", "management", "main"},
}

# Who knows no DPDK: folders, and of base the library that these stand on.
WITHOUT_DPDK = {"dns", "yaml", "ctl"}
PLAIN_BASE = re.compile(r"^base/libbase_plain\.a\.p/")
DPDK_HEADER = re.compile(r"(^|/)rte_\w+\.h$")

# Not part of the house: they may look at anything.
VISITORS = {"tests", "pktgen-scripts"}


def folder_of(path):
    """The folder of a path relative to the root; "main" for files at the root itself."""
    return path.split("/", 1)[0] if "/" in path else "main"


def parse(text, build, root):
    """Yield (target, source, headers): source and own headers relative to root, others absolute."""
    target, deps = None, []

    def finish():
        if target is None:
            return None
        names = []
        for dep in deps:
            path = pathlib.Path(build, dep)
            # Not resolve(): a link inside the house is where it stands.
            path = pathlib.Path(*normal(path.parts))
            inside = path.is_relative_to(root) and not path.is_relative_to(build)
            names.append(str(path.relative_to(root)) if inside else str(path))
        sources = [n for n in names if n.endswith(".c") and not n.startswith("/")]
        return (target, sources[0], [n for n in names if n != sources[0]]) if sources else None

    for line in text.splitlines() + ["end: #deps 0"]:
        if line.startswith(" "):
            deps.append(line.strip())
        elif ": #deps " in line:
            unit = finish()
            if unit:
                yield unit
            target, deps = line.split(": #deps ", 1)[0], []


def normal(parts):
    """Path parts without '..'."""
    out = []
    for part in parts:
        if part == "..":
            out.pop()
        else:
            out.append(part)
    return out


def violations(target, source, headers):
    """What is wrong with one compiled file: a list of texts."""
    folder = folder_of(source)
    if folder in VISITORS:
        return []
    if folder not in ALLOWED:
        return [f"{source}: folder {folder} is not in the table"]
    found = []
    plain = folder in WITHOUT_DPDK or PLAIN_BASE.match(target)
    for header in headers:
        if plain and DPDK_HEADER.search(header):
            found.append(f"{source}: sees DPDK's {header.rsplit('/', 1)[-1]}")
        if header.startswith("/"):
            continue
        if folder_of(header) not in ALLOWED[folder]:
            found.append(f"{source}: sees {header}, {folder} may not see {folder_of(header)}")
        elif folder not in READERS.get(header, {folder}):
            found.append(f"{source}: sees {header}, which {folder} may not read")
    return found


# Made-up compilations: target, what the compiler would list, how many violations it makes.
CASES = [
    ("dns/libdns.a.p/name.c.o", ["dns/name.c", "dns/name.h", "base/siphash.h"], 0),
    ("dns/libdns.a.p/name.c.o", ["dns/name.c", "cache/cache.h"], 1),
    ("base/libbase.a.p/slab.c.o", ["base/slab.c", "dns/name.h", "yaml/yaml.h"], 2),
    ("base/libbase.a.p/rcu.c.o", ["base/rcu.c", "/usr/include/dpdk/rte_rcu_qsbr.h"], 0),
    ("base/libbase_plain.a.p/log.c.o", ["base/log.c", "/usr/include/dpdk/rte_log.h"], 1),
    ("yaml/libyaml.a.p/load.c.o", ["yaml/load.c", "yaml/config.h", "/usr/include/yaml.h"], 0),
    ("yaml/libyaml.a.p/load.c.o", ["yaml/load.c", "/usr/include/dpdk/rte_ether.h"], 1),
    ("policy/libpolicy.a.p/compile.c.o", ["policy/compile.c", "yaml/config.h", "dns/name.h"], 0),
    ("policy/libpolicy.a.p/compile.c.o", ["policy/compile.c", "cache/cache.h"], 1),
    ("cache/libcache.a.p/node.c.o", ["cache/node.c", "policy/policy.h"], 1),
    ("dataplane/libdp.a.p/admit.c.o", ["dataplane/admit.c", "cache/a.h", "policy/b.h"], 0),
    ("dataplane/libdp.a.p/admit.c.o", ["dataplane/admit.c", "yaml/config.h"], 1),
    ("dataplane/libdp.a.p/admit.c.o", ["dataplane/admit.c", "control/control.h"], 1),
    ("control/libctl.a.p/learn.c.o", ["control/learn.c", "dataplane/msg.h", "yaml/config.h"], 1),
    ("management/libmgmt.a.p/reload.c.o", ["management/reload.c", "yaml/config.h",
                                           "control/control.h"], 0),
    ("ctl/linkspanctl.p/main.c.o", ["ctl/main.c", "dns/name.h", "base/addr.h"], 0),
    ("ctl/linkspanctl.p/main.c.o", ["ctl/main.c", "management/proto.h"], 1),
    ("linkspan.p/main.c.o", ["main.c", "management/management.h", "yaml/config.h"], 0),
    ("linkspan.p/main.c.o", ["main.c", "ctl/table.h"], 1),
    ("attic/libattic.a.p/old.c.o", ["attic/old.c", "base/addr.h"], 1),
    ("tests/unit/dns/t.p/t.c.o", ["tests/unit/dns/t.c", "control/control.h"], 0),
]


def self_test():
    """(passed, texts of failures): the made-up cases, through the same parser, and the table."""
    passed, failures = 0, []
    for target, files, want in CASES:
        text = f"{target}: #deps {len(files)}, deps mtime 1 (VALID)\n"
        text += "".join(f"    {f if f.startswith('/') else '../src/' + f}\n" for f in files)
        units = list(parse(text + "\n", "/made/up/build", "/made/up/src"))
        got = len(violations(*units[0])) if len(units) == 1 else -1
        if got == want:
            passed += 1
        else:
            failures.append(f"self-test: {files}: {got} violations, not {want}")
    loops = [(a, b) for a in ALLOWED for b in ALLOWED[a] if a != b and a in ALLOWED.get(b, ())]
    if loops:
        failures.append(f"self-test: the table points both ways: {loops}")
    return passed + (not loops), failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    build = pathlib.Path(sys.argv[1]).resolve()
    passed, failures = self_test()

    deps = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=False,
                          capture_output=True, text=True)
    if deps.returncode:
        failures.append(f"{build}: ninja -t deps: {deps.stderr.strip() or deps.stdout.strip()}")
    seen = set()
    for target, source, headers in parse(deps.stdout, build, ROOT):
        if not (ROOT / source).exists():
            continue  # built once, gone since
        folder = folder_of(source)
        seen.add(folder)
        if folder in VISITORS:
            continue
        found = violations(target, source, headers)
        failures += found
        passed += not found

    # Folders that were not built were not checked.
    for folder in ALLOWED:
        sources = list(ROOT.glob("*.c" if folder == "main" else f"{folder}/**/*.c"))
        if sources and folder not in seen:
            failures.append(f"{folder}: no dependency data in {build}; build all of it first")
    if not seen:
        failures.append(f"{build}: no dependency data at all")

    for text in failures:
        print(text)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
