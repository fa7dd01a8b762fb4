"""How Sphinx builds these pages; warnings are errors, so every page and docstring has to be sound."""

from __future__ import annotations

import sys
from pathlib import Path

from scenario_async import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "scenario-async"
author = "the scenario-async developers"
project_copyright = "the scenario-async developers, MIT license"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "reference",
]
exclude_patterns = ["_build"]
default_role = "code"

html_theme = "furo"
html_title = f"scenario-async {release}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

# What an example prints is no code, and a prompt is nothing to paste. A file with a name is copied whole.
copybutton_selector = (
    "div:not(.highlight-text) > div.highlight pre, div.literal-block-wrapper div.highlight pre"
)
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_default_options = {"no-value": True}
autodoc_typehints = "both"
autodoc_typehints_description_target = "documented_params"
autodoc_type_aliases = {
    name: name for name in ("OnRequest", "OnResponse", "OnRetry", "Picture", "SessionFactory", "TokenSource")
}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False

# A type that is named has to be explained, but for Python's own and those of aiohttp and Redis.
nitpicky = True
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(\w+\.)*(str|int|float|bool|bytes|object|None|tuple|list|dict|type|Any|Literal|Callable|Awaitable)",
    ),
    (
        "py:.*",
        r"(\w+\.)*(Async)?(Iterable|Iterator|Generator)|(\w+\.)*(Mapping|Sequence|Generic|Protocol|PathLike|Path|Image)",
    ),
    # What a test gives to `make_client`, `make_page` and `Library` is told in their words.
    ("py:.*", r"(\w+\.)*(Answers|Client|_ClientT|Counts|LinkedPage|AnyPicture|PictureFile)"),
    # What a setting is kept as, and what pydantic is told of a parameter.
    ("py:.*", r"(\w+\.)*(Secret|Authorities|Annotated|AsItIs)"),
    (
        "py:.*",
        r"(\w+\.)*(ABC|Exception|ValueError|date|datetime|timedelta|Self)|(ssl|aiohttp|redis|asyncio)\.[\w.]+|(PIL\.)?(\w+\.)*Image",
    ),
]
