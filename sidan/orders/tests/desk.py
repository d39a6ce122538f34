"""What the tests of staff pages share: somebody's browser, and the page that it got."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from sidan.orders.tests import make


def door(handle: str) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(make.person(handle).account)
    return client


def html(response: Any) -> str:
    """A page's text."""
    assert isinstance(response, HttpResponse)
    return response.content.decode()
