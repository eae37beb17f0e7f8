"""WHAT THE EVIDENCE SAYS: the statistical model of a score table."""
