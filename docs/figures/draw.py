"""Draws the figures of ../question.md and ../question.zh-CN.md beside this file: python3 draw.py"""

from pathlib import Path

from svg import Canvas
from words import WORDS

# Two channels of an input under a 3×3 window, and the two kernels of one filter.
PATCHES = [[[1, 0, 2], [0, 1, 1], [3, 0, 1]], [[0, 2, 1], [1, 0, 0], [2, 1, 1]]]
KERNELS = [[[1, 0, -1], [2, 1, -2], [0, -1, 1]], [[-1, 2, 0], [1, 0, -1], [0, -2, 3]]]


def dot(patch, kernel):
    return sum(x * w for row, line in zip(patch, kernel) for x, w in zip(row, line))


def signed(number):
    return f"{number:g}".replace("-", "−")


def two_pictures(say):
    canvas, cell = Canvas(960, 470, say["two.title"]), 28
    sums = [dot(patch, kernel) for patch, kernel in zip(PATCHES, KERNELS)]
    canvas.text(32, 42, say["two.column"], bold=True, size=18)
    canvas.text(32, 66, say["two.column.how"], "soft")
    for channel in range(2):
        top = 116 + channel * 130
        canvas.text(32, top - 12, say["channel"].format(channel), "soft")
        canvas.plain_grid(32, top, PATCHES[channel], cell)
        canvas.text(134, top + 48, "×", size=20, anchor="middle")
        canvas.grid(152, top, KERNELS[channel], cell, numbers=True)
        canvas.text(256, top + 48, "→", size=20, anchor="middle")
        canvas.text(292, top + 49, signed(sums[channel]), size=22, bold=True, anchor="middle")
        canvas.line((316, top + 42), (366, 230 + (channel * 2 - 1) * 12), "rule", arrow=True)
    canvas.text(392, 237, "+", size=24, anchor="middle", bold=True)
    canvas.line((410, 230), (440, 230), "accent", 2, arrow=True)
    total = signed(sum(sums))
    canvas.text(463, 239, total, "accent", "middle", 28, True)
    canvas.line((496, 96), (496, 350), "rule")

    left = 528
    canvas.text(left, 42, say["two.block"], bold=True, size=18)
    canvas.text(left, 66, say["two.block.how"], "soft")
    block(canvas, (left, 164), cell, PATCHES, "plain")
    canvas.text(left + 160, 226, "×", size=20, anchor="middle")
    block(canvas, (left + 180, 164), cell, KERNELS, "weights")
    canvas.line((left + 332, 220), (left + 364, 220), "accent", 2, arrow=True)
    canvas.text(left + 386, 230, total, "accent", "middle", 28, True)
    canvas.text(left + 60, 330, say["two.input"], "soft", "middle")
    canvas.text(left + 240, 330, say["two.filter"], "soft", "middle")

    canvas.line((32, 384), (928, 384), "rule")
    canvas.text(480, 416, say["two.same"].format(len(KERNELS) * 9, total), anchor="middle", bold=True)
    first, second = (signed(number) for number in sums)
    canvas.text(480, 444, say["two.sums"].format(first, second, total), "soft", "middle")
    return canvas


def block(canvas, corner, cell, planes, kind):
    """Planes behind each other, the first channel in front."""
    side, shift = 3 * cell, 2 * cell
    line = "accent" if kind == "weights" else "soft"
    for depth in reversed(range(len(planes))):
        x, y = corner[0] + depth * shift, corner[1] + 44 - depth * shift
        if kind == "weights":
            canvas.grid(x, y, planes[depth], cell, numbers=True)
        else:
            canvas.plain_grid(x, y, planes[depth], cell)
        canvas.frame(x, y, side, side, line, 2)
    reach = (len(planes) - 1) * shift
    # The edges that cross no number.
    for corner_of_front in [(0, 0), (side, side)]:
        x, y = corner[0] + corner_of_front[0], corner[1] + 44 + corner_of_front[1]
        canvas.line((x, y), (x + reach, y - reach), line, 2)


