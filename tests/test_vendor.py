"""What others made is what vendor.json says, with its licence beside it; every icon that a page names is in the sprite."""

import re
from pathlib import Path

import pytest

from tests import vendor

PACKAGE = vendor.ROOT / "sidan"
SPRITE = PACKAGE / "web" / "static" / "sidan" / "icons.svg"


@pytest.mark.parametrize("package", vendor.packages(), ids=lambda one: str(one["name"]))
def test_each_vendored_file_is_what_vendor_json_says(package: dict[str, object]) -> None:
    assert {"name", "source", "version", "licence", "home", "files"} <= set(package)
    for one in vendor.kept(package):
        path = vendor.ROOT / one["path"]
        assert path.is_file(), one["path"]
        assert vendor.sha256(path.read_bytes()) == one["sha256"], f"{one['path']}: bin/vendor {package['name']}"
    assert [one for one in vendor.kept(package) if Path(one["path"]).name == "LICENSE"], "its licence lies beside it"


def test_nothing_lies_among_vendored_files_that_vendor_json_does_not_name() -> None:
    named = {vendor.ROOT / one["path"] for package in vendor.packages() for one in vendor.kept(package)}
    there = {path for path in PACKAGE.glob("**/static/vendor/**/*") if path.is_file()}
    assert there - named == set()


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', SPRITE.read_text()))
    tag = re.compile(r"""\{% icon ["']([a-z-]+)["']|icons\.svg' %\}#([a-z-]+)""")
    named = {
        found[1] or found[2]: path.name
        for path in PACKAGE.rglob("templates/**/*.html")
        for found in tag.finditer(path.read_text())
    }
    assert {icon: where for icon, where in named.items() if icon not in drawn} == {}


def test_a_source_map_that_is_not_shipped_is_not_asked_for() -> None:
    assert vendor._MAP.sub(b"\n", b"a();\n//# sourceMappingURL=a.js.map\n") == b"a();\n"
    assert vendor._MAP.sub(b"\n", b"a{}\n/*# sourceMappingURL=a.css.map */") == b"a{}\n"
