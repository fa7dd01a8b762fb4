"""Rooms are imported by their names when they are first used, and some have files: PyInstaller sees neither."""

from PyInstaller.utils.hooks import (  # type: ignore[import-not-found,import-untyped,unused-ignore] # pyright: ignore[reportMissingImports,reportMissingModuleSource] - it is there when this runs
    collect_data_files,  # pyright: ignore[reportUnknownVariableType]
    collect_submodules,  # pyright: ignore[reportUnknownVariableType]
)

datas = collect_data_files("scenario_async")
hiddenimports = collect_submodules("scenario_async")
