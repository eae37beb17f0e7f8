"""Every store keeps the contract: what is kept comes back as it was; the better is never lost."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampler_bench import plugins
from sampler_bench.errors import StoreError
from sampler_bench.records import (
    Cell,
    Completion,
    Failure,
    SamplerConfig,
    Score,
    Unscored,
    Unwritten,
)

CONFIG = SamplerConfig.parse("min_p:temperature=1.2,min_p=0.02,max_tokens=64")
CELLS = [(Cell(CONFIG, prompt, repeat), 100 + prompt) for prompt in (0, 1) for repeat in (0, 1)]
LOST = Unwritten("timeout", "no answer in 60 s", 4)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates and NULs too


def completion(text):
    sent = {"temperature": 1.2, "samplers": ["min_p", "temperature"], "stop": None}
    return Completion(text, False, 9, 4, 0.5, sent, "http://a", "m", "chat endpoint", {"seed": 1})


@pytest.fixture(params=plugins.names("store"))
def open_store(request, tmp_path):
    return lambda: plugins.find("store", request.param).open_store(tmp_path / "results")


@pytest.fixture
def store(open_store):
    with open_store() as made:
        yield made


@pytest.fixture
def study(store):
    row = store.create_study("s", {"seed": 3, "prompts": ["a"]}, 1.0)
    store.ask(row.id, CELLS, 2.0)
    return row.id


def test_what_was_asked_comes_back_in_its_order(store, study):
    more = [(Cell(CONFIG, 0, 2, fresh=True), 7)]
    store.ask(study, more, 3.0)
    assert [(trial.cell, trial.seed) for trial in store.trials(study)] == CELLS + more
    assert {trial.written for trial in store.trials(study)} == {None}


def test_the_same_cell_is_not_asked_for_twice(store, study):
    with pytest.raises(StoreError):
        store.ask(study, [(Cell(CONFIG, 1, 9), 1), CELLS[0]], 3.0)
    assert len(store.trials(study)) == len(CELLS), "one step: all of it, or nothing"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=ANY_TEXT, detail=ANY_TEXT, value=st.floats(0, 10), covariate=st.floats(-9, 9))
def test_every_record_comes_back_as_it_was(open_store, text, detail, value, covariate):
    written, failure = completion(text), Failure("loops", detail)
    score = Score("j:1", value, (("prose", value),), 0.1, comment=text)
    with open_store() as store:
        name = f"n{len(store.studies())}"
        study = store.create_study(name, {"word": detail}, 1.0).id
        store.ask(study, CELLS, 2.0)
        store.save_written(study, CELLS[0][0], written, failure, (covariate, 1.5), 3.0)
        store.save_judgment(study, CELLS[0][0], score, 4.0)
        store.save_judgment(study, CELLS[0][0], Unscored("j:2", "unreadable", detail), 4.0)
    with open_store() as store:
        assert store.study(name).spec == {"word": detail}
        found = store.trials(study)[0]
    assert (found.written, found.failure, found.covariates) == (written, failure, (covariate, 1.5))
    assert set(found.judgments) == {score, Unscored("j:2", "unreadable", detail)}


def test_a_fault_gives_way_to_a_text_and_a_text_to_nothing(store, study):
    cell, text = CELLS[0][0], completion("once")
    for written in (LOST, text, LOST, completion("twice")):
        store.save_written(study, cell, written, None, (), 3.0)
    assert store.trials(study)[0].written == text


def test_a_fault_gives_way_to_a_score_and_a_score_to_nothing(store, study):
    cell = CELLS[0][0]
    store.save_written(study, cell, completion("text"), None, (), 3.0)
    lost = Unscored("j", "unreadable", "", cost=0.25)
    for judgment in (lost, lost, Score("j", 7.5, cost=0.5), lost, Score("j", 1)):
        store.save_judgment(study, cell, judgment, 4.0)
    assert store.trials(study)[0].judgments == (Score("j", 7.5, cost=1.0, lost=0.5),), (
        "what was paid adds up"
    )


def test_nothing_is_kept_for_a_cell_that_nobody_asked_for(store, study):
    stranger = Cell(CONFIG, 5, 0)
    with pytest.raises(StoreError, match="never asked for"):
        store.save_written(study, stranger, LOST, None, (), 3.0)
    with pytest.raises(StoreError, match="never asked for"):
        store.save_judgment(study, stranger, Score("j", 7), 3.0)


def test_studies_do_not_mix_and_a_name_is_taken_once(store, study):
    other = store.create_study("t", {}, 5.0)
    assert store.trials(other.id) == []
    with pytest.raises(StoreError, match="'s' is there already"):
        store.create_study("s", {}, 6.0)
    assert [row.name for row in store.studies()] == ["s", "t"]
    assert store.study("u") is None
    with pytest.raises(StoreError, match="'u'; there are: s, t"):
        store.chosen("u")


def test_the_last_study_is_the_one_begun_last_whatever_the_clock_said(store, study):
    store.create_study("t", {}, 0.5)
    assert [row.name for row in store.studies()] == ["s", "t"]
    assert (store.chosen(None).name, store.chosen("s").name) == ("t", "s")


def test_state_and_notes_are_replaced(store, study):
    store.set_state(study, "interrupted", 9.0)
    assert (store.study("s").state, store.study("s").updated) == ("interrupted", 9.0)
    assert store.note(study, "floor") is None
    for position in (3, 8):
        store.set_note(study, "floor", {"position": position})
    assert store.note(study, "floor") == {"position": 8}
    store.create_study("t", {"seed": 4}, 2.0)
    store.set_spec(study, {"seed": 3, "judge": "demo"})
    assert [row.spec for row in store.studies()] == [{"seed": 3, "judge": "demo"}, {"seed": 4}]


def test_where_nothing_is_kept_nothing_stays(open_store, tmp_path):
    with open_store() as store:
        assert store.studies() == []
        assert store.study("s") is None
        store.see_free("s")
        with pytest.raises(StoreError, match="there is no study yet"):
            store.chosen(None)
    assert not (tmp_path / "results").exists()
    with open_store(), open_store() as other:
        other.create_study("s", {}, 1.0)
    with open_store() as store:
        assert store.study("s") is not None


def test_a_folder_that_was_there_stays_and_what_lies_in_one(open_store, tmp_path):
    (tmp_path / "results").mkdir()
    open_store().close()
    assert (tmp_path / "results").is_dir()
    (tmp_path / "results").rmdir()
    with open_store():
        (tmp_path / "results" / "mine").write_text("x")
    assert (tmp_path / "results" / "mine").is_file()


@pytest.mark.parametrize("name", plugins.names("store"))
def test_all_folders_that_were_made_for_nothing_go_again(name, tmp_path):
    (tmp_path / "there").mkdir()
    plugins.find("store", name).open_store(tmp_path / "there" / "a" / "b").close()
    assert not list((tmp_path / "there").iterdir())


def test_one_that_keeps_nothing_takes_no_folder_away_from_another(open_store):
    first = open_store()
    with open_store() as other:
        first.close()
        other.create_study("s", {}, 1.0)
    with open_store() as store:
        assert store.study("s") is not None


def test_two_that_opened_it_before_there_was_anything_keep_in_one(open_store):
    with open_store() as one, open_store() as other:
        one.create_study("s", {}, 1.0)
        assert other.study("s") is not None
        with pytest.raises(StoreError, match="is there already"):
            other.create_study("s", {}, 2.0)


def test_a_study_belongs_to_one_process(open_store, store, study):
    other = store.create_study("t", {}, 5.0).id
    store.lock(study, "me")
    store.lock(study, "me again")  # a store may take what it holds
    with open_store() as second:
        with pytest.raises(
            StoreError, match=r"'s' is being run by me; .* --resume s; .* beside it"
        ):
            second.lock(study, "you")
        second.lock(other, "you")
        store.unlock(study)
        second.lock(study, "you")
        with pytest.raises(StoreError, match="being run by you"):
            store.lock(study, "me")
    store.lock(study, "me")  # closing gives it back


HOLD = """
import sys
from pathlib import Path
from sampler_bench import plugins
store = plugins.find("store", sys.argv[1]).open_store(Path(sys.argv[2]))
store.lock(1, "other")
print("held", flush=True)
sys.stdin.read()
"""
APART = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]


@contextmanager
def held_by_another(name, folder, *before):
    """A process that holds study 1 of a store, as a container would that shares its folder."""
    words = [*before, sys.executable, "-c", HOLD, name, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def can_be_apart():
    return shutil.which("unshare") and subprocess.run([*APART, "true"]).returncode == 0


@pytest.mark.parametrize("name", plugins.names("store"))
def test_a_killed_process_leaves_no_lock(name, tmp_path):
    with plugins.find("store", name).open_store(tmp_path) as store:
        store.create_study("s", {}, 1.0)
        with held_by_another(name, tmp_path) as holder:
            with pytest.raises(StoreError, match="being run by other"):
                store.lock(1, "me")
            holder.kill()
            holder.wait()
            store.lock(1, "me")
        store.unlock(1)
        refused = pytest.raises(StoreError, match="being run by other")
        with held_by_another(name, tmp_path), refused:  # nothing is in the way afterwards
            store.lock(1, "me")


@pytest.mark.skipif(not can_be_apart(), reason="the system keeps no process numbers apart")
@pytest.mark.parametrize("name", plugins.names("store"))
def test_process_numbers_decide_nothing(name, tmp_path):
    """Two containers that share a folder: each has a process 1."""
    with plugins.find("store", name).open_store(tmp_path) as store:
        store.create_study("s", {}, 1.0)
        with held_by_another(name, tmp_path, *APART):
            with pytest.raises(StoreError, match="being run by other"):
                store.lock(1, "me")
            second = subprocess.run(
                [*APART, sys.executable, "-c", HOLD, name, str(tmp_path)],
                **{"input": "", "capture_output": True, "text": True},
            )
            assert "being run by other" in second.stderr


def test_readers_see_what_a_writer_has_just_kept(open_store, store, study):
    with open_store() as reader:
        store.save_written(study, CELLS[1][0], completion("new"), None, (), 3.0)
        assert reader.trials(study)[1].written == completion("new")


def test_embeddings_are_kept_by_model_and_text_for_all_studies(open_store):
    with open_store() as store:
        store.save_vectors("m", {"d1": [0.5, -0.25], "d2": [1.0]})
        store.save_vectors("other", {"d1": [0.125]})
    with open_store() as store:
        assert store.vectors("m", ["d1", "d2", "d3"]) == {"d1": (0.5, -0.25), "d2": (1.0,)}
        assert store.vectors("other", ["d1"]) == {"d1": (0.125,)}
        store.save_vectors("m", {"d2": [0.75]})
        assert store.vectors("m", ["d2"]) == {"d2": (0.75,)}
        assert store.vectors("m", []) == {}
