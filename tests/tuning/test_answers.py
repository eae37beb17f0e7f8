"""Distinct answers: counted rightly, asked for once, honest where the embedding model is away."""

import asyncio
import json
import random
import sqlite3
from dataclasses import replace
from hashlib import sha256
from threading import Event

import numpy as np
import pytest
from support.cli import in_process
from support.embedding_server import EmbeddingServer, llamacpp_embeddings, vector_of
from support.tables import GRID

from sampler_bench.analysis.answers import Embedded, classes, distinct_answers, excerpt
from sampler_bench.engines._embeddings import Embeddings
from sampler_bench.engines._retry import Patience
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.records import Cell, Completion, SamplerConfig, Score
from sampler_bench.reports._document import Document
from sampler_bench.reports._words import command_line
from sampler_bench.spec import EmbeddingSpec, load_study
from sampler_bench.store.sqlite import FILE, open_store
from sampler_bench.tuning.answers import asking, embed_at_the_end, embed_kept, recalled
from sampler_bench.tuning.events import Warned
from sampler_bench.tuning.kept import study_of_kept
from sampler_bench.tuning.request import Request

A, B = GRID[:2]
STUDY = """
model: demo
judge: demo
task: demo
sampler_types: [min_p]
search_strategy: random
n_iterations: 2
samples_per_config: 3
confirm: 0
parameter_ranges:
  min_p: {temperature: [0.7, 1.1], min_p: [0.05], max_tokens: [40]}
test_prompts: [Create a mystery, Write about bread]
"""


def embedded(texts, threshold=0.9):
    """Unit vectors of every text."""
    every = {excerpt(t) for mine in texts.values() for told in mine.values() for t in told}
    vectors = {t: np.array(vector_of(t)) / np.linalg.norm(vector_of(t)) for t in every}
    return Embedded("by first word", threshold, vectors)


def unit(degrees):
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def test_answers_that_begin_alike_are_one_answer():
    texts = {A: {0: ["a 1", "a 2", "b 3", "c 4"], 1: ["a", "b", "c", "d"]}, B: {0: ["a"] * 4}}
    found = distinct_answers(texts, embedded(texts))
    assert found.size == 4
    assert found.rows[A].mean == pytest.approx(3.5)
    assert found.rows[B].mean == pytest.approx(1.0, abs=0.5)  # on the prompt where A gave 3
    assert np.isnan(found.rows[A].low)  # two prompts, and their effects: nothing is left to tell


def test_sets_are_of_one_size_for_all():
    """Who wrote more texts has not more answers for that."""
    texts = {A: {p: ["a", "b"] for p in (0, 1)}, B: {p: ["a", "b"] * 4 for p in (0, 1)}}
    found = distinct_answers(texts, embedded(texts))
    assert found.size == 2
    assert found.rows[A].mean == 2.0
    assert 1.0 < found.rows[B].mean < 2.0


def test_a_class_is_what_its_first_member_equals_from_the_threshold_on():
    vectors = np.stack([unit(0), unit(20), unit(40), unit(90)])
    same = vectors @ vectors.T >= np.cos(np.radians(25))
    assert classes(same) == 3  # 40 is like 20, which is in the class of 0; 40 is not like 0
    assert classes(np.ones((3, 3), bool)) == 1
    assert classes(np.eye(3, dtype=bool)) == 3


@pytest.mark.parametrize("configs", [1, 2])
def test_the_interval_over_prompts_covers_the_truth(configs):
    rng = random.Random(2)
    inside = 0
    for _ in range(300):
        texts = {
            config: {p: [rng.choice("abcd") for _ in range(4)] for p in range(8)}
            for config in (A, B)[:configs]
        }
        found = distinct_answers(texts, embedded(texts)).rows[A]
        truth = 4 * (1 - (3 / 4) ** 4)  # expected distinct letters of 4 draws from 4
        inside += found.low <= truth <= found.high
    assert inside / 300 == pytest.approx(0.95, abs=0.035)


