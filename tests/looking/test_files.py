"""The gallery as a file: whole or not at all, without a signature, under a policy, and from wherever the package lies."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from looking.browsing import hit, picture, table_of
from support.hits import assets
from support.servers import paged

import scenario_async
from scenario_async import AssetHit, AssetSearch, HitTable, InvalidSearchError, ScenarioError, WriteError
from scenario_async._gallery import gallery as galleries
from scenario_async._gallery.assembling import SCRIPTS, STYLES
from scenario_async._looks.thumbnails import Missing

if TYPE_CHECKING:
    from support.faces import Connect
    from support.servers import Serve

PACKAGE = Path(scenario_async.__file__).parent


def data_of(page: str) -> Any:
    """Give what a page has about its hits."""
    found = re.search(r'<script type="application/json" id="hits">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_one_file_holds_all(tmp_path: Path) -> None:
    """The hits as the service sent them, without signatures; each thumbnail, or why there is none."""
    table = table_of([hit(0), hit(1)], {1: Missing("expired")})
    path = table.gallery(tmp_path / "x.html")
    assert [each.name for each in tmp_path.iterdir()] == ["x.html"]
    page = path.read_text(encoding="utf-8")
    data = data_of(page)
    assert (data["about"]["title"], data["about"]["what"]) == ("Assets", "asset")
    assert data["looks"] == [[256, 256], "expired"]
    expected = hit(0).to_dict()
    expected["url"] = expected["url"].partition("?")[0]
    assert data["hits"][0] == expected
    assert "s3cr3t" not in page
    assert b64encode(picture(0).data).decode() in page


def test_the_policy_lets_nothing_in(tmp_path: Path) -> None:
    """Its hashes are those of the one style and the one script; nothing else of the page names an address."""
    page = table_of([hit(0)]).gallery(tmp_path / "x.html").read_text(encoding="utf-8")
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found
    policy = dict(part.split(" ", 1) for part in unescape(found[1]).split("; "))
    assert (policy["default-src"], policy["img-src"]) == ("'none'", "data:")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert policy[f"{tag}-src"] == f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        assert not re.findall(r"(?<!xmlns=')https?://", text)
    assert not re.findall(r"<(?:link|iframe|img|object|embed|base)\b", page)


def test_the_same_hits_give_the_same_bytes(tmp_path: Path) -> None:
    """On any day."""
    table = table_of(hit(number) for number in range(5))
    assert table.gallery(tmp_path / "a.html").read_bytes() == table.gallery(tmp_path / "b.html").read_bytes()


def test_what_is_there_stays_unless_it_may_go(tmp_path: Path) -> None:
    """Nothing is left of what failed, either."""
    table = table_of([hit(0)])
    target = tmp_path / "x.html"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(WriteError, match="overwrite=True"):
        table.gallery(target)
    assert target.read_text(encoding="utf-8") == "mine"
    assert table.gallery(target, overwrite=True) == target
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(WriteError, match="make its folder first"):
        table.gallery(tmp_path / "none" / "x.html")
    with pytest.raises(WriteError, match="a folder"):
        table.gallery(tmp_path)
    broken = AssetHit.from_dict({**hit(0).to_dict(), "score": float("nan")})
    with pytest.raises(ScenarioError, match="JSON cannot carry"):
        HitTable([broken]).gallery(tmp_path / "y.html")
    assert [each.name for each in tmp_path.iterdir()] == ["x.html"]


def test_write_knows_its_suffix(tmp_path: Path) -> None:
    """And its name; what is for rows is refused."""
    table = table_of([hit(0)])
    for path, how in (("a.html", None), ("b.HTM", None), ("c.page", "html")):
        written = table.write(tmp_path / path, how)
        assert written.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert table.write(tmp_path / "a.html", overwrite=True).exists()
    with pytest.raises(InvalidSearchError, match="flat"):
        table.write(tmp_path / "d.html", flat=True)
    with pytest.raises(InvalidSearchError, match="fields"):
        table.write(tmp_path / "d.html", fields=["id"])


@pytest.mark.parametrize(
    ("name", "value"), [("title", 3), ("path", b"x.html"), ("path", ""), ("overwrite", "no")]
)
def test_arguments_are_checked(tmp_path: Path, name: str, value: Any) -> None:
    """By name."""
    given: dict[str, Any] = {"path": tmp_path / "x.html", name: value}
    with pytest.raises(InvalidSearchError, match=name):
        table_of([hit(0)]).gallery(**given)


def test_titles_are_one_plain_line(tmp_path: Path) -> None:
    """Without markup, and without what turns the direction of what follows."""
    page = (
        table_of([hit(0)])
        .gallery(tmp_path / "x.html", title="a\n <b>\u202eb\x00")
        .read_text(encoding="utf-8")
    )
    assert "<title>a &lt;b&gt; b</title>" in page


def test_the_folder_beside_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not without leave; and the page is there last."""
    monkeypatch.setattr(galleries, "MOST_INSIDE", 1000)
    target, folder = tmp_path / "x.html", tmp_path / "x_files"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        table_of(hit(number) for number in range(3)).gallery(target)
        target.unlink()
        with pytest.raises(WriteError, match="x_files is there already"):
            table_of([hit(0)]).gallery(target)
        assert len(list(folder.iterdir())) == 3
        table_of([hit(0)]).gallery(target, overwrite=True)
    assert [each.name for each in folder.iterdir()] == ["000000.webp"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.html", "x_files"]
    page = target.read_text(encoding="utf-8")
    assert data_of(page)["about"]["folder"] == "x_files"
    assert 'class="pictures"' not in page
    assert "img-src data: &#x27;self&#x27;;" in page
    with pytest.raises(ScenarioError, match=r"table.gallery\(path\)"):
        table_of([hit(0)]).gallery()._repr_html_()  # pyright: ignore[reportPrivateUsage] - as notebooks call it


def test_a_notebook_gets_a_frame_without_an_origin() -> None:
    """With the whole page in it, as text."""
    gallery = table_of([hit(0)]).gallery(title='a "quoted" title')
    assert repr(gallery) == "<Gallery: 1 assets>"
    shown = gallery._repr_html_()  # pyright: ignore[reportPrivateUsage] - as notebooks call it
    assert "allow-same-origin" not in shown
    found = re.search(r'srcdoc="([^"]*)"', shown)
    assert found
    assert unescape(found[1]) == gallery.html


def test_the_clients_differ_in_who_loads(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """The blocking one by itself; the other asks for it, and shows what was loaded then."""
    server = serve(paged([each | {"mimeType": "audio/mpeg"} for each in assets(3)]))
    face = connect(server.base_url)
    table = face.page(AssetSearch(query="two knights")).table
    if hasattr(face, "runner"):
        with pytest.raises(ScenarioError, match=r"`await table.load_thumbnails\(\)`, then table.gallery\(\)"):
            table.gallery(tmp_path / "x.html")
        loading = table.load_thumbnails()
        assert inspect.iscoroutine(loading)
        cast("Any", face).runner.run(loading)
    data = data_of(table.gallery(tmp_path / "x.html").read_text(encoding="utf-8"))
    assert (data["about"]["title"], data["looks"]) == ("two knights", ["none"] * 3)


def test_a_table_that_knows_no_client_is_shown_as_it_is(tmp_path: Path) -> None:
    """With placeholders."""
    page = HitTable([hit(0)]).gallery(tmp_path / "x.html").read_text(encoding="utf-8")
    assert data_of(page)["looks"] == ["unloaded"]


def test_every_file_of_the_page_is_used() -> None:
    """None lies there that nobody sees, and each is short enough to read."""
    files = {each.name: each for each in (PACKAGE / "_gallery" / "page").iterdir()}
    assert sorted(files) == sorted([*STYLES, *SCRIPTS, "gallery.js", "page.html"])
    assert all(len(each.read_text(encoding="utf-8").splitlines()) < 400 for each in files.values())


def test_it_works_from_a_zip(tmp_path: Path) -> None:
    """The page's files come out of it."""
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and path.suffix in (".py", ".html", ".css", ".js"):
                file.write(path, path.relative_to(PACKAGE.parent))
    program = (
        "import scenario_async as s; assert '.zip' in s.__file__; "
        "print(len(s.HitTable([], s.AssetHit).gallery().html))"
    )
    environment = {**os.environ, "PYTHONPATH": str(archive)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert int(done.stdout) > 50_000


def test_a_search_loads_none_of_it() -> None:
    """Neither the gallery nor the thumbnails, nor Pillow."""
    program = (
        "import sys, scenario_async as s; s.preload(); s.HitTable([], s.AssetHit); "
        "print([each for each in sys.modules if '_gallery' in each or '_looks' in each or each == 'PIL'])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=60)
    assert done.stdout.strip() == b"[]"
