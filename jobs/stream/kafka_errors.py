"""Explain, in one sentence, a refusal by Kafka that surfaced as a Spark error."""

from __future__ import annotations

import re
from typing import Final

from lake.config.kafka_address import Address
from lake.kafka.client import forbidden, format_topics, login_refused

TOPICS: Final = re.compile(r"TopicAuthorizationException: Not authorized to access topics: \[([^\]]*)\]")
GROUP: Final = re.compile(r"GroupAuthorizationException: Not authorized to access group: (\S+)")
ANY_WRITE, LOGIN = "ClusterAuthorizationException", "SaslAuthenticationException"


def refusal_reason(error: str, address: Address) -> str | None:
    """Return why the broker refused, or None when the error is of another kind.

    >>> refusal_reason("Caused by: org.apache.kafka.common.errors.TopicAuthorizationException: "
    ...     "Not authorized to access topics: [b, a]", "127.0.0.1:9092").partition(": ")[0]
    'Kafka at 127.0.0.1:9092 forbids a user without a login topic a, topic b'
    """
    if match := TOPICS.search(error):
        return forbidden(address, format_topics(topic.strip() for topic in match[1].split(",")))
    if match := GROUP.search(error):
        return forbidden(address, f"group {match[1]}")
    if ANY_WRITE in error:  # a producer may not begin where none of its topics may be written
        return forbidden(address, "WRITE on any topic")
    return login_refused(address) if LOGIN in error else None
