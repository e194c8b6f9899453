#include "microgpt/export.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "export/template.h"
#include "export/weights.h"
#include "support/message_of.h"
#include "support/python.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

// Two layers, letters of all lengths in UTF-8, the first edition's BOS; weights as a training makes
// them.
Model trained_like_model(std::uint64_t seed = 1, int block_size = 5) {
  Config config;
  config.n_layer = 2;
  config.n_embd = 6;
  config.block_size = block_size;
  config.n_head = 3;
  config.activation = Activation::kReluSquared;
  Tokenizer tokenizer({"\"", "*", "/", "a", "\\", "\u00e9", "\u4f60", "\U0001F600"}, 0);
  config.vocab_size = tokenizer.vocab_size();
  TrainConfig train;
  train.init_std = 0.3;
  PythonRandom random(seed);
  return {config, std::move(tokenizer), init_state_dict(config, train, random), {}};
}

Tensor row_tensor(std::vector<double> row) { return {"w", 1, row.size(), std::move(row)}; }

std::string bytes_of(const Model& model, std::string_view target, ExportOptions options) {
  return export_model(model, find_export_target(target), options);
}

TEST(Weights, NamesGoBothWays) {
  for (const Weights weights :
       {Weights::kFloat64, Weights::kFloat32, Weights::kInt8, Weights::kQ4_12}) {
    EXPECT_EQ(parse_weights(to_string(weights)), weights);
  }
  EXPECT_EQ(message_of([] { parse_weights("int4"); }),
            "weights: no such form, expected float64, float32, int8 or q4.12, got int4");
}

TEST(Weights, Int8HasAUnitForEachRow) {
  const Tensor tensor{"w", 3, 3, {1.27, -0.635, 0.004, -0.0127, 0.0001, 0, 0, 0, -0.0}};
  const IntegerMatrix matrix = to_integers(tensor, Weights::kInt8);
  EXPECT_EQ(matrix.integers, (std::vector<std::int16_t>{127, -64, 0, -127, 1, 0, 0, 0, 0}));
  EXPECT_EQ(matrix.units, (std::vector<float>{0.01f, 0.0001f, 0}));
}

TEST(Weights, Q4_12Counts4096ths) {
  const IntegerMatrix matrix = to_integers(
      row_tensor({1, -1.0 / 4096, 0.4 / 4096, 0.6 / 4096, 32767.0 / 4096}), Weights::kQ4_12);
  EXPECT_EQ(matrix.integers, (std::vector<std::int16_t>{4096, -1, 0, 1, 32767}));
  EXPECT_EQ(matrix.units, std::vector<float>{1.0f / 4096});
}

TEST(Weights, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(message_of([] {
              to_integers(row_tensor({0, -8}), Weights::kQ4_12);
            }),
            "w: too large for q4.12, expected at most 7.99976, got 8");
  EXPECT_EQ(message_of([] { to_integers(row_tensor({1e39}), Weights::kInt8); }),
            "w: too large for int8, expected at most 3.40282e+38, got 1e+39");
  EXPECT_EQ(message_of([] { to_floats(row_tensor({-1e39})); }),
            "w: too large for float32, expected at most 3.40282e+38, got -1e+39");
  // Extremes that do fit, and rows of nothing but tiny numbers.
  for (const double w : {3e38, -3e38, 5e-324, -1e-300, 1e-44}) {
    const IntegerMatrix matrix = to_integers(row_tensor({w, 0}), Weights::kInt8);
    EXPECT_LE(std::abs(matrix.integers[0]), 127) << w;
    EXPECT_NEAR(matrix.integers[0] * double{matrix.units[0]}, w, std::abs(w) * 0.01 + 1e-43);
  }
}

