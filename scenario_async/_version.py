"""The version, where both the package's face and its requests find it."""

__version__ = "0.1.0"
