"""What another system leaves behind: a closed month of the hotline's orders, and a batch that was taken back."""

import csv
import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders import importing
from sidan.site.demo.texts import Texts

MAP = """
system = "{system}"

[external_number]
column = "编号"

[text]
column = "内容"

[asked_at]
column = "来电时间"
formats = ["%Y-%m-%d %H:%M"]
zone = "Asia/Shanghai"

[closed_at]
column = "办结时间"
formats = ["%Y-%m-%d %H:%M"]
zone = "Asia/Shanghai"

[kind]
column = "诉求类型"
values = {{ "求助" = "help", "投诉" = "complaint" }}
default = "consult"

[unit]
column = "单位代码"
default = "500233"
"""
ROWS = 12


def bring(now: datetime, texts: Texts) -> None:
    """Import twelve closed orders, and import and undo twelve more, by the real import."""
    act = Act(org.system("importer"), now, Via.IMPORT)
    with tempfile.TemporaryDirectory() as folder:
        for system, undone in (("演示热线", False), ("演示热线（误导入）", True)):
            table, plan = Path(folder) / f"{system}.csv", Path(folder) / f"{system}.toml"
            _write(table, now, texts, random.Random(system))
            plan.write_text(MAP.format(system=system), encoding="utf-8")
            report = importing.run(table, plan, act=act)
            if report.refused or not report.batch_id:
                raise RuntimeError("\n".join(report.lines()))
            if undone:
                importing.undo(report.batch_id, act=act)


def _write(path: Path, now: datetime, texts: Texts, rng: random.Random) -> None:
    towns = sorted((n for n in org.tree().nodes.values() if n.level == "community"), key=lambda node: node.code)
    with path.open("w", encoding="gb18030", newline="") as out:
        table = csv.writer(out)
        table.writerow(["编号", "内容", "来电时间", "办结时间", "诉求类型", "单位代码"])
        for row in range(ROWS):
            node = rng.choice(towns)
            asked = (now - timedelta(days=rng.uniform(12, 28))).astimezone(org.ZONE)
            closed = asked + timedelta(days=rng.uniform(1, 6))
            text = texts.fill(rng.choice(texts.requests["general"])["text"], node, rng)
            kind = rng.choice(["求助", "投诉", "咨询"])
            table.writerow([f"RX{row:05d}", text, f"{asked:%F %R}", f"{closed:%F %R}", kind, node.code])
