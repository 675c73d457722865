"""How often somebody may try to log in: a limit for each user and for each address."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

WINDOW: Final = timedelta(minutes=5)
MAX_PER_USER: Final = 10
MAX_PER_ADDRESS: Final = 20
MAX_KEYS: Final = 10_000
"""With more, nobody new may try: a flood of addresses must neither fill the memory nor hide guesses."""


def keys_of(name: str, address: str) -> Mapping[str, int]:
    """What an attempt counts for, with its limit; of an IPv6 address the network of one household."""
    return {f"user {name}": MAX_PER_USER, f"address {_network(address)}": MAX_PER_ADDRESS}


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


class Attempts:
    """The attempts of the last WINDOW, in memory: a restart forgets them."""

    def __init__(self) -> None:
        self._made: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def begin(self, keys: Mapping[str, int], now: datetime) -> timedelta | None:
        """Count an attempt before its password is looked at; how long to wait when it is one too many."""
        with self._lock:
            self._forget(now, list(self._made) if len(self._made) >= MAX_KEYS else list(keys))
            waits = [self._made[key][0] + WINDOW - now for key, most in keys.items() if self._full(key, most)]
            if len(self._made) >= MAX_KEYS and not keys.keys() <= self._made.keys():
                waits.append(WINDOW)
            if waits:
                return max(waits)
            for key in keys:
                self._made.setdefault(key, deque()).append(now)
            return None

    def succeeded(self, keys: Mapping[str, int], now: datetime) -> None:
        """Take the attempt that began at `now` back: the password was right.

        Only this one: else whoever knows one password could guess at the others for ever.
        """
        with self._lock:
            for key in keys:
                if now in (made := self._made.get(key, deque())):
                    made.remove(now)

    def _full(self, key: str, most: int) -> bool:
        return len(self._made.get(key, ())) >= most

    def _forget(self, now: datetime, keys: Iterable[str]) -> None:
        for key in keys:
            made = self._made.get(key, deque())
            while made and made[0] + WINDOW <= now:
                made.popleft()
            if not made:
                self._made.pop(key, None)
