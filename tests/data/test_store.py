"""A result is whole under its name, or it is not there: the publish protocol, its kills and its bit flips."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data.ledger import RunKey, RunState
from data.store import MANIFEST, AlreadyRunningError, RunStore, TornResultError, export_netcdf

KEY = RunKey("nightly", "seoul", date(2026, 11, 23), "ab" * 32)
ROOT = Path(__file__).resolve().parents[2]


def arrays(value: float = 1.0) -> xr.Dataset:
    load_kw = value * np.arange(12.0).reshape(4, 3)
    return xr.Dataset({"load_kw": (("time", "bus"), load_kw)}, coords={"bus": ["a", "b", "c"], "time": np.arange(4)})


def publish(store: RunStore, value: float = 1.0) -> str:
    with store.lease(KEY), store.begin(KEY, "seoul-2026-11-23") as run:
        run.write_arrays("flows", arrays(value))
        run.write_file("report.html", b"<p>fine</p>")
        return run.publish(RunState.PUBLISHED, "fine", {"seed": 1}).run_id


def test_what_is_published_reads_back_and_verifies(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id = publish(store)
    assert store.verify(run_id) == ()
    assert store.shown(KEY) == store.ledger.get(run_id)
    np.testing.assert_array_equal(store.open_arrays(run_id, "flows")["load_kw"].values, arrays()["load_kw"].values)
    assert store.manifest(run_id)["facts"] == {"seed": 1}
    assert not list((tmp_path / "staging").iterdir())


def test_text_and_arrays_without_values_read_back(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    empty = xr.Dataset({"power_kw": (("battery", "time"), np.zeros((0, 4)))}, coords={"battery": np.zeros(0, "<U1")})
    named = xr.Dataset({"unit": (("bus",), np.array(["가", "kW"]))}, coords={"bus": ["a", "b"]})
    with store.lease(KEY), store.begin(KEY, "seoul") as run:
        run.write_arrays("empty", empty)
        run.write_arrays("named", named)
        run_id = run.publish(RunState.PUBLISHED, "fine", {}).run_id
    assert store.verify(run_id) == ()
    assert store.open_arrays(run_id, "named")["unit"].values.tolist() == ["가", "kW"]


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt()])
def test_a_run_that_breaks_off_is_not_shown_and_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    store = RunStore(tmp_path)

    def broken() -> None:
        with store.lease(KEY), store.begin(KEY, "seoul") as run:
            run.write_arrays("flows", arrays())
            raise error

    with pytest.raises(type(error)):
        broken()
    assert store.shown(KEY) is None
    [record] = store.ledger.runs(key=KEY)
    assert record.state is (RunState.CANCELLED if isinstance(error, KeyboardInterrupt) else RunState.FAILED)
    assert not list((tmp_path / "staging").iterdir())
    assert not list((tmp_path / "published").iterdir())


def test_a_block_left_without_publishing_is_a_failure(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with store.lease(KEY), store.begin(KEY, "seoul"):
        pass
    assert store.ledger.runs(key=KEY)[0].state is RunState.FAILED


def test_an_array_that_does_not_read_back_is_never_published(tmp_path: Path) -> None:
    store = RunStore(tmp_path)

    def torn() -> None:
        with store.lease(KEY), store.begin(KEY, "seoul") as run:
            run.write_arrays("flows", arrays())
            [chunk] = (p for p in (run.staging / "flows.zarr" / "load_kw" / "c").rglob("*") if p.is_file())
            chunk.unlink()  # Zarr reads a missing chunk as fill values, without complaint
            run.publish(RunState.PUBLISHED, "fine", {})

    with pytest.raises(TornResultError):
        torn()
    assert store.shown(KEY) is None


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id = publish(store)
    files = [path for path in store.folder_of(run_id).rglob("*") if path.is_file() and path.stat().st_size]
    random = np.random.default_rng(7)
    for path in [*files, *random.choice(np.array(files, dtype=object), 20)]:
        content = path.read_bytes()
        position, bit = int(random.integers(len(content))), int(random.integers(8))
        flipped = bytearray(content)
        flipped[position] ^= 1 << bit
        path.write_bytes(bytes(flipped))
        assert store.verify(run_id), f"bit {bit} of byte {position} of {path.name} went unnoticed"
        path.write_bytes(content)
    assert store.verify(run_id) == ()


def test_a_missing_and_an_added_file_are_found(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.folder_of(publish(store))
    (folder / "extra").write_text("x")
    assert store.verify(folder.name) == ("extra is not in the manifest",)
    (folder / "extra").unlink()
    (folder / "report.html").unlink()
    assert store.verify(folder.name) == ("report.html is missing",)


KILLED_WRITER = """
    import os, sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from tests_store_case import KEY, arrays
    from data.ledger import RunState
    from data.store import RunStore
    survive = int(sys.argv[2])
    calls = 0
    def counted(name):
        real = getattr(os, name)
        def call(*args, **kwargs):
            global calls
            calls += 1
            if calls > survive:
                os.kill(os.getpid(), 9)
            return real(*args, **kwargs)
        setattr(os, name, call)
    store = RunStore(Path(sys.argv[1]))
    for name in ("fsync", "rename", "replace", "open", "mkdir"):
        counted(name)
    with store.lease(KEY), store.begin(KEY, "seoul") as run:
        run.write_arrays("flows", arrays())
        run.write_file("report.html", b"<p>fine</p>")
        run.publish(RunState.PUBLISHED, "fine", {{}})
    print("lived", calls)
