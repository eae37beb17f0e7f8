"""`sampler-bench plan`: a pilot of a few dozen texts, and what the whole study will show."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..errors import BudgetReached, UsageError
from . import search

if TYPE_CHECKING:
    from ..records import SamplerConfig, ScoreTable
    from ..reports._plan import Pilot
    from ..store import Store
    from ..tuning.request import Finished

HELP = "try a few dozen texts and say what a budget can show; search --resume goes on from them"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options: those of a search, and the size of the pilot."""
    search.configure(parser, go_on=argparse.SUPPRESS)
    parser.add_argument(
        "--texts",
        type=int,
        default=None,
        metavar="N",
        help="texts of the pilot (default: 36); 12 at least tell a gain",
    )


def run(args: argparse.Namespace) -> int:
    """Run the pilot and print what it says."""
    import json
    from dataclasses import asdict, replace

    from ..reports._plan import report
    from ..store.sqlite import open_store
    from ..tuning.budget import STOPPED
    from ..tuning.pilot import TEXTS
    from ._output import can_show
    from ._requests import make_request, new_study
    from ._search import how_to_go_on, resume_command, run_and_keep

    if args.resume is not None:
        raise UsageError("plan begins a study; go on with one by sampler-bench search --resume")
    texts = TEXTS if args.texts is None else args.texts
    if texts < 1:
        raise UsageError(f"plan: --texts is {texts}, expected at least 1")
    spec = new_study(args)
    with open_store(args.output_dir) as store:
        request = replace(make_request(args, spec, store), pilot=texts)
        finished, _ = run_and_keep(request, store, args.quiet)
        if finished.ended == STOPPED:
            print(f"interrupted; {how_to_go_on(request)}", file=sys.stderr)
            return 130
        pilot = pilot_of(finished, store)
    if args.json:
        sys.stdout.write(json.dumps(_without_nan(asdict(pilot)), indent=2) + "\n")
    else:
        words = report(pilot, resume_command(request), plain=not can_show(sys.stdout))
        sys.stdout.write(words)
    return 0


def pilot_of(finished: Finished, store: Store) -> Pilot:
    """What a pilot has come to.

    Raises:
        BudgetReached: no text was judged or failed.
    """
    from ..analysis.choice import choose_winner
    from ..analysis.prospect import FEWEST_TEXTS, prospect, texts_for
    from ..analysis.variance import against_baseline, parts
    from ..records import FAILED, JUDGED, UNKNOWN
    from ..reports._depth import price_of
    from ..reports._plan import Pilot
    from ..search import configurations
    from ..tuning.phases import texts_of
    from ..tuning.pilot import NOTE, pairs_of

    spec, study = finished.request.spec, finished.study
    problem, table = study.problem, study.ledger().table()
    pairs = pairs_of(store.note(study.row.id, NOTE))
    winner = choose_winner(table, problem)
    noise = parts(table, problem, winner, pairs)
    if noise is None:
        raise BudgetReached(f"the pilot ended before there was a result: {finished.ended}")
    texts = texts_of(spec, problem)
    tried, price = configurations(spec.search_strategy, problem), price_of(study.row, study.trials)
    judged, apart = int((table.state == JUDGED).sum()), UNKNOWN
    if judged >= FEWEST_TEXTS:
        apart = against_baseline(table, problem, winner)
    else:
        noise = noise.judge_only()
    told = (apart, problem, texts, tried)
    return Pilot(
        study=study.row.name,
        texts=len(table.evidence()),
        failed=int((table.state == FAILED).sum()),
        baseline_prompts=_prompts_of(problem.baseline, table),
        prompts=problem.n_prompts,
        minutes=price.minutes,
        dollars=price.dollars,
        noise=noise,
        rows=prospect(*told),
        margin=problem.margin,
        for_margin=texts_for(problem.margin, *told),
    )


def _prompts_of(config: SamplerConfig | None, table: ScoreTable) -> int:
    """On how many prompts a configuration was written."""
    if config not in table.configs:
        return 0
    mine = table.config == table.configs.index(config)
    return len(set(table.prompt[mine].tolist()))


def _without_nan(value: object) -> object:
    """The same with null where a number is not known: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value
