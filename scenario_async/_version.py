"""The version, where both the package's face and its requests find it."""

from typing import Final

__version__: Final = "0.1.0"
