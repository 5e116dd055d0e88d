"""The error for a network whose symmetry can't be found."""

from modescape.core.errors import ModescapeError


class UnsupportedGraphError(ModescapeError, ValueError):
    """A network can't be traced, or an operation in it is not understood; the text names the node.

    Args:
        text: One line that says what to do.
        node: Name of the node in the traced graph; empty where the network can't be traced at all.
        operation: Name of the operation, such as `aten.gru.input`.
        module: Path of the module that runs it, such as `layer2.0.conv1`; empty for the network itself.
    """

    def __init__(self, text: str, *, node: str = "", operation: str = "", module: str = "") -> None:
        super().__init__(text)
        self.node, self.operation, self.module = node, operation, module

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild with all attributes, so that the error survives a trip between processes."""
        return (_rebuilt, (str(self), self.node, self.operation, self.module))


def _rebuilt(text: str, node: str, operation: str, module: str) -> UnsupportedGraphError:
    return UnsupportedGraphError(text, node=node, operation=operation, module=module)
