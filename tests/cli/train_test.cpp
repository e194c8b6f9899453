// microgpt train prints what microgpt.py prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>

#include "cli/cli_test.h"
#include "support/sanitized.h"

namespace microgpt {
namespace {

using TrainTest = CliTest;

TEST_F(TrainTest, DefaultRunPrintsWhatPythonPrintsInLittleMemory) {
  MICROGPT_NEED_SHARED();
  const RunResult result = run({"train", "--data", kNames});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, get_file(kShared + "/golden/ladder/train5.stdout.txt"));
  EXPECT_TRUE(contains(result.err, "saved in out")) << result.err;
  if (!kSanitized) {
    EXPECT_LE(result.peak_mib, 64);
  }
}

TEST_F(TrainTest, SampleGoesOnWhereTrainingEnded) {
  MICROGPT_NEED_SHARED();
  const std::string out = output_of({"train", "--data", kNames, "--num-steps", "50"});
  std::string names;
  const std::string samples = out.substr(out.find("sample  1: "));
  for (std::size_t at = 0; at < samples.size(); at = samples.find('\n', at) + 1) {
    names += samples.substr(at + 11, samples.find('\n', at) - at - 10);
  }
  EXPECT_EQ(output_of({"sample", "out"}), names);
}

TEST_F(TrainTest, BatchesAreSavedAndResumed) {
  write_data();
  const Arguments batch = {"--batch-size", "2", "--grad-accum", "2", "--threads", "2"};
  const std::string whole = output_of(tiny(batch));
  EXPECT_NE(whole, output_of(tiny({"--out", "single"})));
  Arguments part = batch;
  part.insert(part.end(), {"--stop-after", "11", "--out", "part"});
  const std::string first = output_of(tiny(part));
  EXPECT_EQ(first + output_of({"train", "--resume", "part", "--threads", "1"}), whole);
  EXPECT_EQ(run_files("part"), run_files("out"));
  const auto info = nlohmann::json::parse(output_of({"info", "part", "--json"}));
  EXPECT_EQ(info["provenance"]["batch_size"], 2);
  EXPECT_EQ(info["provenance"]["grad_accum"], 2);
}

// A text that a model of three positions learns, line feeds included, to the end and after a pause.
TEST_F(TrainTest, WindowsOfARunningText) {
  put_file(folder_ / "data", "ab\ncd\r\nab\ncd\nab\ncd\nab\ncd\nab\ncd\n");
  const Arguments windows = {"--sequences",  "windows", "--batch-size", "4",  "--num-steps", "150",
                             "--block-size", "6",       "--log",        "log"};
  const std::string whole = output_of(tiny(windows));
  EXPECT_TRUE(whole.starts_with("num docs: 1\nvocab size: 6\n")) << whole;
  Arguments part = windows;
  part.insert(part.end(), {"--stop-after", "77", "--out", "part"});
  const std::string first = output_of(tiny(part));
  EXPECT_EQ(first + output_of({"train", "--resume", "part"}), whole);
  EXPECT_EQ(run_files("part"), run_files("out"));
  EXPECT_EQ(nlohmann::json::parse(file("log").substr(0, file("log").find('\n')))["tokens"], 24);
  // eval reads a text as training did: 30 letters, in windows of 6.
  const auto eval = nlohmann::json::parse(output_of({"eval", "out", "--data", "data", "--json"}));
  EXPECT_EQ(eval["documents"], 5);
  EXPECT_EQ(eval["characters"], 30);
  EXPECT_LT(eval["loss_per_token"].get<double>(), 0.7 * eval["uniform_loss"].get<double>());
  EXPECT_TRUE(contains(output_of({"eval", "out", "--data", "data"}), "windows             5\n"));
  const std::string info = output_of({"info", "out"});
  EXPECT_TRUE(contains(info, "a step       4 windows, 4 in one pass")) << info;
  EXPECT_TRUE(contains(info, "\n  \\nabcd\n")) << info;
  const RunResult other = run({"train", "--resume", "out", "--sequences", "documents"});
  EXPECT_TRUE(contains(other.err, "sequences is windows in this run and can't be changed"));
  const RunResult same_text = run(tiny({"--sequences", "windows", "--block-size", "31"}));
  EXPECT_TRUE(contains(same_text.err, "windows: text too short for block_size 31"))
      << same_text.err;
}

struct List {
  const char* script;
  const char* text;
  int codepoints, graphemes;  // that are different
};

const List kLists[] = {
    {"Korean", "\ud55c\uad6d\n\ub300\ud55c\n\ud55c\uac15\n\uac15\uad6d\n", 4, 4},
    {"Korean in jamo", "\u1112\u1161\u11ab\u1100\u116e\u11a8\n\u1112\u1161\u11ab\n", 6, 2},
    {"Devanagari", "\u0928\u093f\u0936\u093e\n\u0909\u0937\u093e\n\u0930\u093f\u092f\u093e\n", 8,
     6},
    {"Arabic", "\u0645\u064f\u062d\u0645\u0651\u062f\n\u0639\u0644\u064a\n", 8, 7},
    {"Chinese", "\u5317\u4eac\n\u5357\u4eac\n", 3, 3},
    {"emoji", "\U0001F469\u200D\U0001F4BB\U0001F44D\U0001F3FD\n\U0001F1EB\U0001F1F7\n", 7, 3},
    {"mixed", "ab\u00e9\nae\u0301\n\u4eacb\n", 6, 5},
};

int num_bytes_of(std::string_view text) {
  return static_cast<int>(std::set<char>(text.begin(), text.end()).size()) - 1;  // no line feed
}

int num_letters_of(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(
      text, [](char c) { return c != '\n' && static_cast<unsigned char>(c) >> 6 != 0b10; }));
}

