// microgpt sample, info, eval, completion, man, and the help of all.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

// Each test has a small trained model in "out".
class CommandsTest : public CliTest {
 protected:
  void SetUp() override {
    write_data();
    output_of(tiny({}));
  }
};

TEST_F(CommandsTest, SampleCountsAndSeeds) {
  EXPECT_EQ(lines_of(output_of({"sample", "out"})).size(), 20u);
  EXPECT_EQ(lines_of(output_of({"sample", "out", "-n", "3"})).size(), 3u);
  EXPECT_EQ(output_of({"sample", "out", "-n", "0"}), "");
  const std::string seven = output_of({"sample", "out", "--seed", "7"});
  EXPECT_EQ(output_of({"sample", "out", "--seed", "7"}), seven);
  EXPECT_NE(output_of({"sample", "out", "--seed", "8"}), seven);
  EXPECT_NE(output_of({"sample", "out"}), seven);
  // A lone model has no stream to go on with.
  EXPECT_EQ(output_of({"sample", "out/model.json"}), output_of({"sample", "out", "--seed", "42"}));
}

TEST_F(CommandsTest, SampleIsSteered) {
  for (const std::string& line : lines_of(output_of({"sample", "out", "--prefix", "an"}))) {
    EXPECT_TRUE(line.starts_with("an")) << line;
  }
  const auto greedy = lines_of(output_of({"sample", "out", "--temperature", "0"}));
  EXPECT_EQ(greedy.front(), greedy.back());
  EXPECT_EQ(lines_of(output_of({"sample", "out", "--top-k", "1"})), greedy);
  EXPECT_EQ(lines_of(output_of({"sample", "out", "--top-p", "0.0001"})), greedy);
  EXPECT_EQ(run({"sample", "out", "--top-p", "0"}).status, 1);
  EXPECT_EQ(run({"sample", "out", "--top-k", "-1"}).status, 1);
}

TEST_F(CommandsTest, SampleAsJson) {
  const auto plain = lines_of(output_of({"sample", "out", "--prefix", "b"}));
  const auto lines = lines_of(output_of({"sample", "out", "--prefix", "b", "--json"}));
  ASSERT_EQ(lines.size(), plain.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json sample = Json::parse(lines[i]);
    EXPECT_EQ(sample["text"], plain[i]);
    std::string text = "b";
    double log_probability = 0;
    for (const Json& token : sample["tokens"]) {
      text += token["text"].get<std::string>();
      log_probability += std::log(token["probability"].get<double>());
    }
    EXPECT_EQ(text, plain[i]);
    EXPECT_NEAR(sample["log_probability"].get<double>(), log_probability, 1e-9);
    EXPECT_EQ(sample["complete"].get<bool>(), sample["tokens"].back()["text"] == "");
  }
}

// Name i of a seed is the same however many are asked for, and by engines that agree.
TEST_F(CommandsTest, SampleFromStreamsOfTheirOwn) {
  const auto names = [&](const std::string& engine, const std::string& count, Arguments more = {}) {
    more.insert(more.begin(), {"sample", "out", "--engine", engine, "-n", count});
    return output_of(more);
  };
  const std::string own = names("exact", "20", {"--own-streams"});
  EXPECT_TRUE(own.starts_with(names("exact", "7", {"--own-streams"})));
  EXPECT_NE(own, names("exact", "20"));
  EXPECT_EQ(own, names("reference", "20", {"--own-streams"}));
  EXPECT_EQ(own, names("cpu", "20", {"--own-streams"}));
  EXPECT_EQ(own, names("cpu", "20", {"--seed", "42"}));
  std::string texts;
  for (const std::string& line : lines_of(names("exact", "20", {"--own-streams", "--json"}))) {
    texts += Json::parse(line)["text"].get<std::string>() + "\n";
  }
  EXPECT_EQ(texts, own);
}

