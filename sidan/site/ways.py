"""The file `channels.toml` in the data folder: the gateway for short messages, and the bots of units' group chats."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidan.kernel.notify.channels import bots, sms

NAME = "channels.toml"
_ADDRESS = re.compile(r"(https://|wecombot://|dingtalk://|feishu://)\S+")


@dataclass(frozen=True)
class Ways:
    """What the file says, and what is wrong with it."""

    sms: dict[str, Any] = field(default_factory=dict)
    bots: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read(data: Path) -> Ways:
    """Read the file; an absent one says nothing. Problems name keys and never values: those are secrets."""
    path = data / NAME
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Ways()
    except OSError as error:
        return Ways(problems=(f"{NAME} cannot be read ({error.strerror})",))
    except UnicodeDecodeError:
        return Ways(problems=(f"{NAME} must be UTF-8",))
    except tomllib.TOMLDecodeError as error:
        return Ways(problems=(f"{NAME} is no TOML: {_place(str(error))}",))
    wrong = [f"{NAME}: {name} is not known; there are sms and bots" for name in sorted(set(said) - {"sms", "bots"})]
    gateway, groups = said.get("sms", {}), said.get("bots", {})
    if not isinstance(gateway, dict):
        gateway = {}
        wrong.append(f"{NAME}: sms must be a section")
    if gateway:
        try:
            sms.read(gateway)
        except ValueError as error:
            wrong += [f"{NAME}: {line}" for line in str(error).splitlines()]
    if not isinstance(groups, dict) or not all(isinstance(one, str) for one in groups.values()):
        groups = {}
        wrong.append(f"{NAME}: bots must be a section of codes of units with addresses")
    wrong += [f"{NAME}: bots.{code} {fault}" for code, address in groups.items() if (fault := _bot(address))]
    return Ways(gateway, groups, tuple(wrong))


def _bot(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        return "must be the address of a WeCom, DingTalk or Feishu bot"
    try:
        bots.check(address)
    except ImportError:
        return "needs the package apprise: install Sidan with its extra `notify`"
    except ValueError as error:
        return str(error)
    return ""


def _place(words: str) -> str:
    """Where the file is wrong; what else the parser says may quote a secret."""
    found = re.search(r"at line \d+, column \d+", words)
    return found[0] if found else "see its end"
