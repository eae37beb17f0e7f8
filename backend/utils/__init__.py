"""The guide's import path `utils` (with `backend` on the path)."""
