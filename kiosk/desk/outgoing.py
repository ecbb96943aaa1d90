"""Every write to the central goes this way: sealed, in the journal, sent, and closed by the central's word.

Offline, slow, cut off and sent again are states on this way, never another way.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from kiosk import log
from kiosk.api import contract, sealing
from kiosk.api.client import CentralClient, OutcomeUnknownError, RefusedError, SealedWrite, UnreachableError
from kiosk.api.problems import ProblemName
from kiosk.api.sealing import Binding, SealingKey
from kiosk.desk import answers
from kiosk.desk.answers import CentralRefusedError, CentralSilentError, JournalError, NotGenuineError, Refusal
from kiosk.journal.outbox import Action, IllegalStepError, Intent, Outbox, State, request_code, veiled
from kiosk.log import Event, RequestCode
from kiosk.statefile import StateFileError
from kiosk.tickets import keys
from kiosk.tickets.keys import BadKeySetError

NOT_KNOWN = ProblemName.NOT_FOUND  # why an intent that nobody can send any more came to nothing
# Said before the central looked at the key: they tell nothing of an earlier copy, and may be otherwise in a moment.
NOT_FINAL = frozenset(
    {
        ProblemName.NOT_SIGNED_IN,
        ProblemName.TOO_MANY,
        ProblemName.MEDIATOR_LIMIT,
        ProblemName.REJECTIONS_LIMIT,
        ProblemName.KIOSK_LIMIT,
        ProblemName.SITE_LIMIT,
        ProblemName.PERSON_HAS_HOLD,
        ProblemName.REGISTER_UNAVAILABLE,
        ProblemName.SOURCE_UNAVAILABLE,
        ProblemName.STORAGE_UNAVAILABLE,
    }
)

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, before it is sealed: which call, about which revision of what it changes."""

    key: str
    action: Action
    path: str
    body: BaseModel
    revision: int | None = None
    asker: str | None = None  # the mediator, as long as nobody could check who that is