def test_answers_to_other_prompts_tell_whether_the_threshold_makes_sense():
    texts = {A: {0: ["a", "a"], 1: ["b", "b"]}}
    assert distinct_answers(texts, embedded(texts)).across < 0.1
    alike = {A: {0: ["a", "a"], 1: ["a", "a"]}}
    assert distinct_answers(alike, embedded(alike)).across == pytest.approx(1.0)
    lone = {A: {0: ["a"]}}
    assert distinct_answers(lone, embedded(lone)).size == 0


def test_single_precision_does_not_part_equal_answers():
    vector = np.array(vector_of("a")) / np.linalg.norm(vector_of("a")) * (1 - 2e-8)
    assert vector @ vector < 1.0
    texts = {A: {0: ["a", "a"], 1: ["a", "a"]}}
    assert distinct_answers(texts, Embedded("m", 1.0, {"a": vector})).rows[A].mean == 1.0


def test_only_the_first_words_are_looked_at():
    assert excerpt("one, two! three") == "one, two! three"
    assert len(excerpt("word " * 500).split()) == 120
    assert excerpt(" ... ") == ""


# The wire


def ask(server, texts, retries=2):
    async def go():
        patience = Patience(retries, 0.001, 0.01)
        async with Embeddings(server.url + "/v1", "m", "key-1", patience) as model:
            return await model.embed(texts)

    return asyncio.run(go())


@pytest.mark.parametrize("behaviour", [429, 503, "short", "nan", "zero", "backwards"])
def test_what_may_pass_is_tried_again_and_order_is_kept(behaviour):
    with EmbeddingServer([behaviour]) as server:
        found = ask(server, ["a x", "b y"])
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert [int(np.argmax(v)) for v in found] == [int(np.argmax(vector_of(t))) for t in "ab"]
    assert set(server.keys) == {"Bearer key-1"}


@pytest.mark.parametrize("behaviour", [401, 404, "short"])
def test_what_does_not_pass_is_said(behaviour):
    with EmbeddingServer([behaviour] * 9) as server, pytest.raises(EngineError) as error:
        ask(server, ["a"], retries=1)
    assert "key-1" not in str(error.value)


def test_openais_key_is_shown_to_openai_alone():
    keys = {"OPENAI_API_KEY": "sk-1"}

    def key(url, environment):
        return asking(EmbeddingSpec(url, "m"), environment)._http._key

    assert key("https://api.openai.com/v1", keys) == "sk-1"
    assert key("http://127.0.0.1:1", keys) == ""
    assert key("http://127.0.0.1:1", {**keys, "SAMPLER_BENCH_EMBEDDING_KEY": "k"}) == "k"


def test_a_refused_key_is_named_by_the_variable_that_it_came_from():
    def named(url, environment):
        http = asking(EmbeddingSpec(url, "m"), environment)._http
        with pytest.raises(EngineError) as error:
            http.complain({"message": "no", "code": 401}, "/v1/embeddings")
        return str(error.value)

    openai, mine = "https://api.openai.com/v1", "SAMPLER_BENCH_EMBEDDING_KEY"
    assert "into OPENAI_API_KEY, in .env" in named(openai, {"OPENAI_API_KEY": "sk-1"})
    assert "into OPENAI_API_KEY, in .env" in named(openai, {})
    assert f"into {mine}, in .env" in named(openai, {mine: "k", "OPENAI_API_KEY": "sk-1"})
    assert f"into {mine}, in .env" in named("http://127.0.0.1:1", {"OPENAI_API_KEY": "sk-1"})


# Study files


def test_a_study_file_names_the_embedding_model(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(STUDY + "embedding: {url: 'http://me:pw@127.0.0.1:9', model: m}\n")
    spec = load_study(file, None, {})
    assert spec.embedding == EmbeddingSpec("http://me:pw@127.0.0.1:9", "m", 0.9)
    kept = spec.to_json()
    assert kept["embedding"] == {"url": "http://127.0.0.1:9", "model": "m", "threshold": 0.9}
    assert type(spec).from_json(kept).embedding.model == "m"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{url: nowhere, model: m}", "expected a URL"),
        ("{model: m}", "expected url"),
        ("{url: 'http://a', model: m, threshold: 2}", "from -1 to 1"),
        ("{url: 'http://a', model: m, treshold: 0.8}", "did you mean 'threshold'"),
        ("yes please", "expected a mapping"),
    ],
)
def test_a_wrong_section_is_named_with_its_place(tmp_path, section, said):
    file = tmp_path / "s.yaml"
    file.write_text(STUDY + f"embedding: {section}\n")
    with pytest.raises(SpecError) as error:
        load_study(file, None, {})
    assert said in str(error.value)
    assert "embedding" in str(error.value)


