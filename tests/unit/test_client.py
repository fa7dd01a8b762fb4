"""Clients: their settings as attributes, and what derived classes, `with_options`, copies and pickles keep."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from operator import methodcaller
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast
from unittest import mock
from unittest.mock import patch

import aiohttp
import attrs
import pytest
from support.secrets import KEY, everything_told, leaks

from scenario_async import AsyncScenario, ConfigurationError, RateLimit, Scenario, ScenarioError
from scenario_async.client import PARTS
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._calls.call import Caller

AnyClient: TypeAlias = AsyncScenario | Scenario

KEYWORDS = [field.name for field in attrs.fields(Settings)]
CLIENTS = [AsyncScenario, Scenario]
PAIR: dict[str, Any] = {"api_key": "k", "api_secret": "s"}


def tell(_: object) -> None:
    """Hear of something, as a hook does."""


def token() -> str:
    """Give a token, as a callable that travels."""
    return "called"


def pickled(client: Any) -> Any:
    """Give what comes back from a pickle."""
    return pickle.loads(pickle.dumps(client))  # noqa: S301 - made on this very line


class OwnAsync(AsyncScenario):
    """A client with a keyword and attributes of its own, one of them in a slot."""

    __slots__ = ("answered",)

    def __init__(self, *, tenant: str, **keywords: Any) -> None:
        self.tenant = tenant
        super().__init__(**keywords)
        self.asked = [1, 2]
        self.answered = [3]


class OwnSync(Scenario):
    """The same, blocking."""

    __slots__ = ("answered",)

    def __init__(self, *, tenant: str, **keywords: Any) -> None:
        self.tenant = tenant
        super().__init__(**keywords)
        self.asked = [1, 2]
        self.answered = [3]


DERIVATIONS: dict[str, Any] = {
    "with_options": methodcaller("with_options", timeout=5),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickled,
}


@pytest.fixture
def in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give an environment with a key pair."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "ek")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "es")


def credentials(client: AnyClient) -> list[str | None]:
    """Give what a client signs with, in plain text."""
    given = (client.api_key, client.api_secret, client.bearer_auth)
    return [getattr(each, "in_plain_text", None) for each in given]


@pytest.mark.parametrize("cls", CLIENTS)
def test_both_clients_take_the_documented_keywords(cls: Any) -> None:
    """`inspect` shows exactly the documented keywords, keyword-only, of the client and of `with_options`."""
    for taking in (cls, cls(**PAIR).with_options):
        parameters = inspect.signature(taking).parameters
        assert list(parameters) == KEYWORDS
        assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("cls", CLIENTS)
def test_settings_are_attributes_that_stay(cls: type[AnyClient]) -> None:
    """Each setting can be read, and neither be set nor deleted: the error says what to do instead."""
    client = cls(**PAIR, timeout=7, project_id="proj_1")
    assert (client.timeout, client.project_id, client.max_retries) == (7, "proj_1", 2)
    for name in KEYWORDS:
        assert getattr(client, name) is getattr(client.settings, name)
        with pytest.raises(AttributeError, match=rf"{name}.*with_options"):
            setattr(client, name, None)
        with pytest.raises(AttributeError, match=rf"{name}.*with_options"):
            delattr(client, name)
    assert client.timeout == 7


@pytest.mark.parametrize("cls", [*CLIENTS, OwnAsync, OwnSync])
@pytest.mark.parametrize("name", [name for name in PARTS if name != "search"])
def test_what_a_client_is_made_of_stays(cls: Any, name: str) -> None:
    """Neither can be set or deleted, also in what is derived from it, and the error says what to do instead."""
    own = {"tenant": "t"} if cls in (OwnAsync, OwnSync) else {}
    client = cls(**PAIR, **own, pickle_credentials=True)
    for each in (client, *(derive(client) for derive in DERIVATIONS.values())):
        before = getattr(each, name)
        with pytest.raises(AttributeError, match=rf"^{name} .*client\.with_options\("):
            setattr(each, name, None)
        with pytest.raises(AttributeError, match=rf"^{name} .*client\.with_options\("):
            delattr(each, name)
        assert getattr(each, name) is before


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_test_can_put_another_search_there(cls: Any) -> None:
    """As `mock.patch.object` does, which takes it away again."""
    client = cls(**PAIR)
    before = client.search
    with mock.patch.object(client, "search") as fake:
        assert client.search is fake
    assert client.search is before


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_derived_class_may_guard_its_attributes(cls: Any) -> None:
    """What it does with them is no obstacle to building, copying or deriving."""

    def refuse(_: object, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be {value!r}")

    client: Any = type("Guarded", (cls,), {"__setattr__": refuse})(**PAIR)
    vars(client)["done"] = True
    for each in (client, *(derive(client) for derive in (copy.copy, copy.deepcopy))):
        assert each.with_options(timeout=3).timeout == 3
        assert each.done


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("name", KEYWORDS)
def test_a_class_cannot_have_an_attribute_of_the_name_of_a_setting(cls: type[AnyClient], name: str) -> None:
    """Nobody would hear of it: its own, one of a class that it mixes in, a method, a slot. The error says what to do."""
    told = re.escape(
        f"Quick.{name} has the name of a setting, which a class cannot give as an attribute: call "
        f"super().__init__({name}=...) in Quick.__init__, write Quick({name}=...), or give the attribute another name"
    )
    mixed_in: Any = type("MixedIn", (), {name: 1})
    made: list[tuple[Any, dict[str, Any]]] = [
        ((cls,), {name: 0.0001}),
        ((cls,), {name: property(tell)}),
        ((cls,), {"__slots__": (name,)}),
        ((mixed_in, cls), {}),
    ]
    for bases, attributes in made:
        with pytest.raises(TypeError, match=f"^{told}$"):
            type("Quick", bases, attributes)


def test_derived_classes_say_what_they_like_beside_the_settings() -> None:
    """Annotations, attributes of other names, and what another base asks of those that derive from it."""

    class Registered:
        names: ClassVar[list[str]] = []

        def __init_subclass__(cls, *, name: str, **options: Any) -> None:
            super().__init_subclass__(**options)
            cls.names.append(name)

    class Mine(Scenario, Registered, name="mine"):
        timeout: float
        pause = 3

    class Quick(Mine, name="quick"):
        def __init__(self, **keywords: Any) -> None:
            super().__init__(**cast("Any", {"timeout": 0.5} | keywords))

    client = cast("Any", Quick)(**PAIR)
    assert (client.timeout, client.pause, client.names) == (0.5, 3, ["mine", "quick"])
    assert cast("Any", Quick)(**PAIR, timeout=4).timeout == 4


@pytest.mark.parametrize("cls", CLIENTS)
def test_other_attributes_are_as_usual(cls: type[AnyClient]) -> None:
    """A user may hang something onto a client; a name that is not there says so, also where all is missing."""
    client = cast("Any", cls(**PAIR))
    client.note = "mine"
    assert client.note == "mine"
    del client.note
    for each in (client, cast("Any", object.__new__(cls))):
        with pytest.raises(AttributeError, match=rf"{cls.__name__}.*note"):
            _ = each.note
    assert cls.__name__ in repr(object.__new__(cls))


@pytest.mark.parametrize("cls", CLIENTS)
def test_an_unknown_keyword_is_a_type_error_without_a_key(cls: Any) -> None:
    """It names the keyword, and shows nothing of what was given."""
    client = cls(**PAIR)
    builds: list[Callable[[], object]] = [
        lambda: cls(api_kye=KEY),
        lambda: cls(api_key=KEY, api_secret=KEY, api_kye=KEY),
        lambda: client.with_options(api_key=KEY, api_kye=KEY),
    ]
    for build in builds:
        with pytest.raises(TypeError, match="api_kye") as caught:
            build()
        assert leaks(everything_told(caught.value)) == []


@pytest.mark.parametrize("cls", [OwnAsync, OwnSync])
@pytest.mark.parametrize("derive", DERIVATIONS.values(), ids=DERIVATIONS)
@pytest.mark.usefixtures("in_environment")
def test_a_derived_class_keeps_its_class_and_attributes(
    cls: type[OwnAsync | OwnSync], derive: Callable[[Any], Any]
) -> None:
    """Without being asked for its own keywords again; what the original gets later is its own."""
    client = cls(tenant="t", timeout=5, pickle_credentials=True)
    derived = derive(client)
    assert type(derived) is cls
    assert derived is not client
    assert (derived.tenant, derived.asked, derived.answered, derived.timeout) == ("t", [1, 2], [3], 5)
    assert credentials(derived) == credentials(client)
    client.tenant = "other"
    assert derived.tenant == "t"


OFF: dict[str, Any] = {
    "deadline": 9,
    "rate_limit": RateLimit(requests=3),
    "project_id": "proj_1",
    "proxy": "http://proxy.example:3128",
    "on_request": tell,
    "on_response": tell,
    "on_retry": tell,
}


@pytest.fixture
def much_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give an environment with a project and a proxy."""
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_e")
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:3128")


