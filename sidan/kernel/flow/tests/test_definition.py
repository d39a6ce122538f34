"""A law that cannot work is refused when it is written, not when somebody stands before it."""

from dataclasses import replace

import pytest

from sidan.kernel.flow.definition import AnyOf, Clock, Flow, Follows, Party, Role, Step, roles
from sidan.kernel.flow.tests.thing import LAW

WHO = Role("handler")
GO = Step("go", "gone", ("a",), WHO, "b", "going")


def law(*steps: Step, states: tuple[str, ...] = ("a", "b"), ends: tuple[str, ...] = ("b",)) -> Flow:
    return Flow(name="test.law", states=states, births=(("a", "made"),), ends=ends, steps=steps)


def test_a_law_that_works_is_taken() -> None:
    assert law(GO).offered("a") == (GO,)
    assert law(GO).offered("b") == ()


def test_a_state_that_is_never_reached_is_refused() -> None:
    with pytest.raises(ValueError, match=r"never reached: \{'c'\}"):
        law(GO, Step("on", "on", ("c",), WHO, "b"), states=("a", "b", "c"))


def test_a_state_without_a_way_out_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no way to an end from \{'c'\}"):
        law(GO, Step("fall", "fallen", ("a",), WHO, "c"), states=("a", "b", "c"))


def test_a_circle_without_a_way_out_is_refused() -> None:
    circle = (Step("c", "c", ("a",), WHO, "c"), Step("d", "d", ("c",), WHO, "d"), Step("e", "e", ("d",), WHO, "c"))
    with pytest.raises(ValueError, match="no way to an end"):
        law(GO, *circle, states=("a", "b", "c", "d"))


def test_a_step_that_stays_is_no_way_out() -> None:
    with pytest.raises(ValueError, match="no way to an end"):
        law(GO, Step("c", "c", ("a",), WHO, "c"), Step("stay", "stayed", ("c",), WHO), states=("a", "b", "c"))


@pytest.mark.parametrize(
    "other",
    [
        Step("go", "went", ("a",), WHO, "b", "gait"),
        Step("walk", "gone", ("a",), WHO, "b", "gait"),
        Step("walk", "went", ("a",), WHO, "b", "going"),
    ],
)
def test_two_steps_do_not_share_a_name(other: Step) -> None:
    with pytest.raises(ValueError, match="share a"):
        law(GO, other)


def test_steps_without_an_address_may_be_many() -> None:
    law(GO, Step("x", "x", ("a",), Clock()), Step("y", "y", ("a",), Clock()))


@pytest.mark.parametrize("step", [replace(GO, frm=("a", "z")), replace(GO, to="z")])
def test_a_step_names_known_states(step: Step) -> None:
    with pytest.raises(ValueError, match="unknown states"):
        law(step, Step("end", "ended", ("a",), WHO, "b"))


def test_a_step_that_only_follows_has_no_address() -> None:
    with pytest.raises(ValueError, match="no address"):
        law(GO, Step("follow", "followed", ("a",), Follows(), "", "following"))


def test_the_law_draws_itself() -> None:
    drawn = LAW.mermaid().splitlines()
    assert drawn[0] == "stateDiagram-v2"
    assert "    [*] --> made: made" in drawn
    assert "    done --> over: check" in drawn
    assert "    over --> [*]" in drawn
    assert not [line for line in drawn if "nudge" in line]  # it leads nowhere


def test_roles_are_found_within_any_of() -> None:
    assert roles(AnyOf((Role("a"), Party("x"), AnyOf((Role("b", at="lead_unit"), Clock()))))) == [
        Role("a"), Role("b", at="lead_unit"),
    ]  # fmt: skip
