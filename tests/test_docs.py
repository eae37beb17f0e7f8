"""What the docs point to is there; the commands and the parts that they print work."""

import re
import shlex
from types import ModuleType

import numpy as np
import pytest
from support.cli import ROOT
from support.double import CannedWriter, Double, orders, quirks
from support.engine_facts import COMPATIBLE, SEED, TOKENS

from sampler_bench.cli import build_parser
from sampler_bench.engines import EngineOptions, openai_compatible
from sampler_bench.judges import JudgeOptions
from sampler_bench.plugins import find
from sampler_bench.records import Prompt, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.search import Problem

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
SPELLINGS = {
    "python scripts/run_hyper_search.py": "sampler-bench search",
    "python scripts/analyze_hyper_search.py": "sampler-bench analyze",
    "python scripts/run_full_benchmark.py": "sampler-bench benchmark",
}


def commands(page):
    """Every printed command line of ours: its words after `sampler-bench`."""
    for block in re.findall(r"```(?:bash|console)?\n(.*?)```", page.read_text("utf-8"), re.S):
        for line in block.replace("\\\n", " ").splitlines():
            for spelling, ours in SPELLINGS.items():
                line = line.replace(spelling, ours)
            if line.startswith(("sampler-bench ", "$ sampler-bench ")):
                yield shlex.split(line.removeprefix("$ "), comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = LINK.findall(CODE.sub("", page.read_text("utf-8")))
    lost = [link for link in links if not (page.parent / link).exists()]
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_printed_command_is_understood(page):
    for words in commands(page):
        if not any(word in ("COMMAND", "...", "|", ">") for word in words):
            build_parser(words).parse_args(words)


def test_nothing_committed_points_outside():
    texts = [*PAGES, *(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    needle = "../" + "shared"
    assert not [path for path in texts if needle in path.read_text("utf-8", errors="replace")]


def worked_example(page, room, name):
    """The whole part that a page prints, as a module of its room."""
    [source] = [
        block
        for block in re.findall(
            r"```python\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.S
        )
        if block.startswith('"""')
    ]
    module = ModuleType(f"sampler_bench.{room}.{name}")
    module.__package__ = f"sampler_bench.{room}"
    exec(compile(source, page, "exec"), module.__dict__)
    return module


@pytest.mark.anyio
async def test_the_worked_judge_scores():
    module = worked_example("adding-a-judge.md", "judges", "dialogue")
    task = find("tasks", "creative-writing").build()
    async with module.build(JudgeOptions(), task) as judge:
        score = await judge.judge(
            judge.identities[0], Prompt(0, "Write."), 'She said, "No, never."'
        )
    assert score.value == 5


def test_the_worked_strategy_asks_for_the_coldest_first():
    module = worked_example("adding-a-strategy.md", "search", "warming")
    space = Space((SamplerSpace("temperature", (("temperature", Listed((1.5, 0.5, 1.0))),)),))
    problem = Problem(space, n_prompts=2, budget=99, n_iterations=9, samples_per_config=1)
    cells = module.ask(ScoreTable.of([], 2), problem, 9, np.random.default_rng(0))
    assert [cell.config.get("temperature") for cell in cells] == [0.5, 0.5, 1, 1, 1.5, 1.5]
    assert module.SPENDS == "space"


@pytest.mark.anyio
async def test_the_worked_engine_writes_on_its_worked_server():
    """The page's engine file on the page's server, with the page's facts."""
    module = worked_example("adding-an-engine.md", "engines", "myserver")
    page = (ROOT / "docs" / "adding-an-engine.md").read_text("utf-8")
    server, facts = (
        "\n".join(line[1:] for line in block.splitlines() if not line.startswith("+++"))
        for block in re.findall(r"```diff\n(.*?)```", page, re.S)
    )
    known = {**vars(quirks), "orders": orders, "COMPATIBLE": COMPATIBLE}
    exec(server, known)
    expected = eval("{" + facts + "}", known)["myserver"]
    config = SamplerConfig.of("temperature", {"temperature": 1, "max_tokens": TOKENS})
    async with (
        Double(known["MYSERVER"], CannedWriter()) as double,
        module.build(EngineOptions(server=double.url)) as engine,
    ):
        await engine.check()
        written = await engine.generate(config, Prompt(0, "Write."), SEED)
    assert written.text == f"seed {SEED} says hello there"
    assert written.sent == expected
    assert not set(module.DIALECT.notes) & set(openai_compatible.DIALECT.notes)
    assert all(double.applied[0].knobs[k] == v for k, v in quirks.OFF.items() if k != "sigma")


def test_the_worked_export_comes_back_and_names_what_it_loses():
    from sampler_bench.exports import Source

    module = worked_example("adding-an-export.md", "exports", "mytool")
    config = SamplerConfig.parse("min_p+xtc:temperature=2.5,min_p=0.1,xtc_probability=0.5")
    said = " ".join(loss.sentence for loss in module.losses(config, Source(order="last")))
    assert "xtc_probability=0.5 is lost: MyTool has no such knob" in said
    assert "temperature=2.5 is lost: it takes only values up to 2" in said
    assert "tuned with temperature last" in said
    whole = SamplerConfig.parse("min_p:temperature=1.5,min_p=0.1,max_tokens=300")
    source = Source(order="first", study="s")
    assert module.losses(whole, source) == []
    assert module.read(module.write(whole, source)) == whole
    silent = module.read('{"heat": 0.7, "nucleus": null}')
    assert silent == SamplerConfig.parse("top_p:temperature=0.7,top_p=0.95")
