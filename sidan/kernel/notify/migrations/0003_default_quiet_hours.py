"""Quiet hours to begin with; the operator replaces them by the county's own."""

from datetime import date
from typing import Any

from django.db import migrations

FIRST = date(2000, 1, 1)


def write(apps: Any, schema_editor: Any) -> None:
    rules = apps.get_model("notify", "QuietRule")
    rules.objects.using(schema_editor.connection.alias).get_or_create(
        audience="resident",
        valid_from=FIRST,
        defaults={"begins": "22:00", "ends": "07:30", "source": "默认值：夜里不打扰居民，请按本地规定核对修改"},
    )


class Migration(migrations.Migration):
    dependencies = [("notify", "0002_choices_and_quiet_hours")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