def value(*at):
    """A made-up weight from −3 to 3, the same at every run."""
    seed = 1
    for part in at:
        seed = (seed * 1103515245 + part * 2654435761 + 12345) % 2**31
    # Four draws of 0 to 3 together are most often near their middle, as weights are.
    draws = [(seed >> bits) % 4 for bits in (8, 12, 16, 20)]
    return max(-3, min(3, sum(draws) - 6))


def four_dimensions(say):
    canvas, cell, step = Canvas(960, 590, say["four.title"]), 11, 66
    canvas.text(32, 42, say["four.shape"], bold=True, size=20)
    canvas.text(32, 68, say["four.axes"], "soft")
    left, top = 190, 138
    columns = [0, 1, 2, 3, None, 55]
    for place, filter_index in enumerate(columns):
        x = left + place * step
        if filter_index is None:
            canvas.text(x + 22, top + 2.5 * step - 8, "…", size=28, anchor="middle")
            continue
        role = "accent" if filter_index == 2 else "soft"
        canvas.text(x + 22, top - 16, str(filter_index), role, "middle", bold=filter_index == 2)
        for channel in range(5):
            kernel = [[value(filter_index, channel, row, column) for column in range(4)] for row in range(4)]
            canvas.grid(x, top + channel * step, kernel, cell)
    canvas.text(left + 2 * step + 100, top - 40, say["four.filters"], "soft", "middle")
    for channel in range(5):
        canvas.text(left - 18, top + channel * step + 27, say["channel"].format(channel), "soft", "end")
    column = left + 2 * step
    canvas.frame(column - 9, top - 9, 62, 5 * step - 4, "accent", 2.5)
    canvas.line((column + 22, top + 5 * step - 10), (column + 22, top + 5 * step + 24), "accent", 2, arrow=True)
    canvas.text(column + 22, top + 5 * step + 46, say["four.map"], "accent", "middle")

    right = left + len(columns) * step + 26
    notes = [("four.kernel", 0), ("four.column", 1), ("four.row", 2), ("four.all", 3), ("four.bias", 4)]
    for key, place in notes:
        y = top + 8 + place * 66
        canvas.text(right, y, say[key], "accent" if key == "four.column" else "ink", bold=True, size=16)
        canvas.text(right, y + 22, say[key + ".how"], "soft", size=14.5)
    canvas.text(480, 562, say["four.count"], anchor="middle", bold=True, size=16)
    return canvas


def sharing(say):
    canvas, cell = Canvas(960, 400, say["share.title"]), 38
    canvas.text(32, 42, say["share.head"], bold=True, size=18)
    canvas.text(32, 67, say["share.how"], "soft")
    for place, way in enumerate(["own", "shared", "separable", "depthwise"]):
        x, y = 102 + place * 216, 128
        for channel in range(3):
            if place == 0:
                canvas.text(x - 12, y + channel * cell + 26, say["share.channel"].format(channel), "soft", "end", 14)
            for column in range(4):
                tied(canvas, say, way, (x, y, cell), (channel, column))
        canvas.text(x + 4.4 * cell, y + 1.5 * cell + 5, "…" if way != "depthwise" else "", "soft", "middle", 18)
        canvas.text(x, y + 3 * cell + 34, say[f"share.{way}"], bold=True)
        canvas.text(x, y + 3 * cell + 58, say[f"share.{way}.how"], "soft", size=14)
        canvas.text(x, y + 3 * cell + 90, say[f"share.{way}.count"], "accent", size=16, bold=True)
    canvas.text(102, 112, say["share.filters"], "soft", size=14)
    canvas.text(32, 378, say["share.own.note"], "soft", size=14)
    return canvas


