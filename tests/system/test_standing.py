"""Figures that took long to count stand for a while; others are counted anew."""

from shared.standing import LONG, REMEMBERED, Standing


class Counting:
    """Counts how often it counts, each time as many seconds."""

    def __init__(self, seconds: float) -> None:
        self.now, self.times, self.seconds = 0.0, 0, seconds
        self.standing = Standing[str, int](lambda: self.now)

    def count(self) -> int:
        self.now += self.seconds
        self.times += 1
        return self.times

    def look(self, key: str = "one", is_current: bool = False) -> int:
        return self.standing.of(key, self.count, lambda _: is_current)


def test_what_took_long_stands_for_ten_times_as_long() -> None:
    counting = Counting(seconds=1)
    assert [counting.look(), counting.look()] == [1, 1]
    counting.now = 10.9
    assert counting.look() == 1
    counting.now = 11
    assert counting.look() == 2


def test_what_is_counted_quickly_is_counted_each_time_unless_nothing_has_changed() -> None:
    counting = Counting(seconds=LONG)
    assert [counting.look(), counting.look()] == [1, 2]
    counting.now = 1_000
    assert counting.look(is_current=True) == 2


def test_each_key_has_figures_of_its_own_and_the_last_that_were_looked_at_are_kept() -> None:
    counting = Counting(seconds=1)
    assert [counting.look("one"), counting.look("other"), counting.look("one")] == [1, 2, 1]
    for number in range(REMEMBERED - 1):
        counting.standing.of(f"{number}", lambda: 0)
    assert counting.look("one", is_current=True) == 1
    assert counting.look("other", is_current=True) == 3


def test_figures_that_could_not_be_counted_are_not_kept() -> None:
    counting = Counting(seconds=1)

    def fail() -> int:
        raise ConnectionError

    for _ in range(2):
        try:
            counting.standing.of("one", fail)
        except ConnectionError:
            counting.times += 10
    assert counting.look() == 21
