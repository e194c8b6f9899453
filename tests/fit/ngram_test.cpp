// What counts alone predict.
#include "microgpt/ngram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "support/message_of.h"

namespace microgpt {
namespace {

using Tokens = std::vector<int>;

// P(token) after a context, from the loss of a sequence with that one more prediction.
double probability_of(const NgramModel& model, Tokens context, int token) {
  const double before = model.loss(context);
  context.push_back(token);
  return std::exp(before - model.loss(context));
}

TEST(Ngram, WithoutDataEveryTokenIsAsLikely) {
  const NgramModel model(4, 27);
  EXPECT_NEAR(model.loss(Tokens{0, 1, 2}), 2 * std::log(27), 1e-12);
}

// By hand: 0 1 2 and 0 1 3. After 1 came 2 and 3, once each: C = 2, T = 2. Of all predictions 1
// came twice, 2 and 3 once: C = 4, T = 3, so P(2) = (1 + 3 / 5) / 7. After 1: (1 + 2 P(2)) / 4.
TEST(Ngram, SmoothsAsWittenAndBell) {
  NgramModel model(2, 5);
  model.add(Tokens{0, 1, 2});
  model.add(Tokens{0, 1, 3});
  const double alone = (1 + 3.0 / 5) / 7;
  EXPECT_NEAR(probability_of(model, {0, 1}, 2), (1 + 2 * alone) / 4, 1e-15);
  EXPECT_NEAR(probability_of(model, {0, 1}, 4), (2 * (3.0 / 5 / 7)) / 4, 1e-15);
  EXPECT_NEAR(probability_of(model, {4, 4}, 2), alone, 1e-15);  // not seen: as without a context
}

TEST(Ngram, ProbabilitiesSumToOne) {
  NgramModel model(4, 6);
  for (const Tokens& tokens :
       {Tokens{5, 0, 1, 2, 0, 1, 5}, Tokens{5, 3, 3, 3, 5}, Tokens{5, 0, 5}}) {
    model.add(tokens);
  }
  for (const Tokens& context : {Tokens{5}, Tokens{5, 0, 1}, Tokens{5, 3, 3, 3}, Tokens{1, 4, 2}}) {
    double sum = 0;
    for (int token = 0; token < 6; ++token) sum += probability_of(model, context, token);
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(Ngram, LongerContextsPredictWhatNeedsThem) {
  const Tokens tokens = {4, 0, 1, 0, 2, 0, 3, 4};  // what follows 0 depends on what stands before
  const auto loss = [&](int order) {
    NgramModel model(order, 5);
    for (int i = 0; i < 100; ++i) model.add(tokens);
    return model.loss(tokens);
  };
  EXPECT_GT(loss(1), loss(2) + 1);
  EXPECT_GT(loss(2), loss(3) + 1);
}

TEST(Ngram, RefusesOrdersThatAreNone) {
  EXPECT_EQ(message_of([] { NgramModel(0, 5); }),
            "n-grams: expected an order of 1 to 8 and a vocabulary, got 0 and 5");
  EXPECT_NE(message_of([] { NgramModel(9, 5); }), "no error");
  EXPECT_NE(message_of([] { NgramModel(2, 0); }), "no error");
}

}  // namespace
}  // namespace microgpt
