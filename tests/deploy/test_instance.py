"""Instances on the shared servers: made, stopped, started again, and never in each other's way."""

from concurrent.futures import ThreadPoolExecutor

import amqp
import pytest
from amqp.exceptions import AccessRefused, NotAllowed

from deploy import broker
from deploy.instance import Instance
from shared.mongo import connect
from shared.settings import Settings


def open_channel(settings: Settings, url: str = "") -> amqp.Connection:
    user, password, vhost = broker.credentials(url or settings.amqp_url)
    connection = amqp.Connection(f"127.0.0.1:{broker.ports().amqp}", user, password, virtual_host=vhost)
    connection.connect()
    return connection


def test_an_instance_has_a_broker_and_a_store_that_answer(instance: Instance) -> None:
    """Its settings are all a service needs to reach both."""
    with open_channel(instance.settings) as connection:
        assert connection.connected
    database = connect(instance.settings, "trial")
    database.things.insert_one({"_id": 1})
    assert database.things.find_one({"_id": 1}) == {"_id": 1}


def test_a_user_of_one_vhost_may_not_enter_another(instance: Instance, vhost: Settings) -> None:
    """What keeps two instances on one broker apart."""
    user, password, _ = broker.credentials(vhost.amqp_url)
    url = broker.amqp_url(instance.name, user, password)
    with pytest.raises(NotAllowed):
        open_channel(vhost, url)


def test_vhosts_are_made_and_removed_at_the_same_time(instance: Instance) -> None:
    """By several commands, each of which is a node to the broker while it speaks."""
    names = [f"{instance.name}-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as together:
        list(together.map(lambda name: broker.add_vhost(name, "secret"), names))
        for name in names:
            open_channel(instance.settings, broker.amqp_url(name, name, "secret")).close()
        list(together.map(broker.remove_vhost, names))
    with pytest.raises(AccessRefused):
        open_channel(instance.settings, broker.amqp_url(names[0], names[0], "secret"))


def test_a_partner_may_write_to_the_partners_exchange_only(vhost: Settings) -> None:
    """Neither read nor declare, nor publish to another exchange."""
    _, _, name = broker.credentials(vhost.amqp_url)
    user = broker.add_partner(name, name, "A partner", "secret")
    with open_channel(vhost) as connection:
        channel = connection.channel()
        channel.exchange_declare("wellheard.partners", "topic", durable=True, auto_delete=False)
        channel.exchange_declare("wellheard", "topic", durable=True, auto_delete=False)
    partner = open_channel(vhost, broker.amqp_url(name, user, "secret"))
    partner.channel().basic_publish_confirm(amqp.Message(b"{}"), exchange="wellheard.partners", routing_key="x")
    with pytest.raises(AccessRefused):
        partner.channel().basic_publish_confirm(amqp.Message(b"{}"), exchange="wellheard", routing_key="x")
    with pytest.raises(AccessRefused):
        partner.channel().queue_declare("mine")
    partner.close()
