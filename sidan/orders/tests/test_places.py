"""Places with posters: scanned, chosen, kept by their community, printed."""

import pytest
from django.test import Client
from django.utils import timezone

from sidan.kernel.base.errors import Refusal
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import queries as org
from sidan.orders import drawings
from sidan.orders.models import Order, Place
from sidan.orders.queries import places
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.tests.desk import door, html
from sidan.web import drawing

pytestmark = pytest.mark.django_db
UNIT = "500233001001"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def today_rows(unit: str = UNIT) -> list[Place]:
    return places.of_unit(make.node(unit).id, org.local_date(timezone.now()))


def test_a_scanned_poster_fills_in_the_place_down_to_the_building(client: Client) -> None:
    page = by.text(client.get("/p/xy2345/"))
    assert "忠州街道 香怡社区 香怡花园 3栋" in page
    assert 'name="place" value="XY2345"' in page
    sent = client.post("/report/", {**by.WHAT, "place": "XY2345"})
    assert sent["Location"] == "/report/more/"
    client.post("/report/more/", by.MORE)
    client.post("/report/check/", {"form_token": by.token(client.get("/report/check/"))})
    order = Order.objects.get()
    assert (order.unit.code, order.place) == (UNIT, "香怡花园 3栋")


def test_a_poster_does_not_hide_whom_to_call_in_an_emergency(client: Client) -> None:
    from sidan.kernel.base import snapshot
    from sidan.orders.models import Category

    Category.objects.filter(code="0301").update(keywords="着火")
    snapshot.forget()
    sent = client.post("/report/", {**by.WHAT, "text": "楼下着火了", "place": "XY2345"})
    assert sent["Location"] == "/report/where/"


def test_a_poster_of_an_ended_place_still_leads_there_and_an_unknown_code_to_the_form(client: Client) -> None:
    Place.objects.filter(code="XY2345").update(valid_to=make.SINCE)
    assert "香怡花园 3栋" in by.text(client.get("/p/XY2345/"))
    unknown = client.get("/p/ZZZZZZ/")
    assert unknown.status_code == 200
    assert "没有认出这个码" in by.text(unknown)
    assert "香怡社区" in by.text(client.get(f"/p/{UNIT}/"))


def test_estates_and_buildings_are_offered_once_a_community_is_chosen_without_scripts_too(client: Client) -> None:
    client.post("/report/", by.WHAT)
    assert "香怡花园" not in by.text(client.get("/report/where/"))
    looked = by.text(client.post("/report/where/", {"unit": UNIT, "look": "1"}))
    assert looked.index("3栋") < looked.index("12栋")
    assert "香怡花园" in by.text(client.get("/report/places/", {"unit": UNIT}))
    sent = client.post("/report/where/", {"unit": UNIT, "spot": "XY2346", "place": "地下车库"})
    assert sent["Location"] == "/report/more/"
    client.post("/report/more/", by.MORE)
    client.post("/report/check/", {"form_token": by.token(client.get("/report/check/"))})
    assert Order.objects.get().place == "香怡花园 12栋 地下车库"


def test_a_building_of_another_community_than_the_chosen_one_is_dropped(client: Client) -> None:
    client.post("/report/", {**by.WHAT, "place": "XY2345"})
    client.post("/report/where/", {"unit": "500233001002", "spot": "XY2345"})
    client.post("/report/more/", by.MORE)
    client.post("/report/check/", {"form_token": by.token(client.get("/report/check/"))})
    order = Order.objects.get()
    assert (order.unit.code, order.place) == ("500233001002", "")


def test_own_words_fit_beside_the_place(client: Client) -> None:
    client.post("/report/", {**by.WHAT, "place": "XY2345"})
    long = client.post("/report/where/", {"unit": UNIT, "spot": "XY2345", "place": "长" * 115})
    assert long.status_code == 422
    assert "长" * 115 in by.text(long)


def test_a_community_enters_an_estate_with_its_buildings_once(client: Client) -> None:
    client = door("community")
    form = {"unit": UNIT, "estate": "江畔花园", "buildings": "1栋、2栋 3栋\n2栋", "spot": "一楼", "form_token": "p-1"}
    for token in ("p-1", "p-2"):
        assert client.post("/desk/places/", {**form, "form_token": token}).status_code == 303
    assert [row.building for row in today_rows() if row.estate == "江畔花园"] == ["1栋", "2栋", "3栋"]
    made = Place.objects.get(building="2栋", estate="江畔花园")
    assert [one.kind for one in journal.entries(f"orders.rule:places:{made.code}")] == ["orders.rule.added"]
    assert client.get(f"/p/{made.code}/").status_code == 200


def test_a_place_ends_tomorrow_and_only_by_its_own_community() -> None:
    assert door("community3").post("/desk/places/XY2345/ending/", {"form_token": "e-0"}).status_code == 403
    assert door("community").post("/desk/places/XY2345/ending/", {"form_token": "e-1"}).status_code == 303
    ended = Place.objects.get(code="XY2345")
    assert ended.valid_to is not None
    assert ended.valid_to > org.local_date(timezone.now())
    other = door("community3").post("/desk/places/", {"unit": UNIT, "estate": "x", "form_token": "e-2"})
    assert other.status_code == 404


def test_the_sheet_has_a_poster_for_each_place_with_code_address_and_telephone() -> None:
    page = html(door("community").get("/desk/places/posters/", {"unit": UNIT}))
    assert page.count('class="poster"') == 1 + 3
    assert page.count("<svg") >= 4
    for words in ("/p/XY2345", "香怡花园 3栋", "023-54000000", f"/p/{UNIT}"):
        assert words in page
    assert html(door("operator").get("/desk/places/posters/", {"unit": UNIT, "code": "XY2347"})).count('"poster"') == 1


def test_a_file_without_codes_makes_the_same_places_twice() -> None:
    unit = make.node(UNIT)
    first = places.new_code(unit.id, unit.code, ("金桂苑", "1栋", ""))
    assert first == places.new_code(unit.id, unit.code, ("金桂苑", "1栋", ""))
    Place.objects.create(code=first, unit_id=unit.id, estate="别的", valid_from=make.SINCE, source="x")
    assert places.new_code(unit.id, unit.code, ("金桂苑", "1栋", "")) != first


def test_without_a_font_nothing_is_promised_and_the_receipt_says_what_to_do(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    by.send(client)
    monkeypatch.setattr(drawing, "face", lambda: None)
    drawing.font.cache_clear()
    assert "截屏保存" in by.text(client.get("/receipt/"))
    assert "receipt/picture" not in by.text(client.get("/receipt/"))
    assert client.get("/receipt/picture.png").status_code == 503
    with pytest.raises(Refusal):
        drawings.posters([drawings.Poster("香怡社区", UNIT)], "")


def test_the_receipt_is_a_picture_for_whoever_may_see_it(client: Client) -> None:
    if drawing.face() is None:
        pytest.skip("no Chinese font; mend with: apt-get install fonts-wqy-microhei")
    order = by.send(client)
    picture = client.get("/receipt/picture.png")
    assert picture["Content-Type"] == "image/png"
    assert order.number in picture["Content-Disposition"]
    assert len(picture.content) < 60_000
    assert Client().get("/receipt/picture.png").status_code == 404
