"""The house itself: imports go one way, nothing heavy loads early, the public names are stated."""

import subprocess
import sys
import tomllib
from pathlib import Path

import sampler_bench

ROOT = Path(__file__).parents[1]
HEAVY = (
    *("numpy", "scipy", "optuna", "openai", "httpx2", "rich", "pydantic", "ruamel", "xllamacpp"),
    *("asyncio", "dataclasses", "plotly", "jinja2", "psutil", "sqlite3"),  # half of its time, once
)


def loaded_by(statement: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after a statement."""
    script = f"import sys\n{statement}\nprint(*sorted({{n.split('.')[0] for n in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split()) & set(HEAVY)


def test_a_room_imports_only_from_rooms_above_it():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_its_place_in_the_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {layer.split(".")[-1] for layer in contracts["contracts"][0]["layers"]}
    source = ROOT / "src" / "sampler_bench"
    rooms = {p.name for p in source.iterdir() if (p / "__init__.py").exists()}
    parts = {p.stem for p in source.glob("*.py") if not p.stem.startswith("_")}
    assert (rooms | parts) - layers == {"demo_model", "optimizer"} & (rooms | parts)


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import sampler_bench") == set()


def test_asking_for_help_loads_nothing_heavy():
    asked = "from sampler_bench.cli import main\ntry: main({})\nexcept SystemExit: pass"
    for words in (["--help"], ["search", "--help"], ["analyze", "--help"], ["doctor", "--help"]):
        assert loaded_by(asked.format(words)) == set()


def test_the_public_names_are_the_stated_ones():
    assert all(hasattr(sampler_bench, name) for name in sampler_bench.__all__)
