"""Office hours to begin with; the operator replaces them by the local notice."""

from datetime import date, time
from typing import Any

from django.db import migrations

FIRST = date(2000, 1, 1)


def write(apps: Any, schema_editor: Any) -> None:
    hours = apps.get_model("worktime", "WorkHours")
    hours.objects.using(schema_editor.connection.alias).get_or_create(
        valid_from=FIRST,
        defaults={
            "opens": time(9, 0),
            "closes": time(18, 0),
            "break_from": time(12, 30),
            "break_to": time(14, 0),
            "source": "默认值，请按当地机关作息通知核对修改",
        },
    )


class Migration(migrations.Migration):
    dependencies = [("worktime", "0001_calendar")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
