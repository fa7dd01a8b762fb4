"""The API reference as its readers need it: short signatures, real results, and links from every type to its words."""

from __future__ import annotations

import builtins
import inspect
import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import desc_annotation, pending_xref
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import stringify_annotation

from scenario_async.pages import SearchPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from docutils.nodes import Element, Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

# What these are made of is told by their attributes: nobody calls them.
RESULTS = re.compile(
    r"scenario_async\.((Async|Sync)?SearchPage|SearchPager|Reply|pages\.ResponseInfo|sync\.SyncIteration|_paging\.pager\.AsyncIteration|Search|"
    r"searches\.PictureSearch|\w*Hit|AssetMetadata|(Metadata)?Thumbnail|Concept|FanOutError|FanOutEnd|Download|DownloadProgress|\w+Event|"
    r"_endpoints\.AsyncSearches|sync\.SyncSearches|filters\.Field|emulator\.arrivals\.RecordedRequest)"
)
SETTINGS = re.compile(r"scenario_async\.((Async)?Scenario(\.with_options)?|settings\.Settings)")
PARAMETERS = re.compile(r"scenario_async\.(Asset|Model|Workflow)Search")
INTERNAL = re.compile(r"\| Secret\b ?|\bProxy \| ")
VARIABLE = re.compile(r"\b_?(HitT|PageT|T)(_co)?\b")


def _of_searches(name: str, obj: object) -> bool:
    return hasattr(obj, "search_class") and name.endswith("_search")


def signature(
    _app: Sphinx,
    what: str,
    name: str,
    obj: Callable[..., object],
    _options: object,
    _given: str | None,
    result: str | None,
) -> tuple[str, str | None] | None:
    """Leave out what no reader needs of a signature: results have none, and long ones are in the words below."""
    if what == "class" and RESULTS.fullmatch(name):
        return "", None
    if SETTINGS.fullmatch(name):
        client, _, method = name.removeprefix("scenario_async.").partition(".")
        return "(*, api_key=None, api_secret=None, ...)", client if method == "with_options" else result
    if PARAMETERS.fullmatch(name):
        return "(*, query=None, filter=None, limit=None, ...)", None
    if _of_searches(name, obj):
        found = stringify_annotation(inspect.signature(obj).return_annotation, "smart").replace("~", "")
        return "(*, query=None, filter=None, limit=None, ...)", re.sub(r"scenario_async\.(\w+\.)*", "", found)
    return None


_AS_WRITTEN: dict[str, list[str]] = {}


def before_napoleon(
    _app: Sphinx, what: str, name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Keep the words of an attribute: Napoleon takes what stands before a colon for a type."""
    if what in ("attribute", "data", "property"):
        _AS_WRITTEN[name] = list(lines)


def after_napoleon(
    _app: Sphinx, _what: str, name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Put them back."""
    lines[:] = _AS_WRITTEN.pop(name, lines)


def types(app: Sphinx, _domain: str, _kind: str, _content: Element) -> None:
    """Leave out of a parameter's types those which users have no need of, and call the others by their own names."""
    for documented in app.env.current_document.autodoc_annotations.values():
        for name, annotation in documented.items():
            documented[name] = INTERNAL.sub("", annotation).replace("TLS |", "ssl.SSLContext |")


def words(_app: Sphinx, _what: str, name: str, obj: object, _options: object, lines: list[str]) -> None:
    """List the parameters of a search once, at the method of the async client."""
    is_value = PARAMETERS.fullmatch(name)
    if not is_value and not (_of_searches(name, obj) and ".SyncSearches." in name):
        return
    method = name.rpartition(".")[2].removesuffix("Search").lower() if is_value else name.rpartition(".")[2]
    method = f"{method}_search" if is_value else method
    start = next(place for place, line in enumerate(lines) if line.startswith((":param", "Args:")))
    lines[start:] = [
        f"The parameters are those of :py:meth:`~scenario_async._endpoints.AsyncSearches.{method}`."
    ]


def bases(_app: Sphinx, _name: str, obj: type, _options: object, shown: list[Any]) -> None:
    """Show the base that users may name in the place of one that they may not."""
    if issubclass(obj, SearchPage) and obj is not SearchPage:
        shown[:] = [SearchPage]


def tidy(_app: Sphinx, doctree: nodes.document) -> None:
    """Let `bytes` be Python's, and no link to an attribute of that name; show no value that is an object."""
    for node in list(doctree.findall(pending_xref)):
        if node.get("refdomain") == "py" and hasattr(builtins, node["reftarget"]):
            node.replace_self(nodes.Text(node["reftarget"]))
    for value in list(doctree.findall(desc_annotation)):
        if value.astext().lstrip().startswith("= <"):  # the repr of an object says nothing
            value.parent.remove(value)


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element) -> Node | None:
    """Find a name of the reference wherever its module says that it is: `StopReason`, `_http.reply.Reply`."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"].rpartition(".")[2]
    name = VARIABLE.sub(r"\1", name)
    known = env.domains["py"].data["objects"]
    found = [
        target
        for target, entry in known.items()
        if entry.objtype in ("class", "exception", "data") and target.rpartition(".")[2] == name
    ]
    if not found:
        return None
    target = min(found, key=len)
    text = nodes.literal(name, name) if isinstance(content, nodes.literal) else nodes.Text(name)
    entry = known[target]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, [text], target)


def plain(_app: Sphinx, doctree: nodes.document, _page: str) -> None:
    """Show a type variable by one name."""
    for text in list(doctree.findall(nodes.Text)):
        if (shown := VARIABLE.sub(r"\1", text)) != text:
            text.parent.replace(text, nodes.Text(shown))


def setup(app: Sphinx) -> dict[str, bool]:
    """Take part in the build."""
    app.connect("autodoc-process-signature", signature, priority=900)
    app.connect("autodoc-process-docstring", before_napoleon, priority=100)
    app.connect("autodoc-process-docstring", after_napoleon, priority=800)
    app.connect("autodoc-process-docstring", words, priority=900)
    app.connect("object-description-transform", types, priority=100)
    app.connect("autodoc-process-bases", bases)
    app.connect("doctree-read", tidy)
    app.connect("missing-reference", resolve)
    app.connect("doctree-resolved", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