def caller_of(client: Any) -> Caller:
    """Give what makes a client's calls."""
    return cast("Caller", client._caller)


def assert_off(client: AnyClient) -> None:
    """All that can be off is off, and the client signs as before."""
    assert {name: getattr(client, name) for name in OFF if name != "proxy"} == dict.fromkeys(
        OFF.keys() - {"proxy"}
    )
    assert caller_of(client).network.proxy is None
    assert caller_of(client).admission.rate_limit is None
    assert credentials(client) == ["k", "s", None]


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(("given", "project"), [(OFF, "proj_1"), ({}, "proj_e")])
@pytest.mark.usefixtures("much_in_environment")
def test_none_switches_off_what_can_be_absent(
    cls: type[AnyClient], given: dict[str, Any], project: str
) -> None:
    """Whether it was given or came from the environment; credentials stay."""
    client = cls(**PAIR, **given)
    assert client.project_id == project
    assert caller_of(client).network.proxy is not None
    assert_off(client.with_options(**cast("Any", dict.fromkeys(OFF))))
    assert client.project_id == project


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.usefixtures("much_in_environment")
def test_what_was_switched_off_stays_off(cls: type[AnyClient]) -> None:
    """A client derived from the one without it does not go back to the environment."""
    bare = cls(**PAIR, **OFF).with_options(**cast("Any", dict.fromkeys(OFF)))
    for each in (bare.with_options(timeout=3), copy.copy(bare), copy.deepcopy(bare)):
        assert_off(each)


