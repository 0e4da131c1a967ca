"""Gives the Python of docs/events.md an event with amounts of 38 digits, and shows what it is for."""

from decimal import Decimal, Inexact

from page import postings, total

PARTS = {
    "available": "0.12345678901234567890123456789012345678",
    "frozen": "-1234567890123456789.0123456789012345678",
    "held": "12345678901234567890123456789012345678",
}
posting = {"tenantUserId": {"S": "1945"}, "asset": {"S": "TRON#USDT"}}
posting |= {part: {"N": text} for part, text in PARTS.items()}
event = {"detail": {"record": {"type": {"N": "1"}, "postings": {"L": [{"M": posting}]}}}}

(read,) = postings(event)
assert {part: str(read[part]) for part in PARTS} == PARTS, read
available = read["available"]
assert str(total([available])) == PARTS["available"]
assert total([Decimal("0.1"), Decimal("0.2")]) == Decimal("0.3")
try:
    raise SystemExit(f"rounded to {total([available, Decimal(1)])}")
except Inexact:
    pass

# What the page warns of still holds.
rounded = sum([available], Decimal(0))
assert str(rounded) == "0.1234567890123456789012345679", rounded
print("Python: 38 digits are read and added as they are; the usual context makes", rounded, "of", PARTS["available"])
