"""The county's places as a resident chooses them: a town, then one of its communities."""

from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org


def places(chosen: str) -> list[dict[str, Any]]:
    """Towns with their communities, and at the end the county for whoever does not know. No query."""
    tree = org.tree()
    root = tree.root()
    below: dict[int, list[org.Node]] = {}
    for node in tree.nodes.values():
        if node.parent_id is not None and node.level == "community":
            below.setdefault(node.parent_id, []).append(node)
    found = []
    for town in tree.children(root.id):
        if town.level != "town":
            continue
        inside = sorted(below.get(town.id, []), key=lambda node: node.code)
        choices = [(node.code, node.short_name) for node in inside]
        choices.append((town.code, _("不知道是哪个社区（村）")))
        found.append(_place(town.name, choices, chosen))
    found.append(
        _place(_("不知道在哪个街道乡镇"), [(root.code, _("交给%(county)s来分") % {"county": root.name})], chosen)
    )
    return found


def _place(name: str, choices: list[tuple[str, str]], chosen: str) -> dict[str, Any]:
    return {
        "name": name,
        "open": chosen in [code for code, _label in choices],
        "choices": [{"code": code, "label": label, "on": code == chosen} for code, label in choices],
    }


def place_words(code: str) -> str:
    """A place with the town above it."""
    tree = org.tree()
    node = tree.by_code(code)
    if node is None:
        return ""
    names = [tree.node(above).short_name for above in node.path if tree.node(above).parent_id is not None]
    return " ".join(names) or node.name