def test_a_store_of_before_gets_room_for_embeddings(tmp_path):
    with open_store(tmp_path) as store:
        store.create_study("old", {}, 1.0)
    with sqlite3.connect(tmp_path / FILE) as raw:
        raw.execute("DROP TABLE vectors")
    with open_store(tmp_path) as store:
        store.save_vectors("m", {"d": [0.5]})
        assert store.vectors("m", ["d"]) == {"d": (0.5,)}
        assert store.study("old") is not None


# A study that is kept


@pytest.fixture
def kept(tmp_path):
    """A store with a study of 20 texts, `s of mine`; gives (store, its row, its request)."""
    (tmp_path / "s.yaml").write_text(STUDY)
    spec, folder = load_study(tmp_path / "s.yaml", None, {"seed": 3}), tmp_path / "results"
    configs = [SamplerConfig.of("min_p", {"temperature": t, "min_p": 0.05}) for t in (0.7, 1.1)]
    cells = [Cell(c, prompt, k) for c in configs for prompt in (0, 1) for k in range(5)]
    with open_store(folder) as store:
        study = store.create_study("s of mine", spec.to_json(), 1.0)
        store.set_note(study.id, "judge", {"identities": ["demo"]})
        store.ask(study.id, [(cell, i) for i, cell in enumerate(cells)], 2.0)
        for i, cell in enumerate(cells):
            written = Completion(f"{'abc'[i % 3]} {i}", False, 9, 4, 0.5, {}, "s", "m", "raw")
            store.save_written(study.id, cell, written, None, (), 3.0)
            store.save_judgment(study.id, cell, Score("demo", 5.0 + i % 4), 4.0)
        yield store, study, Request(spec, folder, "s of mine", folder / "mine.json", {})


def embed(kept, url, *stop):
    store, study, _ = kept
    return asyncio.run(embed_kept(store, study.id, EmbeddingSpec(url, "m"), {}, *stop))


def known_of(kept):
    store, study, _ = kept
    return recalled(store, study.id, store.trials(study.id)).vectors


def test_another_model_of_the_same_name_is_refused_and_its_numbers_left_out(kept):
    store, gone = kept[0], "a 0"
    digest = sha256(gone.encode()).hexdigest()
    with EmbeddingServer() as server:
        assert embed(kept, server.url) == 20
        with sqlite3.connect(store.path) as raw:
            raw.execute("DELETE FROM vectors WHERE digest = ?", (digest,))
        server.numbers = 32
        with pytest.raises(EngineError, match="found 32 and 64: another model has this name"):
            embed(kept, server.url)
        store.save_vectors("m", {digest: [1.0] * 32})  # as an earlier version kept it
        assert {len(vector) for vector in known_of(kept).values()} == {64}
        assert gone not in known_of(kept)
        server.numbers = 64
        assert embed(kept, server.url) == 1, "what does not fit is asked for anew"
    assert len(known_of(kept)) == 20


def test_a_stop_leaves_the_embeddings_and_the_command_names_study_and_folder(kept):
    store, study, request = kept
    stop, heard = Event(), []
    with EmbeddingServer() as server:
        server.meanwhile = stop.set
        spec = replace(request.spec, embedding=EmbeddingSpec(server.url, "m"))
        request = replace(request, spec=spec)
        asyncio.run(embed_at_the_end(store, study, request, heard.append, stop))
    assert len(server.texts) == 16
    assert store.note(study.id, "embedding") is None
    [said] = [event.message for event in heard if isinstance(event, Warned)]
    assert "stopped after 16 of 20 texts" in said
    words = ["report", "--study", "s of mine", "--embedding", server.url, "m"]
    words += ["--same-from", "0.9", "--output-dir", str(request.folder)]
    assert command_line(words) in said


