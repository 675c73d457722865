"""Colours that people with any colour vision can tell apart, and figures in light and dark.

The palette is that of Okabe and Ito, Color Universal Design, 2008.
"""

from __future__ import annotations

from typing import Final

PALETTE: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
PUBLISHED, LIVE, NO_DATA = PALETTE[0], PALETTE[1], "#B0B0B0"
SCALE: Final = "Cividis"
"""A colour scale made for all kinds of colour vision."""
FONT: Final = "system-ui, sans-serif"


def layout(*, dark: bool) -> dict[str, object]:
    """What all figures share; transparent, so that the page's own colour shows."""
    ink, lines = ("#e6e6e6", "#444444") if dark else ("#1f1f1f", "#d9d9d9")
    axis = {"gridcolor": lines, "zerolinecolor": lines, "automargin": True}
    return {
        "font": {"family": FONT, "color": ink, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(PALETTE),
        "xaxis": axis,
        "yaxis": axis,
        "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
        "hoverlabel": {"namelength": -1},
    }