class Outgoing:
    """Carries the intents of one kiosk."""

    def __init__(self, client: CentralClient, outbox: Outbox, kiosk: str) -> None:
        self._client = client
        self._outbox = outbox
        self._kiosk = kiosk
        self._key: SealingKey | None = None
        self._turns: dict[str, asyncio.Lock] = {}  # by intent: one step at a time, whoever asks

    def close(self) -> None:
        """Close the journal."""
        self._outbox.close()

    def seal_to(self, sealing_key: bytes, keys: bytes, root: str | None) -> None:
        """Seal to this key from now on, as published; raise NotGenuineError for one that the keys have not signed."""
        self._key = _believed(keys, sealing_key, root)

    async def write_down(self, wish: Wish) -> Intent:
        """Seal a wish and put it in the journal, from where it leaves; the same key again changes nothing.

        Raise JournalError: then nothing was asked of anybody.
        """
        known = await self._journal(lambda: self._outbox.find(wish.key))
        if known is not None:
            return known
        if self._key is None:
            raise JournalError
        binding = Binding(self._kiosk, wish.key, wish.path)
        sealed = sealing.seal(self._key, binding, wish.body.model_dump_json(exclude_none=True).encode())
        asker = None if wish.asker is None else veiled(wish.key, wish.asker)
        written = await self._journal(
            lambda: self._outbox.add(wish.key, wish.action, wish.path, sealed, wish.revision, asker)
        )
        log.event(Event.INTENT_WRITTEN, request=RequestCode(written.code), action=written.action)
        return written

    async def step(self, key: str) -> contract.Outcome:
        """Bring an intent one step on; return what became of it once the central said yes.

        Raise CentralRefusedError when it said no, finally or for now; CentralSilentError when nothing of it left;
        OutcomeUnknownError when it may be done: then only asking again, under the same key, tells. A step goes to its
        end even if whoever asked for it is gone: what is recorded and what was done never part.
        """
        step = asyncio.ensure_future(self._in_turn(key))
        step.add_done_callback(mind)
        return await asyncio.shield(step)

    async def _in_turn(self, key: str) -> contract.Outcome:
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._step(key)

    async def _step(self, key: str) -> contract.Outcome:
        intent = await self._found(key)
        if intent.state is State.REFUSED:
            raise CentralRefusedError(refusal_named(intent.refusal))
        if intent.state is not State.QUEUED:
            outcome = await self._ask(intent)
            if outcome is not None:
                return await self._closed(intent, outcome)
            if intent.sealed is None:
                await self._refuse(intent, NOT_KNOWN)
                raise CentralRefusedError(Refusal.NOT_FOUND)
            intent = await self._journal(lambda: self._outbox.not_known(key))
        return await self._send(intent)

    async def withdraw(self, key: str) -> bool:
        """Erase an intent that nobody wants any more, once nobody is at it; return False when something of it left.

        Raise JournalError.
        """
        async with self._turns.setdefault(key, asyncio.Lock()):
            withdrawn = await self._journal(lambda: self._outbox.withdraw(key))
        log.event(Event.INTENT_WITHDRAWN, request=RequestCode(request_code(key)), done=withdrawn)
        return withdrawn

    async def refuse(self, key: str, refusal: Refusal) -> None:
        """Record that an intent is not to leave this kiosk; raise JournalError, also when something of it left."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            await self._journal(lambda: self._outbox.refused(key, refusal))
        log.event(Event.INTENT_REFUSED, request=RequestCode(request_code(key)), why=refusal)

    async def forget(self, key: str) -> None:
        """Erase an intent that was answered and heard, or of which nothing left, once nobody is at it.

        A row that cannot be erased now, or may be done, is told about later: perhaps news twice, but nothing lost.
        """
        async with self._turns.setdefault(key, asyncio.Lock()):
            await self._note(lambda: self._outbox.forget(key))
        log.event(Event.INTENT_FORGOTTEN, request=RequestCode(request_code(key)))
        self._turns.pop(key, None)

    async def open_intents(self) -> tuple[Intent, ...]:
        """Return the intents whose answer is not known; raise JournalError."""
        return await self._journal(self._outbox.open_intents)

    async def answered_intents(self) -> tuple[Intent, ...]:
        """Return the answers that nobody at the desk has heard; raise JournalError."""
        return await self._journal(self._outbox.answered_intents)

    async def _found(self, key: str) -> Intent:
        intent = await self._journal(lambda: self._outbox.find(key))
        if intent is None:  # somebody else brought it to its end, and the answer was heard meanwhile
            raise JournalError
        return intent

    async def _ask(self, intent: Intent) -> contract.Outcome | None:
        """Ask by its key what became of it; raise OutcomeUnknownError."""
        try:
            return await self._client.outcome_of(intent.key)
        except UnreachableError as unreachable:
            raise answers.OutcomeUnknownError(unreachable.retry_after_seconds) from None
        except RefusedError as refused:
            raise answers.OutcomeUnknownError(refused.retry_after_seconds) from None

    async def _send(self, intent: Intent) -> contract.Outcome:
        key, sealed = intent.key, intent.sealed or b""
        await self._journal(lambda: self._outbox.sending(key))
        log.event(Event.INTENT_SENT, request=RequestCode(intent.code), tries=intent.tries + 1)
        write = SealedWrite(intent.path, key, intent.revision, sealed)
        try:
            outcome = await _WRITES[intent.action](self._client, write)
        except UnreachableError:
            await self._note(lambda: self._outbox.not_sent(key))
            log.event(Event.INTENT_NOT_SENT, request=RequestCode(intent.code))
            if intent.tries:
                raise answers.OutcomeUnknownError from None
            raise CentralSilentError from None
        except OutcomeUnknownError as unknown:
            await self._note(lambda: self._outbox.unknown(key))
            log.event(Event.INTENT_UNKNOWN, request=RequestCode(intent.code))
            raise answers.OutcomeUnknownError(unknown.retry_after_seconds) from None
        except RefusedError as refused:
            raise await self._turned_down(intent, refused) from None
        return await self._closed(intent, outcome)

    async def _turned_down(self, intent: Intent, refused: RefusedError) -> answers.DeskError:
        name = refused.name
        if name is not None and name not in NOT_FINAL:
            await self._refuse(intent, refused.reason or name)
            if name is ProblemName.SEALED_UNREADABLE:
                self._key = None  # the central's keys are others by now
            return CentralRefusedError(refusal_of(refused), refused.retry_after_seconds)
        await self._note(lambda: self._outbox.not_sent(intent.key))
        if intent.tries:  # an earlier copy left this kiosk, and may have arrived
            return answers.OutcomeUnknownError(refused.retry_after_seconds)
        return CentralRefusedError(refusal_of(refused), refused.retry_after_seconds)

    async def _closed(self, intent: Intent, outcome: contract.Outcome) -> contract.Outcome:
        if outcome.refusal is not None:
            name = ProblemName.from_urn(outcome.refusal.type)
            word = outcome.refusal.reason or (name.value if name else Refusal.OTHER.value)
            await self._refuse(intent, word)
            raise CentralRefusedError(refusal_named(word))
        if intent.state is not State.CONFIRMED:
            await self._note(lambda: self._outbox.confirmed(intent.key, _reference(outcome)))
            log.event(Event.INTENT_CONFIRMED, request=RequestCode(intent.code))
        return outcome

    async def _refuse(self, intent: Intent, word: str) -> None:
        await self._note(lambda: self._outbox.refused(intent.key, str(word)))
        log.event(Event.INTENT_REFUSED, request=RequestCode(intent.code), why=refusal_named(word))

    async def _note(self, work: Callable[[], object]) -> None:
        # What was done stays done if this fails: the row says that it left, and is asked about again later.
        with contextlib.suppress(JournalError):
            await self._journal(work)

    async def _journal(self, work: Callable[[], _Done]) -> _Done:
        try:
            return await asyncio.to_thread(work)
        except (StateFileError, IllegalStepError):  # or another step of the same intent came first: it is tried again
            raise JournalError from None


def mind(work: "asyncio.Future[Any]") -> None:
    """Take note of how work ended for which perhaps nobody waits any more: what counts is in the journal."""
    if not work.cancelled():
        work.exception()


def refusal_of(refused: RefusedError) -> Refusal:
    """Return the reason if it is one that has a sentence, else the problem."""
    named = (refusal_named(name.value) for name in (refused.reason, refused.name) if name)
    return next((refusal for refusal in named if refusal is not Refusal.OTHER), Refusal.OTHER)


def refusal_named(word: str | None) -> Refusal:
    """Return the refusal of that name, OTHER for one that has no sentence."""
    return Refusal(word) if word is not None and word in Refusal._value2member_map_ else Refusal.OTHER


def _believed(listed: bytes, raw: bytes, root: str | None) -> SealingKey:
    try:
        return sealing.read_key(raw, keys.read(listed, root))
    except (BadKeySetError, sealing.BadSealError):
        raise NotGenuineError from None


def _reference(outcome: contract.Outcome) -> str | None:
    named = (*outcome.bookings, outcome.attempt, outcome.report)
    return next((one.reference for one in named if one is not None), None)


async def _hold(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="hold", hold=await client.write(write, contract.Hold))


async def _book(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="book", bookings=(await client.write(write, contract.Bookings)).bookings)


async def _apply(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="application", bookings=(await client.write(write, contract.Bookings)).bookings)


async def _move(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="move", bookings=[await client.write(write, contract.Booking)])


async def _cancel(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="cancel", bookings=[await client.write(write, contract.Booking)])


async def _attempt(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="attempt", attempt=await client.write(write, contract.Attempt))


async def _report(client: CentralClient, write: SealedWrite) -> contract.Outcome:
    return contract.Outcome(action="report", report=await client.write(write, contract.Report))


_WRITES: dict[Action, Callable[[CentralClient, SealedWrite], Awaitable[contract.Outcome]]] = {
    Action.HOLD: _hold,
    Action.BOOK: _book,
    Action.APPLICATION: _apply,
    Action.MOVE: _move,
    Action.CANCEL: _cancel,
    Action.ATTEMPT: _attempt,
    Action.REPORT: _report,
}
