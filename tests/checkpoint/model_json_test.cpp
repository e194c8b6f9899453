#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/description.h"
#include "checkpoint/test_model.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"
#include "support/message_of.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

std::string model_error(const std::string& text) {
  return message_of([&] { parse_model(text, "m.json"); });
}

// text with the first `from` substituted, which must be there.
std::string substituted(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// A model of whole numbers, easy to edit as text.
std::string plain_text() {
  Model model = small_model();
  for (Tensor& tensor : model.state.params) {
    for (std::size_t i = 0; i < tensor.data.size(); ++i) tensor.data[i] = static_cast<double>(i);
  }
  return format_model(model);
}

std::string edited(const std::string& from, const std::string& to) {
  return substituted(plain_text(), from, to);
}

TEST(ModelJson, HasTheLayoutOfTheFormat) {
  EXPECT_EQ(
      plain_text(),
      "{\"format\": \"tiny-gpt-char-v1\", \"config\": {\"n_layer\": 1, \"n_embd\": 2, "
      "\"block_size\": 3, \"n_head\": 1, \"head_dim\": 2, \"vocab_size\": 3, \"BOS\": 2}, "
      "\"tokenizer\": {\"type\": \"character\", \"uchars\": [\"a\", \"b\"], "
      "\"stoi\": {\"a\": 0, \"b\": 1}, \"itos\": {\"0\": \"a\", \"1\": \"b\"}, "
      "\"bos_token_id\": 2}, "
      "\"state_dict\": {\"wte\": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "
      "\"wpe\": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "
      "\"lm_head\": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "
      "\"layer0.attn_wq\": [[0.0, 1.0], [2.0, 3.0]], "
      "\"layer0.attn_wk\": [[0.0, 1.0], [2.0, 3.0]], "
      "\"layer0.attn_wv\": [[0.0, 1.0], [2.0, 3.0]], "
      "\"layer0.attn_wo\": [[0.0, 1.0], [2.0, 3.0]], "
      "\"layer0.mlp_fc1\": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0], "
      "[10.0, 11.0], [12.0, 13.0], [14.0, 15.0]], "
      "\"layer0.mlp_fc2\": [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "
      "[8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]]}, "
      "\"provenance\": {\"version\": \"0.1.0\", \"engine\": \"reference\", "
      "\"data\": \"a \\\"path\\\"/d\\u00e9j\\u00e0.txt\", \"data_sha256\": \"" +
          std::string(64, 'a') +
          "\", \"encoding\": \"latin-1\", \"sequences\": \"windows\", \"step\": 7, \"edition\": "
          "\"final\", "
          "\"seed\": 18446744073709551615, \"num_steps\": 123456789012, \"learning_rate\": 1.0, "
          "\"beta1\": 0.85, \"beta2\": 0.99, \"eps_adam\": 5e-324, \"init_std\": 1e+17, "
          "\"optimizer\": \"sgd\", \"schedule\": \"constant\", \"batch_size\": 12, "
          "\"grad_accum\": 34}}");
}

// A part is named only where it is left out.
TEST(ModelJson, PartsThatAreLeftOut) {
  Model model = small_model();
  model.config.parts = {.rmsnorm = false, .residual = false};
  const std::string text = format_model(model);
  EXPECT_NE(text.find("\"BOS\": 2, \"rmsnorm\": false, \"residual\": false}"), std::string::npos);
  EXPECT_TRUE(same(parse_model(text, "m.json"), model));
}

TEST(ModelJson, RoundTripIsTheIdentityOnBits) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const Model& model : {small_model(seed), unicode_model(seed)}) {
      const std::string text = format_model(model);
      const Model again = parse_model(text, "m.json");
      EXPECT_TRUE(same(model, again)) << seed;
      EXPECT_EQ(format_model(again), text);
      EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
    }
  }
}

TEST(ModelJson, TokensOfEachKind) {
  for (const TokenKind kind : {TokenKind::kCodepoint, TokenKind::kGrapheme, TokenKind::kByte}) {
    const Model model = model_of(kind);
    const std::string text = format_model(model);
    const Model again = parse_model(text, "m.json");
    EXPECT_TRUE(same(model, again)) << to_string(kind);
    EXPECT_EQ(format_model(again), text);
  }
  const std::string bytes = format_model(model_of(TokenKind::kByte));
  EXPECT_NE(bytes.find("\"type\": \"byte\""), std::string::npos);
  EXPECT_NE(bytes.find("\"\\u00ff\": 8"), std::string::npos);
  EXPECT_EQ(model_error(substituted(bytes, "\"\\u00ff\"]", "\"\\u0100\"]")),
            "m.json: tokenizer: \"\\u0100\" in uchars is no byte, expected one code point up to "
            "U+00FF");
  EXPECT_EQ(
      model_error(substituted(bytes, "\"byte\"", "\"word\"")),
      "m.json: tokenizer: type is \"word\", expected \"character\", \"grapheme\" or \"byte\"");
}

