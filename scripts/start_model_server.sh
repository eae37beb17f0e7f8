#!/usr/bin/env bash
# Start the server of a model of models.yaml: the guide's spelling of `sampler-bench serve MODEL`.
#   ./scripts/start_model_server.sh llama-3.1-8b-instruct [--verbose]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
for venv in "${VIRTUAL_ENV:-/nowhere}" "$here/.venv" "$here/venv"; do
  for python in "$venv/bin/python" "$venv/Scripts/python.exe"; do  # the second on Windows, in Git Bash
    if [ -x "$python" ]; then
      exec "$python" -m sampler_bench serve "$@"
    fi
  done
done
exec python3 -m sampler_bench serve "$@"
