"""The pictures of the main pages are there, small, and shown by both READMEs."""

from pathlib import Path

from PIL import Image

from tests import screens
from tests.vendor import ROOT

MOST_BYTES = 1_500_000


def test_every_main_page_is_photographed_on_a_telephone_and_at_a_desk() -> None:
    there = {path.name for path in screens.FOLDER.iterdir()}
    assert there == set(screens.names()), "bin/screens"
    for name in screens.names():
        wide = screens.SIZES[Path(name).stem.rpartition("-")[2]]["width"]
        with Image.open(screens.FOLDER / name) as picture:
            assert picture.width == wide, name
    assert sum((screens.FOLDER / name).stat().st_size for name in there) < MOST_BYTES


def test_the_readme_shows_pictures_that_exist() -> None:
    for readme in ("README.md", "README.zh.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        assert text.count("docs/screenshots/") >= 4, readme
