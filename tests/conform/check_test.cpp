// Each known mistake, planted in a port, is named; a right port is right.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "conform/conform_test.h"
#include "conform/port.h"

namespace microgpt::conform {
namespace {

std::string loss_lines(Run& run, int steps, const char* format = "{}\n") {
  std::string log;
  for (int i = 0; i < steps; ++i) log += fmt::format(fmt::runtime(format), run.step(false));
  return log;
}

Verdict check_small(const std::string& log) {
  return check(log, "log", small_recipe(), small_documents());
}

std::string ids(const Verdict& verdict) {
  std::string ids;
  for (const Cause& cause : verdict.causes) ids += (ids.empty() ? "" : ", ") + cause.id;
  return ids;
}

class Planted : public ::testing::TestWithParam<std::size_t> {
 protected:
  Mistake mistake() const { return static_cast<Mistake>(GetParam()); }
  std::string_view id() const { return describe(mistake()).id; }

  const Corpus corpus_{small_documents()};
};

TEST_P(Planted, IsNamedByItsLosses) {
  const Stage stage = describe(mistake()).stage;
  if (stage == Stage::kSampling) GTEST_SKIP() << "shows in samples only";
  Port port(small_recipe(), corpus_, {mistake()});
  const Verdict verdict = check_small(loss_lines(port, 40));
  if (mistake() == Mistake::kFloat32) {
    EXPECT_EQ(to_string(verdict.answer), "float32");
    return;
  }
  EXPECT_EQ(to_string(verdict.answer), stage == Stage::kRounding ? "rounding" : "wrong");
  EXPECT_EQ(ids(verdict), id());
}

TEST_P(Planted, IsNamedByFourDecimals) {
  if (describe(mistake()).stage != Stage::kTraining) GTEST_SKIP() << "no digit of four shows it";
  Port port(small_recipe(), corpus_, {mistake()});
  std::string log = "num docs: 12\nvocab size: 7\n";
  for (int step = 1; step <= 40; ++step) {
    log += fmt::format("step {:4} / {:4} | loss {:.4f}\n", step, 40, port.step(false));
  }
  const Verdict verdict = check_small(log);
  EXPECT_EQ(to_string(verdict.answer), "wrong");
  EXPECT_EQ(ids(verdict), id());
}

TEST_P(Planted, IsNamedInFloat32) {
  if (describe(mistake()).stage != Stage::kTraining) GTEST_SKIP() << "float32 hides it";
  Port port(small_recipe(), corpus_, {mistake(), Mistake::kFloat32});
  const Verdict verdict = check_small(loss_lines(port, 40));
  fmt::print("{} {} {}\n", id(), to_string(verdict.answer), ids(verdict));
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Planted, ::testing::Range(std::size_t{0}, kMistakes),
                         [](const auto& test) {
                           std::string name(describe(static_cast<Mistake>(test.param)).id);
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace microgpt::conform
