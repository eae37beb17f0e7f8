from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.tuning.budget import Budget, Limits


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_time_is_over_when_the_minutes_are():
    clock = Clock()
    budget = Budget(Limits(max_minutes=2), 0.0, clock)
    assert budget.seconds_left() == 120
    assert budget.spent_up() is None
    clock.seconds = 121
    assert str(budget.spent_up()) == "2 minutes are over (max_minutes)"
    assert Budget(Limits(max_minutes=2), 0.0, clock, began=100.0).seconds_left() == 99


@given(st.lists(st.floats(0, 0.1), max_size=60), st.floats(0, 2))
def test_money_is_never_overspent_where_bills_keep_to_the_price(bills, cap):
    budget = Budget(Limits(max_cost=cap), 0.1, Clock())
    for bill in bills:
        price = budget.price
        if budget.reserve():
            budget.settle(price, bill)
    assert budget.spent <= cap
    assert budget.promised == 0


def test_a_dear_judgment_raises_the_price_of_the_next():
    budget = Budget(Limits(max_cost=1.0), 0.01, Clock())
    assert budget.reserve()
    budget.settle(0.01, 0.6)
    assert budget.price == 0.6
    assert not budget.reserve()


def test_texts_left_counts_what_was_asked():
    budget = Budget(Limits(max_samples=10), 0.0, Clock())
    assert budget.texts_left(4) == 6
    assert budget.texts_left(12) == 0
    assert Budget(Limits(), 0.0, Clock()).texts_left(10**9) is None


@given(st.lists(st.floats(0.00001, 0.1), min_size=2, max_size=30), st.randoms())
def test_no_rest_of_a_promise_stays_when_all_bills_are_known(bills, random):
    """Of sums and differences one does, and whoever waits for it waits for ever."""
    budget, open_ones = Budget(Limits(max_cost=1000.0), 0.0003, Clock()), []
    for bill in bills:
        open_ones.append((budget.price, bill))
        assert budget.reserve()
        if random.random() < 0.3:
            budget.settle(*open_ones.pop())
    random.shuffle(open_ones)
    for known in open_ones:
        budget.settle(*known)
    assert budget.promised == 0