"""

CASE = """
    from datetime import date
    import numpy as np, xarray as xr
    from data.ledger import RunKey
    KEY = RunKey("nightly", "seoul", date(2026, 11, 23), "ab" * 32)
    def arrays():
        return xr.Dataset({"load_kw": (("time", "bus"), np.arange(12.0).reshape(4, 3))})
"""


def test_killed_at_every_system_call_nothing_half_written_is_ever_shown(tmp_path: Path) -> None:
    """kill -9 before the n-th fsync, rename, open or mkdir: absent or whole, and the next start repairs the ledger."""
    (tmp_path / "tests_store_case.py").write_text(textwrap.dedent(CASE))
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(KILLED_WRITER.format(root=str(ROOT))))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}

    def write(root: Path, survive: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script), str(root), str(survive)],
            capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip

    whole = write(tmp_path / "whole", 10_000)
    assert whole.returncode == 0, whole.stderr
    total = int(whole.stdout.split()[-1])
    assert total >= 15
    for survive in sorted({*range(max(total - 12, 0), total), *range(0, total, max(total // 10, 1))}):
        root = tmp_path / f"killed-{survive}"
        assert write(root, survive).returncode == -signal.SIGKILL
        store = RunStore(root)
        record = store.shown(KEY)
        assert record is None or store.verify(record.run_id) == ()
        with store.lease(KEY):
            shown = store.shown(KEY)
            if shown is None:
                with store.begin(KEY, "seoul") as run:
                    shown = store.shown(KEY)
                    run.write_arrays("flows", arrays())
                    shown = run.publish(RunState.PUBLISHED, "again", {})
        assert store.verify(shown.run_id) == ()
        open_runs = [r for r in store.ledger.runs(key=KEY) if r.state is RunState.RUNNING]
        assert open_runs == []


def test_of_many_started_at_once_one_runs(tmp_path: Path) -> None:
    """The lease is a lock on an open file, so threads stand for processes here."""
    RunStore(tmp_path)
    gate = threading.Barrier(8)

    def try_to_run() -> str:
        store = RunStore(tmp_path)
        gate.wait()
        try:
            with store.lease(KEY):
                if store.shown(KEY) is not None:
                    return "found"
                with store.begin(KEY, "seoul") as run:
                    run.write_arrays("flows", arrays())
                    run.publish(RunState.PUBLISHED, "fine", {})
                return "ran"
        except AlreadyRunningError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        outcomes = [future.result() for future in [pool.submit(try_to_run) for _ in range(8)]]
    assert outcomes.count("ran") == 1, outcomes
    assert len(RunStore(tmp_path).ledger.runs(key=KEY)) == 1


def test_a_verdict_is_given_once(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run_id = publish(store)
    assert not store.ledger.finish(run_id, RunState.FAILED, "too late")
    record = store.ledger.get(run_id)
    assert record is not None
    assert record.state is RunState.PUBLISHED
    with pytest.raises(ValueError, match="cannot end as running"):
        store.ledger.finish(run_id, RunState.RUNNING, "")
    with pytest.raises(ValueError, match="exactly when it has a manifest"):
        store.ledger.finish(run_id, RunState.PUBLISHED, "")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "", "seoul%2f..", "x" * 500])
def test_only_names_of_the_ledger_lead_to_a_folder(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path)
    publish(store)
    with pytest.raises(KeyError):
        store.folder_of(name)


def test_netcdf_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "flows.nc"
    export_netcdf(arrays(), target)
    with xr.open_dataset(target, engine="h5netcdf") as dataset:
        xr.testing.assert_equal(dataset.load(), arrays())
    monkeypatch.setattr("data.store.sync_file", lambda path: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        export_netcdf(arrays(2.0), tmp_path / "other.nc")
    assert [path.name for path in tmp_path.iterdir()] == ["flows.nc"]


def test_the_manifest_names_every_file(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.folder_of(publish(store))
    listed = set(store.manifest(folder.name)["files"])
    assert listed == {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
