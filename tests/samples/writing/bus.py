"""A poster as a single picture: the night bus, its lines as a map and the timetable of one stop."""

from pathlib import Path

from matplotlib.patches import Circle, Rectangle

from .sheet import canvas, packed, raster

SIZE, UNITS = (420.0, 594.0), (42.0, 59.4)
GROUND, MOON, INK = "#10182f", "#f4d35e", "#e8ecf5"
# name -> colour, and each stop with its place on the poster
LINES = {
    "N1": ("#ee6c4d", [(6, 30, "Quay"), (14, 30, ""), (22, 38, "Hospital"), (36, 38, "Hollin")]),
    "N2": (
        "#3fb8af",
        [(14, 46, "Theatre"), (14, 30, "Customs House"), (22, 22, "Brewery"), (36, 22, "Airfield")],
    ),
    "N3": ("#c879ff", [(6, 38, "Old Mill"), (22, 38, ""), (30, 30, "Campus"), (36, 30, "View")]),
}
TIMES = [
    ("N1 to Hollin", "23:40  0:20  1:00  2:00  3:30"),
    ("N2 to Airfield", "23:55  1:15  2:35  4:05"),
    ("N3 to View", "0:10  1:30  2:50"),
]


def build(path: Path) -> None:
    drawing, axes = canvas(SIZE, UNITS)
    axes.add_patch(Rectangle((0, 0), *UNITS, color=GROUND))
    axes.add_patch(Circle((35, 53.5), 3.2, color=MOON))
    axes.add_patch(Circle((33.6, 54.4), 2.9, color=GROUND))
    axes.text(3, 53, "Night bus Marrow", fontsize=25, fontweight="bold", color=INK)
    axes.text(3, 50.4, "Fridays, Saturdays and before holidays", fontsize=12, color=MOON)
    for name, (colour, stops) in LINES.items():
        axes.plot(
            [x for x, _, _ in stops],
            [y for _, y, _ in stops],
            color=colour,
            lw=7,
            solid_joinstyle="round",
        )
        x, y, _ = stops[-1]
        box = {"boxstyle": "round", "facecolor": colour, "edgecolor": "none"}
        axes.text(x + 2.4, y, name, fontsize=11, weight="bold", ha="center", va="center", bbox=box)
        for x, y, stop in stops:
            axes.add_patch(Circle((x, y), 0.7, fc="white", ec=GROUND, lw=2, zorder=3))
            plate = {"facecolor": GROUND, "edgecolor": "none", "pad": 1}
            if stop:
                axes.text(x, y + 1.3, stop, fontsize=10, color=INK, ha="center", bbox=plate)
    axes.text(3, 16.4, "From Customs House", fontsize=15, fontweight="bold", color=INK)
    for row, (name, times) in enumerate(TIMES):
        axes.text(3, 13.6 - 2.6 * row, name, fontsize=12, color=MOON)
        axes.text(18, 13.6 - 2.6 * row, times, fontsize=12, color=INK)
    axes.text(3, 4.6, "One ride 3 crowns. Pay in coins or with a song.", fontsize=12, color=INK)
    axes.text(3, 2.4, "Lost and found: 0471 5520, after noon", fontsize=10, color="#9aa6c4")
    path.write_bytes(packed(raster(drawing, 150), 96))
