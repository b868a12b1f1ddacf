# SPDX-License-Identifier: BSD-3-Clause
"""The plot of a benchmark: what an answer costs, by the number of what there is. Plain SVG, no library."""

import math
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 320, 240, 60, 34, 46


def ticks(top):
    """Five even steps from 0 to at least top."""
    step = 10 ** math.floor(math.log10(top / 4))
    step *= next(m for m in (1, 2, 2.5, 5, 10) if m * step * 4 >= top)
    return [i * step for i in range(5)]


def panel(what, rows, x0):
    """One set of axes: number of `what` (logarithmic) against the cost of an answer, in those of testpmd io."""
    points = sorted((row["n"], 1 / row["to_io"]) for row in rows)
    marks = ticks(max(y for _, y in points))
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    inner_w, inner_h = WIDTH - LEFT - 20, HEIGHT - TOP - BOTTOM

    def x(n):
        return x0 + LEFT + (inner_w / 2 if high == low else inner_w * (math.log10(n) - low) / (high - low))

    def y(cost):
        return TOP + inner_h * (1 - cost / marks[-1])

    out = [f'<text x="{x0 + LEFT}" y="{TOP - 14}" font-weight="bold">number of {escape(what)}</text>',
           f'<path d="M{x0 + LEFT} {TOP}V{TOP + inner_h}H{x0 + LEFT + inner_w}" fill="none" stroke="#000"/>',
           f'<text x="{x0 + LEFT + inner_w / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(what)}</text>',
           f'<text transform="translate({x0 + 14} {TOP + inner_h / 2}) rotate(-90)" text-anchor="middle">'
           'cost of an answer (testpmd io = 1)</text>']
    for mark in marks:
        out.append(f'<path d="M{x0 + LEFT - 4} {y(mark):.1f}h{inner_w + 4}" stroke="#ccc"/>'
                   f'<text x="{x0 + LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>')
    for n, _ in points:
        out.append(f'<text x="{x(n):.1f}" y="{TOP + inner_h + 18}" text-anchor="middle">{n:,}</text>')
    line = " ".join(f"{x(n):.1f},{y(cost):.1f}" for n, cost in points)
    out.append(f'<polyline points="{line}" fill="none" stroke="#1565c0" stroke-width="2"/>')
    out += [f'<circle cx="{x(n):.1f}" cy="{y(cost):.1f}" r="3.5" fill="#1565c0"><title>{n:,}: {cost:.2f}</title></circle>'
            for n, cost in points]
    return out


def svg(rows):
    """rows: of bench.py's table, those with a point of a plot."""
    kinds = list(dict.fromkeys(row["what"] for row in rows))
    width = WIDTH * max(1, len(kinds))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" font-family="sans-serif" '
           'font-size="11">', f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>']
    if not kinds:
        out.append(f'<text x="20" y="{HEIGHT / 2}">this run measured no points of a curve</text>')
    for i, kind in enumerate(kinds):
        out += panel(kind, [row for row in rows if row["what"] == kind], i * WIDTH)
    return "\n".join(out + ["</svg>", ""])
