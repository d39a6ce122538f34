"""Django's settings, made from the installation's few variables (see `config.py`)."""

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from sidan.site import mails
from sidan.site.config import Config, load_or_exit


def _data_folder(path: Path) -> Path:
    """Make the data folder, closed to other users; it holds keys and personal data."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        sys.stderr.write(f"Sidan cannot start: SIDAN_DATA {path} cannot be made ({error.strerror}).\n")
        raise SystemExit(2) from None
    return path


def _kept_key(path: Path) -> str:
    """Read the signing key, or make it on first use; two processes that start together agree on one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _database(config: Config) -> dict[str, Any]:
    if config.postgres:
        named, options = config.postgres_parts()
        limits = f"-c lock_timeout=3s -c statement_timeout={config.statement_seconds}s"
        given = options.pop("options", "")
        return {
            "ENGINE": "django.db.backends.postgresql",
            **named,
            "CONN_MAX_AGE": None,
            # No question before each request whether the connection lives: it is a round trip for everybody, and one that
            # broke is thrown away after the one request that met it with a 503.
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": {
                **options,
                "options": f"{limits} {given}".strip(),
                # Parameters travel apart from the statement, so that a statement used often is prepared once.
                "server_side_binding": True,
                "prepare_threshold": 5,
            },
        }
    path = config.sqlite_path()
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A commit is acknowledged after `sidan.kernel.base.durable` has seen its log on the disk: NORMAL loses nothing.
            # Without IMMEDIATE a transaction that reads before it writes fails at once when another one writes.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA wal_autocheckpoint=4000;PRAGMA foreign_keys=ON;"
                "PRAGMA mmap_size=268435456;PRAGMA journal_size_limit=67108864;"
                # What is erased is overwritten, and does not stay readable in free pages.
                "PRAGMA secure_delete=ON;"
            ),
        },
        # A file and not memory: tests race threads against each other, which one shared connection would hide.
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }


CONFIG = load_or_exit()
ROOT = Path(__file__).resolve().parents[1]
SIDAN_DATA = _data_folder(CONFIG.data)
SIDAN_URL = CONFIG.base_url
SIDAN_DEMO = CONFIG.demo
SIDAN_PROXIES = CONFIG.proxies
SIDAN_HASH = CONFIG.hash
SIDAN_CHANNEL = CONFIG.channel
# The demonstration's accounts get in with the printed password: it stands on one's own machine, and says so.
SIDAN_SECOND_FACTOR = () if CONFIG.demo else CONFIG.second_factor
SIDAN_NUMBER_REST_DAYS = CONFIG.number_rest_days
SIDAN_STAFF_CHANNEL = CONFIG.staff_channel
SIDAN_SMS = CONFIG.ways.sms
SIDAN_BOTS = CONFIG.ways.bots

DEBUG = CONFIG.debug
SECRET_KEY = CONFIG.secret_key or _kept_key(SIDAN_DATA / "django.key")
ALLOWED_HOSTS = list(CONFIG.all_hosts)
CSRF_TRUSTED_ORIGINS = [CONFIG.url] if CONFIG.url else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "ninja",
    "sidan.kernel.base",
    "sidan.kernel.org",
    "sidan.kernel.journal",
    "sidan.kernel.flow",
    "sidan.kernel.worktime",
    "sidan.kernel.files",
    "sidan.kernel.notify",
    "sidan.web",
    "sidan.orders",
]

MIDDLEWARE = [
    "sidan.web.middleware.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "sidan.web.middleware.ApiDoor",
    "sidan.web.middleware.SmallerPages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sidan.web.middleware.Devices",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "sidan.web.middleware.Refusals",
]

ROOT_URLCONF = "sidan.site.urls"
WSGI_APPLICATION = "sidan.site.wsgi.application"
ASGI_APPLICATION = "sidan.site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sidan.web.context.site",
            ],
        },
    },
]

DATABASES = {"default": _database(CONFIG)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "org.Account"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "web:sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = _data_folder(SIDAN_DATA / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Room for several photos of one order; what is larger is refused before it is read into memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_PERMISSIONS = 0o600

if CONFIG.email_url:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    globals().update(mails.read(CONFIG.email_url))
DEFAULT_FROM_EMAIL = CONFIG.email_from or "sidan@localhost"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-sidan" if CONFIG.https else "sidan"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CONFIG.https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if CONFIG.https else "csrftoken"
CSRF_COOKIE_SECURE = CONFIG.https
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "sidan.web.handlers.csrf_failure"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SECURE = CONFIG.https
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# The application listens behind a proxy that ends TLS; a plain request that reaches it is sent to the encrypted address.
SECURE_SSL_REDIRECT = CONFIG.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.https else None
SECURE_HSTS_SECONDS = 31_536_000 if CONFIG.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = CONFIG.https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A browser's preload list is asked for by whoever owns the domain, not by a program on one of its hosts.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        # Previews of photos that have not been sent yet, and pictures inside style sheets.
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "sidan.web.logs.JsonFormatter"}, "line": {"()": "sidan.web.logs.LineFormatter"}},
    "handlers": {
        # A person at a terminal reads lines; whatever collects logs reads JSON.
        "console": {"class": "logging.StreamHandler", "formatter": "line" if sys.stderr.isatty() else "json"},
        "none": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": CONFIG.log_level},
    "loggers": {
        "django": {"handlers": [], "level": CONFIG.log_level, "propagate": True},
        # Whoever scans the internet asks for any name; each would leave a traceback.
        "django.security.DisallowedHost": {"handlers": ["none"], "propagate": False},
    },
}