// Half a unit is the most that rounding changes, and what is rounded stays as it is.
TEST(Weights, RoundingIsToTheNearest) {
  const Model model = trained_like_model();
  for (const Weights weights : {Weights::kFloat32, Weights::kInt8, Weights::kQ4_12}) {
    const Model rounded = round_weights(model, weights);
    for (std::size_t t = 0; t < model.state.params.size(); ++t) {
      const Tensor &before = model.state.params[t], &after = rounded.state.params[t];
      const double half = weights == Weights::kFloat32 ? 1e-7 : 1.0 / 8192;
      for (std::size_t i = 0; i < before.data.size(); ++i) {
        double most = half;
        if (weights == Weights::kInt8) {
          for (std::size_t j = 0; j < before.cols; ++j) {
            const double w = std::abs(before.data[i / before.cols * before.cols + j]);
            most = std::max(most, 0.5001 * w / 127);
          }
        }
        EXPECT_NEAR(after.data[i], before.data[i], most) << before.name;
      }
    }
    if (weights != Weights::kInt8) {
      EXPECT_EQ(round_weights(rounded, weights).state, rounded.state);
    }
  }
  EXPECT_EQ(round_weights(model, Weights::kFloat64).state, model.state);
}

TEST(Template, ConditionsAreResolved) {
  const std::string text =
      "#ifndef H\n#ifdef A\na\n#ifdef B\nab\n#else\na-b\n#endif /* B */\n#else\n-a\n"
      "#endif /* A */\n#ifndef B\n-b\n#endif /* B */\n#ifdef Ax\nx\n#else\ny\n#endif\n#endif\n";
  const auto resolve = [&](bool a, bool b) {
    return resolve_conditions(text, std::array<Macro, 2>{{{"A", a}, {"B", b}}});
  };
  const std::string head = "#ifndef H\n", tail = "#ifdef Ax\nx\n#else\ny\n#endif\n#endif\n";
  EXPECT_EQ(resolve(true, true), head + "a\nab\n" + tail);
  EXPECT_EQ(resolve(true, false), head + "a\na-b\n-b\n" + tail);
  EXPECT_EQ(resolve(false, true), head + "-a\n" + tail);
  EXPECT_EQ(resolve(false, false), head + "-a\n-b\n" + tail);
}

TEST(Template, PrefixesAreReplacedAtTheBeginningOfNames) {
  EXPECT_EQ(with_prefix("gpt_a(GPT_B, xgpt_c, microgpt_d) gpt", "Orc"),
            "Orc_a(ORC_B, xgpt_c, microgpt_d) gpt");
}

TEST(Template, LinesAreFilled) {
  const std::vector<std::string> items(30, "12345");
  const std::string text = in_lines(items, 4);
  std::istringstream lines(text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(line.size(), 100u);
    EXPECT_EQ(line.substr(0, 9), "    12345");
  }
  EXPECT_EQ(count, 3u);  // 13 in a line
  EXPECT_TRUE(text.ends_with("12345"));
}

TEST(Template, RemarksStayRemarks) {
  EXPECT_EQ(comment_lines("", " * "), "");
  EXPECT_EQ(comment_lines("a */ b /* c\n\"\"\"\\ \x1b\u00e9", " * "),
            " *\n * a * / b / * c\n * '''? ???\n");
}

TEST(Export, TargetsHoldTheirWeights) {
  const Model model = trained_like_model();
  for (const ExportTarget& target : export_targets()) {
    EXPECT_EQ(&find_export_target(target.name), &target);
    for (const Weights weights : target.weights) {
      ExportOptions options;
      options.weights = weights;
      options.wasm = {.library = "library", .module = "module"};
      const std::string bytes = export_model(model, target, options);
      EXPECT_EQ(export_model(model, target, options), bytes);  // nothing but the model is in it
      EXPECT_EQ(bytes.find('\0') == std::string::npos, target.is_text) << target.name;
    }
  }
  EXPECT_EQ(
      message_of([] { find_export_target("pyton"); }),
      "export: no target 'pyton', expected c-header, python, js, wasm, d.ts, json, safetensors, "
      "bin; did you mean python?");
}

