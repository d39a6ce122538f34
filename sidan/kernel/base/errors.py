"""The refusals that are anticipated: each has a status, a stable code and a sentence that says what to do.

Everything that is not a Refusal is a bug.
"""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """Something a person may meet and can act upon.

    Args:
        message: a short sentence in the reader's language; the class's own where none is given.
        details: facts for the one refused (JSON values); `fields` maps a field's name to its message.
    """

    status: ClassVar[int] = 400
    code: str = "refused"
    text: ClassVar[str | Promise] = _("这一步现在不能办。")

    def __init__(self, message: str | Promise | None = None, *, code: str | None = None, **details: Any) -> None:
        self.message: str | Promise = message if message is not None else self.text
        self.details = details
        if code is not None:
            self.code = code
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


class BadRequest(Refusal):
    """The request cannot be read."""

    status, code, text = 400, "bad_request", _("请求的格式不对，请检查后再试。")


class NotSignedIn(Refusal):
    """No person is known."""

    status, code, text = 401, "not_signed_in", _("请先登录。")


class NotAllowed(Refusal):
    """The person is known and may not do this."""

    status, code, text = 403, "not_allowed", _("您没有办理这一步的权限。")


class NotFound(Refusal):
    """It does not exist, or not for this reader: the two look the same."""

    status, code, text = 404, "not_found", _("没有找到。请核对编号和手机尾号。")


class NotNow(Refusal):
    """The state does not have this step, or somebody else moved it first."""

    status, code, text = 409, "not_now", _("现在不能办这一步。")


class InFlight(Refusal):
    """The same idempotency key is being worked on at this moment."""

    status, code, text = 409, "in_flight", _("同一个请求正在处理，请稍候再试。")


class LengthMissing(Refusal):
    """A body that does not say how long it is: it would be read without end, or not at all."""

    status, code, text = 411, "length_missing", _("请带上 Content-Length：不接受不说明长度的内容。")


class TooLarge(Refusal):
    """The body or a file is larger than the house takes."""

    status, code, text = 413, "too_large", _("内容太大，请缩小后再发。")


class Invalid(Refusal):
    """A value is wrong; `fields` says which and how to mend it."""

    status, code, text = 422, "invalid", _("有几处需要改一下。")


class KeyReused(Refusal):
    """The idempotency key was used for another body."""

    status, code, text = 422, "key_reused", _("这个 Idempotency-Key 已用于另一个请求，请换一个新的。")


class TooMany(Refusal):
    """Throttled; `retry_after` says for how many seconds."""

    status, code, text = 429, "too_many", _("操作太频繁，请稍后再试。")


class Unavailable(Refusal):
    """The database is locked or gone."""

    status, code, text = 503, "unavailable", _("系统正忙，您的内容没有丢失，请稍后再试。")
