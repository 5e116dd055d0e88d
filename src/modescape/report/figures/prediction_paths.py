"""Where trajectories go in the space of predictions: their t-SNE embedding in one picture."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from modescape.core.axes import AXIS, MEMBER, STEP
from modescape.report.drawables import Drawing, Path, Paths, long_table
from modescape.report.figures.kind import FigureKind, Need
from modescape.report.inputs import variable

NAME = "prediction-paths"
TITLE = "Do trajectories end in the same function?"
EMBEDDING = "embedding"


def compute(results: Mapping[str, xr.Dataset]) -> Drawing:
    """Return one path for each trajectory through the t-SNE plane of the predictions, missing checkpoints skipped.

    Source: Fort, Hu and Lakshminarayanan (2019), section 3.1 and figure 2(c), https://arxiv.org/abs/1912.02757.
    Differs from it in marking the start and the end of each path.
    """
    position = variable(results, EMBEDDING, "position", (MEMBER, STEP, AXIS))
    paths = [_path(position, index) for index in range(position.sizes[MEMBER])]
    attrs = results[EMBEDDING].attrs
    settings = ", ".join(f"{name} {attrs[name]:.3g}" for name in ("perplexity", "seed") if name in attrs)
    panel = Paths(
        title="",
        alt=f"t-SNE of the predictions along {len(paths)} training trajectories, each from its start to its end.",
        paths=tuple(path for path in paths if path.x.size),
        x_label="t-SNE axis 1 (no unit)",
        y_label="t-SNE axis 2 (no unit)",
    )
    return Drawing(
        name=NAME,
        title=TITLE,
        shows=(
            "Each point is the predictions of one checkpoint placed in the plane by t-SNE"
            f"{f' ({settings})' if settings else ''}, joined in the order of training."
        ),
        look_for=(
            "Look at the stars: ends that lie apart are different functions; trust who is near whom, "
            "but not distances or sizes, which t-SNE does not keep."
        ),
        panels=(panel,),
        table=long_table(results[EMBEDDING], ["position"]),
    )


def _path(position: xr.DataArray, index: int) -> Path:
    """Return the path of one trajectory through its finite positions."""
    one = position.isel({MEMBER: index}).values
    present = np.isfinite(one).all(axis=1)
    epochs = position[STEP].values[present]
    return Path(
        name=f"member {position[MEMBER].values[index]}",
        x=one[present, 0].astype(np.float64),
        y=one[present, 1].astype(np.float64),
        points=tuple(f"epoch {epoch}" for epoch in epochs),
        series=index,
    )


FIGURE = FigureKind(NAME, TITLE, (Need(EMBEDDING, ("position",)),), compute)
