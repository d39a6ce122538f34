"""Passwords: ask for a one-time link, and set one with it. The first password is set in the same way."""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import topics
from sidan.kernel.org import sessions
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Account, Person
from sidan.web import client, devices, signing
from sidan.web.pages import form_page, go, page

TOPIC = "web.password_link"
LINK_SECONDS, FIRST_SECONDS = 3600, 3 * 86_400
ASKED_PER_HANDLE, ASKED_PER_ADDRESS, WINDOW_SECONDS = 3, 20, 3600


class OneHour(PasswordResetTokenGenerator):
    """Django's single-use token (a changed password or a sign-in ends it), good for an hour whatever the settings say."""

    key_salt = "sidan.web.passwords"

    def check_token(self, user: Any, token: str | None) -> bool:
        if not token or not super().check_token(user, token):
            return False
        stamp = token.split("-")[0]
        return self._num_seconds(self._now()) - int(stamp, 36) <= LINK_SECONDS


class FirstOne(PasswordResetTokenGenerator):
    """The link of a sheet that is handed out: good for three days, and only while there never was a password."""

    key_salt = "sidan.web.passwords.first"

    def check_token(self, user: Any, token: str | None) -> bool:
        if not token or user.has_usable_password() or not user.is_active or not super().check_token(user, token):
            return False
        stamp = token.split("-")[0]
        return self._num_seconds(self._now()) - int(stamp, 36) <= FIRST_SECONDS


class Either:
    """What opens the page that sets a password."""

    def check_token(self, user: Any, token: str | None) -> bool:
        return tokens.check_token(user, token) or first_tokens.check_token(user, token)


tokens, first_tokens = OneHour(), FirstOne()


def link_for(account: Account, *, first: bool = False) -> str:
    """A one-time link to set this account's password; the operator may hand it over. The host is configured, never the request's."""
    uid = urlsafe_base64_encode(force_bytes(account.pk))
    token = (first_tokens if first else tokens).make_token(account)
    return str(settings.SIDAN_URL) + reverse("web:password-set", args=[uid, token])


def register_topic() -> None:
    """The message with the link; the link is made when it is sent, so that the queue holds no secret."""
    topics.register(
        TOPIC,
        title=gettext_lazy("设置密码"),
        body=gettext_lazy("请在一小时内打开链接设置登录密码：{link} 。如果不是您本人操作，请不要打开。"),
        urgent=True,
        fill=_fill,
        secret=True,
    )


def _fill(data: dict[str, Any]) -> dict[str, Any]:
    return {"link": link_for(Account.objects.get(pk=data["account"], is_active=True))}


@require_http_methods(["GET", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The answer, the statements and so the time are the same whether the handle exists or not."""
    if request.method == "GET":
        return form_page(request, "web/password_reset.html", None, {})
    handle = request.POST.get("handle", "").strip()[:80]
    if not handle:
        wrong = Invalid(fields={"handle": _("请填写账号。")})
        return form_page(request, "web/password_reset.html", wrong, {"handle": handle})
    doors.throttle(f"password:address:{client.address(request)}", ASKED_PER_ADDRESS, WINDOW_SECONDS, timezone.now())
    ask_link(handle)
    return page(request, "web/password_asked.html")


@tx.writes
def ask_link(handle: str) -> None:
    """Queue the link for whoever has this handle; nobody learns whether somebody has.

    Raises:
        TooMany: the handle, known or not, was asked for too often.
    """
    now = timezone.now()
    doors.throttle(f"password:handle:{handle.casefold()}", ASKED_PER_HANDLE, WINDOW_SECONDS, now)
    account = Account.objects.filter(handle=handle, is_active=True, person__kind=Person.Kind.STAFF).first()
    if account is not None:
        key = f"org.account:{account.pk}/{int(now.timestamp())}/password"
        notify.send(TOPIC, to_person=account.person_id, data={"account": account.pk}, key=key, act_at=now)


@tx.writes
def _set(account: Account, act: Act) -> None:
    """With the old password its sessions end, here and elsewhere."""
    sessions.end_all(account)
    signing.note("password_set", account, act)


class SetPassword(PasswordResetConfirmView):
    """Django's view: it moves the token from the address into the session before it shows the form."""

    template_name = "web/password_set.html"
    token_generator = Either()
    success_url = reverse_lazy("web:sign-in")

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        if response.status_code == 302:
            response["Referrer-Policy"] = "no-referrer"
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        super().form_valid(form)
        account: Account = form.user
        _set(account, Act(account.person, timezone.now(), Via.PAGE))
        response = go(self.request, str(self.success_url), _("密码已设置，请用新密码登录。"))
        # Whoever has the telephone is let to the door, however many are guessing elsewhere.
        devices.remember(self.request, response, account.handle)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)