def test_the_results_file_gets_what_the_page_shows(kept, command):
    file = kept[2].results
    found = study_of_kept(file.parent, None).document
    file.write_text(found.text(), encoding="utf-8")
    with EmbeddingServer() as server:
        code, _, err = command("report", file, "--embedding", server.url, "m")
    assert code == 0, err
    again = told(file.read_text(encoding="utf-8"))
    assert again.diversity.answers_of == 5
    assert again.all_results[0].estimate == found.all_results[0].estimate
    file.write_text("")
    with EmbeddingServer() as server:
        command("report", "--embedding", server.url, "m", "--html", "page.html")
    assert not file.read_text(), "a search that runs writes its own"


# A whole study


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    (tmp_path / "s.yaml").write_text(STUDY)
    return lambda *words: in_process(words, tmp_path, monkeypatch, capfd)


SEARCH = ("search", "--config", "s.yaml", "--seed", "3", "--quiet", "--json")


def told(out):
    return Document.model_validate(json.loads(out))


@pytest.mark.slow
def test_a_search_embeds_each_text_once_and_tells_distinct_answers(command, tmp_path):
    with EmbeddingServer() as server:
        code, out, err = command(*SEARCH, "--embedding", server.url, "m")
        assert code == 0, err
        document, asked = told(out), list(server.texts)
        assert document.diversity.embedding == "m"
        assert document.diversity.answers_of == 3
        assert any(row.diversity.answers.mean for row in document.all_results)
        texts = [text for text in asked if text != "Once upon a time."]
        assert len(texts) == len(set(texts)) > 0
        code, _, err = command("report", "--embedding", server.url, "m", "--same-from", "0.5")
        assert "embedded now: 0 texts" in err
        assert server.texts == asked
    code, out, _ = command("analyze", "--latest", "--json")
    again = told(out)
    assert again.diversity.same_from == 0.5
    assert again.diversity.answers_of == 3
    page = next((tmp_path / "results").glob("*.html")).read_text(encoding="utf-8")
    assert "Distinct answers: of 3 answers to one prompt" in page
    assert "Distinct answers to one prompt, of 3" in command("analyze", "--latest")[1]


@pytest.mark.slow
def test_a_model_that_goes_away_costs_the_measure_and_not_the_study(command, tmp_path):
    with EmbeddingServer(["ok", *[404] * 9]) as server:
        code, out, err = command(*SEARCH, "--embedding", server.url, "m")
    assert code == 0, err
    assert "distinct answers are not known" in err
    assert told(out).diversity.embedding == ""
    with llamacpp_embeddings() as url:
        code, _, err = command(
            "report", "--embedding", url, "demo-embedding", "--same-from", "0.95"
        )
        assert code == 0, err
    document = told(command("analyze", "--latest", "--json")[1])
    assert 0 < document.diversity.across_prompts < 1
    means = [row.diversity.answers.mean for row in document.all_results if row.diversity]
    assert all(1 <= mean <= 3 for mean in means if mean is not None)
    assert any(mean is not None for mean in means)


def test_a_model_that_is_not_there_stops_before_anything_is_spent(command, tmp_path):
    with EmbeddingServer([404] * 9) as server:
        code, _, err = command(*SEARCH, "--embedding", server.url, "m")
    assert code == 3
    assert "check the address" in err
    with open_store(tmp_path / "results") as store:
        assert store.studies() == []


def test_a_similarity_without_a_model_is_refused(command):
    code, _, err = command("search", "--config", "s.yaml", "--same-from", "0.5")
    assert code == 2
    assert "--same-from: expected --embedding URL MODEL beside it" in err


def test_real_llamacpp_embeds_texts_by_what_they_say():
    with llamacpp_embeddings() as url:

        async def go():
            async with Embeddings(url, "demo-embedding") as model:
                return await model.embed(["a fox went home", "a fox went home", "the cold sea"])

        same, equal, other = map(np.array, asyncio.run(go()))
    assert same @ equal == pytest.approx(1.0, abs=1e-4)
    assert same @ other < 0.98
