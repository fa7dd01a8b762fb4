"""What PyInstaller must know to freeze programs that use this package; it finds it by an entry point."""

from pathlib import Path


def hook_dirs() -> list[str]:
    """Give the folders that hold hooks for PyInstaller."""
    return [str(Path(__file__).parent)]
