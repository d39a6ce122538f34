"""Bots in the group chats of units (WeCom, DingTalk, Feishu), through apprise, which the extra `notify` brings.

A group is read by whoever is in it, so its letter has no room for a person: it is a code, a number and nothing else.
"""

import logging
import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import translation

from sidan.kernel.notify import topics
from sidan.kernel.notify.channels import NotNowReachable, Unreachable

ROLE = "bot"  # the role of a message that goes to a unit's group
SECONDS = 10
# What an order's number looks like. A telephone has 11 digits and an identity number 18: they do not fit.
_NUMBER = re.compile(r"[0-9A-Z]{8}")


@dataclass(frozen=True)
class BotLetter:
    """What a group is told: the topic's fixed title, an order's number, and a link that asks for a sign-in.

    Raises:
        ValueError: the number is none, or the topic is not for groups.
    """

    topic: str
    number: str

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.number):
            raise ValueError("a group is told an order's number and nothing else")
        if not topics.get(self.topic).group:
            raise ValueError(f"{self.topic} is not for groups")

    @property
    def words(self) -> str:
        topic = topics.get(self.topic)
        with translation.override(settings.LANGUAGE_CODE):
            link = f"{settings.SIDAN_URL}{topic.group.replace('{number}', self.number)}"
            return f"{topic.title} {self.number}\n{link}"


class _Watched(threading.local):
    """Stands for `requests` in the plugins: they take any answer with status 200 for a success, also one that says
    {"errcode": 93000, "errmsg": "invalid webhook url"}. This one looks, and remembers what was said."""

    def __init__(self, requests: Any) -> None:
        self._requests, self.said = requests, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, url: str, **options: Any) -> Any:
        self.said = ""
        answer = self._requests.post(url, **{**options, "allow_redirects": False, "timeout": SECONDS})
        self.said = f"status {answer.status_code}"
        if answer.status_code == 200:
            try:
                told = answer.json()
            except ValueError:
                told = {}
            code = next((told[name] for name in ("errcode", "code", "StatusCode") if name in told), None)
            self.said = f"code {code}" if isinstance(code, int) else "no code"
            if code != 0:
                raise self._requests.RequestException(self.said)
        return answer


@cache
def _plugins() -> tuple[dict[str, Any], _Watched]:
    """The three plugins by their scheme, watched. Not through the package's own finder: that loads all of its 140.

    Raises:
        ImportError: the extra is not installed.
    """
    import requests
    from apprise.plugins import dingtalk, feishu, wecombot

    watched = _Watched(requests)
    for module in (wecombot, dingtalk, feishu):
        vars(module)["requests"] = watched
    # Their lines hold addresses, which are secrets.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    found = (wecombot.NotifyWeComBot, dingtalk.NotifyDingTalk, feishu.NotifyFeishu)
    return {plugin.secure_protocol: plugin for plugin in found}, watched


def check(address: str) -> None:
    """Refuse an address that is no bot's.

    Raises:
        ImportError: the extra is not installed.
        ValueError: with what is expected.
    """
    _bot(address)


def _bot(address: str) -> Any:
    plugins, _watched = _plugins()
    from apprise.exception import AppriseImproperlyConfigured

    scheme = address.partition("://")[0]
    known = [plugins[scheme]] if scheme in plugins else list(plugins.values())
    for plugin in known:
        found = plugin.parse_url(address) if scheme in plugins else plugin.parse_native_url(address)
        if found:
            try:
                bot = plugin(**found)
            except (AppriseImproperlyConfigured, TypeError):
                break
            bot.request_rate_per_sec = 0  # it would sleep; the relay has a limit of its own
            return bot
    raise ValueError("must be the webhook address of a WeCom, DingTalk or Feishu bot, as the group shows it")


def send(code: str, letter: BotLetter) -> None:
    """Tell a unit's group.

    Raises:
        NotNowReachable: try again.
        Unreachable: the unit has no bot any more.
    """
    address = settings.SIDAN_BOTS.get(code)
    if address is None:
        raise Unreachable
    try:
        bot = _bot(address)
    except (ImportError, ValueError) as error:
        raise NotNowReachable(f"bot of {code}: {type(error).__name__}") from None
    watched = _plugins()[1]
    watched.said = "no answer"
    if not bot.notify(letter.words):
        raise NotNowReachable(f"bot of {code}: {watched.said or 'no answer'}")
