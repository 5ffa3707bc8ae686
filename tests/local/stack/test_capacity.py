"""Capacity units by DynamoDB's documented rules."""

import pytest

from local.stack.dynamodb.capacity import (
    item_size,
    number_size,
    read_units,
    value_size,
    write_units,
)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "Müller"}, 7),
        ({"B": "AAEC"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}, {"BOOL": False}]}, 3 + 2 + 2),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_the_size_of_a_value_follows_its_type(value, size):
    """Text counts its UTF-8 bytes, a container three bytes more, each element one more."""
    assert value_size(value) == size


@pytest.mark.parametrize(
    ("number", "size"),
    [
        ("0", 1),
        ("7", 2),
        ("100", 2),
        ("1234", 3),
        ("-1234", 4),
        ("0.0012", 2),
        ("12.5", 3),
        ("1E+3", 2),
    ],
)
def test_a_number_takes_a_byte_per_two_significant_digits_and_one_more(number, size):
    """Leading and trailing zeros do not count; a sign does."""
    assert number_size(number) == size


def test_the_size_of_an_item_includes_its_names():
    """Names and values both count, in UTF-8 bytes."""
    assert item_size({"pk": {"S": "a"}, "größe": {"N": "12"}}) == 3 + 7 + 2


@pytest.mark.parametrize(
    ("sizes", "ways", "units"),
    [
        ([0], {"consistent": True}, 1),
        ([0], {"consistent": False}, 0.5),
        ([4096], {"consistent": True}, 1),
        ([4097], {"consistent": True}, 2),
        ([100, 100, 5000], {"consistent": False}, 2),
        ([100, 100, 5000], {"consistent": False, "together": True}, 1),
        ([100], {"consistent": True, "transaction": True}, 2),
    ],
)
def test_a_read_costs_a_unit_per_four_kib(sizes, ways, units):
    """It is one unit per 4 KiB, of each item or of a whole query; half when eventually consistent,
    twice in a transaction.
    """
    assert read_units(sizes, **ways) == units


@pytest.mark.parametrize(
    ("pairs", "transaction", "units"),
    [
        ([(0, 0)], False, 1),
        ([(0, 1024)], False, 1),
        ([(1025, 10)], False, 2),
        ([(0, 10), (0, 10)], True, 4),
    ],
)
def test_a_write_costs_a_unit_per_kib(pairs, transaction, units):
    """It is one unit per KiB of the larger of the old and the new item; twice in a transaction."""
    assert write_units(pairs, transaction=transaction) == units
