"""What a report is made of: plain results and texts, handed in by whoever has read them from a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import xarray as xr


@dataclass(frozen=True)
class ReportContents:
    """Everything a report shows; nothing else is read.

    Args:
        title: Name of the run, shown as it was typed.
        facts: What was run, in order of importance, for example `{"data": "digits", "members": "5"}`.
        results: Results by the name of the step that computed them: `training`, `solutions`, `trajectories`,
            `embedding`, `ensemble`, and those of the study that figures and claims name. A step may be
            missing; its figures are then left out and named in one line.
        notes: What a reader must know before trusting the numbers, such as a member that diverged.

    >>> ReportContents(title="digits").results
    {}
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, xr.Dataset] = field(default_factory=dict)
    notes: Sequence[str] = ()
