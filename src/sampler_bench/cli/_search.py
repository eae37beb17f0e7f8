"""What `search`, `demo` and `benchmark` share: from a request to a finished study on disk."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BudgetReached, NotReachable
from ..tuning.folder import named
from ._files import write_atomically
from ._output import can_show, say
from ._page import write_page
from ._requests import make_request, new_study

if TYPE_CHECKING:
    from ..reports._document import Document
    from ..spec import StudySpec
    from ..store import Store
    from ..tuning.kept import KeptStudy
    from ..tuning.request import Finished, Request
    from ._live import Progress

BEST = "best_configs.yaml"
MINUTES = "10"  # advised where none were allowed


def search(args: argparse.Namespace) -> int:
    """Run a search as the arguments say, keep the results and print the report.

    Returns:
        The exit code.
    """
    from ..plugins import find
    from ..store.sqlite import open_store

    spec = new_study(args)
    with open_store(args.output_dir) as store:
        request = make_request(args, spec, store)
        finished, document = run_and_keep(request, store, args.quiet)
    show(document, args.json, find("reports", "terminal").report)
    return conclude(finished, document, args.quiet)


def run_and_keep(request: Request, store: Store, quiet: bool) -> tuple[Finished, Document]:
    """Run a study with progress on stderr; write its results, also after an outage.

    Raises:
        NotReachable, KeyboardInterrupt: with how to go on, where texts are kept already.
    """
    from ..tuning.kept import read_study
    from ..tuning.run import run
    from ._live import Progress

    with Progress(quiet) as progress:
        try:
            finished = _run(lambda stop: run(request, store, progress, stop), progress)
        except NotReachable as error:
            if not kept(store, request.name):
                raise
            keep(request, read_study(store, request.name))
            raise type(error)(f"{error}; {how_to_go_on(request)}") from error
        except KeyboardInterrupt:
            told = "no text was written yet"
            if kept(store, request.name):
                told = how_to_go_on(request)
            raise KeyboardInterrupt(f"interrupted; {told}") from None
        finally:
            _give_back(request.results, store, request.name)
    return finished, keep(request, finished.study)


def _give_back(reserved: Path, store: Store, name: str) -> None:
    """Remove an empty results file that no study will write; what was written stays."""
    from ..store import RESULTS

    row = store.study(name)
    its = None if row is None else (store.note(row.id, RESULTS) or {}).get("file", f"{name}.json")
    if its != reserved.name and reserved.is_file() and not reserved.stat().st_size:
        reserved.unlink()


def kept(store: Store, name: str) -> bool:
    """Whether a study has texts already."""
    row = store.study(name)
    return row is not None and any(trial.written for trial in store.trials(row.id))


def how_to_go_on(request: Request) -> str:
    """What a user is told who wants to go on with a study."""
    command = resume_command(request)
    login = " (*** stands for a name and password, which are not kept)" if "***@" in command else ""
    return f"what is finished is kept; go on with: {command}{login}"


def resume_command(request: Request, more: Sequence[str] = ()) -> str:
    """The command that goes on with a study, of a search or of a benchmark; `more` options."""
    from ..reports._words import command_line

    words = ["sampler-bench", "search", "--resume", request.name, *named(request.folder)]
    if request.minutes:  # with 0 it would end the same way
        words += ["--max-minutes", f"{request.minutes:g}"]
    return command_line([*words, *more, *_addresses(request.spec)])


def _twice(finished: Finished) -> list[str]:
    """Options for twice the limit that ended a run; minutes are counted anew, unless they are 0."""
    spec, limit = finished.request.spec, finished.ended.limit
    if limit == "max_samples" and spec.max_samples is not None:
        return ["--max-samples", str(2 * max(spec.max_samples, len(finished.study.trials)))]
    if limit == "max_cost" and spec.max_cost:
        return ["--max-cost", f"{2 * spec.max_cost:g}"]
    if limit == "max_minutes" and not finished.request.limited.max_minutes:
        return ["--max-minutes", MINUTES]
    return []


def _addresses(spec: StudySpec) -> list[str]:
    """Options for the addresses that need a login: a study is kept without."""
    from ..tuning.answers import option
    from ..tuning.runs import without_login

    servers = [without_login(url) for url in spec.server]
    words = [word for url in servers for word in ("--server", url)]
    words = words if servers != list(spec.server) else []
    if (told := spec.embedding) and without_login(told.url) != told.url:
        words += option(told)
    return words


def keep(request: Request, study: KeptStudy) -> Document:
    """Write the results file and its page, and refresh best_configs.yaml beside them."""
    from ..exports.guide_yaml import write_best

    document = study.document()
    write_atomically(request.results, document.text())
    if document.best_configuration is not None:
        write_atomically(request.folder / BEST, write_best(document))
    write_page(page_of(request), document, study.trials)
    return document


def page_of(request: Request) -> Path:
    """Where the page of a run lies."""
    return request.results.with_suffix(".html")


def _run(
    main: Callable[[asyncio.Event], Coroutine[None, None, Finished]],
    progress: Progress,
) -> Finished:
    """Run an async main; the first Ctrl-C sets `stop`, the second cancels.

    So does the first while servers and judges are still asked who they are: nothing is in flight.
    """

    async def supervised() -> Finished:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        task = asyncio.create_task(main(stop))

        def interrupt(*_: object) -> None:
            if stop.is_set() or not progress.phase:
                loop.call_soon_threadsafe(task.cancel)
                return
            say("stopping: what is in flight is finished; Ctrl-C again stops at once")
            loop.call_soon_threadsafe(stop.set)

        caught = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, interrupt) for number in caught}
        try:
            return await task
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def show(document: Document, as_json: bool, report: Callable[..., str]) -> None:
    """Print the results to stdout: the report, or JSON."""
    if as_json:
        sys.stdout.write(document.text())
    else:
        sys.stdout.write(report(document, plain=not can_show(sys.stdout)))
    sys.stdout.flush()


def conclude(finished: Finished, document: Document, quiet: bool) -> int:
    """Say where the results are and how to go on; return the exit code.

    Raises:
        BudgetReached: the budget ended before any text was judged or failed.
    """
    from ..tuning.budget import DONE, STOPPED

    request = finished.request
    say(f"results: {request.results}", quiet=quiet)
    say(f"report: {page_of(request)}", quiet=quiet)
    if document.best_configuration is not None:
        say(f"presets: {request.folder / BEST}", quiet=quiet)
    if finished.ended == DONE:
        return 0
    if finished.ended == STOPPED:
        say(f"interrupted; {how_to_go_on(request)}")
        return 130
    if not document.search_metadata.texts:
        raise BudgetReached(
            f"the budget ended before there was a result: {finished.ended}; go on with: "
            f"{resume_command(request, _twice(finished))}"
        )
    say(f"the budget ended the search: {finished.ended}; to go on, with as much again or more:")
    say(f"   {resume_command(request, _twice(finished))}")
    return 0
