# SPDX-License-Identifier: Apache-2.0
"""A picture of ratios, as SVG that needs nothing else."""
import html

LABEL, WIDTH, BAR, GAP, TOP = 300, 420, 16, 10, 44


def bars(rows):
    """A bar for each case: how much more mod_ssl costs. A line marks 1, a thin one the range of the rounds."""
    most = max(2.0, max(row["highest"] for row in rows))
    scale = WIDTH / most
    height = TOP + len(rows) * (BAR + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + WIDTH + 70}" height="{height}" font-family="sans-serif" font-size="12">',
        "<style>text{fill:#24292f}.axis{stroke:#57606a}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.axis{stroke:#8d96a0}}</style>",
        '<text x="4" y="16" font-weight="bold">CPU time of httpd: mod_ssl / this module (longer is better)</text>',
    ]
    for number, row in enumerate(rows):
        y = TOP + number * (BAR + GAP)
        middle = y + BAR / 2
        colour = "#2da44e" if row["ratio"] >= 1 else "#cf222e"
        parts += [
            f'<text x="{LABEL - 8}" y="{middle + 4}" text-anchor="end">{html.escape(row["what"])}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{row["ratio"] * scale:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<line class="axis" x1="{LABEL + row["lowest"] * scale:.1f}" x2="{LABEL + row["highest"] * scale:.1f}" y1="{middle}" y2="{middle}"/>',
            f'<text x="{LABEL + max(row["ratio"], row["highest"]) * scale + 6:.1f}" y="{middle + 4}">{row["ratio"]:.2f}</text>',
        ]
    parts.append(f'<line class="axis" x1="{LABEL + scale:.1f}" x2="{LABEL + scale:.1f}" y1="{TOP - 8}" y2="{height - 6}" stroke-dasharray="3 3"/>')
    parts.append(f'<text x="{LABEL + scale:.1f}" y="{TOP - 12}" text-anchor="middle">1</text>')
    return "\n".join(parts) + "\n</svg>\n"
