"""Sign-in, one's own account, passwords, preferences. Included at the root with namespace `web`."""

from django.urls import path

from sidan.web import account_pages, feedback, helping, notices, passwords, patterns, phone_door, staff_door, views

app_name = "web"

urlpatterns = [
    path("sign-in/", staff_door.sign_in, name="sign-in"),
    path("sign-in/second/", staff_door.second, name="second"),
    path("sign-in/setup/", staff_door.setup, name="second-setup"),
    path("my/sign-in/", phone_door.sign_in, name="phone-sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("account/", account_pages.account, name="account"),
    path("account/factors/new/", account_pages.factor_new, name="factor-new"),
    path("account/factors/<int:pk>/removal/", account_pages.factor_remove, name="factor-remove"),
    path("account/recovery/", account_pages.recovery, name="recovery"),
    path("account/devices/ending/", account_pages.devices_end, name="devices-end"),
    path("account/devices/<int:pk>/ending/", account_pages.device_end, name="device-end"),
    path("help/", helping.mine, name="help"),
    path("help/<str:name>/", helping.topic, name="help-topic"),
    path("feedback/", feedback.feedback, name="feedback"),
    path("feedback/received/", feedback.received, name="feedback-received"),
    path("feedback/received/<int:pk>/done/", feedback.done, name="feedback-done"),
    path("preferences/", views.preferences, name="preferences"),
    path("_/patterns/", patterns.patterns, name="patterns"),
    path("preferences/notices/", notices.notices, name="notices"),
    path("password/reset/", passwords.reset, name="password-reset"),
    path("password/set/<str:uidb64>/<str:token>/", passwords.SetPassword.as_view(), name="password-set"),
]
