"""`python -m stack.cli.settings_page` writes docs/settings.md, the reference of all settings."""

from __future__ import annotations

from typing import Final

from lake.config.setting_key import Key
from lake.config.setting_keys import SUBJECTS
from lake.config.settings import PREFIX, PROJECT_ROOT

PAGE: Final = PROJECT_ROOT / "docs" / "settings.md"
HEAD: Final = f"""\
# Settings

Written by `python -m stack.cli.settings_page` from `lake/config/setting_keys.py`; a test compares them.

A setting has one name in every program: `{PREFIX}KAFKA_PORT` in the environment and in the file `.env`,
`kafka_port` in the file `pycturestream.toml`. Both files lie in the project's root; `{PREFIX}CONFIG` names
another TOML file. The environment wins over `.env`, that over the TOML file, and an empty value is none. A
relative path in a file counts from that file's folder. The tables of the TOML file are the headings below; a
key may also stand above all tables:

```toml
time_zone = "Europe/Berlin"

[kafka]
kafka_port = 9192

[capture]
capture_interval = 1.5
```

A setting marked *secret* is shown to nobody, and may stand in a file of its own that `{PREFIX}<NAME>_FILE`
names (`<name>_file` in the TOML file), as the secrets of Docker do.

`./pycturestream config check` tells everything that is wrong with the settings, `./pycturestream config show`
every value and where it comes from. A system that runs keeps what it was started with.
"""


def page() -> str:
    """Render the whole page as Markdown."""
    tables = (f"## {subject}\n\n{table(keys)}" for subject, keys in SUBJECTS.items())
    return "\n".join((HEAD, *tables))


def table(keys: tuple[Key, ...]) -> str:
    """Render the table of one subject."""
    rows = "".join(
        f"| `{PREFIX}{key.name}` | {default(key)} | {describe_setting(key)} | {', '.join(key.programs)} |\n"
        for key in keys
    )
    return f"| setting | default | | read by |\n|---|---|---|---|\n{rows}"


def default(key: Key) -> str:
    """Return the default, or what applies without a value."""
    return f"`{key.default_text}`" if key.default_text else key.unset


def describe_setting(key: Key) -> str:
    """Return the setting's description and its allowed values.

    >>> describe_setting(SUBJECTS["capture"][4])
    'JPEG quality. A whole number from 1 to 100.'
    """
    allowed = f" {key.range[0].upper()}{key.range[1:]}." if key.range else ""
    return f"{key.meaning}{allowed}{' *Secret.*' if key.secret else ''}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
