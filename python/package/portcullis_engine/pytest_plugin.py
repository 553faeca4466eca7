"""The pytest plugin of the laws, which pytest loads if the package is installed.

It collects each class that is derived from :class:`portcullis_engine.testing.Laws`, whatever its name is, so that no law is
left out because of a name. The option ``--portcullis-examples`` sets the number of random cases of each law.
"""

from __future__ import annotations

import inspect
import sys

import pytest

__all__ = ["pytest_addoption", "pytest_configure", "pytest_pycollect_makeitem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the plugin."""
    parser.getgroup("portcullis").addoption(
        "--portcullis-examples",
        type=int,
        metavar="N",
        help="check each law of Portcullis with N random cases, instead of the number in its class",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of random cases."""
    examples = config.getoption("--portcullis-examples")
    if examples is None:
        return
    if examples < 1:
        raise pytest.UsageError(f"--portcullis-examples is {examples}; pass at least 1")
    from . import testing

    testing.set_examples(examples)


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Collector | None:
    """Collect a class of laws, whatever its name is."""
    # A class of laws exists only if the module is imported, which needs Hypothesis.
    testing = sys.modules.get("portcullis_engine.testing")
    if testing is None or not inspect.isclass(obj) or not issubclass(obj, testing.Laws):
        return None
    # A class without a decision function is a base class of others.
    if getattr(obj, "decide", None) is testing.Laws.decide:
        return None
    return pytest.Class.from_parent(collector, name=name, obj=obj)
