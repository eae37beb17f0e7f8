"""WHAT THE EVIDENCE SAYS: the statistical model of a score table."""

from .evidence import Evidence, collect
from .frame import Frame, Points, frame_of
from .hyper import Draws
from .memo import fit_remembered
from .model import Belief, Posterior, fit_posterior

__all__ = [
    "Belief",
    "Draws",
    "Evidence",
    "Frame",
    "Points",
    "Posterior",
    "collect",
    "fit_posterior",
    "fit_remembered",
    "frame_of",
]