TEST_F(CommandsTest, ManySamplesTakeNoMoreMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers hold on to memory";
  const RunResult few = run({"sample", "out", "-n", "10"});
  const RunResult many = run({"sample", "out", "-n", "20000"});
  EXPECT_EQ(lines_of(many.out).size(), 20000u);
  EXPECT_LT(many.peak_mib, few.peak_mib + 4);
}

TEST_F(CommandsTest, InfoOfTheDefaultModel) {
  MICROGPT_NEED_SHARED();
  output_of({"train", "--data", kNames, "--num-steps", "1", "--out", "big"});
  const std::string table = output_of({"info", "big"});
  for (const char* row : {"wte                       27 x 16                  432",
                          "wpe                       16 x 16                  256",
                          "layer0.mlp_fc2            16 x 64                1,024",
                          "total                                            4,192",
                          "abcdefghijklmnopqrstuvwxyz", "1 of 1 steps"}) {
    EXPECT_TRUE(contains(table, row)) << row << "\n" << table;
  }
  const Json info = Json::parse(output_of({"info", "big", "--json"}));
  EXPECT_EQ(info["num_params"], 4192);
  std::size_t sum = 0;
  for (const Json& tensor : info["parameters"]) sum += tensor["count"].get<std::size_t>();
  EXPECT_EQ(sum, 4192u);
  EXPECT_EQ(info["config"]["vocab_size"], 27);
  EXPECT_EQ(info["tokenizer"]["uchars"].size(), 26u);
  EXPECT_EQ(info["provenance"]["step"], 1);
  EXPECT_TRUE(contains(table, info["params_sha256"].get<std::string>()));
}

TEST_F(CommandsTest, ParametersAreThoseOfPython) {
  MICROGPT_NEED_ORACLE();
  const RunResult python =
      run_program({.command = {"python3", kShared + "/oracle/run.py", "--no-params", "--data",
                               folder_ / "data", "--num-steps", "5"}});
  output_of({"train", "--data", "data", "--num-steps", "5"});
  EXPECT_EQ(Json::parse(output_of({"info", "out", "--json"}))["params_sha256"],
            Json::parse(python.out)["params_sha256"]);
}

TEST_F(CommandsTest, InfoEscapesControlCharacters) {
  write_data("a\x1b[31mb\n");
  output_of(tiny({"--out", "escape"}));
  const std::string table = output_of({"info", "escape"});
  EXPECT_FALSE(contains(table, "\x1b"));
  EXPECT_TRUE(contains(table, "\\x1b")) << table;
}

TEST_F(CommandsTest, EvalMeasures) {
  const Json eval = Json::parse(output_of({"eval", "out", "--data", "data", "--json"}));
  EXPECT_EQ(eval["documents"], 5);
  EXPECT_EQ(eval["truncated"], 0);
  EXPECT_EQ(eval["tokens"], 23);
  EXPECT_EQ(eval["characters"], 18);
  const double loss = eval["loss_per_token"];
  EXPECT_NEAR(eval["perplexity"].get<double>(), std::exp(loss), 1e-9);
  EXPECT_NEAR(eval["loss_per_document"].get<double>(), loss * 23 / 5, 1e-9);
  EXPECT_NEAR(eval["bits_per_character"].get<double>(), loss * 23 / 18 / std::log(2.0), 1e-9);
  EXPECT_NEAR(eval["uniform_loss"].get<double>(), std::log(11.0), 1e-12);
  EXPECT_LT(loss, eval["uniform_loss"].get<double>());
  char row[64];
  std::snprintf(row, sizeof row, "model %25.4f", loss);
  const std::string table = output_of({"eval", "out", "--data", "data"});
  EXPECT_TRUE(contains(table, row)) << table << row;
  EXPECT_TRUE(contains(table, "documents           5, 0 of them cut")) << table;
  put_file(folder_ / "long", "annabobcarla\nbob\n");
  EXPECT_EQ(Json::parse(output_of({"eval", "out", "--data", "long", "--json"}))["truncated"], 1);
}

