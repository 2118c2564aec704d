"""Where Kafka is, out of one URL."""

import pytest

from chassis.event_log.kafka_address import KafkaUrlRefused, kafka_address


def test_several_brokers_and_no_secrets() -> None:
    address = kafka_address("kafka://one:9092,two:9093")
    assert address.options() == {"bootstrap_servers": "one:9092,two:9093", "security_protocol": "PLAINTEXT"}


def test_credentials_are_decoded_and_never_shown() -> None:
    address = kafka_address("kafka+ssl://us%40er:p%2Fw:x@one:9093/?mechanism=SCRAM-SHA-512")
    options = address.options()
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("us@er", "p/w:x")
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert options["ssl_context"].check_hostname
    assert "p/w" not in repr(address)


@pytest.mark.parametrize(
    "url",
    ["", "one:9092", "http://one:9092", "kafka://", "kafka://one", "kafka://one:port", "kafka://one:1,two"],
)
def test_what_names_no_kafka_is_refused(url: str) -> None:
    with pytest.raises(KafkaUrlRefused):
        kafka_address(url)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(KafkaUrlRefused) as refused:
        kafka_address("kafka://user:sesame@one:port")
    with pytest.raises(KafkaUrlRefused) as other:
        kafka_address("kafka://user:sesame@one:9092?mechanism=GSSAPI")
    assert "sesame" not in refused.value.message + other.value.message
