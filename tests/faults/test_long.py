"""T2: the stateful test of the loop, longer and on whichever database the run has (200 examples of 50 steps)."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sidan.orders.tests import make
from tests.test_stateful import Loop


@pytest.mark.django_db
def test_any_long_history_keeps_every_invariant() -> None:
    make.county()
    many = settings(
        max_examples=200,
        stateful_step_count=50,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Loop, settings=many)
