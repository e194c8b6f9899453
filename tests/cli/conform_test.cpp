// microgpt conform.
#include <gtest/gtest.h>

#include <sstream>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

const Arguments kTiny = {"--data", "data", "--n-embd", "4", "--n-head", "2", "--block-size", "6"};

class ConformTest : public CliTest {
 protected:
  void SetUp() override { write_data(); }

  // Checks a log against the tiny training, in which microgpt's own output is right.
  RunResult check(const std::string& log, Arguments more = {}) const {
    Arguments arguments = {"conform", "check", "log"};
    arguments.insert(arguments.end(), kTiny.begin(), kTiny.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    put_file(folder_ / "log", log);
    return run(arguments);
  }

  void expect_refused(const std::string& log, int status, const std::string& message) const {
    const RunResult result = check(log, {"--num-steps", "30"});
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_TRUE(contains(result.err, message)) << result.err;
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(ConformTest, OwnOutputIsRight) {
  const RunResult printed = check(output_of(tiny({"--log", "run.jsonl"})));
  EXPECT_EQ(printed.status, 0);
  EXPECT_TRUE(contains(printed.out, "right as far as it was printed, 4 decimals")) << printed.out;
  EXPECT_TRUE(contains(printed.out, "prove little")) << printed.out;
  const RunResult all = check(file("run.jsonl"));
  EXPECT_EQ(all.status, 0);
  EXPECT_TRUE(contains(all.out, "right in every bit")) << all.out;
}

TEST_F(ConformTest, TheFirstEditionsOutputIsRight) {
  const std::string log = output_of(tiny({"--edition", "first"}));
  const RunResult result = check(log, {"--recipe", "first"});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_TRUE(contains(result.out, "30 numbers and 5 samples compared"))
      << result.out;  // 5 of them samples
  EXPECT_EQ(check(log, {}).status, 3);
}

TEST_F(ConformTest, AWrongRunIsToldItsMistake) {
  const std::string log = output_of(tiny({"--beta1", "0.9", "--beta2", "0.95"}));
  const RunResult text = check(log);
  EXPECT_EQ(text.status, 3);
  EXPECT_TRUE(contains(text.out, "wrong\n")) << text.out;
  EXPECT_TRUE(contains(text.out, "step 4, loss\n")) << text.out;
  EXPECT_TRUE(contains(text.out, "betas-first: ")) << text.out;
  const RunResult json = check(log, {"--json"});
  EXPECT_EQ(json.status, 3);
  const Json verdict = Json::parse(json.out);
  EXPECT_EQ(verdict["answer"], "wrong");
  EXPECT_EQ(verdict["first"]["name"], "step4.loss");
  EXPECT_EQ(verdict["causes"][0]["id"], "betas-first");
  EXPECT_EQ(check(log, {"--beta1", "0.9", "--beta2", "0.95"}).status, 0);
}

TEST_F(ConformTest, StandardInputIsALog) {
  RunOptions options = this->options({"conform", "check", "-", "--data", "data"});
  options.input = "3.5\n";
  const RunResult result = run_program(options);
  EXPECT_EQ(result.status, 3) << result.err;
}

TEST_F(ConformTest, PortsWithTheirOwnGenerator) {
  const RunResult right =
      check(output_of(tiny({"--seed", "7000"})), {"--own-rng", "--seeds", "100"});
  EXPECT_EQ(right.status, 0) << right.out;
  EXPECT_TRUE(contains(right.out, "plausible")) << right.out;
  const RunResult wrong =
      check(output_of(tiny({"--learning-rate", "0.5"})), {"--own-rng", "--seeds", "100", "--json"});
  EXPECT_EQ(wrong.status, 3) << wrong.out;
  EXPECT_EQ(Json::parse(wrong.out)["answer"], "wrong");
  EXPECT_EQ(check("2.5\n", {"--own-rng", "--seeds", "99"}).status, 2);
  EXPECT_EQ(check("2.5\n", {"--own-rng", "--seeds", "100001"}).status, 2);
  EXPECT_EQ(check("2.5\n", {"--seeds", "200"}).status, 2);
}

TEST_F(ConformTest, OtherSamplesOrNamesAreNotSimplyRight) {
  std::string log = output_of(tiny({}));
  const std::size_t at = log.find("sample  1: ") + 11;
  const RunResult samples = check(log.insert(at, "z"));
  EXPECT_EQ(samples.status, 3);
  EXPECT_TRUE(
      samples.out.starts_with("losses right as far as it was printed, 4 decimals; the "
                              "samples are others: another random stream, or a mistake"))
      << samples.out;
  EXPECT_TRUE(contains(samples.out, "No mistake of the catalogue gives these samples"))
      << samples.out;
  const RunResult names = check(R"({"samples": [], "init": {"wta": [1], "wte": [1]}})");
  EXPECT_EQ(names.status, 3);
  EXPECT_TRUE(contains(names.out,
                       "wrong; but 1 name in the log is none of the run's, the first "
                       "is init.wta"))
      << names.out;
  EXPECT_EQ(check(R"({"init": {"wta": [1]}})").status, 1);
}

TEST_F(ConformTest, OptionsOfCheckAloneAreRefused) {
  for (const Arguments& more : std::vector<Arguments>{
           {"--n-layer", "2"}, {"--recipe", "first"}, {"--seeds", "200"}, {"--own-rng"}}) {
    Arguments vectors = {"conform", "vectors", "v", "--data", "data"},
              list = {"conform", "mistakes"};
    vectors.insert(vectors.end(), more.begin(), more.end());
    list.insert(list.end(), more.begin(), more.end());
    EXPECT_EQ(run(vectors).status, 2) << more[0];
    EXPECT_EQ(run(list).status, 2) << more[0];
  }
  EXPECT_EQ(run({"conform", "vectors", "v", "--data", "data", "--json"}).status, 2);
  EXPECT_EQ(run({"conform", "mistakes", "junk"}).status, 2);
}

TEST_F(ConformTest, VectorsAreWrittenAndRead) {
  EXPECT_TRUE(
      contains(output_of({"conform", "vectors", "v", "--data", "data"}), "bytes of vectors"));
  const RunResult result =
      run({"conform", "check", "v/two_layers.json", "--vectors", "v/two_layers.json"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "right in every bit")) << result.out;
  EXPECT_EQ(
      run({"conform", "check", "v/final.json", "--vectors", "v/final.json", "--data", "embedded"})
          .status,
      1);
  put_file(folder_ / "taken", "");
  EXPECT_EQ(run({"conform", "vectors", "taken/v", "--data", "data"}).status, 1);
}

TEST_F(ConformTest, TheCatalogueIsListed) {
  const Json mistakes = Json::parse(output_of({"conform", "mistakes", "--json"}));
  EXPECT_GT(mistakes.size(), 60u);
  const std::string text = output_of({"conform", "mistakes"});
  for (const Json& mistake : mistakes) {
    EXPECT_TRUE(contains(text, mistake["id"].get<std::string>() + "\n  "));
  }
}

TEST_F(ConformTest, WhatCantBeReadIsRefused) {
  expect_refused("", 1, "log: empty, expected losses");
  expect_refused(
      "\x7f"
      "ELF\x02\x01\x01",
      1, "log:1: ");
  expect_refused(std::string("\0\1\2", 3), 1, "log: binary");
  expect_refused("{\"losses\": [3.2, ", 1, "log: not JSON");
  expect_refused("loss=3.2\n", 1, "no format that is known");
  expect_refused("step 1 / 30 | loss 3.2\nstep 1 / 30 | loss 3.2\n", 1,
                 "log:2: step 1 after step 1");
  expect_refused("31 3.2\n", 1, "step 31, expected at most 30");
  EXPECT_EQ(run({"conform", "check", "absent"}).status, 1);
  EXPECT_EQ(run({"conform", "check", "."}).status, 1);
  EXPECT_EQ(run({"conform", "check"}).status, 2);
  EXPECT_EQ(run({"conform", "prove", "log"}).status, 2);
  EXPECT_EQ(run({"conform", "check", "log", "--recipe", "second"}).status, 2);
  EXPECT_EQ(run({"conform", "check", "log", "--n-head", "3"}).status, 2);
}

}  // namespace
}  // namespace microgpt
