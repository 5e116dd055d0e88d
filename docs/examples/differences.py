"""The examples of differences between members: what is run for them, and which of their figures pages show."""

from collections.abc import Iterable

from paper_tables import table

from modescape.report.drawables import Drawing, Table

MOST_ROWS, MOST_COLUMNS = 24, 8
"""Of a table on a page."""
DIFFERENCES = {
    "cifar10": [
        *("--preset", "paper", "--data", "parquet:{directory}/cifar10-jpeg", "--model", "small-cnn"),
        *("--attack-size", "0.008"),
    ],
    "mnist": ["--data", "parquet:{directory}/mnist", "--model", "mlp", "--members", "5", "--epochs", "10"],
}
FIGURES = (
    *(
        "solution-disagreement",
        "pair-measures",
        "disputed",
        "classes",
        "modes",
        "oracle",
        "solution-cosine",
        "alignment",
    ),
    *("alignment-paths", "representations", "cross-layers", "layers", "robustness", "transfer"),
)
THREE_CLASSES = {
    "cifar10": [
        *("--data", "parquet:{directory}/cifar10-jpeg", "--only-classes", "cat,dog,horse", "--model", "small-cnn"),
        *("--members", "20", "--epochs", "15", "--trajectories", "0"),
    ],
    "mnist": [
        *("--data", "parquet:{directory}/mnist", "--only-classes", "3,5,8", "--model", "mlp"),
        *("--members", "20", "--epochs", "5", "--limit", "2000", "--trajectories", "0"),
    ],
}
ARCHITECTURES = {
    "limit": 10000,
    "test-limit": 5000,
    "members": 3,
    "epochs": 10,
    "schedule": "cosine",
    "batch-size": 64,
    "trajectories": 1,
    "engine": "loop",
}
THREE_CLASS_FIGURES = ("three-class", "classes", "pair-measures")
ARCHITECTURE_FIGURES = ("solution-disagreement", "architectures", "pair-measures", "modes")


def tables(drawings: Iterable[Drawing]) -> dict[str, str]:
    """Return the numbers of figures that have few, by their titles."""
    return {drawing.title: markdown(drawing.table) for drawing in drawings if is_small(drawing.table)}


def is_small(numbers: Table) -> bool:
    """Say whether a table fits on a page."""
    num_rows = max(map(len, numbers.columns.values()), default=0)
    return num_rows <= MOST_ROWS and len(numbers.columns) <= MOST_COLUMNS


def markdown(numbers: Table) -> str:
    """Return the numbers of a figure as a table of Markdown."""
    columns = [
        [f"{value:.4g}" if isinstance(value, float) else str(value) for value in column.tolist()]
        for column in numbers.columns.values()
    ]
    return table(list(numbers.columns), [list(row) for row in zip(*columns, strict=True)])
