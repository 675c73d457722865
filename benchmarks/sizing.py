"""The tables of docs/how-big.md: what 1 to 10,000 cameras need, out of what was measured.

    python -m benchmarks.sizing [--from-docs]

Reads latest.json (`make bench`) and thousand_cameras.json (`benchmarks.thousand_cameras`) of var/bench;
writes the figures that they come to into docs/how-big.json, and the tables with their arithmetic between the
two marks of docs/how-big.md. With `--from-docs` only the tables are made anew, from docs/how-big.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from benchmarks.sizing_found import found_text
from benchmarks.sizing_inputs import Inputs, read_inputs
from benchmarks.sizing_rows import ROWS, Fleet, arithmetic, number
from lake.config.settings import PROJECT_ROOT

PAGE: Final = PROJECT_ROOT / "docs" / "how-big.md"
KEPT: Final = PAGE.with_suffix(".json")
BENCH: Final = PROJECT_ROOT / "var" / "bench"
CAMERAS: Final = (1, 10, 100, 1_000, 10_000)
RATES: Final = {"a frame every 3 s (the default)": 1 / 3, "a frame a second": 1.0, "5 frames a second": 5.0}
NOT_YET: Final = (
    "Not measured yet: run `make bench`, `python -m benchmarks.thousand_cameras whole`, then"
    " `python -m benchmarks.sizing`."
)
Kept = dict[str, Any]
BEGIN, END = "<!-- written by benchmarks.sizing -->", "<!-- end of what benchmarks.sizing wrote -->"


def table(rate: float, told: Inputs) -> str:
    """One row for each thing, one column for each number of cameras, as Markdown."""
    fleets = [Fleet(cameras, rate, told) for cameras in CAMERAS]
    head = [
        "| cameras |" + "".join(f" {cameras:,} |" for cameras in CAMERAS),
        "|---|" + "---:|" * len(CAMERAS),
    ]
    rows = [f"| {name} |" + "".join(f" {number(row(one))} |" for one in fleets) for name, row in ROWS.items()]
    return "\n".join([*head, *rows])


def text(told: Inputs, simulated: Mapping[str, Any]) -> str:
    """All tables and their arithmetic, as Markdown."""
    tables = [f"### Each camera with {said}\n\n{table(rate, told)}" for said, rate in RATES.items()]
    counted = "\n".join(f"- {line}" for line in arithmetic(told))
    measured = f"Processor times per frame: `make bench`, {told.bench}. All else: {told.simulation}."
    counting = ["## The tables", measured, *tables, "### How the rows are counted", counted]
    return "\n\n".join([*counting, "## A thousand cameras, simulated", found_text(simulated)])


def with_text(page: str, inside: str) -> str:
    """The page with other text between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{inside}\n\n{END}{rest.split(END)[1]}"


def measured() -> Kept:
    """Out of the files of the benchmarks."""
    bench = BENCH / "latest.json"
    day = datetime.fromtimestamp(bench.stat().st_mtime, UTC)
    simulated = json.loads((BENCH / "thousand_cameras.json").read_text())
    inputs = read_inputs(json.loads(bench.read_text()), simulated, f"{day:%Y-%m-%d}")
    return {"inputs": asdict(inputs), "simulated": simulated}


def page_text(kept: Kept | None) -> str:
    """What docs/how-big.json holds, as it stands on the page; None where there is no such file yet."""
    if kept is None:
        return NOT_YET
    return text(Inputs(**kept["inputs"]), kept["simulated"])


def main(
    from_docs: Annotated[bool, typer.Option("--from-docs", help="Read docs/how-big.json instead.")] = False,
) -> None:
    """Count, print and write."""
    kept = json.loads(KEPT.read_text()) if from_docs else measured()
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(with_text(PAGE.read_text("utf-8"), page_text(kept)), "utf-8")
    print(page_text(kept))


if __name__ == "__main__":
    typer.run(main)