TEST_F(TrainTest, ListsOfEveryScriptInTokensOfEveryKind) {
  for (const List& list : kLists) {
    put_file(folder_ / "data", list.text);
    for (const std::string kind : {"codepoint", "grapheme", "byte"}) {
      if (kSanitized && kind == "codepoint") continue;
      SCOPED_TRACE(list.script + (" " + kind));
      output_of(tiny({"--tokens", kind, "--num-steps", "40", "--block-size", "40"}));
      const auto info = nlohmann::json::parse(output_of({"info", "out", "--json"}));
      EXPECT_EQ(info["tokenizer"]["tokens"], kind);
      const auto size = static_cast<int>(info["tokenizer"]["uchars"].size());
      EXPECT_EQ(size, kind == "codepoint"  ? list.codepoints
                      : kind == "grapheme" ? list.graphemes
                                           : num_bytes_of(list.text));
      const auto eval =
          nlohmann::json::parse(output_of({"eval", "out", "--data", "data", "--json"}));
      EXPECT_EQ(eval["characters"], num_letters_of(list.text));
      const std::string samples = output_of({"sample", "out", "-n", "5"});
      EXPECT_EQ(std::ranges::count(samples, '\n'), 5);
      EXPECT_TRUE(nlohmann::json::accept(output_of({"sample", "out", "-n", "1", "--json"})));
    }
  }
}

TEST_F(TrainTest, TokensAreKeptThroughAPauseAndCantChange) {
  put_file(folder_ / "data", kLists[2].text);
  const Arguments graphemes = {"--tokens", "grapheme", "--num-steps", "30"};
  const std::string whole = output_of(tiny(graphemes));
  Arguments part = graphemes;
  part.insert(part.end(), {"--stop-after", "11", "--out", "part"});
  const std::string first = output_of(tiny(part));
  EXPECT_EQ(first + output_of({"train", "--resume", "part"}), whole);
  EXPECT_EQ(run_files("part"), run_files("out"));
  const RunResult other = run({"train", "--resume", "part", "--tokens", "byte"});
  EXPECT_TRUE(contains(other.err, "tokens is grapheme in this run and can't be changed"))
      << other.err;
  const RunResult unknown = run({"sample", "out", "--prefix", "\u0928"});
  EXPECT_TRUE(contains(unknown.err, "U+0928")) << unknown.err;
  EXPECT_EQ(run({"sample", "out", "--prefix", "\u0928\u093f"}).status, 0);
  const RunResult bad = run(tiny({"--tokens", "word"}));
  EXPECT_NE(bad.status, 0);
  EXPECT_TRUE(contains(bad.err, "expected codepoint or grapheme or byte")) << bad.err;
}

TEST_F(TrainTest, InputTxtIsTakenFirst) {
  write_data("zoe\n");
  std::filesystem::rename(folder_ / "data", folder_ / "input.txt");
  EXPECT_TRUE(output_of({"train", "--num-steps", "1"}).starts_with("num docs: 1\nvocab size: 4\n"));
}

// Against microgpt.py itself, with the flags that it has.
TEST_F(TrainTest, FinalEditionAgreesWithPython) {
  MICROGPT_NEED_ORACLE();
  write_data(
      " M\u00fcller \r\n\r\n\u5c71\u7530\u592a\u90ce\nZo\u00eb\n\U0001f600x\n"
      "a name that is far longer than the block\n\u3000b\u00a0\n");
  const Arguments flags = {"--data",          folder_ / "data",
                           "--n-embd",        "8",
                           "--n-head",        "2",
                           "--n-layer",       "2",
                           "--block-size",    "5",
                           "--num-steps",     "12",
                           "--learning-rate", "0.03",
                           "--seed",          "7",
                           "--temperature",   "0.8",
                           "--num-samples",   "11"};
  Arguments ours = flags;
  ours.insert(ours.begin(), "train");
  EXPECT_EQ(output_of(ours), oracle_stdout(flags));
}

