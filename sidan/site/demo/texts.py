"""What people of the demonstration say, from demo_texts.toml."""

import random
import tomllib
from typing import Any

from sidan.kernel.org import queries as org
from sidan.orders.commands import county
from sidan.orders.rulebook import rulebook
from sidan.site.demo.staff import name_of, people


class Texts:
    """Requests, replies, reasons and messages with their places filled in."""

    def __init__(self) -> None:
        raw = tomllib.loads((county.FOLDER / "demo_texts.toml").read_text(encoding="utf-8"))
        self.places: dict[str, list[str]] = raw["places"]
        self.kinds: dict[str, list[str]] = raw["texts"]
        self.questions: list[dict[str, str]] = raw["need_info"]
        self.replies: list[dict[str, Any]] = raw["reply"]
        day = org.local_date(None)
        self.requests: dict[str, list[dict[str, str]]] = {"emergency": []}
        for request in raw["request"]:
            category = rulebook().category(request["category"], day)
            if category is None:
                continue
            urgent = rulebook().emergency(category, day)
            self.requests.setdefault("emergency" if urgent else category.klass, []).append(request)
        self.residents = 0

    def fill(self, text: str, node: org.Node, rng: random.Random) -> str:
        """A text about a place."""
        village = "village_" if node.kind == "village" else ""
        town = org.tree().ancestor(node.id, "town") or node
        return text.format(
            community=node.short_name,
            street=town.short_name,
            estate=rng.choice(self.places[f"{village}estates"]),
            road=rng.choice(self.places[f"{village}roads"]),
        )

    def request(self, klass: str, node: org.Node, rng: random.Random) -> dict[str, Any]:
        """A wish's text, category, kind, urgency, place, name and telephone."""
        found = rng.choice(self.requests[klass])
        self.residents += 1
        village = "village_" if node.kind == "village" else ""
        return {
            "text": self.fill(found["text"], node, rng),
            "category": found["category"],
            "kind": found["kind"],
            "urgency": found["urgency"],
            "place": rng.choice(self.places[f"{village}estates"]),
            "unit": node.code,
            "name": name_of(f"resident:{self.residents}"),
            "phone": people()["residents"]["phone"].format(n=f"{self.residents:04d}"),
        }

    def say(self, kind: str, rng: random.Random) -> str:
        """One of the texts of a kind."""
        return rng.choice(self.kinds[kind])

    def reply(self, category: str, node: org.Node, rng: random.Random) -> str:
        """An answer to a matter: the most exact that there is."""
        for length in (6, 4, 2):
            found = [one["text"] for one in self.replies if one["category"][:length] == category[:length]]
            if found:
                return self.fill(rng.choice(found), node, rng)
        return self.fill(self.replies[0]["text"], node, rng)
