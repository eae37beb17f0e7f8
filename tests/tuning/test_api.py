"""`SamplerBenchAPI` on the demo model: one call each, without asyncio."""

import pytest
from support.judge_server import KEY, JudgeServer

from sampler_bench.errors import JudgeError, SpecError, UsageError
from sampler_bench.records import Completion, Failure, Score
from sampler_bench.store.sqlite import open_store
from sampler_bench.tuning.api import SamplerBenchAPI

DEMO = {"model": "demo", "judge": "demo", "task": "demo"}
STORY = (
    "The ferry left at nine, and Ana was not on it. She had stayed for the dog, who would not come "
    "out from under the boards, and for the rain, which had begun to sing in the gutters."
)
CONFIG = "min_p:temperature=0.8,min_p=0.05,max_tokens=300"


def test_a_text_is_written_again_by_its_seed_and_judged():
    api = SamplerBenchAPI(environment={}, **DEMO)
    text = api.write("Create a mystery", CONFIG, seed=5)
    assert isinstance(text, Completion)
    assert api.write("Create a mystery", CONFIG, seed=5).text == text.text
    [score] = api.judge("Create a mystery", text.text)
    assert isinstance(score, Score)
    assert 0 <= score.value <= 10
    assert api.judge("Create a mystery", " \n") == Failure("blank", "nothing was written")


def test_a_search_is_kept_and_answers_with_its_document(tmp_path):
    few = {"max_samples": 8, "sampler_types": ["min_p"], "max_length": 60}
    api = SamplerBenchAPI(folder=tmp_path, environment={}, **DEMO, **few)
    document = api.search("mine")
    assert 6 <= document.search_metadata.texts <= 8  # the last two are for fresh seeds
    with open_store(tmp_path) as store:
        assert [study.name for study in store.studies()] == ["mine"]
        assert len(store.trials(1)) == document.search_metadata.texts


def test_keys_come_from_the_env_file_of_the_folder_as_for_the_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with JudgeServer() as judge:
        (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={judge.url}\n")
        [score] = SamplerBenchAPI(judge="openai").judge("Sing.", STORY)
    assert isinstance(score, Score)
    with pytest.raises(JudgeError, match=r"set OPENAI_API_KEY in \.env"):
        SamplerBenchAPI(judge="openai", environment={}).judge("Sing.", STORY)


def test_a_server_that_takes_no_schema_judges_all_the_same():
    with JudgeServer(always="no schema") as judge:
        keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": judge.url}
        [score] = SamplerBenchAPI(judge="openai", environment=keys).judge("Sing.", STORY)
    assert isinstance(score, Score)


def test_a_wrong_setting_is_named():
    with pytest.raises(SpecError, match="did you mean 'demo'"):
        SamplerBenchAPI(judge="demmo")


def test_what_cannot_be_used_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"SamplerBenchAPI: max_csot: .*did you mean 'max_cost'"):
        SamplerBenchAPI(model="demo", judge="demo", max_csot=1)
    with pytest.raises(SpecError, match=r"nowhere\.yaml: cannot be read"):
        SamplerBenchAPI("nowhere.yaml", folder=str(tmp_path))
    api = SamplerBenchAPI(model="demo", judge="demo", task="demo")
    with pytest.raises(UsageError, match="expected a text form like"):
        api.write("Create", {"temperature": 0.8})
    with pytest.raises(UsageError, match="text is 5, expected a text"):
        api.judge("Create", 5)
