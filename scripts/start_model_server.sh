#!/usr/bin/env bash
# Start the server of a model of models.yaml: the guide's spelling of `sampler-bench serve MODEL`.
#   ./scripts/start_model_server.sh llama-3.1-8b-instruct [--verbose]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
for candidate in "${VIRTUAL_ENV:-/nowhere}/bin/python" "$here/.venv/bin/python" "$here/venv/bin/python"; do
  if [ -x "$candidate" ]; then
    exec "$candidate" -m sampler_bench serve "$@"
  fi
done
exec python3 -m sampler_bench serve "$@"
