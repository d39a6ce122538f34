"""The persons that are no human: the clock, the importer, and whoever sits at the server's shell."""

from typing import Any

from django.db import migrations

from sidan.kernel.org.models import new_id

SYSTEM = (("clock", "时钟"), ("importer", "导入"), ("shell", "命令行"))


def write(apps: Any, schema_editor: Any) -> None:
    person = apps.get_model("org", "Person")
    for handle, name in SYSTEM:
        person.objects.using(schema_editor.connection.alias).get_or_create(
            handle=handle, defaults={"id": new_id(), "kind": "system", "name": name}
        )


class Migration(migrations.Migration):
    dependencies = [("org", "0001_initial")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
