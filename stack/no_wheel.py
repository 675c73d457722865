"""Build backend that builds nothing: PyctureStream is run from a clone, and no wheel of it would start.

Its top-level packages have generic names (`capture`, `jobs`, `lake`, …), it starts programs by their files,
and its environment is the hash-pinned `requirements/base.txt`, which a wheel's metadata cannot hold.
"""

from __future__ import annotations

from typing import Final, NoReturn

REFUSAL: Final = (
    "PyctureStream is an application that is run from a clone of its repository: it has no wheel, and cannot"
    " be installed as a package. Run `make up` in the clone, or `make environment` for its environment alone."
)


def refuse(*_args: object, **_settings: object) -> NoReturn:
    """End any build with one sentence."""
    raise SystemExit(REFUSAL)


get_requires_for_build_wheel = build_wheel = refuse
get_requires_for_build_editable = build_editable = refuse
get_requires_for_build_sdist = build_sdist = refuse
