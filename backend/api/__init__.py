"""The guide's import path `api` (with `backend` on the path)."""
