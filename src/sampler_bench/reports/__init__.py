"""SHOWN: terminal, JSON, HTML."""
