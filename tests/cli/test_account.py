"""Whose account a command uses: what a `.env` may say, and what it may not; and `scenario-async doctor`."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scenario_async import __version__
from scenario_async.cli.account import filled_in, read_env
from scenario_async.emulator.faults import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]


def write_env(path: Path, emulator: Emulator) -> None:
    """Write a file that leads to an emulator."""
    path.write_text(
        f"# my keys\nSCENARIO_BASE_URL={emulator.base_url}\nexport SCENARIO_SDK_API_KEY='emulator'\n"
        'SCENARIO_SDK_API_SECRET="emulator"  # secret\nOTHER=thing\n',
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SCENARIO_PROJECT_ID=proj", "proj"),
        ("  export SCENARIO_PROJECT_ID = proj ", "proj"),
        ("SCENARIO_PROJECT_ID='a # b'", "a # b"),
        ('SCENARIO_PROJECT_ID="proj" # mine', "proj"),
        ("SCENARIO_PROJECT_ID=proj # mine", "proj"),
        ("SCENARIO_PROJECT_ID=a#b", "a#b"),
        ("SCENARIO_PROJECT_ID=", ""),
        ("SCENARIO_PROJECT_ID= # nothing", ""),
        ('SCENARIO_PROJECT_ID="open', '"open'),
    ],
)
def test_lines_of_a_file(line: str, value: str) -> None:
    """Quotes and comments go, as in the files that other tools read."""
    assert read_env(f"# {line}\nOTHER=thing\n\n{line}\r\n") == {"SCENARIO_PROJECT_ID": value}


def test_a_file_of_the_folder(
    run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.env` in the folder is enough; the environment is as before afterwards, and other names are left alone."""
    for name in ("SCENARIO_BASE_URL", "SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"):
        monkeypatch.delenv(name)
    write_env(tmp_path / ".env", served)
    before = dict(os.environ)
    assert run("search", "assets", "knight", "--count") == (0, "58\n", "")
    assert dict(os.environ) == before


def test_a_file_that_is_named(
    run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--env-file` wins over the environment."""
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "wrong")
    assert run("search", "assets", "knight", "--count")[0] == 1
    write_env(tmp_path / "work.env", served)
    assert run("search", "assets", "knight", "--count", "--env-file", "work.env")[:2] == (0, "58\n")
    code, _, err = run("search", "assets", "knight", "--env-file", "none.env")
    assert code == 2
    assert "'none.env' does not exist" in err
    (tmp_path / "bad.env").write_bytes(b"\xff\xfe\xe9")
    code, _, err = run("search", "assets", "knight", "--env-file", "bad.env")
    assert (code, err.splitlines()[-1]) == (2, "Error: bad.env cannot be read: it is not UTF-8")


def test_no_file_leads_a_key_elsewhere(
    run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.env` that somebody else put into the folder does not get the key of the environment sent to another address."""
    (tmp_path / ".env").write_text(
        "SCENARIO_BASE_URL=http://127.0.0.1:9/v1\nSCENARIO_SDK_JWT=theirs\nSCENARIO_CUSTOM_HEADERS=x-a: b\n"
        "SCENARIO_PROJECT_ID=proj_emulator\n",
        encoding="utf-8",
    )
    assert run("search", "assets", "knight", "--count")[0] == 0
    monkeypatch.delenv("SCENARIO_BASE_URL")
    _, out, _ = run("search", "assets", "knight", "--dry-run")
    assert json.loads(out)["url"] == "https://api.cloud.scenario.com/v1/search/assets?projectId=proj_emulator"
    assert "x-a" not in json.loads(out)["headers"]


def test_the_environment_wins() -> None:
    """What is set stays, and what is set to nothing counts as not set."""
    environment = {"SCENARIO_PROJECT_ID": "mine", "SCENARIO_LOG": ""}
    found = {"SCENARIO_PROJECT_ID": "theirs", "SCENARIO_LOG": "info", "SCENARIO_SDK_API_KEY": "key"}
    assert filled_in(environment, found) == {"SCENARIO_LOG": "info", "SCENARIO_SDK_API_KEY": "key"}


def test_without_a_key(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no key, both ways to one are told, and the one that needs none."""
    monkeypatch.chdir(tmp_path)
    code, _, err = run("search", "assets", "knight")
    assert code == 2
    assert err == (
        "Error: there is no key: neither the environment nor a file .env has SCENARIO_SDK_API_KEY and "
        "SCENARIO_SDK_API_SECRET; set them there, or add --emulator to search sample data\n"
    )
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "key-of-mine")
    code, _, err = run("search", "assets", "knight")
    assert code == 2
    assert "SCENARIO_SDK_API_SECRET" in err
    assert "key-of-mine" not in err


