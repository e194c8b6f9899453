"""Traces, against central differences and Python itself."""

import unittest

import microgpt
from support import FolderTest, small


class TraceTest(FolderTest):
    def test_toy(self):
        toy = microgpt.Model.toy()
        trace = microgpt.trace(toy, "ab", backward=True)
        q = trace["pos2.layer0.q"]
        self.assertEqual((q.shape, q.parents, q.python_function),
                         ((2,), ("layer0.attn_wq", "pos2.layer0.attn_norm.x"), "gpt"))
        self.assertTrue(q.data.readonly)
        self.assertEqual(trace["loss"].shape, ())
        self.assertEqual(trace.loss, toy.loss("ab"))
        self.assertEqual(trace["wte"].data.tolist(), toy.state_dict()["wte"].tolist())
        self.assertEqual(list(trace)[0], "wte")
        self.assertIn(list(trace)[-1], trace)
        self.assertNotIn("nothing", trace)
        self.expect_error("nothing", trace.parents, "nothing")

    def test_gradients(self):
        model = small()
        wte = model.state_dict()["wte"]
        grad = microgpt.trace(model, "anna", backward=True)["wte"].grad
        old, eps = wte[0, 3], 1e-5
        losses = []
        for wte[0, 3] in old + eps, old - eps:
            losses.append(model.loss("anna"))
        self.assertAlmostEqual(grad[0, 3], (losses[0] - losses[1]) / (2 * eps), places=8)
        self.assertIsNone(microgpt.trace(model, "anna")["wte"].grad)

    def test_formulas_and_neighbours(self):
        trace = microgpt.trace(microgpt.Model.toy(), "ab", backward=True)
        path = "pos2.layer0.q[1]"
        value = eval(trace.formula(path, numbers=True))
        self.assertEqual(value, trace["pos2.layer0.q"].data[1])
        self.assertIn("layer0.attn_wq[1][0]", trace.parents(path))
        self.assertIn(path, trace.users("layer0.attn_wq[1][0]"))
        self.assertNotEqual(trace.gradient_formula(path), "")
        self.assertLess(len(trace.formula(path, numbers=True, digits=2)),
                        len(trace.formula(path, numbers=True)))
        self.expect_error("digits", trace.formula, path, digits=0)

    def test_tokens_and_rounding(self):
        toy = microgpt.Model.toy()
        self.assertEqual(microgpt.trace(toy, [0, 1, 2, 0]).loss, microgpt.trace(toy, "ab").loss)
        rounded = microgpt.trace(toy, "ab", round=2)["pos2.probs"].data
        self.assertEqual([round(p, 2) for p in rounded], rounded.tolist())
        self.expect_error("token", microgpt.trace, toy, [0, 9, 0])

    def test_numbers_that_c_would_wrap_are_refused(self):
        model = microgpt.Model.toy()
        for wrong in ({"document": [2, 1 << 32, 2]}, {"document": [2, -1, 2]},
                      {"document": "ab", "round": (1 << 32) + 2}):
            with self.assertRaisesRegex(microgpt.Error, "out of range"):
                microgpt.trace(model, **wrong)

    def test_views_outlive_their_trace(self):
        trace = microgpt.trace(small(), "anna")
        wte = trace["wte"].data
        expected = wte.tolist()
        trace.close()
        others = [microgpt.trace(small(), "anna") for _ in range(5)]
        self.assertEqual(wte.tolist(), expected)
        self.assertEqual(len(trace), 0)
        self.assertGreater(len(others[0]), 0)


if __name__ == "__main__":
    unittest.main()
