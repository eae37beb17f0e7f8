from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.records import Cell, SamplerConfig
from sampler_bench.tuning.seeds import seed_of, stream

HOT = SamplerConfig.of("temperature", {"temperature": 1.5})
COLD = SamplerConfig.of("temperature", {"temperature": 0.5})
places = st.tuples(st.integers(0, 50), st.integers(0, 50))


@given(st.integers(0, 2**63), places)
def test_rivals_share_a_seed_on_the_same_prompt_and_repeat(study, place):
    assert seed_of(study, Cell(HOT, *place)) == seed_of(study, Cell(COLD, *place))


@given(st.integers(0, 2**63), places)
def test_seeds_are_legal_on_every_server(study, place):
    assert 1 <= seed_of(study, Cell(HOT, *place)) <= 2**31 - 1


def test_confirmation_repeats_prompts_and_studies_have_seeds_of_their_own():
    cells = [
        Cell(HOT, prompt, repeat, fresh)
        for prompt in range(20)
        for repeat in range(20)
        for fresh in (False, True)
    ]
    seeds = {seed_of(study, cell) for study in range(3) for cell in cells}
    assert len(seeds) == 3 * len(cells)


def test_a_stream_depends_on_seed_and_position_alone():
    assert stream(7, 3).random() == stream(7, 3).random()
    assert len({stream(s, p).random() for s in range(5) for p in range(5)}) == 25
