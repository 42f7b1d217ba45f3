"""Common style of all figures of a report: size, colours, axes, legend, SVG export."""

import base64
import io
from collections.abc import Callable, Sequence
from typing import TypedDict

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Okabe and Ito's colours, which colour-blind readers can distinguish; markers serve grey prints.
# Source: jfly.uni-koeln.de/color.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#6b6b6b"
WIDE = 9.0


class Style(TypedDict):
    """Colour, marker and label as matplotlib arguments."""

    color: str
    marker: str
    label: str


class Styles:
    """Assigns each model a colour and a marker, the same in every figure."""

    def __init__(self, models: Sequence[str]) -> None:
        self._place = {model: place for place, model in enumerate(models)}

    def of(self, model: str) -> Style:
        """Return the style of a model."""
        place = self._place[model] % len(COLOURS)
        return {"color": COLOURS[place], "marker": MARKERS[place], "label": model}


def figure(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """Make a figure with a grid of axes, in the report's style; ``height`` in inches."""
    drawing = Figure(figsize=(WIDE, height), layout="constrained")
    axes = [axis for line in drawing.subplots(rows, columns, squeeze=False) for axis in line]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
    return drawing, axes


def legend(drawing: Figure, axis: Axes, order: Sequence[str] = ()) -> None:
    """Add one legend above a figure's axes, with the labels of one axis, in the given order."""
    handles = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    labels = [label for label in order if label in handles] or list(handles)
    drawing.legend(
        [handles[label] for label in labels],
        labels,
        loc="outside upper center",
        ncols=len(labels),
        frameon=False,
    )


def log_scale(axis: Axis, set_scale: Callable[[str], None]) -> None:
    """Set an axis to a log scale with plain numbers at the ticks; call after drawing the data."""
    set_scale("log")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 5, 7)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def data_uri(drawing: Figure) -> str:
    """Encode a figure as an SVG data URI; the same figure gives the same text."""
    target = io.BytesIO()
    with rc_context({"svg.hashsalt": "shopcast"}):
        drawing.savefig(target, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(target.getvalue()).decode()
