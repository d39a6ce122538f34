"""The command line `sidan`: reads the words and calls a verb. Nothing heavy is imported before a verb is known."""

import argparse
import os
import sys
from importlib import import_module
from typing import TypeAlias

USAGE = """sidan VERB ...        every verb explains itself: sidan VERB --help

run it
  serve               web server, worker and clock        [--host H] [--port N] [--workers N] [--demo]
  work                worker and clock alone
  migrate             bring the database up to this version
  doctor              what is wrong here, and how to mend it        [--json]
  demo                the demonstration county        [--if-empty] [--reset] [--size N]
fill it
  import county DIR   units, catalogues, duties, deadlines of an empty house
  import orders FILE  another system's orders: --map MAP.toml [--preview] [--yes] [--system NAME], or --undo BATCH
  calendar sync YEAR  the days of a year; open deadlines follow
  person list|add|seat|password|second who works here
  token create|revoke                  bearers for programs
look at it
  export orders|journal        csv or jsonl        [--out FILE] [--format csv|jsonl]
  poster CODE         posters of a community's estates and buildings as a PDF   [--estate NAME] [--place CODE] [--out FILE] [--per-page 1|4]
  verify              prove the journal: chains, hashes, seals        [--json]
  rebuild --check     prove that every row equals the fold of its journal        [--json]
  manage ...          Django's own commands

Exit status: 0 well, 1 something found or refused, 2 wrong usage or settings."""

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

SETTINGS = "sidan.site.settings"
DATABASE_AWAY = "The database cannot be reached or is not up to date"


def main(argv: list[str] | None = None) -> int:
    """Run one verb; refusals and a missing database become a sentence, a bug keeps its traceback."""
    words = sys.argv[1:] if argv is None else argv
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if words[:1] == ["manage"]:
        from django.core.management import execute_from_command_line

        execute_from_command_line(["sidan manage", *words[1:]])
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if words else 2
    return _run(parser().parse_args(words))


def _run(args: argparse.Namespace) -> int:
    _before_settings(args)
    import django

    django.setup()
    from django.conf import settings
    from django.db import InterfaceError, OperationalError, ProgrammingError
    from django.utils import translation

    from sidan.kernel.base.errors import Refusal

    translation.activate("en" if os.environ.get("LANG", "").startswith("en") else settings.LANGUAGE_CODE)
    module, _, name = str(args.run).partition(":")
    try:
        return int(getattr(import_module(f"sidan.site.verbs.{module}"), name)(args) or 0)
    except Refusal as refusal:
        fields = refusal.details.get("fields") or {}
        _say(f"{refusal} ({refusal.code})", *(f"  {key}: {value}" for key, value in fields.items()))
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        _say(f"{DATABASE_AWAY}: {str(error).strip().splitlines()[0]}", "Mend it: sidan migrate, or see sidan doctor")
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _say(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))
    except KeyboardInterrupt:
        _say("stopped")
        return 130
    return 1


def _before_settings(args: argparse.Namespace) -> None:
    """Host and port are settings as well: links and the worker's process must know them."""
    for name in ("host", "port"):
        if getattr(args, name, None) is not None:
            os.environ[f"SIDAN_{name.upper()}"] = str(getattr(args, name))


def _say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """All verbs and their words."""
    top = argparse.ArgumentParser("sidan", usage="sidan VERB ...", allow_abbrev=False)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB", prog="sidan")

    _running(verbs)
    _filling(verbs)
    what = group(verbs, "export")
    for name in ("orders", "journal"):
        one = verb(what, name, f"exporting:{name}")
        one.add_argument("--out", metavar="FILE", help="instead of the standard output")
        one.add_argument("--format", choices=("csv", "jsonl"), help="else by FILE's name, else csv")
    poster = verb(verbs, "poster", "posters:poster")
    poster.add_argument("unit", metavar="CODE", help="official code of a community or village")
    poster.add_argument("--estate", help="only this estate's")
    poster.add_argument("--place", metavar="CODE", help="only this place's")
    poster.add_argument("--out", metavar="FILE", help="else posters-CODE.pdf here")
    poster.add_argument("--per-page", type=int, choices=(1, 4), default=4)
    verb(verbs, "verify", "proving:verify").add_argument("--json", action="store_true")
    rebuild = verb(verbs, "rebuild", "proving:rebuild")
    rebuild.add_argument("--check", action="store_true", required=True, help="compare only; nothing is written")
    rebuild.add_argument("--json", action="store_true")
    return top


