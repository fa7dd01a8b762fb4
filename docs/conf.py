"""How Sphinx builds these pages; warnings are errors, so every page and docstring has to be sound."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scenario_async import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "scenario-async"
author = "the scenario-async developers"
project_copyright = "the scenario-async developers, MIT license"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
default_role = "code"

html_theme = "furo"
html_title = f"scenario-async {release}"
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

# What these are made of is told by their attributes: nobody calls them.
RESULTS = re.compile(
    r"scenario_async\.((Async|Sync)?SearchPage|SearchPager|Reply|pages\.ResponseInfo|sync\.Iteration|"
    r"\w*Hit|AssetMetadata|(Metadata)?Thumbnail|Concept|FanOutError|client\.AsyncSearches|sync\.SyncSearches|"
    r"filters\.Field|emulator\.app\.RecordedRequest)"
)


def setup(app: Sphinx) -> None:
    """Leave out the signatures of classes that are results."""

    def signature(_app: Sphinx, what: str, name: str, *_: object) -> tuple[str, None] | None:
        return ("", None) if what == "class" and RESULTS.fullmatch(name) else None

    app.connect("autodoc-process-signature", signature, priority=900)