def test_no_option_takes_a_key(run: Run) -> None:
    """Command lines are seen by others: no help names an option for a key, a secret or a token."""
    for command in (["search", "assets"], ["download"], ["doctor"]):
        _, out, _ = run(*command, "--help")
        assert not [
            line
            for line in out.splitlines()
            if line.strip().startswith(("--api", "--key", "--secret", "--token"))
        ]


def test_doctor(run: Run, served: Emulator) -> None:
    """It tells where the key is, that it works, the quota that is kept to, and the versions, and shows no key."""
    code, out, err = run("doctor", "--rate-limit", "50")
    assert (code, err) == (0, "")
    assert out.startswith(
        "key:      SCENARIO_SDK_API_KEY in the environment, SCENARIO_SDK_API_SECRET in the environment\n"
    )
    assert f"service:  {served.base_url} answers, in " in out
    assert "commands keep to 50 requests a minute" in out
    assert f"versions: scenario-async {__version__}, python 3" in out
    assert "export" in out.splitlines()[-1]
    assert len(served.requests) == 1


def test_doctor_as_json(run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for programs; the file that the key comes from is named."""
    monkeypatch.delenv("SCENARIO_SDK_API_KEY")
    monkeypatch.delenv("SCENARIO_SDK_API_SECRET")
    write_env(tmp_path / ".env", served)
    code, out, _ = run("doctor", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert told["key"] == "SCENARIO_SDK_API_KEY in .env, SCENARIO_SDK_API_SECRET in .env"
    assert told["versions"]["scenario-async"] == __version__
    assert told["extras"]["export"] is True


def test_doctor_knows_every_extra(run: Run, served: Emulator) -> None:
    """Each that the package has, but the one that the command itself needs, and that of all of them."""
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    told = json.loads(run("doctor", "--format", "json")[1])["extras"]
    assert {*told} == {*pyproject["project"]["optional-dependencies"]} - {"all", "cli"}


def test_doctor_without_a_key(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key nothing is asked; the versions are told all the same."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run("doctor")
    assert code == 2
    assert out.startswith("key:      none\nservice:  not asked\nversions: ")
    assert err.startswith("Error: there is no key")


def test_doctor_with_a_wrong_key(run: Run, served: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused is 1, and nobody listening is 3."""
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "secret-of-mine")
    code, out, err = run("doctor")
    assert code == 1
    assert "401" in err
    assert err.endswith("; check the key and its secret\n")
    assert f"service:  {served.base_url} answers 401: the key is refused\n" in out
    assert "secret-of-mine" not in out + err
    monkeypatch.setenv("SCENARIO_BASE_URL", "http://127.0.0.1:9/v1")
    code, out, err = run("doctor")
    assert code == 3
    assert "service:  not reached: http://127.0.0.1:9/v1\n" in out
    assert err.endswith("the address is that of the variable SCENARIO_BASE_URL\n")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://no-such-host.invalid:3128"])
def test_doctor_behind_a_dead_proxy(run: Run, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """It is the proxy that is named, with the variable that it comes from."""
    for name, value in (("API_KEY", "k"), ("API_SECRET", "s")):
        monkeypatch.setenv(f"SCENARIO_SDK_{name}", value)
    monkeypatch.delenv("SCENARIO_BASE_URL", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    code, out, err = run("doctor")
    assert code == 3
    assert f"\nproxy:    {proxy}, as the environment has it\n" in out
    assert f"the proxy {proxy} cannot be reached: " in err
    assert (
        "the variable HTTPS_PROXY names this proxy: correct it, or put api.cloud.scenario.com into NO_PROXY"
        in err
    )
    assert "SCENARIO_BASE_URL" not in err


def test_doctor_names_a_quota(run: Run, served: Emulator) -> None:
    """Where the service names its quota, that is told."""
    headers = {"x-ratelimit-limit": "250"}
    served.faults.add(Status(200, headers=headers, body='{"hits": [], "limit": 1, "offset": 0}'))
    code, out, err = run("doctor")
    assert (code, "quota:    x-ratelimit-limit: 250\n" in out) == (0, True), err
