"""What the tests of the package share."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import microgpt

ROOT = Path(__file__).resolve().parents[3]
NAMES = ["anna", "bob", "carla", "dana", "emma", "olivia", "ava", "mia"]


def small(**settings):
    """A model that is trained a little."""
    return microgpt.train(NAMES, **{"num_steps": 20, "n_embd": 8, "n_head": 2, **settings})


def program(*arguments):
    """What the program prints."""
    return subprocess.run([os.environ["MICROGPT_PROGRAM"], *map(str, arguments)], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def expect_error(self, text, function, *arguments, **named):
        with self.assertRaises(microgpt.Error) as caught:
            function(*arguments, **named)
        self.assertIn(text, str(caught.exception))
