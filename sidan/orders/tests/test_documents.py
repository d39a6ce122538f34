"""Papers: the day's list, and PDF where the extra is installed. What people wrote stays text, whatever it looks like."""

import re
import zlib
from typing import Any

import pytest
from django.test import Client

from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.views import desk_documents
from sidan.orders.words import S
from sidan.web import pdf

pytestmark = pytest.mark.django_db
PHONE = "13812345678"
HOSTILE = '#eval("1+1") #read("/etc/passwd") #image("x") $x$ *粗* `raw` <label> @ref \\ "}]} {{ 7*7 }} \n= 标题'
needs_pdf = pytest.mark.skipif(
    not pdf.available(), reason="no typst, or no Chinese font: apt-get install fonts-noto-cjk"
)


@pytest.fixture
def order() -> Order:
    make.county(logins=True)
    return make.order_in(S.SUBMITTED, text="路灯坏了", name="王阿姨", phone=PHONE)


def test_the_days_list_holds_what_waits_for_me_and_nobodys_name_or_telephone(order: Order) -> None:
    page = html(door("community").get("/desk/day/"))
    assert order.number in page
    assert "路灯坏了" in page
    for planted in (PHONE, "王阿姨"):
        assert planted not in page
    assert order.number not in html(door("community3").get("/desk/day/"))


def test_the_days_list_is_one_tap_from_the_first_page(order: Order) -> None:
    assert "/desk/day/" in html(door("community").get("/desk/"))


def test_the_days_list_costs_one_query_however_long_it_is(order: Order, django_assert_max_num_queries: Any) -> None:
    client = door("community")
    client.get("/desk/day/")
    with django_assert_max_num_queries(12):
        client.get("/desk/day/")


def test_without_the_extra_no_button_promises_a_pdf(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "fonts", lambda: ())
    client = door("community")
    for address in ("/desk/day/", f"/desk/orders/{order.number}/print/"):
        assert "PDF" not in html(client.get(address))
    for address in ("/desk/day/pdf/", f"/desk/orders/{order.number}/pdf/"):
        assert client.get(address).status_code == 404


@needs_pdf
@pytest.mark.parametrize("address", ["/desk/day/pdf/", "/desk/orders/{number}/pdf/"])
def test_a_pdf_is_for_its_reader_alone(order: Order, address: str) -> None:
    address = address.format(number=order.number)
    client = door("community")
    assert "PDF" in html(client.get(address.replace("pdf/", "").replace(order.number + "/", order.number + "/print/")))
    answer = client.get(address)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "no-store"
    assert answer.content.startswith(b"%PDF-")
    assert Client().get(address).status_code in (302, 303)
    other = door("community3").get(address)
    assert other.status_code == 404 if "orders" in address else order.number not in titles(other.content)


@needs_pdf
@pytest.mark.parametrize("template", ["ticket", "day"])
def test_what_somebody_wrote_is_inert_in_a_pdf(template: str) -> None:
    """A name that is a program comes out as the letters it is made of; the document has no link, script or file in it."""
    fact = {"label": HOSTILE, "value": HOSTILE, "note": HOSTILE}
    row = {"number": "8K3M2Q7P", "title": HOSTILE, "place": HOSTILE, "due": HOSTILE, "state": HOSTILE}
    data = {
        "lang": "zh", "number": HOSTILE, "state": HOSTILE, "text": HOSTILE, "qr": desk_documents._qr("8K3M2Q7P"),
        "signs": [HOSTILE], "facts": [fact], "words": {"title": HOSTILE, "date": HOSTILE}, "foot": HOSTILE,
        "title": HOSTILE, "who": HOSTILE, "heads": [HOSTILE] * 5, "groups": [{"name": HOSTILE, "rows": [row, row]}],
    }  # fmt: skip
    document = pdf.made(desk_documents.FOLDER / f"{template}.typ", data)
    assert document.startswith(b"%PDF-")
    everything = document + b"".join(streams(document))
    for trace in (b"root:", b"/JavaScript", b"/URI", b"/EmbeddedFile", b"/Launch"):
        assert trace not in everything


@needs_pdf
def test_a_template_reads_no_file_outside_its_folder(tmp_path: Any) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "evil.typ").write_text('#read("/../secret.txt")')
    import typst

    with pytest.raises(typst.TypstError):
        pdf.made(folder / "evil.typ", {})


@needs_pdf
def test_the_hostile_words_of_an_order_come_out_whole(order: Order) -> None:
    hostile = make.order_in(S.SUBMITTED, text=HOSTILE, place='三栋#read("/etc/passwd")')
    client = door("community")
    for address in (f"/desk/orders/{hostile.number}/pdf/", "/desk/day/pdf/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.content.startswith(b"%PDF-")


def streams(document: bytes) -> list[bytes]:
    """The unpacked pieces of a PDF."""
    found = []
    for piece in re.findall(rb"stream\r?\n(.*?)endstream", document, re.DOTALL):
        try:
            found.append(zlib.decompressobj().decompress(piece))
        except zlib.error:
            continue
    return found


def titles(document: bytes) -> str:
    return b" ".join(streams(document)).decode("latin-1")
