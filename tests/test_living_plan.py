"""Whatever happens, nothing that only plans breaks a promise: random days, each act judged."""

from collections import Counter

import pytest

from shuttle.domain import BookingStatus
from shuttle.improving.adoption import Fate
from shuttle.region import Region
from tests.living_day import LivingDay, status_counts
from tests.test_dispatcher import MONDAY

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "actions", [pytest.param(2_000, id="2,000"), pytest.param(100_000, id="100,000", marks=SLOW)]
)
def test_random_actions_never_break_a_promise_but_by_what_drivers_report(
    toy_region: Region, actions: int
) -> None:
    done, seed = 0, 0
    happened: Counter[str] = Counter()
    reached: Counter[BookingStatus] = Counter()
    fates: Counter[Fate] = Counter()
    while done < actions:
        day = LivingDay(toy_region, seed)
        day.live(actions - done)
        done, seed = done + day.done, seed + 1
        happened.update(event.kind for event in day.store.events(MONDAY))
        reached.update(status_counts(day))
        fates.update(day.fates)
    assert happened["booked"] > actions / 40
    assert happened["changed"] > 0
    assert fates[Fate.ADOPTED] > actions / 1000
    assert fates[Fate.REFUSED] == 0
    assert happened["promise_kept"] > actions / 100
    rare = ("no_show", "halt_skipped", "time_corrected", "verdict_corrected")
    for kind in ("promise_broken", "promise_at_risk", *(rare if actions > 10_000 else ())):
        assert happened[kind] > 0, kind
    assert reached[BookingStatus.SERVED] > actions / 100
