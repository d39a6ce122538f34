"""The room's verbs. `VERBS` maps a step of the law to the command that takes it, for doors that know only the law."""

from collections.abc import Callable
from typing import Any

from sidan.orders.commands import dispatching, handling, intake, publishing, rating

VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        intake.accept, intake.ask_info, intake.give_info, intake.info_lapse, intake.add_facts, intake.handle,
        intake.pass_on, intake.classify, intake.refuse, intake.merge, intake.withdraw,
        dispatching.dispatch, dispatching.send_back, dispatching.escalate, dispatching.dispute, dispatching.rule,
        dispatching.join,
        handling.sign, handling.start, handling.contact, handling.write, handling.extend, handling.suspend,
        handling.resume, handling.reply, handling.check, handling.return_reply, handling.show, handling.urge,
        handling.press, handling.climb,
        publishing.unpublish, publishing.hide,
        rating.rate, rating.call_back, rating.reopen, rating.lapse,
    )
}  # fmt: skip
