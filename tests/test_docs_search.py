"""The example of docs/search.md runs as printed."""

import re
from pathlib import Path


def test_the_ask_and_tell_example_runs(capsys):
    text = (Path(__file__).parents[1] / "docs" / "search.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    exec(compile(code.group(1), "docs/search.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"temperature=.* \d\.\d\d \(\d\.\d\d to \d\.\d\d\) ", printed), printed
