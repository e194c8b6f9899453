// microgpt bench: what it prints, not what it measures.
#include <gtest/gtest.h>

#include <csignal>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

class BenchTest : public CliTest {
 protected:
  // The shortest measurement, made once for all tests.
  Json measured() const {
    static const std::string text = output_of({"bench", "--quick", "--rounds", "1", "--json"});
    return Json::parse(text);
  }
};

TEST_F(BenchTest, JsonAddsUp) {
  const Json bench = measured();
  EXPECT_EQ(bench["format"], "microgpt-bench-v1");
  EXPECT_EQ(bench["rounds"], 1);
  EXPECT_GT(bench["peaks"][0]["float32_flops"], bench["peaks"][0]["float64_flops"]);
  EXPECT_GT(bench["peaks"][0]["memory_bytes_per_second"].get<double>(), 1e8);
  ASSERT_GE(bench["training"].size(), 3u);
  for (const Json& row : bench["training"]) {
    ASSERT_FALSE(row.contains("too_slow")) << row;
    const Json& us = row["us_per_step"];
    EXPECT_GT(us["min"].get<double>(), 0);
    EXPECT_LE(us["min"], us["median"]);
    EXPECT_LE(us["median"], us["max"]);
    // Names have 7 to 8 tokens, 4,192 parameters 6 operations each and a few for attention.
    const double tokens = row["tokens_per_second"].get<double>() * us["median"].get<double>() /
                          1e6 / row["batch"].get<double>();
    EXPECT_GT(tokens, 6.5);
    EXPECT_LT(tokens, 8.5);
    const double operations = row["flops"].get<double>() / row["tokens_per_second"].get<double>();
    EXPECT_NEAR(operations, 6 * 4192 + 12 * 16 * tokens, 1);
  }
  for (const Json& row : bench["sampling"]) EXPECT_GT(row["us_per_name"]["min"].get<double>(), 0);
}

TEST_F(BenchTest, ComparesRowsOfTheSameName) {
  Json saved = measured();
  for (Json& row : saved["training"]) {
    row["us_per_step"]["median"] = row["us_per_step"]["median"].get<double>() * 1e6;
  }
  saved["sampling"][0]["engine"] = "another";
  put_file(folder_ / "before", saved.dump());
  const RunResult result = run({"bench", "--quick", "--rounds", "1", "--compare", "before"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const std::size_t begin = result.out.find("\ndefault") + 1;
  const std::string row = result.out.substr(begin, result.out.find('\n', begin) - begin);
  const double ratio = std::stod(row.substr(row.rfind(' ')));
  EXPECT_GT(ratio, 1e4) << result.out;
  EXPECT_LT(ratio, 1e8) << result.out;
  EXPECT_TRUE(contains(result.out, "      -\n")) << result.out;
  saved["processor"] = "a faster one";
  put_file(folder_ / "before", saved.dump());
  EXPECT_TRUE(contains(run({"bench", "--quick", "--rounds", "1", "--compare", "before"}).err,
                       "before: another processor, \"a faster one\" there and "));
}

TEST_F(BenchTest, Errors) {
  const auto error_of = [&](const Arguments& arguments, int status) {
    const RunResult result = run(arguments);
    EXPECT_EQ(result.status, status);
    return result.err;
  };
  EXPECT_TRUE(contains(error_of({"bench", "--rounds", "0"}, 2), "expected 1 to 1000, got 0"));
  EXPECT_TRUE(contains(error_of({"bench", "--rounds", "many"}, 2), "--rounds: not a whole number"));
  EXPECT_TRUE(contains(error_of({"bench", "--compare", "absent"}, 1), "absent: can't be read"));
  EXPECT_TRUE(contains(error_of({"bench", "--compare", "absent", "--json"}, 2),
                       "--compare: shows ratios in a table, expected no --json with it"));
  for (const char* text : {"", "{", "[]", "{\"format\": 7}"}) {
    put_file(folder_ / "before", text);
    EXPECT_TRUE(contains(error_of({"bench", "--compare", "before"}, 1),
                         "before: expected what microgpt bench --json printed"));
  }
}

TEST_F(BenchTest, StopsWhenInterrupted) {
  const RunResult result = interrupt({"bench", "--rounds", "1000"}, SIGINT);
  EXPECT_EQ(result.status, 130);
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace microgpt
