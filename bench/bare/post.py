"""The bare route of bench/post.py: FastAPI reads JSON, publishes it confirmed, answers 202. Nothing else."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import orjson
from fastapi import FastAPI, Request, Response

QUEUE = "bare.posted"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    connection = await aio_pika.connect(os.environ["BARE_AMQP_URL"])
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    app.state.exchange = channel.default_exchange
    yield
    await connection.close()


app = FastAPI(lifespan=_lifespan)


@app.post("/events")
async def post(request: Request) -> Response:
    content = orjson.loads(await request.body())
    events: list[dict[str, Any]] = content if isinstance(content, list) else [content]
    await asyncio.gather(*(_publish(request.app.state.exchange, event) for event in events))
    return Response(orjson.dumps({"accepted": [event["id"] for event in events]}), 202)


async def _publish(exchange: aio_pika.abc.AbstractExchange, event: dict[str, Any]) -> None:
    message = aio_pika.Message(orjson.dumps(event), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(message, QUEUE, mandatory=True)
