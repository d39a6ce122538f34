"""One request to a gateway outside: no redirect is followed, the whole of it has a time limit, and the answer a size."""

import http.client
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, Any

from sidan.kernel.notify.channels import NotNowReachable

ANSWER_BYTES_MAX = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What a gateway said."""

    status: int
    text: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """A gateway that moved is the operator's business: its secret is not carried to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_Stay)


def ask(method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float) -> Answer:
    """Send one request. What is raised names neither address nor content: they hold secrets and readers.

    Raises:
        NotNowReachable: no answer came in time.
    """
    end = time.monotonic() + seconds
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        try:
            with _opener.open(request, timeout=seconds) as answer:
                return Answer(answer.status, _read(answer, end))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _read(error, end))
    except TimeoutError:
        raise NotNowReachable("no answer in time") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        late = isinstance(reason, TimeoutError)
        raise NotNowReachable("no answer in time" if late else f"no connection ({_kind(reason)})") from None


def _read(answer: IO[bytes], end: float) -> str:
    """The answer's beginning, by small pieces: one who drips bytes does not outlive the time limit."""
    pieces: list[bytes] = []
    size = 0
    while size < ANSWER_BYTES_MAX:
        if time.monotonic() > end:
            raise TimeoutError
        piece = answer.read1(4096) if hasattr(answer, "read1") else answer.read(4096)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces).decode("utf-8", "replace")


def _kind(reason: object) -> str:
    if isinstance(reason, socket.gaierror):
        return "unknown host"
    return type(reason).__name__
