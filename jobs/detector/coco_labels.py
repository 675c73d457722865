"""The names of the COCO data set's classes, 1 to 90; ten ids were never used (Lin et al., 2014)."""

from __future__ import annotations

from typing import Final

ID_ROWS = (
    "person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light",
    "fire hydrant||stop sign|parking meter|bench|bird|cat|dog|horse|sheep",
    "cow|elephant|bear|zebra|giraffe||backpack|umbrella||",
    "handbag|tie|suitcase|frisbee|skis|snowboard|sports ball|kite|baseball bat|baseball glove",
    "skateboard|surfboard|tennis racket|bottle||wine glass|cup|fork|knife|spoon",
    "bowl|banana|apple|sandwich|orange|broccoli|carrot|hot dog|pizza|donut",
    "cake|chair|couch|potted plant|bed||dining table|||toilet",
    "|tv|laptop|mouse|remote|keyboard|cell phone|microwave|oven|toaster",
    "sink|refrigerator||book|clock|vase|scissors|teddy bear|hair drier|toothbrush",
)
COCO_NAMES: Final = [name for row in ID_ROWS for name in row.split("|")]
"""Name of class n at index n - 1; empty where the id is unused."""
