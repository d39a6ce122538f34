"""Personal data at rest: read again only with the key, found only by it, and one key for all processes."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.base import crypto


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Iterator[Path]:
    """A data folder without a key."""
    settings.SIDAN_DATA = tmp_path / "data"  # type: ignore[attr-defined]
    yield tmp_path / "data"
    crypto._ring.cache_clear()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_was_sealed_is_read_again_and_never_looks_alike(text: str) -> None:
    one, two = crypto.seal_text(text), crypto.seal_text(text)
    assert crypto.open_text(one) == crypto.open_text(two) == text
    assert one != two
    assert len(text.encode()) < 4 or text.encode() not in one


def test_an_altered_byte_is_noticed_wherever_it_is() -> None:
    sealed = crypto.seal_text("13800001234")
    for at in range(1, len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(InvalidTag):
            crypto.open_text(altered)
    with pytest.raises(KeyError):  # the first byte names a key that the ring does not have
        crypto.open_text(bytes([sealed[0] ^ 0x40]) + sealed[1:])


def test_another_key_does_not_open_it(folder: Path) -> None:
    sealed, found = crypto.seal_text("13800001234"), crypto.keyed_hash("13800001234")
    crypto.key_path().unlink()
    crypto._ring.cache_clear()
    with pytest.raises(InvalidTag):
        crypto.open_text(sealed)
    assert crypto.keyed_hash("13800001234") != found


def test_a_keyed_hash_is_stable_and_tells_values_apart() -> None:
    assert crypto.keyed_hash("a") == crypto.keyed_hash("a") != crypto.keyed_hash("b")
    assert len(crypto.keyed_hash("a")) == 32


def test_the_key_is_made_on_first_use_for_its_owner_alone(folder: Path) -> None:
    assert not folder.exists()
    crypto.seal_text("x")
    path = folder / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in folder.iterdir()] == ["secret.key"]
    assert set(json.loads(path.read_text())) == {"current", "keys", "lookup"}


def test_processes_that_start_together_agree_on_one_key(folder: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from django.conf import settings;"
        f"settings.configure(SIDAN_DATA=Path({str(folder)!r}));"
        "from sidan.kernel.base import crypto;"
        "sys.stdin.readline(); print(crypto.keyed_hash('one').hex())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    said = [one.communicate("\n", timeout=30)[0] for one in started]
    assert len(set(said)) == 1
    assert said[0].strip() == crypto.keyed_hash("one").hex()
    assert [one.name for one in folder.iterdir()] == ["secret.key"]


def test_an_older_key_of_the_ring_still_opens(folder: Path) -> None:
    old = crypto.seal_text("13800001234")
    path = crypto.key_path()
    ring = json.loads(path.read_text())
    ring["keys"]["2"], ring["current"] = ring["lookup"], 2
    path.write_text(json.dumps(ring))
    crypto._ring.cache_clear()
    assert crypto.open_text(old) == "13800001234"
    assert crypto.seal_text("x")[0] == 2