// A small model: the first edition's closures make Python slow.
TEST_F(TrainTest, FirstEditionAgreesWithPython) {
  MICROGPT_NEED_ORACLE();
  write_data();
  const std::string expected =
      oracle_stdout({"--edition", "argparse", "--num-steps", "60", "--n-embd", "4", "--n-head", "2",
                     "--block-size", "3", "--data", folder_ / "data"});
  EXPECT_TRUE(contains(expected, "mean loss last 50 steps: ")) << expected;
  EXPECT_EQ(output_of({"train", "--edition", "first", "--num-steps", "60", "--n-embd", "4",
                       "--n-head", "2", "--block-size", "3", "--data", "data"}),
            expected);
  EXPECT_EQ(output_of({"train", "--edition=first", "--num_steps=60", "--n_embd", "4", "--n_head",
                       "2", "--block_size", "3", "--data=data"}),
            expected);
}

TEST_F(TrainTest, FirstEditionPrintsThePublishedNumbers) {
  MICROGPT_NEED_SHARED();
  const std::string out = output_of({"train", "--edition", "first", "--data", kNames});
  EXPECT_TRUE(
      out.starts_with("vocab size: 27, num docs: 32033\nnum params: 4064\n"
                      "step 1 / 1000 | loss 3.2627\n"));
  EXPECT_TRUE(
      out.ends_with("step 1000 / 1000 | loss 2.5186\n\n--- generation ---\n"
                    "sample 0: kallan\nsample 1: jamir\nsample 2: aylira\n"
                    "sample 3: janneh\nsample 4: akelia\n"
                    "mean loss last 50 steps: 2.3680\n"))
      << out.substr(out.size() - 200);
}

TEST_F(TrainTest, ByteOrderMarkIsALetterAsInPython) {
  MICROGPT_NEED_ORACLE();
  write_data(
      "\xef\xbb\xbf"
      "anna\nbob\n");
  const RunResult result = run({"train", "--data", "data", "--num-steps", "3"});
  EXPECT_EQ(result.out, oracle_stdout({"--num-steps", "3", "--data", folder_ / "data"}));
  EXPECT_TRUE(contains(result.err, "byte-order mark")) << result.err;
}

TEST_F(TrainTest, OneDocumentOrOneLetterIsEnough) {
  MICROGPT_NEED_ORACLE();
  for (const char* text : {"anna", "a\naa\naaa\n"}) {
    write_data(text);
    EXPECT_EQ(output_of({"train", "--data", "data", "--num-steps", "5"}),
              oracle_stdout({"--num-steps", "5", "--data", folder_ / "data"}));
  }
}

TEST_F(TrainTest, LongDocumentsAreMentioned) {
  write_data("abcde\nabcdef\nabcdefghij\n");  // with the end, 6, 7 and 11 predictions
  const RunResult result = run(tiny({}));
  EXPECT_TRUE(contains(result.err, "2 of 3 documents are too long for block_size 6")) << result.err;
  EXPECT_TRUE(contains(result.err, "--block-size 11 takes all")) << result.err;
  EXPECT_FALSE(contains(run(tiny({"--block-size", "11"})).err, "too long"));
}

TEST_F(TrainTest, Latin1IsReadWhenAskedFor) {
  write_data("Zo\xeb\n");
  EXPECT_TRUE(contains(run(tiny({})).err, "line 1"));
  EXPECT_TRUE(
      output_of(tiny({"--encoding", "latin-1"})).starts_with("num docs: 1\nvocab size: 4\n"));
}

TEST_F(TrainTest, QuietSaysNothing) {
  write_data();
  EXPECT_NE(run(tiny({})).err, "");
  EXPECT_EQ(run(tiny({"--quiet"})).err, "");
}

TEST_F(TrainTest, LogHasOneObjectForEachStep) {
  write_data();
  const std::string out = output_of(tiny({"--log", "log"}));
  std::istringstream lines(file("log"));
  int step = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    EXPECT_EQ(object["step"], ++step);
    char printed[64];
    std::snprintf(printed, sizeof printed, "step %4d /   30 | loss %.4f\n", step,
                  object["loss"].get<double>());
    EXPECT_TRUE(contains(out, printed)) << printed;
    EXPECT_EQ(object["learning_rate"], 0.01 * (1.0 - (step - 1) / 30.0));
    EXPECT_GT(object["tokens"], 0);
    EXPECT_GE(object["seconds"], 0);
  }
  EXPECT_EQ(step, 30);
}

TEST_F(TrainTest, DivergedRunSavesTheLastGoodStep) {
  write_data();
  const RunResult result = run(tiny({"--learning-rate", "1e200"}));
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "microgpt: step ")) << result.err;
  EXPECT_TRUE(contains(result.err, "diverged")) << result.err;
  if (exists("out/model.json")) {
    EXPECT_EQ(run({"info", "out"}).status, 0);
  }
}

TEST_F(TrainTest, GreedyAndFewSamples) {
  write_data();
  const std::string out = output_of(tiny({"--temperature", "0", "--num-samples", "3"}));
  const std::size_t first = out.find("sample  1: "), second = out.find("sample  2: ");
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(out.substr(first + 11, second - first - 11),
            out.substr(second + 11, second - first - 11));
  EXPECT_FALSE(contains(out, "sample  4"));
}

}  // namespace
}  // namespace microgpt
