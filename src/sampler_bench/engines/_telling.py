"""A model's distributions from servers that tell log-probabilities beside each token of a text.

Whether a server does is asked of it, by one token: its documentation says too little of it, and a
proxy may lose them. All is asked for at neutral settings, at which it does not matter whether a
server takes the numbers before or after its samplers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..records import JsonObject, Prompt, SamplerConfig
from . import Distributions
from ._answer import Answer
from ._logprobs import LEAST_TOLD, NEUTRAL, Telling, chosen, gathered, thinned
from ._remote import SHORTEST, RemoteEngine
from ._retry import Fault, patiently

USUALLY_TOLD = 20  # as many as OpenAI's protocol has, and what vLLM allows where nobody sets it
COSTS = "it was not asked, for that would cost money"


class TellingEngine(RemoteEngine):
    """An engine whose server may tell log-probabilities with its texts.

    Attributes:
        unasked: why it is not asked for them, whatever it costs; empty where it is.
        tells_usual: True where it tells as many as OpenAI's protocol has, and need not be asked.
    """

    unasked = ""
    tells_usual = False

    async def collect(self, prompts: Sequence[Prompt]) -> Distributions | None:
        """Take them from the tokens of a few texts, where the server tells enough."""
        if why := COSTS if self.costs else self.unasked:
            raise Fault("protocol", why, may_pass=False)
        texts, rows = chosen(prompts), []
        told = await self.most_told(texts[0][0])
        for prompt, seed in texts:
            write = partial(self.write_telling, NEUTRAL, prompt, seed, told.tokens)
            answer, _ = await patiently(write, self.patience, seed)
            # Some add the chosen token to the likeliest: its rank is not known.
            rows += [sorted(row, reverse=True)[: told.tokens] for row in answer.logprobs]
        requests = told.requests + len(texts)
        return gathered(thinned(rows), told.vocabulary, len(texts), requests)

    async def most_told(self, prompt: Prompt) -> Telling:
        """How much the server tells beside each token, asked in one place.

        Raises:
            Fault: it tells too few, or nothing at all.
            EngineError: it refuses.
        """
        if self.tells_usual:
            return Telling(USUALLY_TOLD)
        write = partial(self.write_telling, SHORTEST, prompt, 1, USUALLY_TOLD)
        patience = replace(self.patience, retries=min(1, self.patience.retries))
        answer, _ = await patiently(write, patience, seed=1)
        tokens = min(max(map(len, answer.logprobs), default=0), USUALLY_TOLD)
        if tokens < LEAST_TOLD:
            told = f"it tells the probabilities of {tokens} tokens" if tokens else "it tells none"
            raise Fault("protocol", f"{told}, and {LEAST_TOLD} are needed", may_pass=False)
        return Telling(tokens, requests=1)

    async def write_telling(
        self, config: SamplerConfig, prompt: Prompt, seed: int, tokens: int
    ) -> Answer:
        """Write a text with the log-probabilities of so many tokens in each place."""
        request = self.request(config, prompt, seed)
        body = {**request.body, **self.telling(tokens)}
        answer = await self.write(replace(request, body=body))
        answer.check_ended()
        return answer

    @abstractmethod
    def telling(self, tokens: int) -> JsonObject:
        """The keys that ask for the log-probabilities of so many tokens in each place."""
