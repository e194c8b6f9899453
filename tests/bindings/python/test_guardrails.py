"""Constraints, the bot and the audit, against each other and the program."""

import unittest

import microgpt
from support import FolderTest, program, small


class GuardrailsTest(FolderTest):
    def test_constraints(self):
        model = small()
        no_anna = microgpt.forbid(model, "anna\nemma")
        self.assertFalse(no_anna.allows("hannah" if "h" in model.tokens else "annab"))
        self.assertTrue(no_anna.allows("bob"))
        short = microgpt.shape(model, starts="a", ends="a", min_length=3, max_length=5,
                               letters="anv")
        self.assertEqual([short.allows(name) for name in ("ava", "aa", "anna", "annnna", "abba")],
                         [True, False, True, False, False])
        self.assertEqual([token for token, allowed in zip(model.tokens, short.mask()) if allowed],
                         ["a"])
        asked = microgpt.both(no_anna, short)
        self.assertGreater(asked.num_states, 1)
        names = model.sample(50, constraint=asked)
        self.assertTrue(all(map(asked.allows, names)), names)

    def test_samples_are_the_programs(self):
        model = small()
        model.save(self.folder / "model.json")
        (self.folder / "policy").write_text("anna\n")
        constraint = microgpt.both(microgpt.forbid(model, "anna\n"),
                                   microgpt.shape(model, ends="a", max_length=6))
        printed = program("sample", self.folder / "model.json", "-n", 30, "--forbid",
                          self.folder / "policy", "--ends", "a", "--length", "..6")
        self.assertEqual(model.sample(30, constraint=constraint), printed.split("\n")[:-1])

    def test_says_what_is_wrong(self):
        model = small()
        self.expect_error("policy", microgpt.forbid, model, "{}")
        self.expect_error("length", microgpt.shape, model, min_length=5, max_length=4)
        self.expect_error("max_length: out of range", microgpt.shape, model, max_length=-1)
        other = microgpt.shape(microgpt.Model.toy(), ends="a")
        self.expect_error("made for another model", model.sample, constraint=other)
        self.expect_error("guard: no such name", microgpt.Bot, model, "anna", guard="none")

    def test_bot_and_audit(self):
        model = small()
        bot = microgpt.Bot(model, "anna", temperature=0.7)
        self.assertTrue(bot.answer("b").startswith("OK: b"))
        self.assertTrue(bot.answer("anna").startswith("REFUSE:"))
        audit = microgpt.Audit(model, "anna\nbob", ["", "an"])
        whole, an = audit.prefixes
        self.assertEqual((whole.prefix, whole.probability, whole.refused), ("", 1.0, False))
        self.assertEqual(an.prefix, "an")
        self.assertLessEqual(whole.at_least, whole.at_most)
        self.assertEqual([word.word for word in audit.words], ["anna", "bob"])


if __name__ == "__main__":
    unittest.main()
