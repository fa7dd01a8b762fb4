"""Faults in words: how a script is read, and what is said about one that can't be."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from scenario_async.emulator import faults
from scenario_async.emulator.faults.script import Entry, Script, read_script, write_script

READ: list[tuple[str, faults.Fault]] = [
    ("ok", faults.Ok()),
    ("503", faults.Status(503)),
    ("status code=503", faults.Status(503)),
    ("429 retry-after=1.5", faults.Status(429, retry_after="1.5")),
    (
        '502 headers=x-a:1 headers="content-type: text/plain" body="a, \'b\'"',
        faults.Status(502, headers={"x-a": "1", "content-type": "text/plain"}, body="a, 'b'"),
    ),
    ('400 body=\'{"message": "x=y"}\'', faults.Status(400, body='{"message": "x=y"}')),
    ("hang", faults.Hang()),
    ("hang seconds=2.5", faults.Hang(2.5)),
    ("drop", faults.Drop()),
    ("half", faults.Half(0.5)),
    ("half share=0.1", faults.Half(0.1)),
    ("truncated share=0", faults.Truncated(0.0)),
    ("drip pause=0.1 size=4", faults.Drip(pause=0.1, size=4)),
    ("html code=502", faults.Html(502)),
    ("not-json body=OK", faults.NotJson("OK")),
    ("error-body", faults.ErrorBody()),
    ("gzip-bomb mebibytes=100", faults.GzipBomb(100)),
    ("redirect location=https://a.example/b code=308", faults.Redirect("https://a.example/b", code=308)),
    ("expired-token", faults.ExpiredToken()),
    (
        "plan-limit action=train limit=1 value=2 scope=team",
        faults.PlanLimit(action="train", limit=1, value=2, scope="team"),
    ),
    ("shift by=3", faults.Shift(3)),
    ("repeated-page page=2", faults.RepeatedPage(2)),
    ("total says=zero", faults.Total("zero")),
    ("total says=12", faults.Total("12")),
    ("missing-field field=metadata.kind hit=1", faults.MissingField("metadata.kind", hit=1)),
    ("unknown-fields", faults.UnknownFields()),
    ("expired-url", faults.ExpiredUrl()),
    ("no-ranges", faults.NoRanges()),
    ("changed", faults.Changed()),
    ("wrong-type type=webp", faults.WrongType("webp")),
]


@pytest.mark.parametrize(("text", "fault"), READ)
def test_every_fault_can_be_written(text: str, fault: faults.Fault) -> None:
    """Each with its options."""
    assert read_script(text) == Script((Entry(fault),))


@pytest.mark.parametrize(("text", "fault"), READ)
@pytest.mark.parametrize("more", [{}, {"times": 3, "kind": "models"}])
def test_every_fault_is_written_as_it_is_read(text: str, fault: faults.Fault, more: dict[str, Any]) -> None:
    """What is left of a script can be copied into one."""
    entry = Entry(fault, **more)
    assert read_script(write_script([entry])) == Script((entry,)), text
    assert read_script(write_script([entry, entry])) == Script((entry, entry))


def test_a_script_is_written_short() -> None:
    """Without what goes without saying, and quoted only where it must be."""
    text = "503 retry-after=2 x3, ok, drop kind=models, html code=502, hang, not-json body='a,b'"
    assert write_script(read_script(text).entries) == text


def test_a_fault_of_somebody_else_is_named() -> None:
    """It needs no name that scripts know."""

    @attrs.frozen
    class Own(faults.Fault):
        size: int = 1

    assert write_script([Entry(Own(3), 2)]) == "Own size=3 x2"


def test_no_fault_is_left_out() -> None:
    """The table names those of the tests above, and every option of each is written there."""
    written = {fault.name: text for text, fault in READ}
    assert set(faults.FAULTS) == set(written)
    texts = " ".join(text for text, _ in READ)
    for description in faults.described():
        assert all(f" {option}=" in texts for option in description.options), description


def test_the_table_describes_every_fault() -> None:
    """With its name, its options, and one sentence."""
    described = {description.name: description for description in faults.described()}
    assert list(described) == list(faults.FAULTS)
    assert described["drip"].options == ("pause", "size")
    assert described["status"].options == ("code", "retry-after", "headers", "body")
    assert described["drop"].help == "The connection is closed in place of a reply."
    assert all(description.help.endswith(".") for description in described.values())


@pytest.mark.parametrize(
    ("text", "script"),
    [
        (
            "503 x3, ok x2,drop",
            Script((Entry(faults.Status(503), 3), Entry(faults.Ok(), 2), Entry(faults.Drop()))),
        ),
        (
            "503 x2 retry-after=1 kind=assets, half kind=models",
            Script(
                (
                    Entry(faults.Status(503, retry_after="1"), 2, "assets"),
                    Entry(faults.Half(), kind="models"),
                )
            ),
        ),
        (" 503 ,, ok , ", Script((Entry(faults.Status(503)), Entry(faults.Ok())))),
        ("503\n  x007,\n  repeat", Script((Entry(faults.Status(503), 7),), repeats=True)),
        ("503 x999999999", Script((Entry(faults.Status(503), 999_999_999),))),
    ],
)
def test_entries_stand_between_commas(text: str, script: Script) -> None:
    """How often each is met, for which kind, and whether all begins again."""
    assert read_script(text) == script


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the script '' has no faults: write at least one, such as 503 or hang"),
        (" , ", "the script ' , ' has no faults: write at least one, such as 503 or hang"),
        ("repeat", "the script 'repeat' has no faults: write at least one, such as 503 or hang"),
        ("ok, repeat, 503", "'repeat' stands alone, and last in a script"),
        ("ok, repeat x2", "'repeat' stands alone, and last in a script"),
        (
            "ok, explode",
            (
                "there is no fault 'explode': it is a status such as 503, or one of ok, status, hang, drop, half, "
                "truncated, drip, html, not-json, error-body, gzip-bomb, redirect, expired-token, plan-limit, shift, "
                "repeated-page, total, missing-field, unknown-fields, expired-url, no-ranges, changed, wrong-type"
            ),
        ),
        (
            "503 3x",
            (
                "'3x' after '503' is neither of what may stand there: an option, name=value, or how many requests "
                "meet the fault, x3"
            ),
        ),
        (
            "503 x0",
            (
                "'x0' after '503' is neither of what may stand there: an option, name=value, or how many requests "
                "meet the fault, x3"
            ),
        ),
        (
            "503 pause=1",
            "in '503 pause=1': status has no option 'pause': it has code, retry-after, headers, body",
        ),
        ("drop now=1", "in 'drop now=1': drop has no option 'now': it has none"),
        ("status", "in 'status': status needs code=..."),
        ("700", "in '700': 'code' must be <= 599: 700"),
        ("half share=1", "in 'half share=1': 'share' must be < 1: 1.0"),
        ("hang seconds=soon", "in 'hang seconds=soon': could not convert string to float: 'soon'"),
        ("hang seconds=nan", "in 'hang seconds=nan': 'seconds' must be >= 0: nan"),
        ("drip size=1.5", "in 'drip size=1.5': invalid literal for int() with base 10: '1.5'"),
        ("drip size=1 size=2", "in 'drip size=1 size=2': size is given 2 times, and can be given once"),
        (
            "503 headers='x:a\nb'",
            "in '503 headers=x:a\\nb': 'a\\nb' can't be sent as the value of a header: it must be printable",
        ),
        ("503 headers=:x", "in '503 headers=:x': '' can't be sent as the name of a header"),
        (
            "503 headers=transfer-encoding:chunked",
            "in '503 headers=transfer-encoding:chunked': 'transfer-encoding' can't be sent as the name of a header",
        ),
        (
            "503 retry-after='1\r\n2'",
            "in '503 retry-after=1\\r\\n2': '1\\r\\n2' can't be sent as the value of a header: it must be printable",
        ),
        ("503 headers=x-a", "in '503 headers=x-a': 'x-a' is not a header: write name:value"),
        (
            "ok kind=jobs",
            (
                "in 'ok kind=jobs': 'jobs' is no kind of request: it is one of assets, models, workflows, "
                "get-bulk, pictures"
            ),
        ),
        ('503 body="a', "the script '503 body=\"a' can't be read: a quotation mark is not closed"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, told: str) -> None:
    """The message names the word, the rule and what is known."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        faults.FaultPlan().add(text)
    assert str(caught.value) == told


def test_a_body_can_be_encoded() -> None:
    """Half a character can't."""
    with pytest.raises(ValueError, match="can't be sent: it is not valid Unicode"):
        faults.Status(503, body="\ud800")


def test_a_total_says_one_of_four_things() -> None:
    """The message shows which."""
    with pytest.raises(ValueError, match=r"'says' must match regex 'high\|low\|zero"):
        read_script("total says=huge")


@pytest.mark.parametrize("fault", [fault for _, fault in READ])
def test_a_fault_is_a_value(fault: faults.Fault) -> None:
    """It can't be changed, and is equal to one with the same options."""
    assert fault == attrs.evolve(fault)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        fault.name = "other"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
