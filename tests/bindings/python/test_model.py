"""Models, their memory, and what they write."""

import ctypes
import gc
import math
import os
import sys
import threading
import unittest

import microgpt
from support import NAMES, FolderTest, program, small

try:
    import numpy
except ImportError:
    numpy = None


class ModelTest(FolderTest):
    def test_toy(self):
        toy = microgpt.Model.toy()
        self.assertEqual(toy.config, (1, 2, 4, 1, 4, "relu", 0, 72))
        self.assertEqual(toy.tokens, ["", "a", "b", "c"])
        self.assertEqual(toy.encode("ab"), [0, 1, 2, 0])

    def test_save_and_load(self):
        model = small()
        model.save(self.folder / "model.json")
        again = microgpt.Model.load(self.folder)
        self.assertEqual(again.json(), model.json())
        self.assertEqual(os.listdir(self.folder), ["model.json"])
        self.expect_error("not JSON", microgpt.Model.parse, "{")
        with self.assertRaises(FileNotFoundError):
            microgpt.Model.load(self.folder / "none.json")
        with self.assertRaises(OSError):
            model.save(self.folder / "none" / "model.json")

    def test_logits_and_probs(self):
        model = small()
        logits, probs = model.logits("an"), model.probs("an", temperature=0.5)
        exps = [math.exp(2 * (logit - max(logits))) for logit in logits]
        for p, e in zip(probs, exps):
            self.assertAlmostEqual(p, e / sum(exps), places=12)
        greedy = model.probs("an", temperature=0)
        self.assertEqual(greedy.index(1.0), logits.index(max(logits)))
        trace = microgpt.trace(model, "an")
        self.assertEqual(logits.tolist(), trace["pos2.logits"].data.tolist())
        self.assertEqual(model.loss("an"), trace.loss)
        self.expect_error("'x'", model.logits, "x")

    def test_samples_are_the_programs(self):
        small(tokens="grapheme").save(self.folder / "model.json")
        model = microgpt.Model.load(self.folder / "model.json")
        for seed, prefix in (42, ""), (7, "an"), (2**64 - 1, ""):
            printed = program("sample", self.folder / "model.json", "-n", 50, "--seed", seed,
                              "--prefix", prefix)
            self.assertEqual(model.sample(50, seed=seed, prefix=prefix), printed.split("\n")[:-1])

    def test_sampler(self):
        model = small()
        sampler = model.sampler(seed=3)
        self.assertEqual([name for name, _ in zip(sampler, range(5))], model.sample(5, seed=3))
        self.expect_error("seed: out of range", model.sample, seed=-1)
        self.expect_error("temperature", model.sample, temperature=-1)
        self.expect_error("engine", model.sample, engine="none")

    def test_numbers_are_no_texts(self):
        model = microgpt.Model.toy()
        for wrong in (lambda: model.sample(prefix=5), lambda: model.encode([1]),
                      lambda: microgpt.Model.parse(7)):
            self.assertRaises(TypeError, wrong)

    def test_bytes_that_are_no_text(self):
        model = microgpt.train(["h\u00e9"] * 3, num_steps=1, tokens="byte", n_embd=4, n_head=1)
        self.assertEqual(model.tokens, ["h", "\udca9", "\udcc3", ""])
        self.assertEqual(model.encode("\udcc3"), model.encode(b"\xc3"))
        names = model.sample(20, temperature=2.0)
        self.assertTrue(any(name.encode(errors="surrogateescape") for name in names))


class BufferTest(unittest.TestCase):
    def test_is_the_models_memory(self):
        model = microgpt.Model.toy()
        state = model.state_dict()
        self.assertEqual(list(state)[:4], ["wte", "wpe", "lm_head", "layer0.attn_wq"])
        wte = state["wte"]
        self.assertEqual((wte.shape, wte.format, wte.readonly), ((4, 2), "d", False))
        before = model.logits()
        wte[0, 1] += 1
        self.assertEqual(model.state_dict()["wte"][0, 1], wte[0, 1])
        self.assertNotEqual(model.logits(), before)
        wte[0, 1] = math.nan
        self.expect_no_json(model)

    def expect_no_json(self, model):
        with self.assertRaisesRegex(microgpt.Error, "wte"):
            model.json()

    def test_outlives_its_model(self):
        state = small().state_dict()
        model = small()
        closed = model.state_dict()["wte"]
        expected = closed.tolist()
        model.close()
        gc.collect()
        others = [small() for _ in range(20)]  # would take the memory, were it free
        self.assertEqual(closed.tolist(), expected)
        self.assertEqual(state["wte"].tolist(), others[0].state_dict()["wte"].tolist())

    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_numpy_makes_no_copy(self):
        model = small()
        wte = numpy.asarray(model.state_dict()["wte"])
        wte *= 2
        self.assertEqual(model.state_dict()["wte"].tolist(), wte.tolist())
        self.assertFalse(wte.flags.owndata)


class HandleTest(unittest.TestCase):
    def test_close(self):
        with microgpt.Model.toy() as model:
            sampler = model.sampler()
        with self.assertRaisesRegex(microgpt.Error, "model: is closed"):
            model.config
        model.close()
        self.assertIsInstance(sampler.sample(), str)

    def test_threads(self):
        """Each with a model of its own, and all with the same one."""
        shared, results = small(), {}

        def work(i):
            model = small()
            results[i] = (model.sample(20), shared.sample(20), shared.json())

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = (shared.sample(20), shared.sample(20), shared.json())
        self.assertEqual(list(results.values()), [expected] * 4)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_fork(self):
        model = small()
        expected = model.sample(5)
        child = os.fork()
        if child == 0:
            os._exit(0 if model.sample(5) == expected and small().sample(5) else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(model.sample(5), expected)

    @unittest.skipUnless(sys.platform == "linux", "no /proc here")
    def test_gives_memory_back(self):
        def cycle():
            model = microgpt.Model.parse(text)
            view = model.state_dict()["wte"]
            with model.sampler() as sampler:
                sampler.constrain(microgpt.shape(model, ends="a"))
            model.close()
            return view[0, 0]

        text = microgpt.Model.toy().json()
        for _ in range(1000):
            cycle()
        before = resident_kilobytes()
        for _ in range(10000):
            cycle()
        self.assertLess(resident_kilobytes() - before, 1024)


def resident_kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


if __name__ == "__main__":
    unittest.main()
