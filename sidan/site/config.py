"""What an operator may set: the environment variables SIDAN_*, or the file `.env` in the data folder.

Every wrong value is reported at once, in plain words and by the name of its variable.
"""

import difflib
import hashlib
import ipaddress
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sidan.kernel.notify import channels
from sidan.site import mails, ways

PREFIX = "SIDAN_"
CHECKOUT = Path(__file__).resolve().parents[2]
# Read elsewhere: by the shell scripts, by the tests and benches, and by one process that starts another.
NOT_OURS = (
    "SIDAN_TEST_",
    "SIDAN_BENCH_",
    "SIDAN_FAULTS_",
    "SIDAN_BACKGROUND",
    "SIDAN_VENV",
    "SIDAN_PYTHON",
    "SIDAN_EXTRAS",
)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SECRET = frozenset({"SIDAN_SECRET_KEY", "SIDAN_DATABASE_URL", "SIDAN_EMAIL_URL"})
# As in the organisation, which cannot be read before the settings stand; a test holds the two equal.
ROLES = ("community", "recorder", "dispatcher", "handler", "checker", "supervisor", "operator")
PLAIN_WORDS = {
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be 1 or 0",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
SQLITE_SCHEMES = frozenset({"sqlite"})
POSTGRES_SCHEMES = frozenset({"postgres", "postgresql"})


class ConfigError(Exception):
    """Settings are wrong; `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    address = _address(host)
    return host in LOOPBACK_NAMES or host.endswith(".localhost") or (address is not None and address.is_loopback)


def is_near(host: str) -> bool:
    """Whether `host` is this machine or an address of a local network, which the internet does not reach."""
    address = _address(host)
    return is_loopback(host) or host.endswith(".local") or (address is not None and address.is_private)


def _split(raw: object) -> object:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw


class Config(BaseSettings):
    """The settings of one installation; each field is the variable SIDAN_<NAME>."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data: Path = Field(CHECKOUT / "var", description="folder for the database, keys, photos and collected static files")
    port: int = Field(8000, ge=1, le=65535, description="port of the web server")
    host: str = Field("127.0.0.1", description="address the web server listens on")
    url: str = Field("", description="public base address, such as https://sidan.example.gov.cn")
    hosts: Annotated[tuple[str, ...], NoDecode] = Field((), description="names the site answers to, parted by commas")
    proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"), description="addresses of reverse proxies whose X-Forwarded-For is believed"
    )
    database_url: str = Field("", description="empty for SQLite in the data folder, or postgresql://...")
    statement_seconds: int = Field(30, ge=0, le=86400, description="PostgreSQL ends a statement after this; 0: never")
    secret_key: str = Field("", description="signs cookies; empty: one is made and kept in the data folder")
    debug: bool = Field(False, description="show Django's error pages; refused where others can reach the site")
    demo: bool = Field(False, description="allow the demonstration data and its known accounts")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    hash: str = Field(
        "sha256", description="hash of the journal, sha256 or sm3; chosen before its first entry, then kept"
    )
    second_factor: Annotated[tuple[str, ...], NoDecode] = Field(
        ("operator", "supervisor"), description="roles that must have a second factor; - for none"
    )
    number_rest_days: int = Field(
        90, ge=1, le=3650, description="for how many days carriers give a number that was given up to nobody"
    )

    channel: Annotated[tuple[str, ...], NoDecode] = Field(
        ("console",),
        description="by which ways messages go, the first choice first: sms, email, or console (the log and the visible outbox)",
    )
    staff_channel: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="the same for members of staff, who may choose among them; empty: as SIDAN_CHANNEL"
    )
    email_url: str = Field(
        "", description="mail server: smtp://user:password@host:587?tls=start, smtps://... or smtp://host:25"
    )
    email_from: str = Field("", description="the address that mails come from")

    _lists = field_validator("hosts", "proxies", "second_factor", "channel", "staff_channel", mode="before")(_split)

    @field_validator("second_factor")
    @classmethod
    def _second_factor_names_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == ("-",):
            return ()
        if wrong := [one for one in value if one not in ROLES]:
            raise ValueError(f"must be roles ({', '.join(ROLES)}) or - (not {', '.join(wrong)})")
        return value

    @field_validator("data")
    @classmethod
    def _data_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("url")
    @classmethod
    def _url_is_a_base_address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://sidan.example.gov.cn")
        if parts.path.strip("/"):
            raise ValueError("must not have a path after the host's name: the site stands at the root of its host")
        return value.rstrip("/")

    @field_validator("hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("must name the hosts; * would answer to any name")
        wrong = [host for host in value if "/" in host or " " in host]
        if wrong:
            raise ValueError(f"must be bare host names, without http:// and paths (not {', '.join(wrong)})")
        return value

    @field_validator("proxies")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise ValueError(f"must be IP addresses or networks such as 10.0.0.0/24 (not {one})") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in POSTGRES_SCHEMES | SQLITE_SCHEMES:
            raise ValueError("must be empty, sqlite:///path/file.sqlite3 or postgresql://user:password@host:5432/name")
        if parts.scheme in SQLITE_SCHEMES and not parts.path.strip("/"):
            raise ValueError("must name the file: sqlite:///path/file.sqlite3")
        if parts.scheme in POSTGRES_SCHEMES and not parts.path.strip("/"):
            raise ValueError("must name the database: postgresql://user:password@host:5432/name")
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_is_long(cls, value: str) -> str:
        if value and (len(value) < 50 or len(set(value)) < 5):
            raise ValueError("must be empty or at least 50 random characters")
        return value

    @field_validator("log_level")
    @classmethod
    def _level_is_known(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("hash")
    @classmethod
    def _hash_is_known(cls, value: str) -> str:
        if value.lower() not in ("sha256", "sm3"):
            raise ValueError("must be sha256 or sm3")
        if value.lower() not in hashlib.algorithms_available:
            raise ValueError("is not known to this Python's OpenSSL")
        return value.lower()

    @field_validator("channel", "staff_channel")
    @classmethod
    def _channels_are_registered(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value) or not set(value) <= set(channels.names()):
            raise ValueError(f"must be {' or '.join(channels.names())}, or several with commas")
        return value

    @field_validator("email_url")
    @classmethod
    def _mail_server_is_named(cls, value: str) -> str:
        if value:
            mails.read(value)
        return value

    @model_validator(mode="after")
    def _whole_is_safe(self) -> Self:
        wrong = []
        far = [host for host in self.all_hosts if not is_near(host)]
        beyond = [host for host in self.all_hosts if not is_loopback(host)]
        if self.debug and beyond:
            wrong.append(
                f"SIDAN_DEBUG must be off: the site answers to {', '.join(beyond)}, and error pages show secrets"
            )
        if self.demo and far:
            wrong.append(f"SIDAN_DEMO must be off: its accounts are known, and the site answers to {', '.join(far)}")
        if far and not self.url:
            wrong.append("SIDAN_URL is missing: links in messages need the public address, such as https://" + far[0])
        if far and self.url.startswith("http:"):
            wrong.append("SIDAN_URL must begin with https:// where the site is public")
        used = {*self.channel, *self.staff_channel}
        if "email" in used and not (self.email_url and self.email_from):
            wrong.append("SIDAN_EMAIL_URL and SIDAN_EMAIL_FROM are needed for the channel email")
        if "sms" in used and not self.ways.sms:
            wrong.append(f"{ways.NAME} in the data folder needs a section [sms] for the channel sms")
        wrong += self.ways.problems
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @cached_property
    def ways(self) -> ways.Ways:
        """What `channels.toml` says."""
        return ways.read(self.data)

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """Names the site answers to: the given ones, the address's own, and always this machine."""
        named = urlsplit(self.url).hostname if self.url else None
        given = (*self.hosts, *((f"[{named}]" if ":" in named else named,) if named else ()))
        return tuple(dict.fromkeys((*given, *sorted(LOOPBACK_NAMES))))

    @property
    def base_url(self) -> str:
        """The address to print in links, without a final slash."""
        return self.url or f"http://127.0.0.1:{self.port}"

    @property
    def https(self) -> bool:
        """Whether the public address is encrypted."""
        return self.url.startswith("https:")

    @property
    def postgres(self) -> bool:
        """Whether the database is PostgreSQL."""
        return urlsplit(self.database_url).scheme in POSTGRES_SCHEMES

    def sqlite_path(self) -> Path:
        """The database file of the embedded engine."""
        if not self.database_url:
            return self.data / "sidan.sqlite3"
        return Path(unquote(urlsplit(self.database_url).path))

    def postgres_parts(self) -> tuple[dict[str, str], dict[str, str]]:
        """Django's NAME, USER, PASSWORD, HOST and PORT, and the address's further options (sslmode, host=/socket ...)."""
        parts = urlsplit(self.database_url)
        options = dict(parse_qsl(parts.query))
        port = str(parts.port) if parts.port else options.pop("port", "")
        host = unquote(parts.hostname or "") or options.pop("host", "")
        named = {"NAME": unquote(parts.path.lstrip("/")), "USER": unquote(parts.username or ""), "HOST": host}
        return {**named, "PASSWORD": unquote(parts.password or ""), "PORT": port}, options


def variables() -> dict[str, str]:
    """Every variable's name and what it is for, in order; the settings page of the documentation is checked against it."""
    return {PREFIX + name.upper(): field.description or "" for name, field in Config.model_fields.items()}


def _unknown(names: set[str]) -> list[str]:
    known = variables()
    found = []
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known and not name.startswith(NOT_OURS):
            near = difflib.get_close_matches(name, known, 1)
            found.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return found


def _in_words(error: ValidationError, env_file: Path) -> list[str]:
    """Say what is wrong; where single values are, look past them as well for values that do not go together."""
    said = []
    replaced: dict[str, Any] = {}
    for one in error.errors():
        words = PLAIN_WORDS.get(one["type"], one["msg"].removeprefix("Value error, ")).format(**one.get("ctx", {}))
        if not one["loc"]:
            said += words.splitlines()
            continue
        field = str(one["loc"][0])
        name = PREFIX + field.upper()
        said.append(f"{name} {words}" + ("" if name in SECRET else f" (is {one['input']!r})"))
        replaced[field] = Config.model_fields[field].default
    if replaced:
        try:
            Config(_env_file=env_file, _env_ignore_empty=True, **replaced)
        except ValidationError as further:
            said += _in_words(further, env_file)
    return said


def load() -> Config:
    """Read the settings.

    Raises:
        ConfigError: with every problem found.
    """
    data = Path(os.environ.get("SIDAN_DATA") or CHECKOUT / "var").expanduser().absolute()
    env_file = data / ".env"
    in_file = dotenv_values(env_file) if env_file.is_file() else {}
    problems = _unknown({*os.environ, *in_file})
    if in_file.get("SIDAN_DATA") and Path(in_file["SIDAN_DATA"] or "").expanduser().absolute() != data:
        problems.append("SIDAN_DATA cannot be moved by the .env file that lies in it; set it in the environment")
    try:
        config = Config(_env_file=env_file, _env_ignore_empty=True)
    except ValidationError as error:
        raise ConfigError(problems + _in_words(error, env_file)) from None
    if problems:
        raise ConfigError(problems)
    return config


def load_or_exit() -> Config:
    """Read the settings, or say everything that is wrong with them and leave with status 2."""
    try:
        return load()
    except ConfigError as error:
        sys.stderr.write("Sidan cannot start, its settings are wrong:\n")
        sys.stderr.writelines(f"  - {problem}\n" for problem in error.problems)
        raise SystemExit(2) from None
