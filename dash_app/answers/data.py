"""What the page of data says: what is wrong with a file that was sent, row by row, or that it was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash_app.answers.data_problems import fix_words, what_words
from dash_app.clock import kst
from dash_app.exports.table import Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from data.jobs import Job, JobState
from twin.inputs import StoredInput
from twin.report_numbers import plain


def data_answer(job: Job | None, stored: Sequence[StoredInput], words: Words) -> str:
    """Say how the last file that was sent stands, or how much is stored.

    Parameters
    ----------
    job
        Check of the file that is looked at; None when none is.
    stored
        Everything stored, newest first.
    words
        Language of the page.
    """
    if job is None:
        return _stored_sentence(stored, words)
    name = str(job.parameters.get("name", ""))
    if not job.state.over:
        return words("data.checking", name=name, state=words(f"job_state.{job.state.value}"))
    if job.state is not JobState.DONE or job.result is None:
        return words("data.check_failed", name=name, why=job.message or words(f"job_state.{job.state.value}"))
    problems = problems_of(job)
    if not problems:
        return words("data.clean", name=name, facts=facts_words(job.result.get("facts", {}), words))
    count = int(job.result.get("count", len(problems)))
    first = problems[0]
    return words(
        "data.dirty" if count > 1 else "data.dirty_one",
        name=name,
        count=plain(count),
        files=plain(len({problem["file"] for problem in problems})),
        place=place_words(first, words),
        what=what_words(str(first["what"]), words),
    )


def data_tone(job: Job | None) -> Tone:
    """Return how unusual the check of a file came out."""
    if job is None or not job.state.over:
        return Tone.CALM
    return Tone.CALM if job.state is JobState.DONE and not problems_of(job) else Tone.ALERT


def problems_of(job: Job) -> list[Mapping[str, Any]]:
    """Return the problems that a check found, or that ended it."""
    found = (job.result or {}).get("problems", [])
    return list(found) if isinstance(found, list) else []


def _stored_sentence(stored: Sequence[StoredInput], words: Words) -> str:
    if not stored:
        return words("data.nothing")
    last = stored[0]
    return words(
        "data.stored_count",
        count=plain(len(stored)),
        name=last.name,
        kind=words(f"data.kind_{last.kind.value}"),
        time=kst(datetime.fromisoformat(last.stored_utc)),
    )


def place_words(problem: Mapping[str, Any], words: Words) -> str:
    """Return where a problem is: file, row, field."""
    row, field = int(problem.get("row") or 0), str(problem.get("field") or "")
    parts = [str(problem["file"])]
    parts += [words("data.row_number", row=row)] if row else []
    return ", ".join([*parts, *([field] if field else [])])


def facts_words(facts: Mapping[str, Any], words: Words) -> str:
    """Return what was found in a file in words."""
    parts = []
    for key, value in facts.items():
        text = plain(value, 1 if key.endswith("_c") else 0) if isinstance(value, float | int) else str(value)
        parts.append(words(f"fact.{key}", value=text))
    return ", ".join(parts)


def problems_table(job: Job | None, words: Words) -> Table:
    """Return one row a problem: file, row, field, what is wrong, what to do."""
    columns = (
        Column("file", words("data.file")),
        Column("row", words("data.row"), "", 0),
        Column("field", words("data.field")),
        Column("what", words("data.what")),
        Column("fix", words("data.fix")),
    )
    rows = [
        (
            str(problem["file"]),
            int(problem["row"]) if problem.get("row") else words("data.whole_file"),
            str(problem.get("field") or "–"),
            what_words(str(problem["what"]), words),
            fix_words(str(problem["fix"]), words),
        )
        for problem in (problems_of(job) if job else [])
    ]
    return Table(words("data.problems"), columns, rows)


def stored_table(stored: Sequence[StoredInput], words: Words) -> Table:
    """Return everything stored: what, whose, when, and what was found in it."""
    columns = (
        Column("name", words("data.name")),
        Column("kind", words("data.kind")),
        Column("facts", words("data.facts")),
        Column("user", words("data.user")),
        Column("stored_kst", words("data.stored_at")),
        Column("kilobytes", words("data.size"), "kB", 0),
        Column("sha256", words("data.checksum")),
    )
    rows = [
        (
            entry.name,
            words(f"data.kind_{entry.kind.value}"),
            facts_words(entry.facts, words),
            entry.user,
            kst(datetime.fromisoformat(entry.stored_utc)),
            round(entry.bytes / 1e3, 1),
            entry.sha256[:16],
        )
        for entry in stored
    ]
    return Table(words("data.stored"), columns, rows)
