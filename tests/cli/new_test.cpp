// microgpt new: from a list to a model that has been judged.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cli/cli_test.h"
#include "microgpt/random.h"

namespace microgpt {
namespace {

class NewTest : public CliTest {
 protected:
  // Words of three syllables, each of them so many times.
  void write_words(int count, int times = 1) const {
    static const std::vector<std::string> kSyllables = {"ka", "to", "mi", "re", "lu", "so", "ni"};
    PythonRandom random(3);
    std::string words;
    for (int i = 0; i < count; ++i) {
      std::string word;
      for (int s = 0; s < 3; ++s) word += kSyllables[random.randbelow(kSyllables.size())];
      for (int t = 0; t < times; ++t) words += word + "\n";
    }
    put_file(folder_ / "words", words);
  }

  static Arguments small(Arguments more) {
    Arguments arguments = {"new",         "words", "--seeds",   "2",   "--n-embd",     "16",
                           "--n-layer",   "1",     "--n-head",  "4",   "--block-size", "8",
                           "--num-steps", "300",   "--samples", "200", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  nlohmann::json report_of(const Arguments& arguments) const {
    return nlohmann::json::parse(output_of(arguments));
  }
};

TEST_F(NewTest, MakesAModelAndAReport) {
  write_words(300);
  const auto report = report_of(small({}));
  EXPECT_EQ(report["documents"], 300);
  EXPECT_EQ(report["trained_on"].get<int>() + report["held_out"].get<int>(), 300);
  EXPECT_EQ(report["fits"].size(), 2u);
  EXPECT_LT(report["held_out_loss"]["mean"], report["baselines"]["bigram"]);
  EXPECT_GT(report["held_out_loss"]["margin"], 0);
  double best = 100;
  for (const auto& fit : report["fits"]) best = std::min(best, fit["held_out_loss"].get<double>());
  EXPECT_EQ(report["fits"][report["chosen"].get<int>() - 42]["held_out_loss"], best);
  EXPECT_EQ(report["held_out_novelty"]["copies"], 0);
  EXPECT_EQ(report["writings"].size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(file("out/report.json")), report);
  EXPECT_TRUE(contains(file("out/report.html"), "<svg"));
  // The model is the one that was judged.
  const auto info = nlohmann::json::parse(output_of({"info", "out", "--json"}));
  EXPECT_EQ(info["provenance"]["seed"], report["chosen"]);
  EXPECT_EQ(run({"sample", "out", "-n", "3"}).status, 0);
}

TEST_F(NewTest, IsTheSameEveryTime) {
  write_words(100);
  auto once = report_of(small({})), again = report_of(small({"--out", "other"}));
  for (auto* report : {&once, &again}) (*report)["settings"].erase("out");
  EXPECT_EQ(once, again);
  EXPECT_EQ(file("out/model.json"), file("other/model.json"));
}

TEST_F(NewTest, SaysWhatIsLearnedByHeart) {
  write_words(50);
  const auto report = report_of(small({"--keep-last", "--num-steps", "3000", "--seeds", "1"}));
  EXPECT_GT(report["writings"][0]["copies"], 160);
  EXPECT_TRUE(contains(report["verdicts"].dump(), "learned by heart")) << report["verdicts"];
}

// Each word four times: by rows, nearly every held-out word has copies to be learned from.
TEST_F(NewTest, ASplitByRowsFlatters) {
  write_words(60, 4);
  const Arguments much = {"--keep-last", "--num-steps", "2000", "--seeds",
                          "1",           "--held-out",  "0.2"};
  Arguments by_rows = much;
  by_rows.insert(by_rows.end(), {"--by-rows", "--out", "rows"});
  const auto honest = report_of(small(much)), leaking = report_of(small(by_rows));
  EXPECT_LT(leaking["held_out_loss"]["mean"].get<double>(),
            honest["held_out_loss"]["mean"].get<double>() - 0.2);
  EXPECT_EQ(honest["held_out_novelty"]["copies"], 0);
  EXPECT_GT(leaking["held_out_novelty"]["copies"], 30);
  EXPECT_TRUE(contains(leaking["verdicts"].dump(), "split was by rows"));
}

TEST_F(NewTest, ChoosesTokensForTheScript) {
  std::string words;
  const std::string syllables[] = {"\u0915\u093f", "\u0928\u093e", "\u0930\u0940", "\u092e\u0941"};
  PythonRandom random(1);
  for (int i = 0; i < 80; ++i) {
    for (int s = 0; s < 3; ++s) words += syllables[random.randbelow(4)];
    words += "\n";
  }
  put_file(folder_ / "words", words);
  const auto report = report_of(small({"--seeds", "1"}));
  EXPECT_EQ(report["settings"]["tokens"], "grapheme");
  const auto info = nlohmann::json::parse(output_of({"info", "out", "--json"}));
  EXPECT_EQ(info["tokenizer"]["uchars"].size(), 4u);
}

TEST_F(NewTest, BadInput) {
  const RunResult missing = run({"new", "nowhere"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(contains(missing.err, "nowhere")) << missing.err;
  put_file(folder_ / "words", "one\none\none\n");
  const RunResult same = run(small({}));
  EXPECT_EQ(same.status, 1);
  EXPECT_TRUE(contains(same.err, "documents that differ")) << same.err;
  EXPECT_EQ(run({"new"}).status, 2);
  EXPECT_EQ(run(small({"--seeds", "0"})).status, 2);
  write_words(20);
  put_file(folder_ / "blocked", "a file");
  const RunResult blocked = run(small({"--out", "blocked"}));
  EXPECT_EQ(blocked.status, 1);
  EXPECT_TRUE(contains(blocked.err, "folder of a run")) << blocked.err;
}

}  // namespace
}  // namespace microgpt
