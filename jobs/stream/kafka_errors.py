"""What a refusal of Kafka means that reaches us through Spark, as one sentence."""

from __future__ import annotations

import re
from typing import Final

from lake.config.kafka_address import Address
from lake.kafka.client import forbidden, login_refused, topics_named

TOPICS: Final = re.compile(r"TopicAuthorizationException: Not authorized to access topics: \[([^\]]*)\]")
GROUP: Final = re.compile(r"GroupAuthorizationException: Not authorized to access group: (\S+)")
ANY_WRITE, LOGIN = "ClusterAuthorizationException", "SaslAuthenticationException"


def refusal_reason(error: str, address: Address) -> str | None:
    """Why the broker refused; None when it did not, and the error must speak for itself.

    >>> refusal_reason("Caused by: org.apache.kafka.common.errors.TopicAuthorizationException: "
    ...     "Not authorized to access topics: [b, a]", "127.0.0.1:9092").partition(": ")[0]
    'Kafka at 127.0.0.1:9092 forbids a user without a login topic a, topic b'
    """
    if found := TOPICS.search(error):
        return forbidden(address, topics_named(one.strip() for one in found[1].split(",")))
    if found := GROUP.search(error):
        return forbidden(address, f"group {found[1]}")
    if ANY_WRITE in error:  # a producer may not begin where none of its topics may be written
        return forbidden(address, "WRITE on any topic")
    return login_refused(address) if LOGIN in error else None