TEST(Export, TextsAreInAscii) {
  const Model model = trained_like_model();
  for (const std::string_view target : {"c-header", "python", "json"}) {
    const ExportOptions options{.weights = find_export_target(target).weights.front()};
    for (const char c : bytes_of(model, target, options)) {
      EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << target;
    }
  }
}

// The digits are those of RFC 4648, section 10.
TEST(Export, WasmHasTheLibraryInBase64) {
  const Model model = trained_like_model();
  const std::pair<std::string_view, std::string_view> cases[] = {{"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"\xff\xfe\xfd", "//79"}};
  for (const auto& [library, base64] : cases) {
    const ExportOptions options{.weights = Weights::kFloat64,
                                .wasm = {.library = library, .module = "export {};\n"}};
    EXPECT_EQ(bytes_of(model, "wasm", options),
              fmt::format("const MODEL_JSON = {};\nconst WASM_BASE64 = '{}';\nexport {{}};\n",
                          format_model(model), base64));
  }
  EXPECT_EQ(message_of([&] { bytes_of(model, "wasm", {.weights = Weights::kFloat64}); }),
            "export: wasm: the library as WebAssembly is missing, expected a program that has the "
            "web lab; `make lab-site` in the sources and then `make` build that, and js needs "
            "neither");
}

TEST(Export, ModelsTooLargeForCAreRefused) {
  Model model = trained_like_model(1, 40'000);
  EXPECT_EQ(
      message_of([&] { bytes_of(model, "c-header", {.weights = Weights::kInt8}); }),
      "c-header: sums of products would leave the 32 bits that they have, expected a model with "
      "fewer positions or smaller weights; float32 has no such limit");
  EXPECT_EQ(message_of([&] { bytes_of(model, "c-header", {}); }), "no error");
  model = trained_like_model(1, 70'000);
  EXPECT_EQ(message_of([&] { bytes_of(model, "c-header", {}); }),
            "c-header: the model has 70000 positions, expected at most 65535; bin and safetensors "
            "have no such limit");
  EXPECT_EQ(message_of([&] { bytes_of(model, "bin", {}); }), "no error");
  model = trained_like_model(1, 700'000);
  EXPECT_EQ(message_of([&] { bytes_of(model, "c-header", {}); }).find("c-header: the model has 42"),
            0u);
}

std::int64_t defined_in(const std::string& header, const std::string& name) {
  const std::string line = "#define GPT_" + name + " ";
  const std::size_t at = header.find(line);
  return at == std::string::npos ? -1 : std::stoll(header.substr(at + line.size()));
}

// No sum of products can leave 32 bits, and no larger activation would do.
TEST(Export, ActivationsInIntegersAreAsLargeAsSumsAllow) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  Model model = trained_like_model();
  std::int64_t largest =
      defined_in(bytes_of(model, "c-header", {.weights = Weights::kQ4_12}), "LARGEST");
  EXPECT_LE(5 * largest * largest, kMost);  // block_size, head_dim is 2
  EXPECT_GT(5 * (largest + 1) * (largest + 1), kMost);
  for (double& w : model.state.params.back().data) w = -7.9;  // mlp_fc2, rows of 24
  largest = defined_in(bytes_of(model, "c-header", {.weights = Weights::kQ4_12}), "LARGEST");
  EXPECT_LE(24 * 32358 * largest, kMost);
  EXPECT_GT(24 * 32358 * (largest + 1), kMost);
  largest = defined_in(bytes_of(model, "c-header", {.weights = Weights::kInt8}), "LARGEST");
  EXPECT_GT(largest, 20'000);
}

TEST(Export, JsonIsAModelWithARowALine) {
  const Model model = trained_like_model();
  const std::string text = bytes_of(model, "json", {.weights = Weights::kFloat64});
  EXPECT_EQ(parse_model(text, "m").state, model.state);
  const std::string floats = bytes_of(model, "json", {.weights = Weights::kFloat32});
  const Model read = parse_model(floats, "m");
  EXPECT_EQ(round_weights(read, Weights::kFloat32).state,
            round_weights(model, Weights::kFloat32).state);
  EXPECT_LT(floats.size(), text.size() * 2 / 3);
  std::size_t rows = 0;
  for (const Tensor& tensor : model.state.params) rows += tensor.rows;
  EXPECT_EQ(static_cast<std::size_t>(std::count(floats.begin(), floats.end(), '\n')), rows + 3);
}

// A reader of bin that has no more than docs/formats.md to go by.
constexpr char kBinReader[] = R"(
import struct
data = open(PATH, "rb").read()
magic, version, n_layer, n_embd, n_head, block_size, vocab_size, bos, activation, kind = \
    struct.unpack_from("<8s9I", data)
assert magic == b"microgpt" and version == 1, (magic, version)
print(n_layer, n_embd, n_head, block_size, vocab_size, bos, activation, kind)
places = struct.unpack_from(f"<{vocab_size + 1}I", data, 44)
at = 44 + 4 * (vocab_size + 1)
for begin, end in zip(places, places[1:]):
    print(data[at + begin:at + end].hex())
at += (places[-1] + 3) // 4 * 4
C = n_embd
shapes = [(vocab_size, C), (block_size, C), (vocab_size, C)] + n_layer * [
    (C, C), (C, C), (C, C), (C, C), (4 * C, C), (C, 4 * C)]
for rows, cols in shapes:
    units = rows * [1 / 4096]
    if kind == 1:
        units = struct.unpack_from(f"<{rows}f", data, at)
        at += 4 * rows
    size, letter = {0: (4, "f"), 1: (1, "b"), 2: (2, "h")}[kind]
    numbers = struct.unpack_from(f"<{rows * cols}{letter}", data, at)
    at += (size * rows * cols + 3) // 4 * 4
    for i, x in enumerate(numbers):
        print((x if kind == 0 else x * units[i // cols]).hex())
assert at == len(data), (at, len(data))
)";

// What the reader prints of a model.
std::string as_printed(const Model& model, int kind) {
  const Config& c = model.config;
  std::string text = fmt::format("{} {} {} {} {} {} {} {}\n", c.n_layer, c.n_embd, c.n_head,
                                 c.block_size, c.vocab_size, model.tokenizer.bos(), 1, kind);
  for (int id = 0; id < c.vocab_size; ++id) {
    for (const char byte : model.tokenizer.token_text(id)) {
      text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    text += "\n";
  }
  for (const Tensor& tensor : model.state.params) {
    for (const double x : tensor.data) text += fmt::format("{}\n", x);
  }
  return text;
}

TEST(Export, BinIsWhatItsDescriptionSays) {
  const Model model = trained_like_model();
  const TempFolder folder;
  const std::vector<Weights> kinds = {Weights::kFloat32, Weights::kInt8, Weights::kQ4_12};
  for (int kind = 0; kind < 3; ++kind) {
    const Weights weights = kinds[static_cast<std::size_t>(kind)];
    put_file(folder / "model.bin", bytes_of(model, "bin", {.weights = weights}));
    std::string script = "PATH = '" + (folder / "model.bin") + "'\n" + kBinReader;
    MICROGPT_RUN_PYTHON(got, script);
    // Of hexadecimal floats, as Python alone prints them, the decimals.
    std::istringstream lines(got);
    std::string decimals;
    for (std::string line; std::getline(lines, line);) {
      const bool is_float = line.find("0x") != std::string::npos;
      decimals += (is_float ? fmt::format("{}", std::strtod(line.c_str(), nullptr)) : line) + "\n";
    }
    EXPECT_EQ(decimals, as_printed(round_weights(model, weights), kind));
  }
}

}  // namespace
}  // namespace microgpt
