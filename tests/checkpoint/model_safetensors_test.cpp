// Models in safetensors, written and read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/test_model.h"
#include "microgpt/error.h"
#include "support/message_of.h"
#include "support/python.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

// Of a size that float32 can hold.
Model float_sized(Model model) {
  for (Tensor& tensor : model.state.params) {
    for (double& x : tensor.data) x = std::abs(x) < 1e30 ? x : 0.125;
  }
  return model;
}

TEST(ModelSafetensors, RoundTripInFloat64) {
  for (const Model& model : {small_model(), unicode_model()}) {
    const std::string bytes = format_model_safetensors(model, Precision::kFloat64);
    const Model again = parse_model_safetensors(bytes, "f");
    EXPECT_TRUE(same(again, model));
    EXPECT_EQ(format_model_safetensors(again, Precision::kFloat64), bytes);
  }
}

TEST(ModelSafetensors, RoundTripInFloat32) {
  const Model model = float_sized(unicode_model());
  const std::string bytes = format_model_safetensors(model, Precision::kFloat32);
  const Model again = parse_model_safetensors(bytes, "f");
  for (std::size_t i = 0; i < flatten(model.state).size(); ++i) {
    EXPECT_EQ(flatten(again.state)[i], static_cast<float>(flatten(model.state)[i]));
  }
  EXPECT_EQ(format_model_safetensors(again, Precision::kFloat32), bytes);
  EXPECT_NE(message_of([] {
              format_model_safetensors(small_model(), Precision::kFloat32);
            }).find("too large for float32"),
            std::string::npos);
}

TEST(ModelSafetensors, AreToldFromJsonByTheirBytes) {
  const TempFolder folder;
  const Model model = small_model();
  put_file(folder / "a", format_model_safetensors(model, Precision::kFloat64));
  put_file(folder / "b", format_model(model));
  EXPECT_TRUE(same(read_model(folder / "a"), model));
  EXPECT_TRUE(same(read_model(folder / "b"), model));
  put_file(folder / "c", format_run(test_run(model)));
  EXPECT_EQ(message_of([&] { read_model(folder / "c"); }),
            (folder / "c") +
                ": no model, expected metadata with format \"microgpt-model-v1\" as "
                "microgpt export writes them");
}

// The arrays of a file and its metadata, to be put together in another way.
std::string put_together(const Model& model, void (*edit)(Safetensors& file)) {
  const std::string bytes = format_model_safetensors(model, Precision::kFloat32);
  Safetensors file = parse_safetensors(bytes, "f");
  edit(file);
  return format_safetensors(file);
}

TEST(ModelSafetensors, ArraysMayStandInAnyOrder) {
  const Model model = float_sized(small_model());
  const std::string bytes =
      put_together(model, [](Safetensors& file) { std::ranges::reverse(file.arrays); });
  EXPECT_EQ(format_model_safetensors(parse_model_safetensors(bytes, "f"), Precision::kFloat32),
            format_model_safetensors(model, Precision::kFloat32));
}

TEST(ModelSafetensors, RefusesWhatIsNoModel) {
  const Model model = float_sized(small_model());
  const std::vector<std::pair<void (*)(Safetensors&), std::string>> cases = {
      {[](Safetensors& file) { file.metadata.clear(); }, "f: no model, expected metadata"},
      {[](Safetensors& file) { file.metadata.erase("model"); }, "f: no model, expected metadata"},
      {[](Safetensors& file) { file.metadata["format"] = "pt"; }, "f: no model, expected metadata"},
      {[](Safetensors& file) { file.metadata["model"] = "{"; }, "f: model: not JSON"},
      {[](Safetensors& file) { file.metadata["model"] = "{}"; }, "f: model: no key \"tokenizer\""},
      {[](Safetensors& file) { file.arrays.pop_back(); }, "f: no array layer0.mlp_fc2"},
      {[](Safetensors& file) { file.arrays[0].name = "other"; }, "f: no array wte"},
      {[](Safetensors& file) { std::swap(file.arrays[0].shape[0], file.arrays[0].shape[1]); },
       "f: wte has another type or shape, expected F32 of shape (3, 2)"},
      {[](Safetensors& file) { file.arrays[0].dtype = Dtype::kU32; },
       "f: wte has another type or shape"},
      {[](Safetensors& file) {
         file.arrays.push_back(file.arrays.back());
         file.arrays.back().name = "more";
       },
       "f: has \"more\", which a model of this shape has not"},
      {[](Safetensors& file) {
         static const std::string nan =
             "\xFF\xFF\xFF\x7F" + std::string(file.arrays[0].data.substr(4));
         file.arrays[0].data = nan;
       },
       "f: wte holds a number that is not finite"},
  };
  for (const auto& [edit, message] : cases) {
    const std::string bytes = put_together(model, edit);
    const std::string got = message_of([&] { parse_model_safetensors(bytes, "f"); });
    EXPECT_EQ(got.find(message), 0u) << got << "\nexpected " << message;
  }
}

// A reader that knows the format alone.
TEST(ModelSafetensors, PythonReadsThem) {
  const Model model = float_sized(small_model());
  const TempFolder folder;
  put_file(folder / "m", format_model_safetensors(model, Precision::kFloat32));
  const std::string script = "import json, struct\ndata = open('" + (folder / "m") +
                             "', 'rb').read()\n"
                             "n, = struct.unpack_from('<Q', data)\n"
                             "header = json.loads(data[8:8 + n])\n"
                             "model = json.loads(header['__metadata__']['model'])\n"
                             "print(model['config']['n_embd'], model['tokenizer']['uchars'])\n"
                             "entry = header['layer0.mlp_fc2']\n"
                             "print(entry['dtype'], entry['shape'])\n"
                             "begin, end = entry['data_offsets']\n"
                             "print(struct.unpack_from('<f', data, 8 + n + begin)[0].hex())\n";
  MICROGPT_RUN_PYTHON(got, script);
  std::size_t size = 0;
  const double first = static_cast<float>(model.state.params.back().data[0]);
  EXPECT_TRUE(got.starts_with("2 ['a', 'b']\nF32 [2, 8]\n")) << got;
  EXPECT_EQ(std::stod(got.substr(got.rfind('\n', got.size() - 2) + 1), &size), first) << got;
}

TEST(ModelSafetensors, MutatedBytesAreReadOrRefused) {
  const std::string whole =
      format_model_safetensors(float_sized(small_model()), Precision::kFloat32);
  std::mt19937_64 rng(1);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = whole;
    for (auto n = 1 + rng() % 2; n > 0; --n) bytes[rng() % bytes.size()] = static_cast<char>(rng());
    try {
      const Model model = parse_model_safetensors(bytes, "f");
      EXPECT_TRUE(
          same(parse_model_safetensors(format_model_safetensors(model, Precision::kFloat64), "f"),
               model));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace microgpt
