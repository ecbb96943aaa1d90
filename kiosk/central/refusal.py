"""How the rules say no."""

from collections.abc import Mapping

from kiosk.api.problems import ProblemName, Rejection


class Refused(Exception):  # noqa: N818 (it is an answer, not an error of ours)
    """The central answers no; `detail` is for developers and never holds personal data."""

    def __init__(
        self,
        problem: ProblemName,
        detail: str | None = None,
        *,
        retry_after_seconds: int | None = None,
        reason: Rejection | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        """Say why."""
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail
        wait = {"Retry-After": str(retry_after_seconds)} if retry_after_seconds else {}
        self.headers = wait | dict(headers or {})
        self.reason = reason
