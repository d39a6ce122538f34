"""`sidan poster`: posters of a community's places as a PDF."""

from pathlib import Path

import pytest

from sidan.orders.tests import make
from sidan.site import cli
from sidan.web import drawing

UNIT = "500233001001"


@pytest.mark.django_db
def test_posters_are_printed_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if drawing.face() is None:
        pytest.skip("no Chinese font; mend with: apt-get install fonts-wqy-microhei")
    make.county()
    out = tmp_path / "posters.pdf"
    assert cli.main(["poster", UNIT, "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert "4 posters" in capsys.readouterr().out
    assert cli.main(["poster", UNIT, "--place", "xy2345", "--per-page", "1", "--out", str(out)]) == 0
    assert cli.main(["poster", "500233-D01"]) == 1
