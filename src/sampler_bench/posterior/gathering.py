"""Very many configurations: those that lie close together are taken as one.

Linear algebra takes the cube of their number, and neighbours say much the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Floats, Indices
from .evidence import Evidence
from .frame import Points

STRANGER = 1e6  # squared distance to another sampler


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which points are taken together.

    Attributes:
        group: (n,) the group of each point.
        points: (m,) where the groups lie, by the texts of their members.
        heaviest: (m,) the member of each group with the most texts.
    """

    group: Indices
    points: Points
    heaviest: Indices

    def sums(self, values: Floats) -> Floats:
        """(n,) or (n, k) numbers, added up over each group."""
        found = np.zeros((len(self.points), *values.shape[1:]))
        np.add.at(found, self.group, values)
        return found


def gather(points: Points, texts: Floats, most: int) -> Groups:
    """At most `most` groups of points.

    Centres by farthest-point traversal (Gonzalez 1985), from the one with the most texts; each
    point joins the nearest one of its sampler.

    Args:
        points: n of them.
        texts: (n,) of each, more than 0.
        most: groups.
    """
    n = len(points)
    if n <= most:
        return Groups(np.arange(n), points, np.arange(n))
    place = np.column_stack([points.common, points.own])
    nearest, group = np.full(n, np.inf), np.zeros(n, dtype=np.intp)
    centre = int(texts.argmax())
    for number in range(most):
        away = ((place - place[centre]) ** 2).sum(axis=1)
        away[points.sampler != points.sampler[centre]] = STRANGER
        closer = away < nearest
        nearest[closer], group[closer] = away[closer], number
        centre = int(nearest.argmax())
        if not nearest[centre]:
            break  # all lie where a centre does
    weight = np.zeros((group.max() + 1, n))
    weight[group, np.arange(n)] = texts
    heaviest = weight.argmax(axis=1)
    weight /= weight.sum(axis=1)[:, None]
    middle = replace(points.take(heaviest), common=weight @ points.common, own=weight @ points.own)
    return Groups(group, middle, heaviest)


def together(evidence: Evidence, groups: Groups) -> Evidence:
    """What was seen of each group, as if it were one configuration: its heaviest member."""
    if len(groups.points) == len(evidence.configs):
        return evidence
    count = groups.sums(evidence.count)
    mean = groups.sums(evidence.count * evidence.mean) / np.maximum(count, 1.0)
    part = np.divide(evidence.count.sum(axis=1), count.sum(axis=1)[groups.group])
    apart = evidence.count * (evidence.mean - mean[groups.group]) ** 2
    return Evidence(
        tuple(evidence.configs[i] for i in groups.heaviest),
        count,
        mean,
        groups.sums(evidence.squares + apart),
        groups.sums(evidence.failed),
        groups.sums(evidence.total),
        groups.sums(part**2 * evidence.doubt),
        groups.sums(part[:, None] * evidence.shared),
        evidence.chance,
        evidence.ends,
    )
