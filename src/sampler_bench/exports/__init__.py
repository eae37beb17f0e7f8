"""USED ELSEWHERE: preset files that other tools load."""
