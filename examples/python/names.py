"""Learns from a list of your own, and invents what is like it: usage: names.py [FILE]

The package is the wheel that `make wheel` writes.
"""

import sys

import microgpt

TOWNS = """\
amsterdam barcelona berlin bern bilbao bologna bremen brest brno bruges budapest cadiz cordoba
dresden dublin florence geneva genoa ghent granada graz hamburg helsinki innsbruck kiel lisbon
ljubljana london lyon madrid malaga marseille milan munich nantes naples oslo palermo paris porto
prague riga rome rotterdam salzburg seville siena split stockholm tallinn trieste turin utrecht
valencia verona vienna vilnius warsaw zagreb zurich""".split()


def main():
    documents = open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else TOWNS
    training = microgpt.Training(documents, num_steps=2000, seed=42)
    for loss in training:
        step = len(training.losses)
        if step % 500 == 0:
            print(f"step {step:4d} | loss {loss:.4f}")

    model = training.model()
    model.save("towns.json")
    print("ten towns that may not exist:", ", ".join(model.sample(10, temperature=0.7)))
    short = microgpt.shape(model, starts="b", min_length=4, max_length=6)
    print("five that begin with b:", ", ".join(model.sample(5, constraint=short)))

    # What the model expects after "ber", and why: every number of the step has a name.
    probs = model.probs("ber")
    best = max(range(len(probs)), key=probs.__getitem__)
    print(f"after ber: {model.tokens[best] or 'the end'}, {probs[best]:.0%}")
    step = microgpt.trace(model, "bern", backward=True)
    print(f"loss of bern: {step.loss:.4f} = {step['loss'].formula}")


if __name__ == "__main__":
    main()
