"""What others made and the house ships: `bin/vendor` fetches it anew by vendor.json, test_vendor compares it.

A package has name, source (npm:NAME), version, licence, home and `files` (path here, name there, sha256); a package of
icons has a `sprite` (path, sha256, our name of an icon -> theirs), in which drawings of our own may lie, too.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "vendor.json"
_MAP = re.compile(rb"\n?(//|/\*)# sourceMappingURL=.*?(\*/)?\s*$")


def packages() -> list[dict[str, Any]]:
    """The entries of vendor.json."""
    found: list[dict[str, Any]] = json.loads(LIST.read_text(encoding="utf-8"))["packages"]
    return found


def kept(package: dict[str, Any]) -> list[dict[str, Any]]:
    """Every file of a package that lies in the house."""
    return [*package["files"], *([package["sprite"]] if "sprite" in package else [])]


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def sprite(package: dict[str, Any], drawings: dict[str, str]) -> str:
    """One file of symbols; `drawings` holds each icon's svg by its name there."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        f"<!-- {package['name']} {package['version']}, {package['licence']}, see vendor/{package['name']}/LICENSE -->",
    ]
    own = {name: body for name, body in package["sprite"].get("own", {}).items()}
    theirs = {name: _inside(drawings[there]) for name, there in package["sprite"]["icons"].items()}
    for name, body in sorted({**own, **theirs}.items()):
        lines.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    return "\n".join([*lines, "</svg>", ""])


def _inside(svg: str) -> str:
    """What an icon draws, without frame, comments and room between."""
    body = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    body = re.sub(r"</?svg[^>]*>", "", body)
    return re.sub(r"\s*/>", "/>", re.sub(r">\s+<", "><", re.sub(r"\s+", " ", body))).strip()


def fetch(package: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The package's files by their names there, from whatever registry npm is set to."""
    name = package["source"].removeprefix("npm:")
    subprocess.run(
        ["npm", "pack", f"{name}@{package['version']}", "--silent", "--pack-destination", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = folder.glob("*.tgz")
    wanted = {one["from"] for one in package["files"]}
    wanted |= {f"icons/{icon}.svg" for icon in package.get("sprite", {}).get("icons", {}).values()}
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            short = member.name.partition("/")[2]
            if short in wanted and (file := tar.extractfile(member)):
                found[short] = file.read()
    if missing := sorted(wanted - set(found)):
        raise SystemExit(f"{package['name']} {package['version']} has no {', '.join(missing)}")
    return found


def refresh(package: dict[str, Any]) -> None:
    """Write a package's files, and what they are into the entry."""
    with tempfile.TemporaryDirectory() as folder:
        found = fetch(package, Path(folder))
    for one in package["files"]:
        # A map that is not shipped must not be asked for, neither by browsers nor by the storage of hashed names.
        _write(one, _MAP.sub(b"\n", found[one["from"]]))
    if "sprite" in package:
        drawings = {name[6:-4]: raw.decode() for name, raw in found.items() if name.startswith("icons/")}
        _write(package["sprite"], sprite(package, drawings).encode())


def _write(entry: dict[str, Any], raw: bytes) -> None:
    path = ROOT / entry["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    entry["sha256"] = sha256(raw)


if __name__ == "__main__":
    listed = packages()
    names = sys.argv[1:] or [one["name"] for one in listed]
    if unknown := set(names) - {one["name"] for one in listed}:
        raise SystemExit(f"vendor.json does not name {', '.join(sorted(unknown))}")
    for entry in listed:
        if entry["name"] in names:
            refresh(entry)
            print(f"{entry['name']} {entry['version']}: {len(kept(entry))} files")
    LIST.write_text(json.dumps({"packages": listed}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
