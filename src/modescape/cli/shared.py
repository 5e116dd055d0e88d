"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[
    Path | None, typer.Option(help="Folder of the run. [default: runs/<time>-<name>]", show_default=False)
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run at --output, or the newest unfinished one in runs/.")
]
Config = Annotated[Path | None, typer.Option(help="YAML file with settings, such as RUN/settings.yaml.")]
Preset = Annotated[str | None, typer.Option(help="Settings to start from: paper, quick, demo.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
RunPath = Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)]
