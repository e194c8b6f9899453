// The vectors: small, right by check, and readable by the reader in the documentation.
#include "conform/vectors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "conform/conform_test.h"
#include "conform/log.h"
#include "support/python.h"
#include "support/temp_folder.h"

namespace microgpt::conform {
namespace {

using Json = nlohmann::ordered_json;

class Vectors : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder();
    bytes_ = write_vectors(*folder_ / "vectors", small_documents());
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string text(const std::string& name) {
    return get_file(*folder_ / "vectors/" + name);
  }
  static Json json(const std::string& name) { return Json::parse(text(name)); }

  static inline TempFolder* folder_ = nullptr;
  static inline std::size_t bytes_ = 0;
};

TEST_F(Vectors, AreSmall) {
  std::size_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(*folder_ / "vectors")) {
    bytes += file.file_size();
  }
  EXPECT_EQ(bytes, bytes_);
  EXPECT_LT(bytes, 300'000u);
}

TEST_F(Vectors, AreRightByCheck) {
  for (const char* name :
       {"one_head", "two_layers", "four_heads", "final", "first", "train0", "train3", "train4"}) {
    const std::string bytes = text(name + std::string(".json"));
    const VectorsInput input = read_vectors(bytes, name);
    EXPECT_EQ(input.recipe.name, name);
    const Dataset dataset = input.documents.value_or(small_documents());
    EXPECT_EQ(dataset.sha256(), input.data_sha256);
    const Verdict verdict = check(bytes, name, input.recipe, dataset);
    EXPECT_EQ(verdict.answer, Answer::kExact) << name;
    EXPECT_TRUE(verdict.unknown.empty()) << name;
  }
}

// A document longer than the block, more than one layer, a head of width one: all in the vectors.
TEST_F(Vectors, HaveEveryNumberOfAStep) {
  const Json trace = json("two_layers.json")["trace"][0];
  EXPECT_TRUE(trace["data"].contains("pos2.layer1.head1.weights"));
  EXPECT_FALSE(trace["data"].contains("pos3.loss"));
  EXPECT_TRUE(trace["grad"].contains("layer1.mlp_fc2"));
  const std::size_t params = json("two_layers.json")["init"].size();
  EXPECT_EQ(trace["grad"].size(), trace["data"].size() - 1 + params);  // the loss has none
}

// CPython computes the generator's numbers and Value's.
TEST_F(Vectors, AreCPythons) {
  const std::string script = fmt::format(
      R"(import json, random, math
g = json.load(open('{0}/generator.json'))
def stream(draw):
    random.seed(g['seed'])
    return [draw() for _ in range(10)]
assert [float.fromhex(x) for x in g['random']] == stream(random.random)
assert g['getrandbits_32'] == stream(lambda: random.getrandbits(32))
assert g['randbelow_1000'] == stream(lambda: random._randbelow(1000) if hasattr(random, '_randbelow')
                                     else random._inst._randbelow(1000))
assert [float.fromhex(x) for x in g['gauss_0_1']] == stream(lambda: random.gauss(0, 1))
assert g['choices_1_2_3_4'] == stream(lambda: random.choices(range(4), weights=[1, 2, 3, 4])[0])
random.seed(g['seed'])
order = list(range(10))
random.shuffle(order)
assert g['shuffle_10'] == order
for op in json.load(open('{0}/operations.json'))['operations']:
    a, b, value, grad_a, grad_b = (float.fromhex(op[k]) for k in ('a', 'b', 'value', 'grad_a', 'grad_b'))
    text = op['expression']
    text = text.replace('c * c, c = a * b + a', '(a * b + a) * (a * b + a)')
    text = text.replace('.log()', '').replace('(b * b)', 'math.log(b * b)').replace('a.exp()', 'math.exp(a)')
    text = text.replace('a.relu()', 'max(0, a)').replace('b.relu()', 'max(0, b)')
    f = lambda a, b: eval(text)
    assert abs(value - f(a, b)) <= 1e-15 * max(1, abs(value)), op
    h = 1e-6
    assert abs(grad_a - (f(a + h, b) - f(a - h, b)) / (2 * h)) < 1e-6 * max(1, abs(grad_a)), op
    assert abs(grad_b - (f(a, b + h) - f(a, b - h)) / (2 * h)) < 1e-6 * max(1, abs(grad_b)), op
print('all'))",
      *folder_ / "vectors");
  MICROGPT_RUN_PYTHON(output, script);
  EXPECT_EQ(output, "all\n");
}

// The Python block of docs/conformance.md.
std::string documented_reader() {
  const std::string text = get_file(MICROGPT_SOURCE_DIR "/docs/conformance.md");
  const std::size_t begin = text.find("```python\n") + 10;
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST_F(Vectors, TheDocumentedReaderReadsThem) {
  Json mine = json("one_head.json");
  mine["losses"] = Json::array();
  for (const std::string loss : mine["losses_hex"]) {
    mine["losses"].push_back(std::strtod(loss.c_str(), nullptr));
  }
  for (Json* named : {&mine["init"], &mine["trace"][0]["data"], &mine["trace"][0]["grad"]}) {
    for (auto& [name, values] : named->items()) {
      for (Json& x : values) x = std::strtod(x.get<std::string>().c_str(), nullptr);
    }
  }
  put_file(*folder_ / "reader.py", documented_reader());
  const auto read = [&] {
    put_file(*folder_ / "mine.json", mine.dump());
    return run_python(fmt::format(
        "import subprocess, sys\n"
        "r = subprocess.run([sys.executable, '{0}/reader.py', '{0}/vectors/one_head.json', "
        "'{0}/mine.json'], capture_output=True, text=True)\nprint(r.stdout + r.stderr, end='')",
        folder_->path()));
  };
  const auto right = read();
  if (!right) GTEST_SKIP() << "python3 is not installed";
  EXPECT_EQ(*right, "right\n");
  mine["trace"][0]["grad"]["pos1.layer0.q"][2] = 0.25;
  EXPECT_TRUE(read()->starts_with("gradient of pos1.layer0.q[2]: expected ")) << *read();
}

TEST_F(Vectors, WhatIsNoneIsRefused) {
  EXPECT_THROW(read_vectors("{}", "x"), Error);
  EXPECT_THROW(read_vectors("[1, 2", "x"), Error);
  Json broken = json("one_head.json");
  broken["recipe"]["n_layer"] = "two";
  EXPECT_THROW(read_vectors(broken.dump(), "x"), Error);
}

// What the programs themselves have printed.
class Printed : public ::testing::TestWithParam<const char*> {};

TEST_P(Printed, IsRight) {
  const std::string shared = MICROGPT_SHARED_DIR, name = GetParam();
  const std::string path = fmt::format("{}/golden/ladder/{}.stdout.txt", shared, name);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::string log = get_file(path);
  // The network of train1 and train2 has no fast engine: a few steps are enough.
  if (name == "train1" || name == "train2") log.resize(log.find("step  201"));
  const Dataset names = Dataset::read(shared + "/data/names.txt");
  const Verdict verdict = check(log, name, find_recipe(name), names);
  EXPECT_EQ(verdict.answer, Answer::kPrinted);
  EXPECT_EQ(verdict.decimals, 4);
  EXPECT_GE(verdict.losses, 5u);
}

INSTANTIATE_TEST_SUITE_P(Rungs, Printed,
                         ::testing::Values("train0", "train1", "train2", "train3", "train4",
                                           "train5"));

}  // namespace
}  // namespace microgpt::conform
