"""WHAT THE EVIDENCE SAYS: the statistical model of a score table."""

from .evidence import Evidence, collect
from .expectation import MODERATE, NEUTRAL, Expectation, steering
from .frame import Frame, Points, frame_of
from .hyper import Draws
from .memo import fit_remembered
from .model import Belief, Posterior, fit_posterior

__all__ = [
    "MODERATE",
    "NEUTRAL",
    "Belief",
    "Draws",
    "Evidence",
    "Expectation",
    "Frame",
    "Points",
    "Posterior",
    "collect",
    "fit_posterior",
    "fit_remembered",
    "frame_of",
    "steering",
]
