"""WHAT IT MEANS: intervals, ranking, importance, ranges; pure functions of the score table."""
