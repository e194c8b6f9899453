"""microgpt.py's GPT, to the last bit, from C++: train, sample, and see every number.

    import microgpt

    model = microgpt.train(["anna", "bob", "carla"], num_steps=200)
    print(model.sample(5))

docs/bindings.md of the project tells more.
"""

from ._c_api import Error, call
from ._guardrails import (Audit, AuditedPrefix, AuditedWord, Bot, Constraint, both, forbid, shape)
from ._model import Config, Model, Sampler
from ._trace import Trace, Traced, trace
from ._training import Difference, Settings, Training, diff, train

__version__: str = call("version").decode()

__all__ = ["Audit", "AuditedPrefix", "AuditedWord", "Bot", "Config", "Constraint", "Difference",
           "Error", "Model", "Sampler", "Settings", "Trace", "Traced", "Training", "both", "diff",
           "forbid", "shape", "trace", "train"]
