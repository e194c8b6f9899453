// microgpt new: from a list to a model that has been judged.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

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
  EXPECT_EQ(report["judged"], report["held_out"]);
  EXPECT_EQ(report["writings"].size(), 3u);
  const std::string document =
      get_file(std::string(MICROGPT_SOURCE_DIR) + "/docs/your-own-list.md");
  for (const auto& [key, value] : report.items()) {
    EXPECT_TRUE(contains(document, "`" + key + "`")) << key;
  }
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

TEST_F(NewTest, AFewDocumentsAreEnough) {
  for (const int count : {2, 5, 17}) {
    write_words(count);
    const auto report = report_of({"new", "words", "--seeds", "1", "--samples", "5", "--json"});
    EXPECT_EQ(report["settings"]["batch_size"], report["trained_on"]);
  }
}

TEST_F(NewTest, ReasonsAreOfTheSettingsThatWereTaken) {
  write_words(100);
  const auto report = report_of(small({"--tokens", "byte", "--batch-size", "3"}));
  int asked = 0;
  for (const auto& reason : report["reasons"]) {
    const auto& value = report["settings"][reason["setting"].get<std::string>()];
    EXPECT_EQ(reason["value"], value.is_string() ? value.get<std::string>() : value.dump());
    asked += reason["why"] == "asked for";
  }
  EXPECT_EQ(asked, 7);
  EXPECT_EQ(report["settings"]["tokens"], "byte");
}

TEST_F(NewTest, IsSavedWhereItCannotBePrinted) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  write_words(50);
  RunOptions full = options(small({"--seeds", "1"}));
  full.output = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const RunResult result = run_program(full);
  close(full.output);
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(run({"sample", "out", "-n", "3"}).status, 0);
}

TEST_F(NewTest, AnEarlierTrainingInTheFolderIsNotGoneOnWith) {
  write_words(50);
  ASSERT_EQ(run({"train", "--data", "words", "--num-steps", "2", "--out", "out"}).status, 0);
  report_of(small({"--seeds", "1"}));
  const std::string model = file("out/model.json");
  EXPECT_EQ(run({"train", "--resume", "out", "--num-steps", "4"}).status, 1);
  EXPECT_EQ(file("out/model.json"), model);
}

TEST_F(NewTest, AnInterruptWhileItWritesShowsWhatIsDone) {
  write_words(50);
  const RunResult result =
      interrupt(small({"--seeds", "1", "--num-steps", "5", "--samples", "1000000"}), SIGTERM);
  EXPECT_EQ(result.status, 128 + SIGTERM);
  EXPECT_FALSE(result.killed);
  EXPECT_EQ(nlohmann::json::parse(result.out)["stopped"], true);
  EXPECT_FALSE(contains(result.out, "by heart")) << result.out;
  EXPECT_EQ(nlohmann::json::parse(result.out), nlohmann::json::parse(file("out/report.json")));
  EXPECT_EQ(run({"sample", "out", "-n", "3"}).status, 0);
}

// Of random letters there is nothing to be learned but how often each comes.
TEST_F(NewTest, IsHeldAgainstTheBetterCounts) {
  PythonRandom random(5);
  std::string words;
  for (int i = 0; i < 300; ++i) {
    do {
      words += static_cast<char>('a' + random.randbelow(5));
    } while (random.randbelow(4) > 0);
    words += "\n";
  }
  put_file(folder_ / "words", words);
  const auto report = report_of(small({"--seeds", "1", "--num-steps", "5"}));
  const double two = report["baselines"]["bigram"], four = report["baselines"]["four_gram"];
  ASSERT_LT(two, four);
  ASSERT_GT(report["fits"][0]["held_out_loss"], two);
  EXPECT_TRUE(contains(report["verdicts"].dump(), "Counts of two tokens predict"));
}

TEST_F(NewTest, OneDivergedSeedCostsNoOther) {
  write_words(60);
  const Arguments wild = {"--optimizer", "sgd", "--batch-size", "1", "--seeds", "8"};
  Arguments some = wild, all = wild;
  some.insert(some.end(), {"--learning-rate", "1.2"});
  all.insert(all.end(), {"--learning-rate", "1e30", "--out", "none"});
  const RunResult result = run(small(some));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "is left out: ")) << result.err;
  EXPECT_LT(nlohmann::json::parse(result.out)["fits"].size(), 8u);
  const RunResult none = run(small(all));
  EXPECT_EQ(none.status, 1);
  EXPECT_TRUE(contains(none.err, "all trainings diverged")) << none.err;
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
  for (const auto& [flag, value] :
       std::vector<std::pair<std::string, std::string>>{{"--seeds", "0"},
                                                        {"--samples", "0"},
                                                        {"--held-out", "1"},
                                                        {"--held-out", "nan"},
                                                        {"--patience", "0"},
                                                        {"--seed", "18446744073709551615"}}) {
    const RunResult wrong = run(small({flag, value}));
    EXPECT_EQ(wrong.status, 2) << flag;
    EXPECT_TRUE(contains(wrong.err, flag + ": expected")) << wrong.err;
  }
  EXPECT_EQ(run(small({"--batch-size", "0"})).status, 1);
  write_words(20);
  put_file(folder_ / "blocked", "a file");
  const RunResult blocked = run(small({"--out", "blocked"}));
  EXPECT_EQ(blocked.status, 1);
  EXPECT_TRUE(contains(blocked.err, "folder of a run")) << blocked.err;
}

}  // namespace
}  // namespace microgpt
