"""The modules with the interfaces of existing services."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from conftest import policy_with
from portcullis_engine import Guardrails, Policy, PortcullisError
from portcullis_engine.compat import exit_ownership, policy_store
from portcullis_engine.compat.policy_store import PolicyStore, load_policy
from portcullis_engine.store import FileStore, RedisStore
from store_support import RedisServer

VARIABLES = ("QUANTUM_REDIS_URL", "QUANTUM_POLICY_TRUSTED_KEYS", "QUANTUM_POLICY_SEQUENCE_FILE")


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUANTUM_REDIS_URL", f"file:{tmp_path}")
    monkeypatch.setenv("QUANTUM_POLICY_TRUSTED_KEYS", "none")
    monkeypatch.setenv("QUANTUM_POLICY_SEQUENCE_FILE", "none")
    return tmp_path / "policy.json"


def lasting(**changes: Any) -> Policy:
    until = datetime.now(timezone.utc) + timedelta(hours=1)
    return policy_with(**{"valid_until_epoch": until.timestamp()} | changes)


def test_a_policy_in_force_has_the_interface_of_the_services(address: Path) -> None:
    published = lasting(leverage_by_symbol={"btcusdt": 8, "ETHUSDT": 5, "XRPUSDT": 4})
    address.write_text(published.to_json())
    policy = load_policy()
    assert policy is not None and policy.policy == published
    assert policy.get_leverage("BTCUSDT") == policy.get_leverage("btcusdt") == 8.0
    assert policy.contains_symbol("ETHUSDT") and policy.universe_symbols == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    # Not in the universe; in the universe and without a leverage; unknown; not a symbol.
    for symbol in ("XRPUSDT", "SOLUSDT", "DOGEUSDT", ""):
        assert policy.get_leverage(symbol) is None
    assert not policy.contains_symbol("DOGEUSDT")
    assert policy.harvest_params["T1_R"] == policy.get_harvest_param("T1_R") == 1.8
    assert policy.kill_params["sigma_ref"] == policy.get_kill_param("sigma_ref") == 0.012
    assert policy.get_harvest_param("T9_R") is None and policy.get_kill_param("T1_R") is None
    assert (policy.policy_version, policy.policy_hash) == ("2026-01-05a", published.hash)
    assert policy.valid_until_epoch == published.valid_until.timestamp() and not policy.is_stale()
    assert PolicyStore().load() == policy


def test_without_a_policy_in_force_there_is_none(address: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = datetime.now(timezone.utc).timestamp()
    for text, code in [
        (None, "POLICY_MISSING"),
        ("{", "POLICY_PARSE_ERROR"),
        ('{"policy_version": "1"}', "POLICY_MISSING_FIELD"),
        (lasting(valid_until_epoch=now - 1).to_json(), "POLICY_STALE"),
        (lasting(valid_from_epoch=now + 1_000).to_json(), "POLICY_NOT_YET_VALID"),
    ]:
        caplog.clear()
        if text is not None:
            address.write_text(text)
        assert load_policy() is None
        assert caplog.records[0].getMessage().startswith(f"{code}: ")
        assert caplog.records[0].levelno == logging.ERROR


def test_a_policy_that_expires_answers_nothing(address: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address.write_text(lasting().to_json())
    policy = load_policy()
    assert policy is not None

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(policy_store, "datetime", Later)
    assert policy.is_stale() and policy.get_leverage("BTCUSDT") is None
    assert not policy.contains_symbol("BTCUSDT")


def test_an_older_policy_is_rejected(address: Path) -> None:
    address.write_text(lasting(policy_seq=2).to_json())
    assert load_policy() is not None
    address.write_text(lasting(policy_seq=1).to_json())
    assert load_policy() is None


def test_the_policy_of_a_server_is_loaded(address: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        monkeypatch.setenv("QUANTUM_REDIS_URL", server.url)
        assert load_policy() is None
        now = datetime.now(timezone.utc)
        RedisStore(server.url).publish(lasting(), Guardrails.none(), "ada", expected=None, now=now)
        policy = load_policy()
        assert policy is not None and policy.get_leverage("ETHUSDT") == 5.0
    assert load_policy() is None


@pytest.mark.parametrize("name", VARIABLES)
def test_a_policy_needs_its_variables(address: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for value in (None, " "):
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
        with pytest.raises(PortcullisError, match=f"{name} is not set; set it to") as error:
            load_policy()
        assert error.value.field == name
        assert not isinstance(error.value, ImportError)


def test_a_signature_is_required(address: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTUM_POLICY_TRUSTED_KEYS", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    address.write_text(lasting().to_json())
    assert load_policy() is None
    secret = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
    store, now = FileStore(address), datetime.now(timezone.utc)
    store.publish(
        lasting(), Guardrails.none(), "ada", expected=store.current_hash(), now=now, signing_key=secret
    )
    assert load_policy() is not None


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTUM_EXIT_OWNER", "exitbrain_v3_5")
    monkeypatch.setenv("QUANTUM_EXIT_DELEGATES", "manual_close, emergency_stop")


@pytest.mark.usefixtures("owners")
def test_the_owner_and_the_delegates_may_close_positions(caplog: pytest.LogCaptureFixture) -> None:
    validate = exit_ownership.validate_exit_ownership
    assert validate("exitbrain_v3_5", "BTCUSDT") and validate(source="emergency_stop", symbol="BTCUSDT")
    assert validate("manual_close")
    assert not caplog.records
    for source in ("momentum", "EXITBRAIN_V3_5", "", " manual_close"):
        assert not validate(source, "BTCUSDT")
    assert caplog.records[0].getMessage() == (
        "DENY_NOT_EXIT_OWNER: momentum may not close a position in BTCUSDT; the exit owner is exitbrain_v3_5"
    )
    assert exit_ownership.get_exit_owner() == exit_ownership.EXIT_OWNER == "exitbrain_v3_5"
    assert exit_ownership.is_exit_owner("exitbrain_v3_5") and not exit_ownership.is_exit_owner("manual_close")


@pytest.mark.usefixtures("owners")
def test_a_client_is_not_a_service() -> None:
    call: Any = exit_ownership.validate_exit_ownership
    with pytest.raises(TypeError, match="name of the service"):
        call(object(), "BTCUSDT")


@pytest.mark.usefixtures("owners")
@pytest.mark.parametrize("name", ["QUANTUM_EXIT_OWNER", "QUANTUM_EXIT_DELEGATES"])
def test_an_ownership_needs_its_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(PortcullisError, match=f"{name} is not set"):
        exit_ownership.validate_exit_ownership("manual_close", "BTCUSDT")
    with pytest.raises(PortcullisError, match=f"{name} is not set"):
        exec("from portcullis_engine.compat.exit_ownership import EXIT_OWNER")
    monkeypatch.setenv(name, "a,,b")
    if name == "QUANTUM_EXIT_DELEGATES":
        with pytest.raises(PortcullisError, match="empty part"):
            exit_ownership.get_exit_owner()


@pytest.mark.usefixtures("owners")
def test_there_can_be_no_delegates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTUM_EXIT_DELEGATES", "none")
    assert exit_ownership.validate_exit_ownership("exitbrain_v3_5", "BTCUSDT")
    assert not exit_ownership.validate_exit_ownership("none", "BTCUSDT")
