#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""linkspan.yaml(5) from docs/configuration.md: yaml_page.py MARKDOWN OUTPUT"""
import re
import sys

HEAD = r""".\" Made from docs/configuration.md.
.Dd November 28, 2026
.Dt LINKSPAN.YAML 5
.Os
.Sh NAME
.Nm linkspan.yaml
.Nd configuration of the linkspan mDNS gateway
.Sh DESCRIPTION
"""
TAIL = r""".Sh FILES
.Pa /etc/linkspan/linkspan.yaml
.Sh SEE ALSO
.Xr linkspanctl 1 ,
.Xr linkspan 8
"""


def roff(text):
    """Plain text that means nothing else to roff."""
    text = re.sub(r"\*(\w[^*]*)\*", r"\1", text.strip()).replace("`", "").replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def main(source, target):
    lines = open(source, encoding="utf-8").read().splitlines()
    out, prose = [HEAD], True
    for line in lines[1:]:
        row = re.match(r"\| `(.+?)` \| (.*?) \| (\w+) \| (.*) \|$", line)
        if row:
            if prose:
                out.append(".Bl -tag -width Ds\n")
                prose = False
            key, unit, when, what = row.groups()
            unit = f" ({roff(unit)})" if unit else ""
            restart = " At restart only." if when == "restart" else ""
            out.append(f".It Cm {roff(key)}{unit}\n{roff(what)}{restart}\n")
        elif line.startswith("|"):
            continue
        elif not prose:
            break
        elif line.strip():
            out.append(roff(line) + "\n")
    out.append(".El\n" + TAIL)
    open(target, "w", encoding="utf-8").write("".join(out))


main(*sys.argv[1:3])
