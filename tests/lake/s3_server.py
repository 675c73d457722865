"""An S3 server in memory, on loopback: a script that says its port and serves until ended.

One request at a time, so that no two writers are at one object at once. The first commit of any version 2
is put off with 409, as AWS does where two writers meet, and one without If-None-Match is forbidden. Bucket
`forgetful` takes no notice of If-None-Match, as older stores do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

CONFLICT: Final = (
    b"<Error><Code>ConditionalRequestConflict</Code>"
    b"<Message>A conflicting operation is in progress.</Message></Error>"
)
FORBIDDEN: Final = b"<Error><Code>AccessDenied</Code><Message>Commit with If-None-Match.</Message></Error>"
COMMIT: Final = re.compile(r"/_delta_log/\d{20}\.json$")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Silent(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Say nothing of a request."""


def busy(application: Application) -> Application:
    met: set[str] = set()

    def answer(request: dict[str, Any], start: Any) -> Iterable[bytes]:
        place = request["PATH_INFO"]
        if "HTTP_IF_NONE_MATCH" not in request or place in met or not place.endswith(f"{2:020}.json"):
            return application(request, start)
        met.add(place)
        request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
        start("409 Conflict", [("Content-Type", "application/xml"), ("Content-Length", str(len(CONFLICT)))])
        return [CONFLICT]

    return answer


def guarded(application: Application) -> Application:
    """A commit that is not conditional is forbidden, as a policy of an AWS bucket can."""

    def answer(request: dict[str, Any], start: Any) -> Iterable[bytes]:
        commit = request["REQUEST_METHOD"] == "PUT" and COMMIT.search(request["PATH_INFO"])
        if not commit or "HTTP_IF_NONE_MATCH" in request or request["PATH_INFO"].startswith("/forgetful/"):
            return application(request, start)
        request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
        start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(FORBIDDEN)))])
        return [FORBIDDEN]

    return answer


def forgetful(application: Application) -> Application:
    def answer(request: dict[str, Any], start: Any) -> Iterable[bytes]:
        if request["PATH_INFO"].startswith("/forgetful/"):
            request.pop("HTTP_IF_NONE_MATCH", None)
        return application(request, start)

    return answer


def main() -> None:
    application = forgetful(guarded(busy(DomainDispatcherApplication(create_backend_app))))
    server = make_server("127.0.0.1", 0, application, request_handler=Silent)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
