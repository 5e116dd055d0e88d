"""The context of a comparison whose members have no weights of one architecture: steps see answers and names only."""

from dataclasses import dataclass, field

from modescape.data import Dataset
from modescape.studies.context import StudyContext


@dataclass
class AnswersContext(StudyContext):
    """A comparison in progress, of which only the answers of members are known.

    Args:
        data: The examples that were predicted, where they are at hand.
    """

    data: Dataset | None = field(default=None)

    @property
    def dataset(self) -> Dataset | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What members see, where it is known."""
        return self.data
