"""`sampler-bench inspect`: what configurations do to a model's next token, side by side."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError, UsageError
from ._options import one_study, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import SamplerConfig
    from ..samplers.bank import Bank
    from ..samplers.inspection import Inspection
    from ..samplers.order import Chain
    from ..tuning.fingerprint import Fingerprint

HELP = "show what configurations do to the next token: what is cut, how flat it becomes"
BUILT_IN = "the built-in bank of 32 typical ones (no model's own; see --latest, --server)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add(
        "configs",
        nargs="+",
        metavar="CONFIG",
        help="configurations like min_p:temperature=1.2,min_p=0.02, presets, or preset files",
    )
    shared(parser, "--latest", help="on the fingerprint of the latest study")
    shared(parser, "--study", help="on the fingerprint of a study")
    shared(parser, "--server", help="on a running server's model, looked at now")
    shared(parser, "--engine", help="whose order of samplers is taken; a server is asked")
    shared(parser, "--model", help="a model of models.yaml, looked at now")
    add("--order", choices=("first", "last"), help="where temperature acts; default: as known")
    add("--html", type=Path, metavar="OUT", help="write a page as well; it needs no network")
    shared(parser, "--output-dir", "--json")


def run(args: argparse.Namespace) -> int:
    """Compute, and print the picture; write the page where asked to."""
    from ..reports._inspection import report
    from ..reports._inspection_page import page
    from ..samplers.inspection import inspect
    from ..samplers.order import PLACES
    from ..spec import resolve_config
    from ..tuning.order import ASSUMED, chain_of
    from ._files import write_atomically
    from ._output import can_show, say

    configs = list(dict.fromkeys(resolve_config(word) for word in args.configs))
    bank, source, told, engine = _bank(args)
    told = args.order or told
    order, chain = told if told in PLACES else ASSUMED, chain_of(engine)
    acts = order if told in PLACES else f"{order} (assumed; not known of {engine or 'its server'})"
    found = inspect(configs, bank, order == "last", chain)
    words = _in_words(chain, engine, order, configs)
    if args.json:
        sys.stdout.write(_as_json(found, source, order, told in PLACES, chain))
    else:
        plain = not can_show(sys.stdout, "█░▏")
        sys.stdout.write(report(found, source, acts, words, plain=plain))
    if args.html is not None:
        write_atomically(args.html, page(found, source, acts, words))
        say(f"page: {args.html}")
    return 0


def _in_words(chain: Chain, engine: str, order: str, configs: Sequence[SamplerConfig]) -> str:
    """Whose order it is, and which; that it is a guess is said where that may change a number."""
    steps = chain.said(configs, order == "last")
    if chain.known:
        whose = f"as in {engine}" if engine else "as in llama.cpp (--engine names another)"
        return f"{steps}, {whose}"
    doubt = (
        "; numbers may be off where truncations act together"
        if any(map(chain.matters, configs))
        else ""
    )
    return f"not known of {engine}; as in llama.cpp: {steps}{doubt}"


def _bank(args: argparse.Namespace) -> tuple[Bank, str, str, str]:
    """The distributions that were asked for: a bank, what it is in words, the order, the engine.

    The order is `first` or `last`; all else stands for one that is not known.
    """
    import asyncio

    from ..samplers.bank import builtin
    from ..tuning.order import order_of

    live = bool(args.server or args.model)
    one_study(args, "a server", live, needed=False)
    if args.engine is not None and (args.latest or args.study is not None):
        raise UsageError("inspect: a study has an engine of its own; leave --engine out")
    if live:
        found, order, name, engine = asyncio.run(_looked_at(args))
    elif args.latest or args.study is not None:
        found, order, name, engine = _kept(args)
    else:
        engine = _named(args)
        return builtin(), BUILT_IN, order_of(engine), engine
    return found.bank or builtin(), f"{name}: {found.said}", order, engine


def _named(args: argparse.Namespace) -> str:
    """The engine that was named, which there is; empty where none was."""
    from ..plugins import find

    if args.engine in (None, "auto"):
        return ""
    find("engines", args.engine)
    return str(args.engine)


def _kept(args: argparse.Namespace) -> tuple[Fingerprint, str, str, str]:
    from ..store.sqlite import FILE, open_kept
    from ..tuning.fingerprint import NOTE, recalled
    from ..tuning.order import ORDER

    if not (args.output_dir / FILE).is_file():
        raise StoreError(f"there is no study in {args.output_dir}; run a search first")
    with open_kept(args.output_dir) as store:
        study = store.chosen(args.study)
        found = recalled(store.note(study.id, NOTE))
        server = store.note(study.id, "server") or {}
    if found is None:
        raise StoreError(
            f"study {study.name} has no fingerprint: it was made before there were any; "
            "leave --study out for the built-in bank, or name a --server"
        )
    order = str(server.get(ORDER) or "")
    named = f"{server.get('model') or 'the model'}, study {study.name}"
    return found, order, named, str(server.get("engine") or "")


async def _looked_at(args: argparse.Namespace) -> tuple[Fingerprint, str, str, str]:
    from ..checks import orders
    from ..spec import load_study
    from ..spec.environment import SERVER_KEY, environment
    from ..tuning.build import build_engine, build_task
    from ..tuning.choices import find_model
    from ..tuning.fingerprint import take
    from ..tuning.order import ORDER, decided
    from ..tuning.parts import with_instructions
    from ._requests import overrides_of

    spec = load_study(None, None, overrides_of(args))
    key = environment().get(SERVER_KEY, "")
    async with await build_engine(spec, find_model(spec), key, None) as engine:
        info = await engine.check()
        task = build_task(spec)
        found = await take(engine, [with_instructions(prompt, task) for prompt in spec.prompts])
        info = decided(info, await orders(engine))
    return found, str(info.details.get(ORDER, "")), info.model or info.url, info.engine


def _as_json(found: Inspection, source: str, order: str, known: bool, chain: Chain) -> str:
    from dataclasses import asdict

    rows = [
        {
            "config": config.text,
            **asdict(effect),
            "written": dict(zip(found.ranks, written.tolist(), strict=True)),
            "cut": dict(zip(found.ranks, cut.tolist(), strict=True)),
            "equal_choices": thirds.tolist(),
        }
        for config, effect, written, cut, thirds in zip(
            found.configs, found.effects, found.written, found.cut, found.thirds(), strict=True
        )
    ]
    same = [[found.configs[i].text for i in group] for group in found.same()]
    whole = {
        "source": source,
        "temperature_order": order,
        "temperature_order_known": known,
        "order": list(chain.steps(order == "last")),
        "order_known": chain.known,
        "configurations": rows,
        "apart": found.apart.tolist(),
        "practically_the_same": same,
    }
    return json.dumps(whole, indent=2) + "\n"
