// The programs of the ladder: what they print.
//
// Stored losses are the same arithmetic's with pow folded by a compiler, which moves some by
// 1.8e-15: they are compared at 1e-12. Bits are compared with our own engine's.
#include <gtest/gtest.h>

#include <numeric>
#include <sstream>

#include "cli/cli_test.h"
#include "rungs.h"

namespace microgpt {
namespace {

const std::string kGolden = kShared + "/golden/ladder/";

std::string program_path(const std::string& name) { return MICROGPT_LADDER_DIR "/" + name; }

// The sources of a rung with a word changed: tests/ladder/CMakeLists.txt.
RunResult run_variant(const std::string& variant, const std::string& name,
                      const std::string& data) {
  return run_program({.command = {MICROGPT_LADDER_VARIANTS_DIR "/" + variant + "/" + name, data}});
}

// The number that follows each `word` in a text.
std::vector<double> numbers_after(const std::string& word, const std::string& text) {
  std::vector<double> numbers;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    numbers.push_back(std::stod(text.substr(at + word.size())));
  }
  return numbers;
}

class RungTest : public CliTest, public testing::WithParamInterface<int> {
 protected:
  const LadderProgram& rung() const { return rungs()[static_cast<std::size_t>(GetParam())]; }
  std::string name() const { return std::string(rung().name); }
};

TEST_P(RungTest, PrintsWhatPythonPrints) {
  MICROGPT_NEED_SHARED();
  const std::string golden = get_file(kGolden + name() + ".stdout.txt");
  ASSERT_FALSE(golden.empty());
  EXPECT_EQ(output_of({"ladder", "run", name(), "--data", kNames}), golden);
}

TEST_P(RungTest, LossesAndFacts) {
  MICROGPT_NEED_SHARED();
  const RunResult result = run_variant("all_digits", name(), kNames);
  ASSERT_EQ(result.status, 0) << result.err;
  const std::vector<double> losses = numbers_after("| loss ", result.out);
  ASSERT_EQ(losses.size(), 1000u);
  const double last = std::accumulate(losses.end() - 50, losses.end(), 0.0) / 50;
  EXPECT_NEAR(last, rung().loss, 0.5e-4);
  if (rung().num_params > 0) {
    EXPECT_EQ(numbers_after("num params: ", result.out).at(0), rung().num_params);
  }
  if (name() == "train0") return;  // of which there are no more digits than its output has
  const std::string golden = name() == "train1" ? "train2" : name();  // the same numbers
  std::istringstream lines(get_file(kGolden + golden + ".loss17.txt"));
  for (std::size_t step = 1; step <= losses.size(); ++step) {
    double number = 0, loss = 0;
    ASSERT_TRUE(lines >> number >> loss);
    ASSERT_EQ(number, static_cast<double>(step));
    ASSERT_NEAR(losses[step - 1], loss, 1e-12) << "step " << step;
  }
}

// Here the sanitizers see the rungs.
TEST_P(RungTest, TenSteps) {
  const RunResult result = run_variant("few_steps", name(), MICROGPT_SOURCE_DIR "/data/names.txt");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(contains(result.out, "\nsample 20: "));
}

TEST_P(RungTest, WithoutDataSaysSo) {
  const auto error_of = [&](const Arguments& arguments) {
    RunOptions bare = options({});
    bare.command = {program_path(name())};
    bare.command.insert(bare.command.end(), arguments.begin(), arguments.end());
    const RunResult result = run_program(bare);
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_TRUE(error_of({}).starts_with("input.txt: no such file\nusage: "));
  EXPECT_TRUE(contains(error_of({"/dev/null"}), "/dev/null: no documents"));
  put_file(folder_ / "binary", std::string("a\0b", 3));
  EXPECT_TRUE(contains(error_of({"binary"}), "NUL"));
}

INSTANTIATE_TEST_SUITE_P(Ladder, RungTest, testing::Range(0, 6), [](const auto& test) {
  return std::string(rungs()[static_cast<std::size_t>(test.param)].name);
});

class ProgramsTest : public CliTest {};

TEST_F(ProgramsTest, LastRungIsMicrogptTrainInEveryBit) {
  const std::string data = MICROGPT_SOURCE_DIR "/data/names.txt";
  const std::string trained = output_of({"train", "--data", data, "--log", "log"});
  EXPECT_EQ(output_of({"ladder", "run", "5", "--data", "embedded"}), trained);
  const auto losses = numbers_after("| loss ", run_variant("all_digits", "train5", data).out);
  EXPECT_EQ(losses.size(), 1000u);
  EXPECT_EQ(losses, numbers_after("\"loss\": ", file("log")));
}

TEST_F(ProgramsTest, ReadsInputTxt) {
  write_data();
  std::filesystem::rename(folder_ / "data", folder_ / "input.txt");
  const RunResult result =
      run_program({.command = {program_path("train0")}, .folder = folder_.path()});
  EXPECT_TRUE(result.out.starts_with("num docs: 5\n")) << result.out;
  EXPECT_EQ(output_of({"ladder", "run", "0"}), result.out);
}

TEST_F(ProgramsTest, Micrograd) {
  const std::string out = output_of({"ladder", "run", "micrograd"});
  for (const char* line : {
           "L 8, a.grad 4 (b + 1), b.grad 2 (a)",
           "nudge a by 0.001: L grows by 0.004",
           "z 6, yhat 7, err -3, loss 9",
           "dL/dw -18, dL/db -6, dL/dx -12, dL/dy 6",
           "   0        2        1        7       -3           9       -18       -6",
           "   1     2.36     1.12      8.2     -1.8        3.24     -10.8     -3.6",
           "   2    2.576    1.192     8.92    -1.08      1.1664     -6.48    -2.16",
           "   3   2.7056   1.2352    9.352   -0.648    0.419904    -3.888   -1.296",
           "   4  2.78336  1.26112   9.6112  -0.3888  0.15116544   -2.3328  -0.7776",
           "sorted:     a.grad 4",
           "not sorted: a.grad 6",
           "0.5 * 0.4 = 0.20\n-0.3 * 0.7 = -0.21\n1.2 * -0.1 = -0.12\nsum -0.13",
           "11 parameters, mlp([1.0, 0.5, -0.3]) = 0.5747",
       }) {
    EXPECT_TRUE(contains(out, std::string(line))) << line << "\n" << out;
  }
}

// A ReLU at the end leaves two of four points 1 off, (0 + 0 + 1 + 1) / 4; without it the loss
// falls.
TEST_F(ProgramsTest, MicrogradFitsFourPoints) {
  const auto losses = numbers_after("| loss ", output_of({"ladder", "run", "micrograd"}));
  ASSERT_EQ(losses.size(), 12u);
  EXPECT_EQ(losses[0], losses[6]);  // the same start
  for (std::size_t i = 0; i < 6; ++i) EXPECT_GE(losses[i], 0.5);
  EXPECT_LT(losses[11], 0.001);
}

TEST_F(ProgramsTest, Toy) {
  const std::string out = output_of({"ladder", "run", "toy"});
  EXPECT_TRUE(out.starts_with("num examples: 12\nnum params: 72\n"));
  EXPECT_EQ(numbers_after("steps | loss ", out),
            (std::vector<double>{1.151060, 1.04799, 0.709707, 0.696431, 0.689195}));
  EXPECT_TRUE(contains(out, "loss 0.562335\n"));
  EXPECT_TRUE(contains(out, "    b | 0.1648 0.3222 0.0792 0.4338\n"));
}

}  // namespace
}  // namespace microgpt
