"""Models, and what they write."""

from __future__ import annotations

import os
from array import array
from ctypes import byref, c_double, c_int, c_size_t
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Union

from . import _c_api
from ._c_api import call
from ._guardrails import Constraint
from ._handle import Handle, Text, decoded, encoded, name_or_null, view, whole

ACTIVATIONS = ("relu", "relu2")


class Config(NamedTuple):
    """The sizes of a model."""

    n_layer: int
    n_embd: int
    block_size: int
    n_head: int
    vocab_size: int
    activation: str
    bos: int
    num_params: int


class Model(Handle):
    """A model: parameters, tokens and sizes."""

    _kind = "model"

    @classmethod
    def parse(cls, json: Text) -> Model:
        """Of the text of a model.json."""
        return cls(call("model_parse", *encoded(json)))

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> Model:
        """Of a model.json, or of the folder of a run, which has one."""
        place = Path(path)
        return cls.parse((place / "model.json" if place.is_dir() else place).read_bytes())

    @classmethod
    def toy(cls) -> Model:
        """The walkthrough's toy: tokens BOS, a, b, c, two numbers wide, one layer, one head."""
        return cls(call("model_toy"))

    def json(self) -> str:
        """The text of a model.json."""
        return self._text("model_json")

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes a model.json whole, or not at all."""
        json, place = self.json(), Path(path)
        beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        try:
            beside.write_text(json, encoding="utf-8")
            os.replace(beside, place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    @property
    def config(self) -> Config:
        config = _c_api.Config()
        self._call("model_config", byref(config))
        values: dict[str, Any] = {name: getattr(config, name) for name in Config._fields}
        values["activation"] = ACTIVATIONS[config.activation]
        return Config(**values)

    @property
    def tokens(self) -> list[str]:
        """The text of each token; that of BOS is empty."""
        return [self._text("token_text", token) for token in range(self.config.vocab_size)]

    def state_dict(self) -> dict[str, memoryview]:
        """The parameters by name, in microgpt.py's order: rows x cols doubles each.

        They are the library's own memory: `numpy.asarray` makes no copy of one, and what is written to
        it changes the model. It stays as long as a view of it, also when the model is closed.
        """
        return dict(self._parameter(i) for i in range(self._call("model_num_parameters")))

    def _parameter(self, i: int) -> tuple[str, memoryview]:
        parameter = _c_api.Parameter()
        owner = self._held()
        self._call("model_parameter", i, byref(parameter))
        shape = (parameter.rows, parameter.cols)
        return decoded(parameter.name), view(parameter.data, shape, owner)

    def encode(self, text: Text) -> list[int]:
        """BOS, the ids of the text's tokens, BOS."""
        utf8, size = encoded(text)
        tokens, count = (c_int * (size + 2))(), c_size_t()
        self._call("encode", utf8, size, tokens, len(tokens), byref(count))
        return tokens[:count.value]

    def loss(self, text: Text) -> float:
        """The mean of -log p over the tokens of a document and its end."""
        tokens, loss = self.encode(text), c_double()
        self._call("loss", (c_int * len(tokens))(*tokens), len(tokens), None, byref(loss))
        return loss.value

    def logits(self, prefix: Text = "") -> array[float]:
        """Of each token that may follow the beginning of a document."""
        logits = (c_double * self.config.vocab_size)()
        self._call("next_logits", *encoded(prefix), logits)
        return array("d", bytes(logits))

    def probs(self, prefix: Text = "", temperature: float = 1.0) -> array[float]:
        """softmax(logits / temperature), which is what `sample` draws from; 0: the likeliest token."""
        logits = self.logits(prefix)
        given = (c_double * len(logits)).from_buffer(logits)
        probs = (c_double * len(logits))()
        call("next_probs", given, len(logits), temperature, probs, None)
        return array("d", bytes(probs))

    def sampler(self, seed: int = 42, engine: Optional[str] = None) -> Sampler:
        return Sampler(self, seed, engine)

    def sample(self, n: int = 20, temperature: float = 0.5, seed: int = 42, prefix: Text = "",
               constraint: Optional[Constraint] = None, engine: Optional[str] = None) -> list[str]:
        """The documents that `microgpt sample` prints from the same seed."""
        with self.sampler(seed, engine) as sampler:
            sampler.constrain(constraint)
            return [sampler.sample(prefix, temperature) for _ in range(n)]


class Sampler(Handle):
    """Documents of a model as it was when this was made, one after the other.

    engine: "reference", "exact", "cpu"; None: the one that fits
    """

    _kind = "sampler"

    def __init__(self, model: Model, seed: int = 42, engine: Optional[str] = None) -> None:
        super().__init__(
            model._call("sampler_new", name_or_null(engine), whole(seed, "seed")))

    def sample(self, prefix: Text = "", temperature: float = 0.5) -> str:
        """The next document, prefix included."""
        return self._text("sample", *encoded(prefix), temperature)

    def constrain(self, constraint: Optional[Constraint], tries: int = 1000) -> None:
        """From now on only what the constraint allows, with the model's own probabilities; None: any.

        tries: how often to draw anew before only allowed letters are drawn
        """
        held = None if constraint is None else constraint._held()
        self._call("sampler_constrain", held, whole(tries, "tries", bits=31))

    def __iter__(self) -> Iterator[str]:
        while True:
            yield self.sample()
