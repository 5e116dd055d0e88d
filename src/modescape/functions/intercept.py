"""Functions of torch that run as we say inside a block, in any network and without touching its code."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from torch.overrides import TorchFunctionMode

Handler: TypeAlias = Callable[..., Any]
"""Runs in place of a function of torch: called with that function and then with the function's own arguments."""


class Intercept(TorchFunctionMode):
    """A context in which some functions of torch are run by handlers of ours; all others run as they are."""

    def __init__(self, handlers: Mapping[Callable[..., Any], Handler]) -> None:
        super().__init__()
        self._handlers = handlers

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run a handler where there is one."""
        handler = self._handlers.get(func)
        return func(*args, **(kwargs or {})) if handler is None else handler(func, *args, **(kwargs or {}))