TEST(ModelJson, WritesNoMoments) {
  const TrainingRun run = test_run(small_model());
  const Model read = parse_model(format_model(run.model), "m.json");
  EXPECT_TRUE(read.state.adam_m.empty());
  EXPECT_EQ(read.state.params, run.model.state.params);
}

// json.dump writes the same bytes, so all doubles have the form of repr and read back the same.
TEST(ModelJson, IsWhatPythonWrites) {
  if (std::system("python3 -c '' 2>/dev/null") != 0) GTEST_SKIP() << "python3 is not here";
  const TempFolder folder;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const Model& model : {small_model(seed), unicode_model(seed)}) {
      write_model(folder / "m.json", model);
      std::string expected;
      for (const std::uint64_t word : bits(flatten(model.state))) {
        expected += fmt::format("{:016x}\n", word);
      }
      put_file(folder / "bits", expected);
      put_file(folder / "check.py", R"(
import json, struct, sys
text = open(sys.argv[1] + "/m.json", encoding="utf-8", newline="").read()
model = json.loads(text)
assert json.dumps(model) == text, "not what json.dumps writes"
floats = [x for rows in model["state_dict"].values() for row in rows for x in row]
assert all(type(x) is float for x in floats), "not all floats"
bits = "".join("%016x\n" % struct.unpack("<Q", struct.pack("<d", x)) for x in floats)
assert bits == open(sys.argv[1] + "/bits").read(), "other bits"
)");
      const std::string command =
          fmt::format("python3 '{}' '{}'", folder / "check.py", folder.path());
      EXPECT_EQ(std::system(command.c_str()), 0);
    }
  }
}

TEST(ModelJson, TruncatedAnywhereIsAnError) {
  const std::string text = format_model(small_model());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THROW(parse_model(text.substr(0, size), "m.json"), Error) << size;
  }
}

TEST(ModelJson, TakesOtherLayouts) {
  const Model model = parse_model(plain_text(), "m.json");
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"\"format\": \"tiny-gpt-char-v1\", ", ""},
      {"\"format\": \"tiny-gpt-char-v1\"", "\"of others\": [{\"x\": null}]"},
      {"\"head_dim\": 2, ", ""},
      {"\"vocab_size\": 3, ", ""},
      {", \"BOS\": 2", ""},
      {", \"bos_token_id\": 2", ""},
      {"\"type\": \"character\", ", ""},
      {"\"stoi\": {\"a\": 0, \"b\": 1}, ", ""},
      {"\"itos\": {\"0\": \"a\", \"1\": \"b\"}, ", ""},
      {"{\"a\": 0, \"b\": 1}", "{\"<BOS>\": 2, \"b\": 1, \"a\": 0}"},
      {"{\"0\": \"a\", \"1\": \"b\"}", "{\"2\": \"<BOS>\", \"1\": \"b\", \"0\": \"a\"}"},
      {"\"n_layer\": 1, \"n_embd\": 2", "\"n_embd\": 2, \"dropout\": 0.1, \"n_layer\": 1"},
      {"\"BOS\": 2", "\"BOS\": 2, \"activation\": \"relu\""},
      {"\"BOS\": 2", "\"BOS\": 2, \"rmsnorm\": true"},
      {"[[0.0, 1.0]", "[[0, 1]"},
      {": ", ":\n\t"}};
  for (const auto& [from, to] : edits) {
    EXPECT_TRUE(same(parse_model(edited(from, to), "m.json"), model)) << from;
  }
}

TEST(ModelJson, PutsParametersInOrder) {
  const std::string wte = "\"wte\": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], ";
  const std::string text = substituted(edited(wte, ""), "}, \"provenance\"",
                                       ", " + wte.substr(0, wte.size() - 2) + "}, \"provenance\"");
  EXPECT_TRUE(same(parse_model(text, "m.json"), parse_model(plain_text(), "m.json")));
}

