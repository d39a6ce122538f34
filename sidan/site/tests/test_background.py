"""The worker goes on after a failure, and stops when told to."""

import logging
import threading

import pytest

from sidan.site import background

CALLS: list[str] = []
TWICE = threading.Event()


def work() -> None:
    CALLS.append("called")
    if len(CALLS) >= 2:
        TWICE.set()


def fail() -> None:
    raise RuntimeError("the network is away")


@pytest.mark.django_db(transaction=True)
def test_jobs_are_called_again_and_again_until_stopped() -> None:
    CALLS.clear()
    running = background.Background(((0.01, f"{__name__}.work"),))
    running.start()
    assert TWICE.wait(5)
    running.stop()
    seen = len(CALLS)
    assert not any(thread.is_alive() for thread in running.threads)
    assert len(CALLS) == seen


@pytest.mark.django_db(transaction=True)
def test_a_failing_job_is_logged_and_does_not_end_the_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert background.run_once("a.job", fail) is False
    assert "a.job failed" in caplog.text
    assert background.run_once("another.job", work) is True