TEST_F(CommandsTest, HelpTeaches) {
  EXPECT_TRUE(output_of({"--version"}).starts_with("microgpt "));
  EXPECT_TRUE(contains(output_of({"--help"}), "Examples:"));
  for (const char* command :
       {"train", "sample", "info", "eval", "export", "bench", "completion", "man"}) {
    const std::string help = output_of({command, "--help"});
    EXPECT_TRUE(contains(help, "Examples:\n  microgpt ") || contains(help, "Examples:\n  source"))
        << help;
    EXPECT_EQ(output_of({command, "-h"}), help);
    EXPECT_TRUE(contains(output_of({"--help"}), std::string("\n  ") + command + " "));
  }
  EXPECT_TRUE(contains(output_of({"train", "--help"}), "(default 16; first edition 8)"));
}

// What bash offers for the last of some words, one a line.
class CompletionTest : public CliTest {
 protected:
  std::string complete(const std::string& words) const {
    put_file(folder_ / "script", output_of({"completion", "bash"}));
    const RunResult result =
        run_program({.command = {"bash", "-c",
                                 "source ./script; COMP_WORDS=(microgpt " + words +
                                     "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _microgpt; "
                                     "printf '%s\\n' \"${COMPREPLY[@]}\""},
                     .folder = folder_.path()});
    EXPECT_EQ(result.err, "");
    return result.out;
  }
};

TEST_F(CompletionTest, Bash) {
  put_file(folder_ / "my data", "");
  std::filesystem::create_directory(folder_ / "my folder");
  EXPECT_EQ(complete("tra"), "train\ntrace\n");
  EXPECT_TRUE(contains(complete("''"), "completion\n"));
  EXPECT_EQ(complete("train --edi"), "--edition\n");
  EXPECT_EQ(complete("train --edition ''"), "final\nfirst\n");
  EXPECT_EQ(complete("train --edition = fi"), "final\nfirst\n");
  EXPECT_EQ(complete("train --edition ="), "final\nfirst\n");
  EXPECT_EQ(complete("train --encoding l"), "latin-1\n");
  EXPECT_EQ(complete("train --n-embd ''"), "\n");
  EXPECT_EQ(complete("train --data my"), "my data\nmy folder\n");
  EXPECT_EQ(complete("train --data emb"), "embedded\n");
  EXPECT_EQ(complete("train --out my"), "my folder\n");
  EXPECT_EQ(complete("sample my"), "my data\nmy folder\n");
  EXPECT_EQ(complete("completion ''"), "bash\nzsh\nfish\n");
  EXPECT_EQ(complete("unknown ''"), "\n");
}

TEST_F(CompletionTest, ScriptsParseAndNameEachFlag) {
  const std::string help = output_of({"train", "--help"});
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = output_of({"completion", shell});
    for (const std::string& line : lines_of(help)) {
      if (!line.starts_with("  --")) continue;
      const std::string flag = line.substr(4, line.find(' ', 4) - 4);
      EXPECT_TRUE(contains(script, flag)) << shell << " " << flag;
    }
    put_file(folder_ / "script", script);
    RunOptions check{.command = {shell, "-n", "script"}, .folder = folder_.path()};
    if (run_program({.command = {"sh", "-c", std::string("command -v ") + shell}}).status != 0) {
      continue;
    }  // this shell is not here
    const RunResult result = run_program(check);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(CompletionTest, ManualPage) {
  put_file(folder_ / "microgpt.1", output_of({"man"}));
  if (run_program({.command = {"sh", "-c", "command -v groff"}}).status != 0) {
    GTEST_SKIP() << "groff is not there";
  }
  const RunResult page =
      run_program({.command = {"groff", "-man", "-Tascii", "-ww", "-P-cbou", "microgpt.1"},
                   .folder = folder_.path()});
  EXPECT_EQ(page.status, 0);
  EXPECT_EQ(page.err, "");
  for (const char* text : {"EXIT STATUS", "--learning-rate X", "microgpt sample MODEL [options]",
                           "MICROGPT_NAMES_URL", "'s decay of the mean"}) {
    EXPECT_TRUE(contains(page.out, text)) << text << "\n" << page.out;
  }
}

}  // namespace
}  // namespace microgpt
