"""Importance plot: the features that matter most to a model."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from modelling.report.drawing import COLOURS, figure

FEATURES_SHOWN = 20


def importances(importance: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw the shares of the 20 most important features, a panel per measure of importance."""
    drawing, axes = figure(1, len(importance), 1.0 + 0.24 * FEATURES_SHOWN)
    for axis, (measure, values) in zip(axes, importance.items(), strict=True):
        total = sum(values.values()) or 1.0
        most = sorted(values.items(), key=lambda entry: -entry[1])[:FEATURES_SHOWN]
        names, sizes = [name for name, _ in most], [100 * size / total for _, size in most]
        axis.barh(range(len(most)), sizes, color=COLOURS[0])
        axis.set_yticks(range(len(most)), names, fontsize=7.5)
        axis.set_ylim(len(most) - 0.4, -0.6)
        axis.set_xlabel("share of all features, %")
        axis.set_title(measure, fontsize=10)
        axis.grid(axis="y", visible=False)
    return drawing