// What was written before these settings were there.
TEST(ModelJson, ProvenanceWithoutBatches) {
  Model model = small_model();
  model.provenance->train.batch_size = 1;
  model.provenance->train.grad_accum = 1;
  model.provenance->sequences = Sequences::kDocuments;
  std::string text = format_model(model);
  for (const char* part :
       {", \"batch_size\": 1", ", \"grad_accum\": 1", "\"sequences\": \"documents\", "}) {
    text = substituted(text, part, "");
  }
  EXPECT_TRUE(same(parse_model(text, "m.json"), model));
}

TEST(ModelJson, ProvenanceMayBeMissing) {
  Model model = small_model();
  model.provenance.reset();
  EXPECT_TRUE(same(parse_model(format_model(model), "m.json"), model));
  std::string text = format_model(model);
  text.back() = ',';
  EXPECT_TRUE(same(parse_model(text + "\"provenance\": null}", "m.json"), model));
  EXPECT_EQ(model_error(text + "\"provenance\": 7}"),
            "m.json: provenance: expected an object, got the number 7");
}

struct Malformed {
  std::string from, to, message;
};

TEST(ModelJson, NamesWhatIsWrong) {
  const std::string kLayer = "\"layer0.attn_wq\": [[0.0, 1.0], [2.0, 3.0]]";
  const std::vector<Malformed> cases = {
      {"tiny-gpt-char-v1", "v2", "m.json: format is \"v2\", expected \"tiny-gpt-char-v1\""},
      {"\"tiny-gpt-char-v1\"", "1", "m.json: format is the number 1, expected a string"},
      {"\"config\"", "\"konfig\"", "m.json: no key \"config\""},
      {"\"tokenizer\"", "\"x\"", "m.json: no key \"tokenizer\""},
      {"\"state_dict\"", "\"x\"", "m.json: no key \"state_dict\""},
      // config
      {"\"n_embd\": 2", "\"x\": 2", "m.json: config: no key \"n_embd\""},
      {"\"n_embd\": 2", "\"n_embd\": \"2\"",
       "m.json: config: n_embd is a string, expected an integer in 1..2147483647"},
      {"\"n_embd\": 2", "\"n_embd\": 2.0", "m.json: config: n_embd is the number 2.0, expected"},
      {"\"n_embd\": 2", "\"n_embd\": -2", "m.json: config: n_embd is the number -2, expected"},
      {"\"n_embd\": 2", "\"n_embd\": 1000000000", "m.json: config: n_embd: out of range"},
      {"\"n_embd\": 2", "\"n_embd\": 1000000", "m.json: config: head_dim is 2, expected 1000000"},
      {"\"n_layer\": 1", "\"n_layer\": 1000000000", "m.json: config: n_layer: out of range"},
      {"\"n_layer\": 1", "\"n_layer\": 10000", "m.json: state_dict: no key \"layer1.attn_wq\""},
      {"\"n_layer\": 1", "\"n_layer\": 0", "m.json: config: n_layer is the number 0"},
      {"\"block_size\": 3", "\"block_size\": 1000000",
       "m.json: state_dict.wpe: has 3 rows, expected 1000000"},
      {"\"block_size\": 3", "\"block_size\": 99999999999999999999",
       "m.json: config: block_size is the number 1e+20, expected"},
      {"\"n_head\": 1", "\"n_head\": 3", "m.json: config: n_head: does not divide n_embd"},
      {"\"head_dim\": 2", "\"head_dim\": 1", "m.json: config: head_dim is 1, expected 2"},
      {"\"vocab_size\": 3", "\"vocab_size\": 4", "m.json: config: vocab_size is 4, expected 3"},
      {"\"BOS\": 2", "\"BOS\": 1", "m.json: config: BOS is 1, expected 2"},
      {"\"BOS\": 2", "\"BOS\": 2, \"activation\": \"gelu\"", "m.json: config: activation: no such"},
      {"\"BOS\": 2", "\"BOS\": 2, \"wpe\": 0",
       "m.json: config: wpe is the number 0, expected true or false"},
      // tokenizer
      {"\"character\"", "\"bpe\"", "m.json: tokenizer: type is \"bpe\", expected \"character\""},
      {"\"uchars\"", "\"x\"", "m.json: tokenizer: no key \"uchars\""},
      {"[\"a\", \"b\"]", "\"ab\"", "m.json: tokenizer: uchars is a string, expected an array"},
      {"[\"a\", \"b\"]", "[\"a\", 7]",
       "m.json: tokenizer: uchars[1] is the number 7, expected a string"},
      {"[\"a\", \"b\"]", "[\"a\", \"bc\"]", "m.json: tokenizer: "},
      {"[\"a\", \"b\"]", "[\"a\", \"\"]", "m.json: tokenizer: "},
      {"[\"a\", \"b\"]", "[\"a\", \"a\"]", "m.json: tokenizer: "},
      {"\"stoi\": {\"a\": 0", "\"stoi\": {\"a\": 1",
       "m.json: tokenizer: entry \"a\" of stoi contradicts uchars"},
      {"\"stoi\": {\"a\": 0, ", "\"stoi\": {",
       "m.json: tokenizer: stoi has 1 of the 2 characters in uchars"},
      {"\"stoi\": {", "\"stoi\": {\"c\": 0, ",
       "m.json: tokenizer: entry \"c\" of stoi contradicts"},
      {"\"stoi\": {\"a\": 0, \"b\": 1}", "\"stoi\": [0, 1]",
       "m.json: tokenizer: stoi is an array of 2 values, expected an object"},
      {"\"itos\": {\"0\": \"a\"", "\"itos\": {\"0\": \"b\"",
       "m.json: tokenizer: entry \"0\" of itos contradicts uchars"},
      {"\"itos\": {", "\"itos\": {\"3\": \"<BOS>\", ",
       "m.json: tokenizer: entry \"3\" of itos contradicts"},
      {"\"itos\": {", "\"itos\": {\"3\": \"2\", ",
       "m.json: tokenizer: entry \"3\" of itos contradicts"},
      {"\"bos_token_id\": 2", "\"bos_token_id\": 0", "m.json: config: BOS is 2, expected 0"},
      {"\"bos_token_id\": 2", "\"bos_token_id\": \"2\"",
       "m.json: tokenizer: bos_token_id is a string"},
      // state_dict
      {"[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]", "[0.0, 1.0], [2.0], [4.0, 5.0]]",
       "m.json: state_dict.wte: row 1 has 1 numbers, expected 2"},
      {"[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]", "[[0.0, 1.0], [2.0, 3.0]]",
       "m.json: state_dict.wte: has 2 rows, expected 3"},
      {"[[0.0, 1.0]", "[[0.0, \"1.0\"]",
       "m.json: state_dict.wte: row 0 holds a string, expected numbers only"},
      {"[[0.0, 1.0]", "[[0.0, null]", "m.json: state_dict.wte: row 0 holds null"},
      {"[[0.0, 1.0]", "[[0.0, [1.0]]",
       "m.json: state_dict.wte: row 0 holds an array of 1 value, expected numbers only"},
      {"[[0.0, 1.0]", "[1.0", "m.json: state_dict.wte: row 0 is the number 1.0, expected an array"},
      {"[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]", "{}", "m.json: state_dict.wte: is an object with 0"},
      {"[[0.0, 1.0]", "[[0.0, NaN]", "m.json: not JSON, invalid literal at line 1, column "},
      {"[[0.0, 1.0]", "[[0.0, 1e999]", "m.json: number too large for a double at line 1, column "},
      {kLayer + ", ", "", "m.json: state_dict: no key \"layer0.attn_wq\""},
      {kLayer, kLayer + ", " + kLayer, "m.json: key \"layer0.attn_wq\" twice in one object"},
      {kLayer, kLayer + ", \"layer1.attn_wq\": [[0.0]]",
       "m.json: state_dict: has \"layer1.attn_wq\", which a model of 1 layer has not"},
      // provenance
      {"\"seed\": 18446744073709551615", "\"seed\": -1",
       "m.json: provenance: seed is the number -1, expected an integer in 0..18446744073709551615"},
      {"\"seed\"", "\"sead\"", "m.json: provenance: no key \"seed\""},
      {"\"sgd\"", "\"adamw\"", "m.json: provenance: optimizer: no such name"},
      {"\"latin-1\"", "\"utf-16\"",
       "m.json: provenance: encoding: no such name, expected utf-8 or latin-1, got \"utf-16\""},
      {"\"step\": 7", "\"step\": -7", "m.json: provenance: step is the number -7"},
      {"\"beta1\": 0.85", "\"beta1\": 1.5", "m.json: provenance: beta1: out of range"},
      {"0.1.0\"", "0.1.0\", \"x\": " + std::string(100'000, '['), "m.json: nested deeper than 16"},
  };
  for (const Malformed& c : cases) {
    const std::string got = model_error(edited(c.from, c.to));
    EXPECT_EQ(got.find(c.message), 0u) << c.from << " -> " << c.to << "\n" << got;
  }
}

TEST(ModelJson, NeedsBosSomewhereAndRight) {
  const std::string none = substituted(edited(", \"BOS\": 2", ""), ", \"bos_token_id\": 2", "");
  EXPECT_EQ(model_error(none), "m.json: config: no key \"BOS\"");
  const std::string middle =
      substituted(edited("\"BOS\": 2", "\"BOS\": 1"), "\"bos_token_id\": 2", "\"bos_token_id\": 1");
  EXPECT_EQ(model_error(middle).find("m.json: tokenizer: "), 0u);
  EXPECT_EQ(model_error("[]"), "m.json: expected an object, got an array of 0 values");
}

TEST(ModelJson, RefusesToWriteWhatItCouldNotRead) {
  Model model = small_model();
  model.state.params[3].data[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(message_of([&] { format_model(model); }).find("layer0.attn_wq"), std::string::npos);
  model = small_model();
  model.config.vocab_size = 4;
  EXPECT_THROW(format_model(model), Error);
  model = small_model();
  model.state.params.pop_back();
  EXPECT_THROW(format_model(model), Error);
}

TEST(ModelJson, TextThatIsNotUtf8CanStillBeSaved) {
  Model model = small_model();
  model.provenance->data = "d\xE9j\xE0.txt";
  EXPECT_EQ(parse_model(format_model(model), "m.json").provenance->data, "d\ufffdj\ufffd.txt");
}

TEST(ModelJson, ReadsFilesAndFolders) {
  const TempFolder folder;
  const Model model = small_model();
  write_model(folder / "model.json", model);
  EXPECT_TRUE(same(read_model(folder / "model.json"), model));
  EXPECT_TRUE(same(read_model(folder.path()), model));
  const auto read_error = [](const std::string& path) {
    return message_of([&] { read_model(path); });
  };
  EXPECT_EQ(read_error(folder / "none"), (folder / "none") + ": no such file");
  std::filesystem::create_directory(folder / "empty");
  EXPECT_EQ(read_error(folder / "empty"), (folder / "empty/model.json") + ": no such file");
  put_file(folder / "model.json", "{");
  EXPECT_EQ(read_error(folder.path()).find((folder / "model.json") + ": not JSON, "), 0u);
}

TEST(ModelJson, HasALargestSize) {
  const TempFolder folder;
  put_file(folder / "m.json", "");
  std::filesystem::resize_file(folder / "m.json", (std::uintmax_t{64} << 30) + 1);
  const std::string message = message_of([&] { read_model(folder / "m.json"); });
  EXPECT_NE(message.find("expected at most 68719476736"), std::string::npos) << message;
}

// A few bytes that ask for many layers must not make us build a table of them.
TEST(ModelJson, TheTableOfParametersIsNoLongerThanTheFileMakesIt) {
  Config config = small_model().config;
  EXPECT_EQ(expected_params(config, 9).size(), 9u);
  config.n_layer = 10'000;
  EXPECT_EQ(expected_params(config, 60'003).size(), 60'003u);
  const std::size_t size = expected_params(config, 9).size();
  EXPECT_GT(size, 9u) << "long enough to show that something is missing";
  EXPECT_LT(size, 30u);
}

// Deterministic damage of every kind: only Error may come out.
TEST(ModelJson, MutatedBytesAreReadOrRefused) {
  const std::string text = format_model(small_model());
  std::mt19937_64 rng(5);
  for (int i = 0; i < 4000; ++i) {
    std::string mutated = text;
    for (auto n = 1 + rng() % 3; n > 0; --n) {
      const std::size_t at = rng() % mutated.size();
      switch (rng() % 3) {
        case 0:
          mutated[at] = static_cast<char>(rng());
          break;
        case 1:
          mutated.erase(at, 1 + rng() % 8);
          break;
        default:
          mutated.insert(at, mutated.substr(rng() % mutated.size(), rng() % 16));
      }
    }
    try {
      const Model model = parse_model(mutated, "m.json");
      EXPECT_TRUE(same(parse_model(format_model(model), "m.json"), model));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace microgpt
