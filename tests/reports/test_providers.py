"""Who wrote the texts for a service that hands requests on: counted, and told where several did."""

from dataclasses import replace

import pytest
from support.documents import JUDGE, SERVER, study_row, trials_of
from support.tables import problem_of, table_of

from sampler_bench.records import Completion
from sampler_bench.reports import html, terminal
from sampler_bench.reports._collect import collect


def document_by(*providers):
    table = table_of(lambda config: 6.0, each=4)
    trials = trials_of(table)
    for i, trial in enumerate(trials):
        assert isinstance(trial.written, Completion)
        who = providers[i % len(providers)]
        echoed = {"provider": who} if who else None
        trials[i] = replace(trial, written=replace(trial.written, echoed=echoed))
    return collect(study_row(table.n_prompts), trials, table, problem_of(), SERVER, (JUDGE,))


def test_texts_by_several_providers_are_told_with_the_answer():
    document = document_by("Together", "Deep<b>Infra")
    counted = document.search_metadata.providers
    assert counted.keys() == {"Together", "Deep<b>Infra"}
    assert sum(counted.values()) == document.search_metadata.written
    told = "MIXED: texts by 2 providers ("
    assert told in terminal.report(document, plain=True)
    page = html.report(document).html
    assert told in page
    assert "Deep<b>Infra" not in page


@pytest.mark.parametrize("provider", ["", "Together"])
def test_one_provider_or_none_is_no_warning(provider):
    document = document_by(provider)
    assert len(document.search_metadata.providers) == bool(provider)
    assert "MIXED" not in terminal.report(document, plain=True)
