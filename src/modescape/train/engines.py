"""The engines by name."""

from modescape.train.engine import Engine
from modescape.train.loop import LoopEngine
from modescape.train.vmap import VmapEngine

ENGINES: dict[str, Engine] = {
    "loop": LoopEngine(),
    "vmap": VmapEngine("vmap", compiled=False),
    "compile": VmapEngine("compile", compiled=True),
}
"""`loop` trains one member after the other, `vmap` all members of a group as one program, and `compile` the same
program compiled."""
