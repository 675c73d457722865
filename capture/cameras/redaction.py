"""Removes passwords in addresses from everything that is shown, logged or sent."""

from __future__ import annotations

import re
from typing import Final

USER_INFO: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"]*@")
SECRET_FIELD: Final = re.compile(
    r"(?P<name>[?&;](?:pass\w*|pwd|token|key|api_?key|secret|auth)=)[^&;\s'\"]*", re.IGNORECASE
)


def redact(text: str) -> str:
    """Replace passwords in the addresses of a text; in doubt, replace too much.

    >>> redact("no answer from rtsp://ann:p@ss/w@10.0.0.7:554/door?token=abc&size=2")
    'no answer from rtsp://***@10.0.0.7:554/door?token=***&size=2'
    """
    without_user = USER_INFO.sub(r"\g<scheme>***@", text)
    return SECRET_FIELD.sub(r"\g<name>***", without_user)
