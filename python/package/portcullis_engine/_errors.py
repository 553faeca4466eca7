"""The exception of the package."""

from __future__ import annotations


class PortcullisError(ValueError):
    """An input that cannot be used, such as an invalid policy, a naive datetime or a table with a wrong column.

    A refused intent is not an error: it is a :class:`~portcullis_engine.Skip`.

    >>> from portcullis_engine import Guardrails, PortcullisError
    >>> try:
    ...     Guardrails.from_dict({"max_leverage": "ten"})
    ... except PortcullisError as error:
    ...     print(error.field, error.value)
    max_leverage "ten"
    """

    field: str | None
    """The field, argument or column with the fault, if there is one."""
    value: str | None
    """The value that was found, as text."""
    line: int | None
    """The line of the fault in the text, counted from 1."""
    code: str | None
    """The stable code of an error of a policy store, such as ``POLICY_STORE_UNAVAILABLE``."""

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        value: str | None = None,
        line: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.line = line
        self.code = code