@pytest.mark.parametrize("cls", CLIENTS)
def test_none_counts_as_not_given_where_something_has_to_be(cls: type[AnyClient]) -> None:
    """A derived client keeps what it cannot be without."""
    client = cls(**PAIR, timeout=7, max_retries=0, default_headers={"x": "y"}, base_url="https://a.example")
    derived = client.with_options(**cast("Any", dict.fromkeys(set(KEYWORDS) - set(OFF))))
    assert (derived.timeout, derived.max_retries, derived.default_headers) == (7, 0, {"x": "y"})
    assert derived.base_url == "https://a.example"
    assert credentials(derived) == ["k", "s", None]


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("options", "overrides", "signed"),
    [
        (PAIR, {"timeout": 1}, ["k", "s", None]),
        (PAIR, {"bearer_auth": "jwt"}, [None, None, "jwt"]),
        ({"bearer_auth": "jwt"}, PAIR, ["k", "s", None]),
        (PAIR, {"default_headers": {"Authorization": "Custom x"}}, [None, None, None]),
    ],
)
def test_credentials_given_later_win(
    cls: type[AnyClient], options: dict[str, Any], overrides: dict[str, Any], signed: list[str | None]
) -> None:
    """New credentials replace all old ones, all else is kept, and the client they came from is as it was."""
    client = cls(**options, project_id="proj_1")
    before = credentials(client)
    derived = client.with_options(**overrides)
    assert (type(derived), derived.project_id) == (cls, "proj_1")
    assert credentials(derived) == signed
    assert credentials(client) == before


@pytest.mark.parametrize("cls", CLIENTS)
def test_search_is_one_object_that_can_be_patched(cls: type[AnyClient]) -> None:
    """A fake in the place of a search is what the client's users meet; other clients keep the real one."""
    client, other = cls(**PAIR), cls(**PAIR)
    assert client.search is client.search
    assert client.search is not client.with_options(timeout=3).search
    with patch.object(client.search, "asset_search", dict[str, Any]):
        assert cast("Any", client).search.asset_search(query="x") == {"query": "x"}
        assert inspect.ismethod(other.search.asset_search)
    assert inspect.ismethod(client.search.asset_search)


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    "options", [PAIR, {"bearer_auth": "jwt"}, {"default_headers": {"Authorization": "Custom x"}}]
)
@pytest.mark.usefixtures("in_environment")
def test_credentials_stay_out_of_pickles(cls: type[AnyClient], options: dict[str, Any]) -> None:
    """An unpickled client reads its credentials from the environment, and keeps all else."""
    copied = pickled(cls(**options, timeout=7, project_id="proj_1", rate_limit=RateLimit(requests=3)))
    assert type(copied) is cls
    assert credentials(copied) == ["ek", "es", None]
    assert copied.default_headers == {}
    assert (copied.timeout, copied.project_id) == (7, "proj_1")
    assert getattr(copied.rate_limit, "requests", None) == 3


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.usefixtures("in_environment")
def test_a_project_that_was_switched_off_stays_off(
    cls: type[AnyClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a pickle nor a copy takes it from the environment again."""
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_env")
    client = cls(**PAIR)
    assert client.project_id == "proj_env"
    client = client.with_options(project_id=None)
    for copied in (pickled(client), copy.copy(client), client.with_options(timeout=3)):
        assert copied.project_id is None


def test_unpickling_without_credentials_says_what_is_missing() -> None:
    """Where the environment has no credentials, the unpickled client names the variables."""
    with pytest.raises(ScenarioError, match="SCENARIO_SDK_API_KEY"):
        pickled(AsyncScenario(**PAIR))


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("options", "signed"),
    [
        (PAIR, ["k", "s", None]),
        ({"bearer_auth": "jwt"}, [None, None, "jwt"]),
        ({"bearer_auth": token}, [None, None, None]),
        ({"default_headers": {"Authorization": "Custom x"}}, [None, None, None]),
    ],
)
@pytest.mark.usefixtures("in_environment")
def test_pickle_credentials_lets_them_travel(
    cls: type[AnyClient], options: dict[str, Any], signed: list[str | None]
) -> None:
    """The copy signs as the original does, whatever the environment says."""
    client = cls(**options, pickle_credentials=True)
    copied = pickled(client)
    assert credentials(copied) == credentials(client) == signed
    assert copied.default_headers == client.default_headers
    assert callable(copied.bearer_auth) == callable(client.bearer_auth)
    assert copied.pickle_credentials is True


async def test_a_session_belongs_to_one_loop() -> None:
    """So the sync client wants a factory, and a client with a session does not travel; the errors say so."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="session"):
            Scenario(**PAIR, session=cast("Any", session))
        client = AsyncScenario(**PAIR, session=session)
        assert client.session is session
        with pytest.raises(ScenarioError, match="factory"):
            pickled(client)
