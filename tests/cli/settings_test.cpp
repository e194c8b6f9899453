// Settings: from flags, from a file, and back.
#include <gtest/gtest.h>

#include <map>

#include "cli/cli_test.h"

namespace microgpt {
namespace {

using Json = nlohmann::json;
using SettingsTest = CliTest;

// A value other than the default for each setting.
const std::map<std::string, Json>& other_values() {
  static const std::map<std::string, Json> values = {{"edition", "first"},
                                                     {"n_embd", 8},
                                                     {"n_head", 2},
                                                     {"n_layer", 3},
                                                     {"block_size", 5},
                                                     {"activation", "relu2"},
                                                     {"init_std", 0.1},
                                                     {"seed", 18446744073709551615u},
                                                     {"num_steps", 7},
                                                     {"learning_rate", 0.30000000000000004},
                                                     {"schedule", "constant"},
                                                     {"optimizer", "sgd"},
                                                     {"beta1", 0.5},
                                                     {"beta2", 0.25},
                                                     {"eps_adam", 5e-324},
                                                     {"batch_size", 2},
                                                     {"grad_accum", 3},
                                                     {"engine", "reference"},
                                                     {"threads", 1000},
                                                     {"num_samples", 3},
                                                     {"temperature", 0.75},
                                                     {"data", "some file"},
                                                     {"encoding", "latin-1"},
                                                     {"sequences", "windows"},
                                                     {"tokens", "grapheme"},
                                                     {"out", "else\u00e9"},
                                                     {"save_every", 4},
                                                     {"stop_after", 6},
                                                     {"log", "log"},
                                                     {"quiet", true}};
  return values;
}

std::string flag_of(std::string key) {
  for (char& c : key) {
    if (c == '_') c = '-';
  }
  return "--" + key;
}

// As in Python's argparse.
TEST_F(SettingsTest, TheLastOfRepeatedFlagsCounts) {
  EXPECT_EQ(output_of({"train", "--print-config", "--seed", "1", "--seed", "2"}),
            output_of({"train", "--print-config", "--seed", "2"}));
}

// What --print-config prints can be run.
TEST_F(SettingsTest, PrintConfigRefusesWhatTrainRefuses) {
  const RunResult result = run({"train", "--print-config", "--n-embd", "15"});
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(contains(result.err, "n_head: does not divide n_embd")) << result.err;
}

TEST_F(SettingsTest, EachFromItsFlagAndFromTheFile) {
  const Json defaults = Json::parse(output_of({"train", "--print-config"}));
  for (const auto& [key, value] : defaults.items()) {
    ASSERT_TRUE(other_values().contains(key)) << key;
    const Json other = other_values().at(key);
    const std::string text = other.is_string() ? other.get<std::string>() : other.dump();
    Arguments flag = {"train", "--print-config", flag_of(key)};
    if (!other.is_boolean()) flag.push_back(text);
    EXPECT_EQ(Json::parse(output_of(flag))[key], other) << key;
    Arguments underscores = {"train", "--print-config", "--" + key + "=" + text};
    EXPECT_EQ(Json::parse(output_of(underscores))[key], other) << key;
    put_file(folder_ / "c", Json{{key, other}}.dump());
    const Json from_file = Json::parse(output_of({"train", "--print-config", "--config", "c"}));
    EXPECT_EQ(from_file[key], other) << key;
  }
  EXPECT_EQ(defaults.size(), other_values().size());
}

TEST_F(SettingsTest, PrintedConfigIsReadBack) {
  Arguments all = {"train", "--print-config"};
  for (const auto& [key, value] : other_values()) {
    all.push_back(flag_of(key));
    if (value.is_boolean()) continue;
    all.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  const std::string printed = output_of(all);
  EXPECT_EQ(Json::parse(printed), Json(other_values()));
  put_file(folder_ / "c", printed);
  EXPECT_EQ(output_of({"train", "--config", "c", "--print-config"}), printed);
  RunOptions piped = options({"train", "--config", "/dev/stdin", "--print-config"});
  piped.input = printed;
  EXPECT_EQ(run_program(piped).out, printed);
}

TEST_F(SettingsTest, FlagsBeatTheFileAndTheFileTheEdition) {
  put_file(folder_ / "c", R"({"block_size": 5, "edition": "first", "n_embd": 8})");
  const Json file = Json::parse(output_of({"train", "--config", "c", "--print-config"}));
  EXPECT_EQ(file["block_size"], 5);
  EXPECT_EQ(file["beta1"], 0.9);
  EXPECT_EQ(file["num_samples"], 5);
  const Json both = Json::parse(output_of(
      {"train", "--config", "c", "--n-embd", "32", "--edition", "final", "--print-config"}));
  EXPECT_EQ(both["n_embd"], 32);
  EXPECT_EQ(both["block_size"], 5);
  EXPECT_EQ(both["beta1"], 0.85);
}

TEST_F(SettingsTest, DefaultsAreThoseOfTheEditions) {
  const Json last = Json::parse(output_of({"train", "--print-config"}));
  EXPECT_EQ(last["block_size"], 16);
  EXPECT_EQ(last["activation"], "relu");
  EXPECT_EQ(last["num_samples"], 20);
  const Json first = Json::parse(output_of({"train", "--edition", "first", "--print-config"}));
  EXPECT_EQ(first["block_size"], 8);
  EXPECT_EQ(first["activation"], "relu2");
  EXPECT_EQ(first["init_std"], 0.02);
  EXPECT_EQ(first["beta2"], 0.95);
}

TEST_F(SettingsTest, ConfigOfAResumedRun) {
  write_data();
  output_of(tiny({"--stop-after", "3", "--seed", "9"}));
  const Json config = Json::parse(output_of({"train", "--resume", "out", "--print-config"}));
  EXPECT_EQ(config["seed"], 9);
  EXPECT_EQ(config["n_embd"], 4);
  EXPECT_EQ(config["data"], std::filesystem::canonical(folder_ / "data").string());
}

TEST_F(SettingsTest, ConfigFileTrainsLikeFlags) {
  write_data();
  put_file(folder_ / "c", R"({"n_embd": 4, "n_head": 2, "block_size": 6, "num_steps": 30,
                              "data": "data", "out": "out2"})");
  EXPECT_EQ(output_of({"train", "--config", "c"}), output_of(tiny({})));
  EXPECT_EQ(run_files("out2"), run_files("out"));
}

}  // namespace
}  // namespace microgpt
