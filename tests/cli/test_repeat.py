"""Same seed, same answer: byte for byte with one slot, the same decisions with eight."""

import json

import pytest
from support.cli import run

TIMES = ("timestamp", "started", "study", "url", "evaluation_time", "minutes", "alone_minutes")


def without_times(value):
    """A results document without what a clock or a port decides."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in TIMES and not k.endswith("seconds")}
        return {k: without_times(v) for k, v in kept.items()}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def search(folder, *words):
    code, out, err = run(
        "search",
        *("--config-section", "demo", "--seed", "3", "--max-samples", "40", "--json", "--quiet"),
        *words,
        cwd=folder,
    )
    assert code == 0, err
    return json.loads(out)


def texts(folder):
    """(configuration, prompt, repeat, text) of every kept text, in the order of asking."""
    from sampler_bench.records import Completion
    from sampler_bench.store.sqlite import open_store

    with open_store(folder / "results") as store:
        [study] = store.studies()
        trials = store.trials(study.id)
    assert all(isinstance(trial.written, Completion) for trial in trials)
    return [(t.cell.config.text, t.cell.prompt, t.cell.repeat, t.written.text) for t in trials]


@pytest.fixture
def folders(tmp_path):
    found = [tmp_path / name for name in ("first", "second")]
    for folder in found:
        folder.mkdir()
    return found


def test_one_slot_repeats_byte_for_byte(folders):
    first, second = (search(folder, "--slots", "1") for folder in folders)
    assert json.dumps(without_times(first)) == json.dumps(without_times(second))
    assert texts(folders[0]) == texts(folders[1])


@pytest.mark.slow
def test_eight_slots_ask_for_the_same_as_one(folders):
    search(folders[0], "--slots", "1")
    search(folders[1], "--slots", "8")
    one, eight = (texts(folder) for folder in folders)
    assert [row[:3] for row in one] == [row[:3] for row in eight]
    same = sum(a == b for a, b in zip(one, eight, strict=True))
    assert same > 0.9 * len(one)  # batching may change a text of a quantized model, seldom
