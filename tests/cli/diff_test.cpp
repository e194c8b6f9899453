// microgpt diff: runs in all their forms, what it says, and its status.
#include <gtest/gtest.h>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;

constexpr int kSame = 0, kError = 1, kUsage = 2, kDifferent = 3;

class DiffCommandTest : public CliTest {
 protected:
  void SetUp() override {
    write_data();
    train("out", {});
  }

  void train(const std::string& name, Arguments more) const {
    more.insert(more.end(), {"--out", name, "--log", name + ".log"});
    put_file(folder_ / (name + ".txt"), output_of(tiny(more)));
  }

  void write_settings(const std::string& name, Arguments more) const {
    more.push_back("--print-config");
    put_file(folder_ / name, output_of(tiny(more)));
  }

  RunResult diff(const std::string& a, const std::string& b, Arguments more = {}) const {
    more.insert(more.begin(), {"diff", a, b});
    return run(more);
  }

  Json json_of(const std::string& a, const std::string& b, int status, Arguments more = {}) const {
    more.push_back("--json");
    const RunResult result = diff(a, b, more);
    EXPECT_EQ(result.status, status) << result.err;
    return Json::parse(result.out, nullptr, false);
  }

  // What a setting changes first, by the program's word.
  void expect_reason(const std::string& flag, const std::string& value, int step,
                     const std::string& path) const {
    write_settings("other.json", {flag, value});
    const Json json = json_of("out", "other.json", kDifferent);
    EXPECT_EQ(json["first_difference"]["step"], step) << flag;
    EXPECT_TRUE(contains(json["first_difference"]["path"], path)) << json["first_difference"];
    std::string key = flag.substr(2);
    for (char& c : key) c = c == '-' ? '_' : c;
    ASSERT_FALSE(json["settings"].empty()) << flag;
    EXPECT_EQ(json["settings"][0]["key"], key);
    EXPECT_EQ(json["settings"][0]["explains"], true) << flag;
  }
};

TEST_F(DiffCommandTest, EveryFormOfARunIsTheSame) {
  write_settings("settings.json", {});
  for (const char* b : {"out", "out/model.json", "settings.json", "out.log", "out.txt"}) {
    const RunResult result = diff("out", b);
    EXPECT_EQ(result.status, kSame) << b << result.out << result.err;
    EXPECT_TRUE(contains(result.out, "\nThe same ")) << result.out;
    EXPECT_TRUE(contains(result.out, "30 steps")) << result.out;
  }
  EXPECT_EQ(diff("out.txt", "out.log").status, kSame);
}

TEST_F(DiffCommandTest, SettingsExplainWhatTheyChange) {
  expect_reason("--seed", "43", 1, "tokens[");
  expect_reason("--init-std", "0.09", 1, "wte[0][0]");
  expect_reason("--n-layer", "2", 1, "layer1.attn_wq[0][0]");
  expect_reason("--n-head", "1", 1, "pos0.layer0.head0.dots[0]");
  expect_reason("--activation", "relu2", 1, "pos0.layer0.mlp_act[");
  expect_reason("--learning-rate", "0.02", 1, "adam.wte.update[");
  expect_reason("--beta1", "0.9", 1, "adam.wte.m[");
  expect_reason("--beta2", "0.999", 1, "adam.wte.v[");
  expect_reason("--eps-adam", "1e-7", 1, "adam.wte.update[");
  expect_reason("--optimizer", "sgd", 1, "adam.wte.update[");
  expect_reason("--schedule", "constant", 2, "adam.wte.update[");
  expect_reason("--num-steps", "31", 2, "adam.wte.update[");
  expect_reason("--edition", "first", 1, "tokens[0]");
  expect_reason("--engine", "cpu", 1, "wte[0][0]");
}

TEST_F(DiffCommandTest, ADifferenceIsToldWithItsPlaceAndReason) {
  write_settings("other.json", {"--learning-rate", "0.02"});
  const RunResult result = diff("out", "other.json");
  EXPECT_EQ(result.status, kDifferent);
  for (const char* part :
       {"Different from step 1 on: adam.wte.update[", "line 181 of microgpt.py",
        "src/reference/adam.h:31", "because  learning_rate is 0.01 in A and 0.02 in B\n",
        "at all             step 2: "}) {
    EXPECT_TRUE(contains(result.out, part)) << part << "\n" << result.out;
  }
}

TEST_F(DiffCommandTest, SettingsThatCannotShowYetComeAfterThoseThatDo) {
  write_settings("other.json", {"--learning-rate", "0.02", "--init-std", "0.09"});
  const RunResult result = diff("out", "other.json");
  EXPECT_TRUE(contains(result.out,
                       "because  init_std is 0.08 in A and 0.09 in B\n"
                       "besides  learning_rate is 0.01 in A and 0.02 in B\n"))
      << result.out;
}

TEST_F(DiffCommandTest, EnginesWithPythonsBitsAreTheSame) {
  train("reference", {"--engine", "reference"});
  const Json json = json_of("out", "reference", kSame);
  EXPECT_EQ(json["first_difference"], nullptr);
  EXPECT_EQ(json["steps_compared"], 30);
  EXPECT_EQ(json["settings"][0]["key"], "engine");
  EXPECT_EQ(json["settings"][0]["explains"], false);
}

TEST_F(DiffCommandTest, OtherDataIsTheReason) {
  put_file(folder_ / "more", file("data") + "fay\n");
  write_settings("other.json", {"--data", "more"});
  const Json json = json_of("out", "other.json", kDifferent);
  EXPECT_EQ(json["first_difference"]["stage"], "tokens");
  EXPECT_EQ(json["settings"][0]["key"], "data");
  EXPECT_EQ(json["settings"][0]["explains"], true);
}

