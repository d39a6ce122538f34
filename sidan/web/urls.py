"""Sign-in, passwords, preferences. Included at the root with namespace `web`."""

from django.urls import path

from sidan.web import passwords, views

app_name = "web"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("preferences/", views.preferences, name="preferences"),
    path("password/reset/", passwords.reset, name="password-reset"),
    path("password/set/<str:uidb64>/<str:token>/", passwords.SetPassword.as_view(), name="password-set"),
]
