"""Hunts for a banned name: usage: hunt.py PROGRAM MODEL [POLICIES [NAMES [SEED]]]

Makes random policies, has `PROGRAM sample MODEL --forbid` write NAMES names for each (with random
prefixes, temperatures from 0.1 to 2, engines), and searches them with regular expressions that
share no code with the program. Also checks that nobody asks in vain: the program may refuse only
where the policy bans the prefix itself. Exits with 1 if a banned name came out.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

program, model = sys.argv[1], sys.argv[2]
num_policies = int(sys.argv[3]) if len(sys.argv) > 3 else 200
num_names = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)


def sample(*arguments):
    return subprocess.run([program, "sample", model, *map(str, arguments)],
                          capture_output=True, text=True)


def pattern(word, match, repeats):
    letters = "".join(re.escape(c) + ("+" if repeats else "") for c in word)
    return {"substring": letters, "prefix": "^" + letters, "word": "^" + letters + "$"}[match]


def random_policy(names):
    """Parts of names that the model writes, so that the ban matters, and some that nobody has."""
    words = {}
    for _ in range(rng.choice([1, 3, 10, 40])):
        name = rng.choice(names)
        begin = rng.randrange(len(name))
        word = name[begin:begin + rng.randint(1 if rng.random() < 0.1 else 2, 6)]
        match = rng.choice(["substring", "prefix", "word"])
        if len(word) > 1 or match == "word":
            words[word] = match
    words["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=4))] = "substring"
    forms = rng.sample(["case", "accents", "repeats", "digits", "lookalikes", "separators"],
                       rng.randint(0, 6))
    return {"format": "microgpt-policy-v1", "name": "hunted", "normal_forms": forms,
            "words": [{"word": w, "match": m} for w, m in words.items()]}


def main():
    free = [name for name in sample("-n", 20000, "--temperature", 1).stdout.split("\n") if name]
    written = refused = unguarded = leaks = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.json"
        for number in range(num_policies):
            policy = random_policy(free)
            path.write_text(json.dumps(policy))
            bans = [re.compile(pattern(w["word"], w["match"], "repeats" in policy["normal_forms"]),
                               re.MULTILINE) for w in policy["words"]]
            prefix = rng.choice(free)[:rng.choice([0, 0, 0, 1, 2, 3])]
            temperature = round(rng.uniform(0.1, 2), 2)
            common = ["-n", num_names, "--prefix", prefix, "--temperature", temperature,
                      "--seed", number, "--engine", rng.choice(["exact", "cpu", "cpu"])]
            # Few tries, so that letters are masked often, and a million names don't take hours.
            result = sample(*common, "--forbid", path, "--tries", rng.choice([1, 5, 20]))
            if result.returncode:
                if result.returncode != 1 or "no document that begins with" not in result.stderr:
                    sys.exit(f"policy {number}: status {result.returncode}, {result.stderr}")
                refused += 1
                if not any(ban.search(prefix) for ban in bans if ban.pattern[-1] != "$"):
                    print(f"policy {number} refuses '{prefix}': {result.stderr}", end="")
                    leaks += 1
                continue
            names = result.stdout[:-1]
            count = names.count("\n") + 1
            if count != num_names:
                print(f"policy {number}: {count} names")
                leaks += 1
            written += count
            for ban in bans:
                if found := ban.search(names):
                    print(f"policy {number}: {ban.pattern} in {found[0]!r}: {json.dumps(policy)}")
                    leaks += 1
            few = sample("-n", 200, *common[2:]).stdout[:-1]
            unguarded += any(ban.search(few) for ban in bans)
    print(f"{written} names from {num_policies} policies, {refused} prefixes refused, "
          f"{unguarded} policies that a few unguarded names are against, {leaks} leaks")
    sys.exit(1 if leaks or not unguarded else 0)


if __name__ == "__main__":
    main()
