"""What many post at once into one queue goes there together: each is told, and none is left out or sent twice."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Unavailable
from shared.messaging.gathering import Gathering
from shared.messaging.topology import BATCH, BATCH_BYTES


class Way:
    """A way to a broker that takes a while to confirm, and can be away."""

    def __init__(self, fails: int = 0) -> None:
        self.messages: list[list[bytes]] = []
        self.fails = fails

    async def send(self, bodies: Sequence[bytes]) -> None:
        self.messages.append(list(bodies))
        await asyncio.sleep(0.001)
        if self.fails:
            self.fails -= 1
            raise Unavailable("The broker is away.")


def test_what_comes_alone_goes_alone() -> None:
    async def story() -> list[list[bytes]]:
        way = Way()
        gathering = Gathering(way.send)
        await gathering.post(b"one")
        await gathering.post(b"two")
        return way.messages

    assert asyncio.run(story()) == [[b"one"], [b"two"]]


def test_what_comes_at_once_goes_in_few_messages() -> None:
    async def story() -> list[int]:
        way = Way()
        gathering = Gathering(way.send)
        await asyncio.gather(*[gathering.post(b"one") for _ in range(2 * BATCH + 1)])
        return [len(each) for each in way.messages]

    assert asyncio.run(story()) == [BATCH, BATCH, 1]


@given(st.lists(st.integers(0, 100_000), max_size=45))
def test_each_is_in_one_message_in_order_and_no_message_is_too_large(lengths: list[int]) -> None:
    bodies = [str(number).encode() + b"x" * each for number, each in enumerate(lengths)]

    async def story() -> list[list[bytes]]:
        way = Way()
        gathering = Gathering(way.send)
        await asyncio.gather(*[gathering.post(each) for each in bodies])
        return way.messages

    messages = asyncio.run(story())
    assert [each for message in messages for each in message] == bodies
    assert all(len(each) <= BATCH and sum(map(len, each)) <= BATCH_BYTES for each in messages)


def test_whoever_waits_while_the_broker_is_away_is_told_at_once_and_the_next_is_sent() -> None:
    async def story() -> tuple[list[object], list[list[bytes]]]:
        way = Way(fails=1)
        gathering = Gathering(way.send)
        posts = [asyncio.create_task(gathering.post(b"one"))]
        await asyncio.sleep(0)  # it is on its way
        posts += [asyncio.create_task(gathering.post(b"behind")) for _ in range(BATCH + 1)]
        told = await asyncio.gather(*posts, return_exceptions=True)
        await gathering.post(b"later")
        return told, way.messages

    told, messages = asyncio.run(story())
    assert [str(each) for each in told] == ["The broker is away."] * (BATCH + 2)
    assert messages == [[b"one"], [b"later"]]


def test_a_fault_of_ours_leaves_nobody_waiting() -> None:
    async def fail(_bodies: Sequence[bytes]) -> None:
        raise ZeroDivisionError

    async def story() -> None:
        gathering = Gathering(fail)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await asyncio.wait_for(gathering.post(b"one"), 1)

    asyncio.run(story())


def test_who_went_away_is_not_waited_for() -> None:
    async def story() -> list[list[bytes]]:
        way = Way()
        gathering = Gathering(way.send)
        gone = asyncio.create_task(gathering.post(b"gone"))
        await asyncio.sleep(0)
        gone.cancel()
        await gathering.post(b"stays")
        return way.messages

    assert asyncio.run(story()) == [[b"gone", b"stays"]]
