"""Rows and jobs: how the trees are cut at their roots into pieces of whole feeders that are solved side by side.

Feeders that a closed tie joins come into one job, after all jobs without ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from grid.elements import Flags, Ints
from grid.topology import Forest

ROWS_A_JOB = 128
"""Small feeders are put together up to this many rows, so that a job is worth its call and still rests in cache."""


@dataclass(frozen=True)
class Layout:
    """Order of the rows: jobs after one another, each with a copy of every root its feeders hang on.

    Attributes
    ----------
    job_start
        First row of each job, and the number of rows.
    bus, parent, is_root
        Bus, parent row within the job (−1 at roots) and kind of each row.
    radial_jobs
        Number of jobs without ties; those with ties follow.
    chord_job
        Job of each chord.
    """

    job_start: Ints
    bus: Ints
    parent: Ints
    is_root: Flags
    radial_jobs: int
    chord_job: Ints

    @property
    def is_first_copy(self) -> Flags:
        """Whether a row is the first of its bus."""
        first = np.zeros(len(self.bus), dtype=bool)
        first[np.unique(self.bus, return_index=True)[1]] = True
        return first

    def row_of(self, job: int, bus: int) -> int:
        """Row of a bus within one job."""
        start = self.job_start[job]
        return int(np.flatnonzero(self.bus[start : self.job_start[job + 1]] == bus)[0])


def lay_out(forest: Forest, chord_from: Ints, chord_to: Ints) -> Layout:
    """Put feeders together into jobs; chords are given by the buses at their ends."""
    order = forest.order
    is_root = forest.parent_bus[order] < 0
    position = np.full(len(forest.parent_bus), -1)
    position[order] = np.arange(len(order))
    below_root = ~is_root & is_root[position[forest.parent_bus[order]]]
    starts = np.flatnonzero(is_root | below_root)
    ends = np.append(starts[1:], len(order))
    piece_of = np.repeat(np.arange(len(starts)), ends - starts)
    chord_ends = np.stack([piece_of[position[chord_from]], piece_of[position[chord_to]]], axis=1)
    jobs, radial_jobs, chord_job = _jobs(is_root[starts], ends - starts, chord_ends)
    root_of = np.maximum.accumulate(np.where(is_root, np.arange(len(order)), 0))
    job_start, bus, parent = [0], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    up = position[forest.parent_bus[order]]
    for pieces in jobs:
        roots = np.unique(root_of[starts[pieces]])
        bus.append(order[roots])
        parent.append(np.full(len(roots), -1))
        rows = len(roots)
        for piece in pieces:
            start, end = starts[piece], ends[piece]
            if is_root[start]:
                continue
            root_row = int(np.searchsorted(roots, root_of[start]))
            bus.append(order[start:end])
            parent.append(np.where(up[start:end] == roots[root_row], root_row, up[start:end] - start + rows))
            rows += end - start
        job_start.append(job_start[-1] + rows)
    all_parents = np.concatenate(parent)
    return Layout(np.array(job_start), np.concatenate(bus), all_parents, all_parents < 0, radial_jobs, chord_job)


def _jobs(is_root: Flags, size: Ints, chord_ends: Ints) -> tuple[list[list[int]], int, Ints]:
    """Pieces of each job, the number of jobs without chords, and the job of each chord.

    A root is a piece of its own, so that a slack without feeders is not lost; it never joins feeders into one job.
    """
    group = np.arange(len(is_root))
    _unite(group, chord_ends, is_root)
    tied = np.zeros(len(is_root), dtype=bool)
    tied[group[chord_ends.ravel()]] = True
    tied = tied[group] & ~is_root
    jobs: list[list[int]] = []
    rows = ROWS_A_JOB
    for piece in np.flatnonzero(~tied):
        if rows + size[piece] > ROWS_A_JOB:
            jobs.append([])
            rows = 0
        jobs[-1].append(int(piece))
        rows += int(size[piece])
    radial_jobs = len(jobs)
    by_group: dict[int, int] = {}
    chord_job = np.zeros(len(chord_ends), dtype=np.int64)
    for piece in np.flatnonzero(tied):
        if by_group.setdefault(int(group[piece]), len(jobs)) == len(jobs):
            jobs.append([])
        jobs[by_group[int(group[piece])]].append(int(piece))
    for chord, (one, two) in enumerate(chord_ends):
        inner = one if not is_root[one] else two
        if is_root[inner]:
            chord_job[chord] = len(jobs)
            jobs.append([])
        else:
            chord_job[chord] = by_group[int(group[inner])]
        jobs[chord_job[chord]] += [int(end) for end in (one, two) if is_root[end]]
    return jobs, radial_jobs, chord_job


@njit(cache=True)
def _unite(group: Ints, chord_ends: Ints, is_root: Flags) -> None:
    """Give all pieces that chords join, roots aside, the smallest piece of them as label."""
    moved = True
    while moved:
        moved = False
        for one, two in chord_ends:
            if not is_root[one] and not is_root[two] and group[one] != group[two]:
                low, high = min(group[one], group[two]), max(group[one], group[two])
                for piece in range(group.size):
                    if group[piece] == high:
                        group[piece] = low
                moved = True
