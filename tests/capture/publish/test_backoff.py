from __future__ import annotations

from capture.publish.backoff import Backoff


def test_the_waits_double_up_to_the_longest_and_begin_again():
    backoff = Backoff(lambda: 1.0, first=1, longest=10)
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next() == 1


def test_the_jitter_takes_up_to_half_away():
    assert Backoff(lambda: 0.0, first=4).next() == 2
    assert Backoff(lambda: 0.5, first=4).next() == 3


def test_months_of_trying_do_not_overflow():
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next() for _ in range(5000)][-1] == 30