def tied(canvas, say, way, box, at):
    """One pair of a channel and a filter; kernels of one colour and letter are the same weights."""
    x, y, cell = box
    channel, column = at
    left, top = x + column * cell, y + channel * cell
    if way == "own":
        canvas.rect(left, top, cell, cell, f"tie{(channel * 3 + column) % 4}")
        canvas.text(left + cell / 2, top + 26, "abcdefghijkl"[channel * 4 + column], anchor="middle")
    elif way == "shared":
        canvas.rect(left, top, cell, cell, f"tie{column}")
        canvas.text(left + cell / 2, top + 26, "abcd"[column], anchor="middle")
    elif way == "separable":
        canvas.rect(left, top, cell, cell, f"tie{channel}")
        number = "₀₁₂₃"[column]
        canvas.text(left + cell / 2, top + 26, f"{'abc'[channel]}·{'uvw'[channel]}{number}", anchor="middle", size=13.5)
    elif channel == column:
        canvas.rect(left, top, cell, cell, f"tie{channel}")
        canvas.text(left + cell / 2, top + 26, "abc"[channel], anchor="middle")
    elif column < 3:
        canvas.rect(left, top, cell, cell, "paper")


def directions(say):
    canvas = Canvas(960, 400, say["rank.title"])
    for place, rank in enumerate([1, 2, 3]):
        x = 40 + place * 312
        canvas.text(x, 44, say[f"rank.{rank}"], bold=True, size=18)
        canvas.text(x, 68, say[f"rank.{rank}.how"], "soft", size=14.5)
        canvas.text(x, 336, say[f"rank.{rank}.kernel"], size=15)
        canvas.text(x, 362, say[f"rank.{rank}.filter"], "accent", size=15, bold=True)
    one_direction(canvas, (40, 120))
    two_directions(canvas, (352, 96))
    three_directions(canvas, (664, 130))
    return canvas


def one_direction(canvas, at):
    x, y = at
    for channel in range(5):
        for place in range(9):
            inside = 2 <= place < 6
            canvas.rect(x + place * 27, y + channel * 27, 27, 27, f"tie{channel}" if inside else "input")
    canvas.frame(x + 54, y, 108, 135, "accent", 3)
    canvas.line((x + 54, y + 156), (x + 180, y + 156), "accent", 2.5, arrow=True)


def two_directions(canvas, at):
    x, y = at
    for depth in reversed(range(5)):
        left, top = x + depth * 18, y + 76 - depth * 18
        canvas.rect(left, top, 126, 126, "input")
        canvas.rect(left + 14, top, 56, 56, f"tie{depth}")
    canvas.frame(x + 14, y + 76, 56, 56, "accent", 3)
    canvas.line((x + 74, y + 104), (x + 118, y + 104), "accent", 2.5, arrow=True)
    canvas.line((x + 42, y + 136), (x + 42, y + 184), "accent", 2.5, arrow=True)


def three_directions(canvas, at):
    x, y = at
    cube(canvas, (x, y + 40), 130, "input", "rule", 1)
    cube(canvas, (x + 24, y + 76), 54, "tie0", "accent", 2.5)
    canvas.line((x + 82, y + 103), (x + 122, y + 103), "accent", 2.5, arrow=True)
    canvas.line((x + 51, y + 133), (x + 51, y + 166), "accent", 2.5, arrow=True)
    canvas.line((x + 92, y + 58), (x + 122, y + 28), "accent", 2.5, arrow=True)


def cube(canvas, at, side, role, line, thick):
    (x, y), back = at, side * 0.42
    canvas.polygon([(x, y), (x + back, y - back), (x + side + back, y - back), (x + side, y)], role, line, thick)
    right = [(x + side, y), (x + side + back, y - back), (x + side + back, y + side - back), (x + side, y + side)]
    canvas.polygon(right, role, line, thick)
    canvas.rect(x, y, side, side, role, line, thick)


FIGURES = {
    "two-pictures": two_pictures,
    "four-dimensions": four_dimensions,
    "sharing": sharing,
    "directions": directions,
}


def main():
    for language, say in WORDS.items():
        ending = "" if language == "en" else f".{language}"
        for name, figure in FIGURES.items():
            Path(__file__).with_name(f"{name}{ending}.svg").write_text(figure(say).svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
