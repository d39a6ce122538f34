import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("org", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Photo",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("subject", models.CharField(db_index=True, max_length=80)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("before", "处理前"), ("after", "处理后"), ("evidence", "佐证材料")], max_length=10
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("bytes", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "kept_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.person"),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["before", "after", "evidence"])),
                        name="files_photo_purpose_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bytes__gt", 0), ("height__gt", 0), ("width__gt", 0)),
                        name="files_photo_has_a_size",
                    ),
                ],
            },
        ),
    ]
