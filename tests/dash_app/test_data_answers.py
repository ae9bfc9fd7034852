"""What the page of data says of a file, in both languages; problems of readers in Korean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dash_app.answers.data import data_answer, data_tone, place_words, problems_table, stored_table
from dash_app.answers.data_problems import FIX, WHAT, fix_words, what_words
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from data.jobs import Job
from data.schema_cell import BadCell, read_cell
from data.schema_types import Column, Kind
from tests.dash_app.job_rows import job
from twin.inputs import InputKind, StoredInput
from twin.report_numbers import Lang

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)
STORED = StoredInput(
    InputKind.DEPOT, "garage.zip", Path("x"), "f" * 64, 4700, "kim", "2026-11-22T19:00:00+00:00",
    {"name": "garage", "buses": 12.0, "outlets": 4.0},
)  # fmt: skip
PLAIN = "write a plain number with a point and no thousands separators; leave a row without data out"
BAD = {"file": "duties.csv", "row": 12, "field": "energy_kwh", "what": "'many' is not a finite number",
       "fix": PLAIN}  # fmt: skip
WHOLE = {"file": "buses.csv", "row": 0, "field": "", "what": "the file is missing", "fix": "add it: buses"}


def check(state: str = "done", result: dict[str, Any] | None = None, **changes: Any) -> Job:
    return job(state, parameters={"name": "garage.zip"}, result=result, **changes)


def found(*problems: dict[str, Any]) -> dict[str, Any]:
    return {
        "problems": list(problems),
        "count": len(problems),
        "stored": "" if problems else "f" * 64,
        "facts": STORED.facts,
    }


TRUTHS: dict[str, tuple[Job | None, tuple[StoredInput, ...], str, str, Tone]] = {
    "nothing": (None, (), "Nothing has been stored yet", "아직 저장된 것이 없습니다", Tone.CALM),
    "stored": (
        None,
        (STORED,),
        "1 inputs are stored, the newest garage.zip (Depot",
        "최근: garage.zip(차고지",
        Tone.CALM,
    ),
    "when": (None, (STORED,), "2026-11-23 04:00 KST", "2026-11-23 04:00 KST", Tone.CALM),
    "waiting": (check("queued"), (), "garage.zip is being checked: waiting", "검사 중: 대기", Tone.CALM),
    "running": (check("running"), (), "is being checked: running", "검사 중: 실행 중", Tone.CALM),
    "clean": (
        check(result=found()),
        (STORED,),
        "has no problems and is stored: garage, 12 buses",
        "문제가 없어 저장",
        Tone.CALM,
    ),
    "one problem": (
        check(result=found(BAD)),
        (),
        "has one problem; nothing was stored",
        "문제가 하나 있어",
        Tone.ALERT,
    ),
    "where": (
        check(result=found(BAD)),
        (),
        "duties.csv, row 12, energy_kwh",
        "duties.csv, 12행, energy_kwh",
        Tone.ALERT,
    ),
    "what": (
        check(result=found(BAD)),
        (),
        "'many' is not a finite number",
        "'many'은(는) 유한한 수가 아님",
        Tone.ALERT,
    ),
    "more problems": (
        check(result=found(BAD, WHOLE)),
        (),
        "has 2 problems in 2 files",
        "파일 2개에 문제 2건",
        Tone.ALERT,
    ),
    "a failed check": (
        check("failed", message="killed"),
        (),
        "could not be checked: killed",
        "검사하지 못했습니다",
        Tone.ALERT,
    ),
    "a cancelled check": (check("cancelled"), (), "could not be checked: cancelled", "취소", Tone.ALERT),
}


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_answer_is_true_in_both_languages(truth: str) -> None:
    asked, stored, english, korean, tone = TRUTHS[truth]
    assert english in data_answer(asked, stored, EN)
    assert korean in data_answer(asked, stored, KO)
    assert data_tone(asked) is tone


def test_every_problem_is_a_row() -> None:
    rows = problems_table(check(result=found(BAD, WHOLE)), KO).rows
    assert rows[0][:3] == ("duties.csv", 12, "energy_kwh")
    assert rows[1][:4] == ("buses.csv", "파일 전체", "–", "파일이 없음")
    assert problems_table(None, EN).rows == []
    assert place_words(WHOLE, EN) == "buses.csv"


def test_what_is_stored_is_a_row() -> None:
    (row,) = stored_table((STORED,), EN).rows
    assert row[:3] == ("garage.zip", "Depot", "garage, 12 buses, 4 outlets")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (Column("x", Kind.NUMBER, "a number"), ""),
        (Column("x", Kind.NUMBER, "a number"), "nan"),
        (Column("x", Kind.INTEGER, "a number"), "1.5"),
        (Column("x", Kind.NUMBER, "a number", lower=0.0), "-1"),
        (Column("x", Kind.NUMBER, "a number", upper=1.0), "3"),
        (Column("x", Kind.DATE, "a day"), "tomorrow"),
        (Column("x", Kind.CHOICE, "a word", choices=("a", "b")), "c"),
    ],
)
def test_every_bad_cell_has_korean_words(column: Column, cell: str) -> None:
    with pytest.raises(BadCell) as bad:
        read_cell(column, cell)
    for told, said in ((what_words(bad.value.what, KO), bad.value.what), (fix_words(bad.value.fix, KO), bad.value.fix)):
        assert told != said
        assert any("가" <= letter <= "힣" for letter in told)


def test_every_form_has_words_in_both_languages() -> None:
    for words in (EN, KO):
        assert all(words.has(f"what.{name}") for name in WHAT)
        assert all(words.has(f"fix.{name}") for name in FIX)


def test_a_problem_of_no_known_form_is_shown_as_it_is() -> None:
    assert what_words("quite another thing", KO) == "quite another thing"
