"""A small canvas that writes SVG: colours by role, light and dark from one file."""

from xml.sax.saxutils import escape

# Weights from below zero over zero to above, as the program's pictures show them.
LIGHT = ["#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"]
DARK = ["#5db2ff", "#4a86bd", "#37587a", "#23272e", "#6b4038", "#b45c48", "#ff7a5c"]

# Role: light, dark.
ROLES = {
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1b242c", "#e6eaee"),
    "soft": ("#56626c", "#a3aeb8"),
    "rule": ("#9aa5ae", "#5d6872"),
    "input": ("#e9eef2", "#2a3138"),
    "accent": ("#0b7285", "#4cc9d8"),
    "tie0": ("#8fb8de", "#3b6ea5"),
    "tie1": ("#f2b48a", "#a8623a"),
    "tie2": ("#a9d39e", "#4c8a43"),
    "tie3": ("#d7b5e0", "#7d5490"),
    "tie4": ("#ecd58a", "#8d7527"),
}


def style():
    """The style sheet: every role as a fill `.role` and as a line `.line-role`."""
    def rules(which):
        fills = [f".{role}{{fill:{pair[which]}}}" for role, pair in ROLES.items()]
        lines = [f".line-{role}{{fill:none;stroke:{pair[which]}}}" for role, pair in ROLES.items()]
        scale = [f".w{i}{{fill:{color}}}" for i, color in enumerate([LIGHT, DARK][which])]
        deep = "#ffffff" if which == 0 else "#0e1013"
        return "".join(fills + lines + scale) + f".on-deep{{fill:{deep}}}"

    font = 'text{font-family:ui-sans-serif,system-ui,"Noto Sans SC","Noto Sans CJK SC",sans-serif;font-size:15px}'
    return f"{font}.b{{font-weight:600}}{rules(0)}@media (prefers-color-scheme:dark){{{rules(1)}}}"


class Canvas:
    """Shapes in the order in which they were drawn."""

    def __init__(self, width, height, title):
        self.size, self.title, self.shapes = (width, height), title, []
        self.shapes.append(f'<rect class="paper" width="{width}" height="{height}" rx="12"/>')

    def rect(self, x, y, width, height, role, line="rule", thick=1):
        self.shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" class="{role}"/>'
        )
        if line:
            self.frame(x, y, width, height, line, thick)

    def frame(self, x, y, width, height, role, thick=1):
        self.shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'class="line-{role}" stroke-width="{thick}"/>'
        )

    def polygon(self, points, role, line="rule", thick=1):
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.shapes.append(f'<polygon points="{path}" class="{role}"/>')
        self.shapes.append(
            f'<polygon points="{path}" class="line-{line}" stroke-width="{thick}" stroke-linejoin="round"/>'
        )

    def line(self, start, end, role="rule", thick=1.5, arrow=False):
        head = f' marker-end="url(#head-{role})"' if arrow else ""
        self.shapes.append(
            f'<line x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}" '
            f'class="line-{role}" stroke-width="{thick}"{head}/>'
        )

    def text(self, x, y, words, role="ink", anchor="start", size=15, bold=False):
        weight = " b" if bold else ""
        self.shapes.append(
            f'<text x="{x:g}" y="{y:g}" class="{role}{weight}" text-anchor="{anchor}" '
            f'style="font-size:{size}px">{escape(words)}</text>'
        )

    def grid(self, x, y, values, cell, numbers=False):
        """A kernel or a patch: one square for each value, coloured by a scale that ends at 3."""
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                left, top = x + column * cell, y + row * cell
                level = max(0, min(6, round(value) + 3))
                self.rect(left, top, cell, cell, f"w{level}")
                if numbers:
                    shown = f"{value:g}".replace("-", "−")
                    role = "on-deep" if level in (0, 6) else "ink"
                    self.text(left + cell / 2, top + cell / 2 + 5, shown, role, "middle")

    def plain_grid(self, x, y, values, cell):
        """Input values: numbers on a neutral ground."""
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                left, top = x + column * cell, y + row * cell
                self.rect(left, top, cell, cell, "input")
                self.text(left + cell / 2, top + cell / 2 + 5, f"{value:g}", "ink", "middle")

    def svg(self):
        width, height = self.size
        heads = "".join(
            f'<marker id="head-{role}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" class="{role}"/></marker>'
            for role in ("rule", "accent", "soft")
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="{escape(self.title)}">\n'
            f"<title>{escape(self.title)}</title>\n<style>{style()}</style>\n<defs>{heads}</defs>\n"
            + "\n".join(self.shapes)
            + "\n</svg>\n"
        )