TEST_F(DiffCommandTest, StepsBoundTheComparison) {
  write_settings("other.json", {"--num-steps", "31"});
  EXPECT_EQ(json_of("out", "other.json", kSame, {"--steps", "1"})["steps_compared"], 1);
  EXPECT_EQ(json_of("out", "other.json", kDifferent, {"--steps", "2"})["steps_compared"], 2);
}

TEST_F(DiffCommandTest, APausedRunIsTheSameAsFarAsItGoes) {
  train("part", {"--stop-after", "12"});
  const RunResult result = diff("out", "part");
  EXPECT_EQ(result.status, kSame);
  EXPECT_TRUE(contains(result.out, "of 12 steps.\nA goes on to step 30.\n")) << result.out;
}

// It is a log by its keys, not by words that stand somewhere in it.
TEST_F(DiffCommandTest, AKeyTellsALog) {
  put_file(folder_ / "log.json", "{\"losses\" : [3.25, 2.5]}");
  EXPECT_EQ(run({"diff", "log.json", "log.json", "--json"}).status, 0);
  put_file(folder_ / "settings.json", R"({"out": "\"losses\":"})");
  const RunResult result =
      run({"diff", "settings.json", "settings.json", "--json", "--data", "data"});
  EXPECT_TRUE(contains(result.out, "\"kind\": \"settings\"")) << result.err;
}

// One number in a model.json that its settings do not make.
TEST_F(DiffCommandTest, AChangedFileIsFound) {
  Json model = Json::parse(file("out/model.json"));
  double& weight = model["state_dict"]["wpe"][2][3].get_ref<double&>();
  const double made = weight;
  weight += 1e-9;
  put_file(folder_ / "changed.json", model.dump());
  const Json json = json_of("out", "changed.json", kDifferent);
  EXPECT_EQ(json["first_difference"], nullptr);
  ASSERT_EQ(json["not_as_replayed"].size(), 1u);
  const Json& file = json["not_as_replayed"][0];
  EXPECT_EQ(file["file"], "changed.json");
  EXPECT_EQ(file["difference"]["path"], "wpe[2][3]");
  EXPECT_EQ(file["difference"]["a"], made);
  EXPECT_EQ(file["difference"]["b"], made + 1e-9);
  const RunResult both = diff("changed.json", "changed.json");
  EXPECT_EQ(both.status, kSame);  // with each other
  EXPECT_TRUE(contains(both.out, "changed.json is not what its settings make in 30 steps"));
}

TEST_F(DiffCommandTest, LogsAreComparedAsPrinted) {
  const std::string text = file("out.txt");
  std::string wrong = text;
  const std::size_t at =
      wrong.find("step    7 /") + std::string("step    7 /   30 | loss 1.234").size();
  wrong[at] = wrong[at] == '5' ? '6' : '5';
  put_file(folder_ / "wrong.txt", wrong);
  const Json json = json_of("wrong.txt", "out", kDifferent);
  EXPECT_EQ(json["compared"], "losses");
  EXPECT_EQ(json["first_loss"]["step"], 7);
  EXPECT_EQ(json["runs"][0]["decimals"], 4);
  EXPECT_EQ(json["runs"][1]["kind"], "folder");

  const std::string log = file("out.log");
  put_file(folder_ / "cut.log", log.substr(0, log.find("{\"step\": 9,") + 20));
  EXPECT_EQ(json_of("out", "cut.log", kSame)["steps_compared"], 8);
}

TEST_F(DiffCommandTest, DataCanHaveMoved) {
  std::filesystem::rename(folder_ / "data", folder_ / "moved");
  const RunResult gone = diff("out", "out");
  EXPECT_EQ(gone.status, kError);
  EXPECT_TRUE(contains(gone.err, "the data of this run can't be had")) << gone.err;
  EXPECT_TRUE(contains(gone.err, "--data FILE says where it is")) << gone.err;
  EXPECT_EQ(diff("out", "out", {"--data", "moved"}).status, kSame);
  put_file(folder_ / "data", "anna\nother\n");
  EXPECT_TRUE(contains(diff("out", "out").err, "is another file, expected SHA-256"));
  EXPECT_EQ(diff("out", "out", {"--data", "moved"}).status, kSame);
}

TEST_F(DiffCommandTest, OtherFilesAreErrors) {
  Json model = Json::parse(file("out/model.json"));
  model.erase("provenance");
  put_file(folder_ / "bare.json", model.dump());
  put_file(folder_ / "cut.json", file("out/model.json").substr(0, 3000));
  put_file(folder_ / "other.json", "{\"a\": 1}");
  put_file(folder_ / "empty", "");
  put_file(folder_ / "late.log", "40 3.1\n");
  std::filesystem::create_directory(folder_ / "folder");
  const auto expect_error = [&](const std::string& b, const std::string& part) {
    const RunResult result = diff("out", b);
    EXPECT_EQ(result.status, kError) << b;
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, part)) << result.err;
  };
  expect_error("bare.json", "bare.json: does not say how it was trained");
  expect_error("cut.json", "cut.json: not JSON");
  expect_error("other.json", "other.json: unknown key 'a'");
  expect_error("empty", "empty: empty, expected losses");
  expect_error("data", "data:1: no format that is known");
  expect_error("nothing", "nothing: can't be read, No such file");
  expect_error("folder", "folder/model.json");
  expect_error("late.log", "no step in common");
}

TEST_F(DiffCommandTest, WrongUsage) {
  EXPECT_EQ(run({"diff", "out"}).status, kUsage);
  EXPECT_EQ(diff("out", "out", {"--steps", "-1"}).status, kUsage);
  EXPECT_EQ(diff("out", "out", {"--steps", "many"}).status, kUsage);
}

}  // namespace
}  // namespace microgpt
