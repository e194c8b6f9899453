// Placeholders: what they stand for, and what is wrong with bad ones.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "microgpt/book.h"
#include "microgpt/trainer.h"
#include "support/message_of.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

const std::string kSources = MICROGPT_SOURCE_DIR;

const BookNumbers& all_numbers() {
  static const BookNumbers numbers(get_file(kSources + "/data/names.txt"));
  return numbers;
}

std::string value(const std::string& placeholder) {
  try {
    return all_numbers().evaluate(placeholder);
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
}

TEST(BookNumbers, OfTheToy) {
  // From the toy's weights, computed apart from this project.
  EXPECT_EQ(value("toy:pos2.probs|6"), "[0.167819, 0.316689, 0.080703, 0.434789]");
  EXPECT_EQ(value("toy:pos2.layer0.head0.weights[1]|6"), "0.307387");
  EXPECT_EQ(value("toy:pos2.loss|6"), "1.784871");
  EXPECT_EQ(value("toy:wte[2][1]|2"), "0.40");
  EXPECT_EQ(value("toy:wte[2]|1"), "[-0.3, 0.4]");
  EXPECT_EQ(value("toy:num_params"), "72");
  EXPECT_EQ(value("toy:letters"), "BOS, a, b, BOS");
  EXPECT_EQ(value("toy:best[2]"), "c");
  EXPECT_EQ(value("positive(toy:pos2.layer0.mlp_act)"), "4");
}

TEST(BookNumbers, OfTheRun) {
  // What microgpt.py printed for the first two steps on this list.
  const auto golden = nlohmann::json::parse(get_file(kSources + "/tests/golden/embedded.json"));
  EXPECT_NEAR(std::stod(value("run.loss[1]|9")), golden["losses"][0].get<double>(), 1e-9);
  EXPECT_NEAR(std::stod(value("run.loss[2]|9")), golden["losses"][1].get<double>(), 1e-6);
  EXPECT_EQ(value("run.num_docs"), "13,653");
  EXPECT_EQ(value("run.lr[1]|5"), "0.01000");
  EXPECT_EQ(value("run.lr[1000]|1e"), "1.0e-05");
  EXPECT_EQ(value("run.docs[0]"), value("text"));
  EXPECT_EQ(value("run.loss[1]|6"), value("loss|6"));
  EXPECT_LT(std::stod(value("trained:loss|4")), std::stod(value("loss|4")));
}

TEST(BookNumbers, MeanOfTheLastLosses) {
  double sum = 0;
  for (int step = 951; step <= 1000; ++step) {
    sum += std::stod(value("run.loss[" + std::to_string(step) + "]|9"));
  }
  EXPECT_NEAR(std::stod(value("run.mean_last_50|9")), sum / 50, 1e-8);
}

// microgpt.py's own gradients of the first step.
TEST(BookNumbers, Gradients) {
  const auto golden = nlohmann::json::parse(get_file(kSources + "/tests/golden/embedded.json"));
  for (const int row : {14, 19, 26}) {
    const std::string hex = golden["grads_hex"][static_cast<std::size_t>(row * 16 + 3)];
    const std::string path = "wte[" + std::to_string(row) + "]";
    EXPECT_NEAR(std::stod(value("grad(" + path + "[3])|9")), std::stod(hex), 1e-9) << path;
    EXPECT_NEAR(std::stod(value("grad(" + path + ")[3]|9")), std::stod(hex), 1e-9) << path;
  }
}

TEST(BookNumbers, OfTheStep) {
  EXPECT_EQ(value("tokens"), "[26, 19, 14, 13, 14, 26]");
  EXPECT_EQ(value("tokens[1:3]"), "[19, 14]");
  EXPECT_EQ(value("tokens[1:2]"), "[19]");
  EXPECT_EQ(value("letters[tokens[0]]"), "error: index 26 is out of range, expected 0 to 5");
  EXPECT_EQ(value("wte[tokens[2]][0]|6"), value("pos2.tok_emb[0]|6"));
  EXPECT_EQ(value("n"), "5");
  EXPECT_EQ(value("last"), "4");
  EXPECT_EQ(value("num_params"), "4,192");
  EXPECT_EQ(value("grad(loss)|1"), "1.0");
  EXPECT_EQ(value("grad(pos1.loss)|4"), "0.2000");
  EXPECT_EQ(value("grad(wte)[0][0]|3"), "0.000");  // a letter that is not read
  EXPECT_EQ(value("grad(wte[0])[0]|3"), "0.000");
  EXPECT_EQ(value("sum(pos0.probs)|6"), "1.000000");
  EXPECT_EQ(value("max(pos2.layer0.head1.softmax.exps)"), "1");
  EXPECT_EQ(value("size(layer0.mlp_fc1)"), "1,024");
  EXPECT_EQ(value("rows(layer0.mlp_fc1)"), "64");
  EXPECT_EQ(value("cols(layer0.mlp_fc1)"), "16");
  EXPECT_EQ(value("nonzero(grad(wte))"), "64");
  EXPECT_EQ(value("adam.wte.update[0][0]|4"), "0.0000");
  EXPECT_EQ(value("adam.wte.update[tokens[2]][0]|6"), "0.010000");  // its first is lr_t, or -lr_t
  EXPECT_EQ(value("pos2.layer0.head1.scores[0]|1"), "0.0");         // and not -0.0
  EXPECT_EQ(value("python_random(42)[0]|6"), "0.639427");           // CPython's, well known
}

TEST(BookNumbers, SaysWhatIsWrong) {
  EXPECT_EQ(value("loss"), "error: it is not a whole number; say with how many digits: |4");
  for (const char* digits : {"", "0", "10", "x", "-1", "4f", "e"}) {
    EXPECT_TRUE(value(std::string("loss|") + digits).starts_with("error: the digits: ")) << digits;
  }
  EXPECT_EQ(value("text|4"), "error: a text has no digits");
  EXPECT_EQ(value("wte|4"), "error: it is a matrix; give an index");
  EXPECT_EQ(value("loss[0]|4"), "error: a single number has no index");
  EXPECT_EQ(value("wte[27][0]|4"), "error: index 27 is out of range, expected 0 to 26");
  EXPECT_EQ(value("run.loss[0]|4"), "error: index 0 is out of range, expected 1 to 1000");
  EXPECT_EQ(value("tokens[3:2]"), "error: [3:2] is out of range, expected 0 to 5");
  EXPECT_EQ(value("tokens[2:2]"), "error: [2:2] is out of range, expected 0 to 5");
  EXPECT_EQ(value("wte[loss][0]|4"), "error: expected a whole number, 0 or more, as index or seed");
  EXPECT_EQ(value("python_random(text)[0]|4"), value("wte[loss][0]|4"));
  EXPECT_EQ(value("wte[0|4"), "error: expected ']' before ''");
  EXPECT_EQ(value("grad(loss|4"), "error: expected ')' before ''");
  EXPECT_EQ(value("loss)|4"), "error: ')' is too much");
  EXPECT_EQ(value("|4"), "error: expected a name before ''");
  EXPECT_EQ(value(""), "error: expected a name before ''");
  EXPECT_EQ(value("mean(loss)|4"), "error: there is no function mean");
  EXPECT_EQ(value("old:loss|4"), "error: expected toy: or trained:, got old:");
  EXPECT_EQ(value("run.lost|4"), "error: the run has no run.lost");
  EXPECT_EQ(value("grad(n)|4"), "error: it has no gradient");
  EXPECT_EQ(value("grad(adam.wte.m)[0][0]|4"), "error: it has no gradient");
  EXPECT_EQ(value("sum(letters)|4"), "error: expected numbers, got text");
  EXPECT_EQ(value("rows(loss)"), "error: expected a matrix");
  EXPECT_TRUE(value("pos9.loss|4").starts_with("error: trace: nothing is called 'pos9.loss'"));
}

TEST(BookNumbers, FillsAText) {
  const auto fill = [](const std::string& text) { return all_numbers().fill(text, "a.md", 10); };
  EXPECT_EQ(fill("none"), "none");
  EXPECT_EQ(fill("{{n}} and {{last}}."), "5 and 4.");
  EXPECT_EQ(message_of([&] { fill("{{n}}\n\n{{m}}"); }).substr(0, 29),
            "a.md:12: {{m}}: trace: nothin");
  EXPECT_EQ(message_of([&] { fill("{{n}}\n{{n"); }), "a.md:11: {{ without }}");
}

TEST(BookNumbers, FollowsAnotherWordAndModel) {
  BookNumbers other(get_file(kSources + "/data/names.txt"));
  other.follow("emma");
  EXPECT_EQ(other.fill("{{text}} {{letters[1]}} {{pos9.loss|4}} {{toy:n}}", "a.md", 1),
            "emma e n/a 3");
  EXPECT_EQ(other.evaluate("wte[0][0]|9"), value("wte[0][0]|9"));
  const OptimizerStep update = optimizer_step_at(TrainConfig(), 0);
  other.follow(toy_model(), update, "ab");
  EXPECT_EQ(other.evaluate("pos2.probs|6"), value("toy:pos2.probs|6"));
  EXPECT_EQ(other.fill("{{trained:pos2.loss|4}}", "a.md", 1), "n/a");
  EXPECT_NE(message_of([&] { other.follow(toy_model(), update, "x"); }).find("'x'"),
            std::string::npos);
  EXPECT_EQ(message_of([&] { other.follow(""); }),
            "the text to follow: expected a letter or more, got none");
  EXPECT_NE(message_of([&] { other.follow("abcdefghijklmnop"); }).find("use a shorter text"),
            std::string::npos);
}

TEST(BookNumbers, TheTrainedModelReadsTheTextThatIsFollowed) {
  BookNumbers other(get_file(kSources + "/data/names.txt"));
  other.follow("emma");
  EXPECT_EQ(other.evaluate("trained:letters"), "BOS, e, m, m, a, BOS");
  EXPECT_NE(other.evaluate("trained:loss|6"), value("trained:loss|6"));
  other.follow(other.evaluate("run.docs[0]"));
  EXPECT_EQ(other.evaluate("trained:loss|6"), value("trained:loss|6"));
}

TEST(BookNumbers, AdamGoesOnFromTheMomentsOfAModel) {
  Model model = toy_model();
  const OptimizerStep update = optimizer_step_at(TrainConfig(), 7);
  const auto tokens = model.tokenizer.encode_document("ab");
  model.state.adam_m.assign(72, 0.25);
  model.state.adam_v.assign(72, 0.5);
  const Trace traced = trace(model.config, model.state, tokens,
                             {.backward = true, .step = update, .round = {}, .cache = {}});
  BookNumbers other(get_file(kSources + "/data/names.txt"));
  other.follow(model, update, "ab");
  for (const char* name : {"adam.wte.m_hat", "adam.wte.data"}) {
    const std::size_t at = find_traced(traced, name);
    EXPECT_EQ(other.trace().traced[at].data, traced.traced[at].data) << name;
  }
}

}  // namespace
}  // namespace microgpt
