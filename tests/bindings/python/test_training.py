"""Training, and two trainings side by side."""

import itertools
import json
import math
import signal
import threading
import time
import unittest
from unittest import mock

import microgpt
from support import NAMES, ROOT, FolderTest, program, small


class TrainingTest(FolderTest):
    def test_losses_and_model_are_the_programs(self):
        data = self.folder / "data.txt"
        data.write_text("\n".join(NAMES))
        training = microgpt.Training(data.read_text(), num_steps=40, seed=7, tokens="byte")
        self.assertEqual(training.num_documents, len(NAMES))
        first = [next(training), next(training)]
        rest = training.advance()
        self.assertEqual(training.losses.tolist(), [*first, *rest])
        program("train", "--data", data, "--num-steps", 40, "--seed", 7, "--tokens", "byte",
                "--out", self.folder / "run", "--log", self.folder / "log", "--quiet")
        log = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        self.assertEqual([step["loss"] for step in log if "loss" in step],
                         training.losses.tolist())
        theirs = json.loads((self.folder / "run/model.json").read_text())["state_dict"]
        for name, matrix in training.model().state_dict().items():
            self.assertEqual(matrix.tolist(), theirs[name])

    def test_iterates(self):
        training = microgpt.Training(NAMES, num_steps=5)
        losses = list(training)
        self.assertEqual(len(losses), 5)
        self.assertEqual(list(training), [])
        self.assertEqual(len(training.advance(3)), 0)
        self.assertTrue(all(map(math.isfinite, losses)))

    def test_a_list_a_text_and_a_file_are_the_same(self):
        with open(ROOT / "data/names.txt", encoding="utf-8") as file:
            text = file.read()
        texts = {microgpt.train(documents, num_steps=2).json() for documents in
                 (text, text.splitlines(), text.encode().decode().splitlines(keepends=True))}
        self.assertEqual(len(texts), 1)

    def test_says_what_is_wrong(self):
        self.expect_error("n_head", small, n_head=3)
        self.expect_error("activation: no such name, expected relu or relu2", small,
                          activation="tanh")
        self.expect_error("edition", small, edition="second")
        self.expect_error("n_embd: out of range, got 4294967297", small, n_embd=2**32 + 1)
        self.expect_error("seed: out of range, got -1", small, seed=-1)
        self.expect_error("documents", microgpt.train, [])
        self.expect_error("documents", microgpt.train, ["a\0b"])
        with self.assertRaisesRegex(TypeError, "no such setting: steps"):
            small(steps=3)
        with self.assertRaises(TypeError):
            small(n_embd="8")
        with self.assertRaises(TypeError):
            microgpt.train([1, 2])

    def test_keeps_the_losses_before_an_error(self):
        training = microgpt.Training(NAMES, num_steps=50, learning_rate=1e300)
        self.expect_error("finite", training.advance)
        self.assertGreater(len(training.losses), 0)
        self.expect_error("has ended with an error", training.model)

    def test_ctrl_c(self):
        training = microgpt.Training(NAMES, num_steps=10**7)
        timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
        timer.start()
        start = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            training.advance()
        self.assertLess(time.monotonic() - start, 10)
        done = len(training.losses)
        self.assertGreater(done, 0)
        training.advance(1)
        self.assertEqual(len(training.losses), done + 1)

    def test_pieces_stay_short(self):
        """Where a step takes a second, signals are looked at after each."""
        training = microgpt.Training(NAMES, num_steps=20)
        pieces = []

        def train(num_steps):
            pieces.append(num_steps)
            return num_steps

        seconds = itertools.count()
        with mock.patch.object(training, "_train", train), \
                mock.patch("time.perf_counter", lambda: next(seconds)):
            training.advance()
        self.assertEqual(pieces, [1] * 20)

    def test_diff(self):
        self.assertIsNone(microgpt.diff(NAMES, {"seed": 1}, {"seed": 1}, num_steps=3))
        first = microgpt.diff(NAMES, {"seed": 1}, {"seed": 1, "beta1": 0.8}, num_steps=3)
        self.assertEqual((first.step, first.stage), (1, "update"))
        self.assertIn("adam.wte.m", first.path)
        self.assertNotEqual(first.a, first.b)


if __name__ == "__main__":
    unittest.main()