def verb(into: Verbs, name: str, run: str) -> argparse.ArgumentParser:
    """One verb; `run` is `module:function` under `sidan.site.verbs`."""
    made = into.add_parser(name, allow_abbrev=False)
    made.set_defaults(run=run)
    return made


def group(verbs: Verbs, name: str) -> Verbs:
    """A verb that is followed by what it is done to."""
    return verbs.add_parser(name, allow_abbrev=False).add_subparsers(dest="what", required=True, metavar="WHAT")


def _running(verbs: Verbs) -> None:
    serve = verb(verbs, "serve", "serving:serve")
    serve.add_argument("--host", metavar="ADDRESS")
    serve.add_argument("--port", type=int)
    serve.add_argument("--workers", type=int, metavar="N", help="web processes (PostgreSQL)")
    serve.add_argument("--demo", action="store_true", help="migrate and load the demonstration county if need be")
    verb(verbs, "work", "serving:work")
    verb(verbs, "migrate", "serving:migrate")
    demo = verb(verbs, "demo", "serving:demo")
    demo.add_argument("--if-empty", action="store_true", help="do nothing where there is something")
    demo.add_argument("--reset", action="store_true", help="take the old demonstration away first")
    demo.add_argument("--size", type=int, help="orders beside those that walk each branch")
    verb(verbs, "doctor", "proving:doctor").add_argument("--json", action="store_true")


def _filling(verbs: Verbs) -> None:
    what = group(verbs, "import")
    verb(what, "county", "importing:county").add_argument("folder", metavar="FOLDER")
    orders = verb(what, "orders", "importing:orders")
    orders.add_argument("file", nargs="?", metavar="FILE")
    orders.add_argument("--map", metavar="MAP.toml")
    orders.add_argument("--system", help="whose numbers these are; else the map says")
    orders.add_argument("--preview", action="store_true", help="look only")
    orders.add_argument("--yes", action="store_true", help="do not ask")
    orders.add_argument("--undo", type=int, metavar="BATCH", help="take a batch back")
    sync = verb(group(verbs, "calendar"), "sync", "people:sync")
    sync.add_argument("year", type=int)
    what = group(verbs, "person")
    verb(what, "list", "people:everybody").add_argument("--json", action="store_true")
    add = verb(what, "add", "people:add")
    add.add_argument("handle")
    add.add_argument("--name", required=True)
    add.add_argument("--phone")
    add.add_argument("--login", action="store_true", help="asks for a password, or reads it from the standard input")
    seat = verb(what, "seat", "people:seat")
    seat.add_argument("handle")
    seat.add_argument("role")
    seat.add_argument("unit", help="official code")
    seat.add_argument("--from", dest="since", metavar="DATE", help="else today")
    seat.add_argument("--to", dest="until", metavar="DATE", help="the first day without it")
    seat.add_argument("--end", action="store_true", help="end the seat instead, today or on --to")
    verb(what, "password", "people:password").add_argument("handle")
    verb(what, "second", "people:second").add_argument("handle", help="takes every second factor away")
    what = group(verbs, "token")
    create = verb(what, "create", "people:create_token")
    create.add_argument("--person", required=True, metavar="HANDLE")
    create.add_argument("--days", type=int, help="how long it is good; else until it is revoked")
    create.add_argument("--limit", type=int, default=600, metavar="PER_MINUTE")
    create.add_argument("--label", default="")
    verb(what, "revoke", "people:revoke_token").add_argument(
        "bearer", nargs="?", help="else it is read from the standard input, where no history keeps it"
    )
