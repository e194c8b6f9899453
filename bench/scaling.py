"""How the time of training grows: usage: scaling.py STEPS_PROGRAM ENGINE SVG

Trains models that differ in one size, prints a Markdown table and draws it. Growth is the exponent
between the last two points: 1 is linear, 2 quadratic.
"""

import math
import statistics
import subprocess
import sys

ROUNDS = 5
SLOWEST_US = 1e6  # of a step: larger points are left out
BUDGET_US = 2e4   # to spend on one measurement of a point

# Axis, its values, and what to run for one of them: (batch, L, C, T), None for the default model.
AXES = [
    ("steps", [250, 500, 1000, 2000, 4000], lambda x: None),
    ("documents a step", [1, 2, 4, 8, 16, 32, 64], lambda x: (x, 1, 16, 16)),
    ("layers", [1, 2, 4, 8, 16], lambda x: (1, x, 64, 64)),
    ("width", [16, 32, 64, 128, 256], lambda x: (1, 1, x, 64)),
    ("context", [16, 32, 64, 128, 256, 512], lambda x: (1, 1, 64, x)),
]


def us_a_step(program, engine, steps, sizes):
    batch, *rest = sizes if sizes else (1,)
    command = [program, engine, str(batch), str(steps), *map(str, rest)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure_axis(program, engine, values, sizes_of):
    """[(value, microseconds)]: of a whole run for steps, of one step for all else."""
    if sizes_of(values[0]) is None:
        times = {x: [] for x in values}
        for _ in range(ROUNDS):
            for x in values:
                times[x].append(us_a_step(program, engine, x, None) * x)
        return [(x, statistics.median(times[x])) for x in values]
    steps, times = {}, {}
    for x in values:
        once = us_a_step(program, engine, 1, sizes_of(x))
        if once > SLOWEST_US:
            break
        steps[x], times[x] = max(1, round(BUDGET_US / once)), []
    for _ in range(ROUNDS):
        for x in times:
            times[x].append(us_a_step(program, engine, steps[x], sizes_of(x)))
    return [(x, statistics.median(values)) for x, values in times.items()]


def growth(points):
    (x0, y0), (x1, y1) = points[-2:]
    return math.log(y1 / y0) / math.log(x1 / x0)


def measure(program, engine):
    return {name: measure_axis(program, engine, values, sizes_of)
            for name, values, sizes_of in AXES}


def table(curves):
    lines = ["| | points: microseconds | growth at the end |", "|---|---|---|"]
    for name, points in curves.items():
        text = ", ".join(f"{x:,}: {y:,.4g}" for x, y in points)
        lines.append(f"| {name} | {text} | {growth(points):.2f} |")
    return "\n".join(lines) + "\n"


def panel(name, points, left, width, height):
    """One curve in logarithmic scales, beside a grey line that is linear."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    span_x = xs[-1] - xs[0]
    low, high = min(ys), max(ys[0] + span_x, *ys)

    def place(x, y):
        return (f"{left + 46 + (x - xs[0]) / span_x * (width - 66):.1f},"
                f"{height - 44 - (y - low) / (high - low) * (height - 90):.1f}")

    shapes = [f'<text x="{left + width / 2:.0f}" y="20" text-anchor="middle">{name}: '
              f'growth {growth(points):.2f}</text>',
              f'<polyline class="linear" points="{place(xs[0], ys[0])} '
              f'{place(xs[-1], ys[0] + span_x)}"/>',
              f'<polyline class="time" points="{" ".join(map(place, xs, ys))}"/>']
    for (x, us), log_x, log_y in zip(points, xs, ys):
        cx, cy = place(log_x, log_y).split(",")
        shapes.append(f'<circle cx="{cx}" cy="{cy}" r="3"/>')
        shapes.append(f'<text class="small" x="{cx}" y="{height - 26}" text-anchor="middle">'
                      f'{x}</text>')
        shapes.append(f'<text class="small" x="{cx}" y="{float(cy) - 8:.1f}" '
                      f'text-anchor="end">{us:,.3g}</text>')
    return "\n".join(shapes)


def svg(curves, engine):
    width, height = 260, 260
    panels = [panel(name, points, i * width, width, height)
              for i, (name, points) in enumerate(curves.items())]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width * len(panels)}" height="{height}"
     font-family="sans-serif" font-size="13">
<style>
polyline {{ fill: none; stroke-width: 2 }} .time {{ stroke: #1f6fb2 }}
.linear {{ stroke: #bbb; stroke-dasharray: 4 3 }} circle {{ fill: #1f6fb2 }}
.small {{ font-size: 9px; fill: #444 }}
</style>
<rect width="100%" height="100%" fill="white"/>
{chr(10).join(panels)}
<text class="small" x="8" y="{height - 8}">microseconds, engine {engine}, one thread, both scales
logarithmic; dashed: linear</text>
</svg>
"""


def main():
    program, engine, path = sys.argv[1:]
    curves = measure(program, engine)
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg(curves, engine))
    print(table(curves), end="")


if __name__ == "__main__":
    main()
