#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/test_model.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"
#include "support/message_of.h"
#include "support/temp_folder.h"

namespace microgpt {
namespace {

std::string run_error(std::string_view bytes) {
  return message_of([&] { parse_run(bytes, "t"); });
}

bool same(const TrainingRun& a, const TrainingRun& b) {
  const auto gauss = [](const TrainingRun& run) {
    return bits({run.random.gauss_next.value_or(0)});
  };
  return same(a.model, b.model) && a.random == b.random && gauss(a) == gauss(b) &&
         bits(a.last_losses) == bits(b.last_losses) &&
         bits({a.temperature}) == bits({b.temperature}) && a.num_samples == b.num_samples;
}

// A run's file with its parsed form changed by edit.
template <class Edit>
std::string edited(const TrainingRun& run, Edit edit) {
  const std::string bytes = format_run(run);
  Safetensors file = parse_safetensors(bytes, "t");
  edit(file);
  return format_safetensors(file);
}

// A run's file with its JSON text changed.
std::string with_training(const TrainingRun& run, const std::string& from, const std::string& to) {
  return edited(run, [&](Safetensors& file) {
    std::string& text = file.metadata.at("training");
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from << "\n" << text;
    text.replace(at, from.size(), to);
  });
}

Array& find(Safetensors& file, const std::string& name) {
  for (Array& array : file.arrays) {
    if (array.name == name) return array;
  }
  throw std::out_of_range(name);
}

TEST(TrainingRun, RoundTripIsTheIdentityOnBits) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const Model& model : {small_model(seed), unicode_model(seed),
                               model_of(TokenKind::kGrapheme), model_of(TokenKind::kByte)}) {
      const TrainingRun run = test_run(model, seed);
      const std::string bytes = format_run(run);
      EXPECT_TRUE(same(parse_run(bytes, "t"), run)) << seed;
      EXPECT_EQ(format_run(parse_run(bytes, "t")), bytes);
    }
  }
}

TEST(TrainingRun, MayNotHaveStepped) {
  TrainingRun run = test_run(small_model());
  run.model.state.adam_m.clear();
  run.model.state.adam_v.clear();
  run.random.gauss_next.reset();
  EXPECT_TRUE(same(parse_run(format_run(run), "t"), run));
  const std::string without = edited(run, [](Safetensors& file) {
    std::erase_if(file.arrays, [](const Array& array) { return array.name.starts_with("adam"); });
  });
  EXPECT_TRUE(same(parse_run(without, "t"), run)) << "absent means empty";
}

TEST(TrainingRun, KeepsEveryCachedGaussValue) {
  TrainingRun run = test_run(small_model());
  std::mt19937_64 rng(1);
  for (int i = 0; i < 500; ++i) {
    run.random.gauss_next = any_double(rng);
    EXPECT_TRUE(same(parse_run(format_run(run), "t"), run)) << *run.random.gauss_next;
  }
  run.random.gauss_next = -3.0;
  EXPECT_NE(format_run(run).find("\\\"gauss_next\\\": \\\"-0x1.8000000000000p+1\\\""),
            std::string::npos)
      << "as Python's float.hex()";
}

// What is saved of the generator is enough to go on with the same stream.
TEST(TrainingRun, TheStreamGoesOn) {
  PythonRandom random(42);
  for (int i = 0; i < 1001; ++i) random.gauss(0, 1);
  TrainingRun run = test_run(small_model());
  run.random = random.state();
  ASSERT_TRUE(run.random.gauss_next.has_value());
  PythonRandom resumed(parse_run(format_run(run), "t").random);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(resumed.gauss(0, 1), random.gauss(0, 1));
}

TEST(TrainingRun, DataStartAtAMultipleOfEight) {
  for (const Model& model : {small_model(), unicode_model()}) {
    const std::string bytes = format_run(test_run(model));
    EXPECT_EQ(bytes.find('{'), 8u);
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0);
  }
}

TEST(TrainingRun, TakesParametersInAnyOrder) {
  const TrainingRun run = test_run(small_model());
  const std::string bytes = edited(run, [](Safetensors& file) {
    std::swap(file.arrays.front(), file.arrays.back());
    std::swap(file.arrays[2], file.arrays[5]);
  });
  EXPECT_TRUE(same(parse_run(bytes, "t"), run));
}

TEST(TrainingRun, NamesAWrongArray) {
  const TrainingRun run = test_run(small_model());
  const auto error_of = [&](auto edit) { return run_error(edited(run, edit)); };
  const std::string infinite =
      to_little_endian(std::vector<double>(4, std::numeric_limits<double>::infinity()));
  EXPECT_EQ(error_of([](Safetensors& f) { f.arrays.erase(f.arrays.begin() + 4); }),
            "t: no array layer0.attn_wk");
  EXPECT_EQ(error_of([](Safetensors& f) { find(f, "layer0.attn_wk").name = "layer0.x"; }),
            "t: no array layer0.attn_wk");
  EXPECT_EQ(error_of([](Safetensors& f) {
              f.arrays.push_back({"more", Dtype::kF64, {0}, ""});
            }),
            "t: has \"more\", which a training run of this shape has not");
  EXPECT_EQ(error_of([](Safetensors& f) { find(f, "layer0.attn_wk").shape = {4}; }),
            "t: layer0.attn_wk has another type or shape, expected F64 of shape (2, 2)");
  EXPECT_EQ(error_of([](Safetensors& f) {
              find(f, "layer0.mlp_fc1").shape = {2, 8};
            }),
            "t: layer0.mlp_fc1 has another type or shape, expected F64 of shape (8, 2)");
  EXPECT_EQ(error_of([&](Safetensors& f) { find(f, "layer0.attn_wk").data = infinite; }),
            "t: layer0.attn_wk holds a number that is not finite");
  EXPECT_EQ(error_of([&](Safetensors& f) {
              find(f, "adam_v").shape = {4};
              find(f, "adam_v").data = infinite;
            }),
            "t: adam_v has another type or shape, expected F64 of shape (66)");
  EXPECT_NE(error_of([&](Safetensors& f) {
              find(f, "adam_v").shape = {0};
              find(f, "adam_v").data = "";
            }).find("adam_m and adam_v differ in length"),
            std::string::npos);
  EXPECT_EQ(error_of([](Safetensors& f) {
              find(f, "random.words").shape = {312, 2};
            }),
            "t: random.words has another type or shape, expected U32 of shape (624)");
  EXPECT_EQ(error_of([](Safetensors& f) { find(f, "random.words").dtype = Dtype::kF32; }),
            "t: random.words has another type or shape, expected U32 of shape (624)");
  const std::string zeros(4 * PythonRandom::kWords, '\0');
  EXPECT_EQ(error_of([&](Safetensors& f) {
              find(f, "random.words").data = zeros;
            }).find("t: training: random: "),
            0u);
}

TEST(TrainingRun, NamesWrongMetadata) {
  const TrainingRun run = test_run(small_model());
  const std::string kFormat =
      "t: no training run, expected metadata with format \"microgpt-training-v1\"";
  EXPECT_EQ(run_error(edited(run, [](Safetensors& f) { f.metadata.clear(); })), kFormat);
  EXPECT_EQ(run_error(edited(run, [](Safetensors& f) { f.metadata.erase("training"); })), kFormat);
  EXPECT_EQ(run_error(edited(run, [](Safetensors& f) { f.metadata["format"] = "v2"; })), kFormat);

  const auto error_of = [&](const std::string& from, const std::string& to) {
    return run_error(with_training(run, from, to));
  };
  EXPECT_EQ(error_of("\"gauss_next\"", "\"x\""), "t: training: random: no key \"gauss_next\"");
  EXPECT_EQ(error_of("\"index\": 17", "\"index\": 625"),
            "t: training: random: index is the number 625, expected an integer in 0..624");
  EXPECT_EQ(error_of("\"last_losses\": [", "\"last_losses\": [\"x\", "),
            "t: training: last_losses is an array of 4 values, expected a list of at most 50 "
            "numbers");
  EXPECT_EQ(error_of("\"num_samples\": 7", "\"num_samples\": -7"),
            "t: training: num_samples is the number -7, expected an integer in 0..2147483647");
  EXPECT_EQ(error_of("\"temperature\": ", "\"x\": "), "t: training: no key \"temperature\"");
  EXPECT_EQ(error_of("\"provenance\": {", "\"x\": {"), "t: training: no key \"provenance\"");
  EXPECT_EQ(error_of("\"n_layer\": 1,", "\"n_layer\": 9999,"), "t: no array layer1.attn_wq");
  EXPECT_EQ(error_of("\"n_embd\": 2,", "\"n_embd\": 1000000000,")
                .find("t: training: config: n_embd: out of range"),
            0u);
  EXPECT_EQ(error_of("\"uchars\": [\"a\", \"b\"]", "\"uchars\": [\"a\", \"a\"]")
                .find("t: training: tokenizer: "),
            0u);
  EXPECT_EQ(error_of("{", "").find("t: training: not JSON, "), 0u);
}

TEST(TrainingRun, RefusesOtherFormsOfFloats) {
  TrainingRun run = test_run(small_model());
  run.random.gauss_next = 1.5;
  for (const char* text : {"1.5",
                           "0x1.8p+0",
                           "0x1.8000000000000p0",
                           "0x1.8000000000000p+00",
                           "0x2.8000000000000p+0",
                           "0X1.8000000000000P+0",
                           "0x1.8000000000000p+1024",
                           "0x1.8000000000000p-1023",
                           "0x0.8000000000000p+0",
                           "+0x1.8000000000000p+0",
                           " 0x1.8000000000000p+0",
                           "inf",
                           "nan",
                           "0x1.80000000000000p+0",
                           "0x1.8000000000000p+99999999999",
                           "px",
                           "x",
                           "p",
                           "",
                           "0x",
                           "-",
                           "0x0.0p+1",
                           "0x.p+0",
                           "0x1.800000000000gp+0"}) {
    const std::string message = run_error(with_training(run, "0x1.8000000000000p+0", text));
    EXPECT_EQ(message.find("t: training: random: gauss_next is "), 0u) << text << "\n" << message;
  }
}

TEST(TrainingRun, RefusesToWriteWhatItCouldNotRead) {
  TrainingRun run = test_run(small_model());
  run.model.provenance.reset();
  EXPECT_EQ(message_of([&] { format_run(run); }), "training run: has no provenance");
  run = test_run(small_model());
  run.random.index = 625;
  EXPECT_EQ(message_of([&] { format_run(run); }).find("training run: "), 0u);
  run = test_run(small_model());
  run.model.state.adam_m[3] = std::numeric_limits<double>::infinity();
  EXPECT_NE(message_of([&] { format_run(run); }).find("adam_m"), std::string::npos);
  run = test_run(small_model());
  run.last_losses.assign(51, 1.0);
  EXPECT_NE(message_of([&] { format_run(run); }).find("last losses"), std::string::npos);
}

TEST(TrainingRun, SavesBothFiles) {
  const TempFolder folder;
  const TrainingRun run = test_run(unicode_model());
  save_run(folder / "a/b", run);
  EXPECT_TRUE(same(read_run(folder / "a/b"), run));
  EXPECT_EQ(get_file(folder / "a/b/training.safetensors"), format_run(run));
  EXPECT_EQ(get_file(folder / "a/b/model.json"), format_model(run.model));
  save_run(folder / "a/b", test_run(small_model()));
  EXPECT_TRUE(same(read_run(folder / "a/b"), test_run(small_model()))) << "replaced";
}

TEST(TrainingRun, ReportsAFolderThatIsNone) {
  const TempFolder folder;
  const TrainingRun run = test_run(small_model());
  const auto save_error = [&](const std::string& path) {
    return message_of([&] { save_run(path, run); });
  };
  put_file(folder / "file", "x");
  EXPECT_EQ(save_error(folder / "file"), (folder / "file") + ": is a file, expected a folder");
  EXPECT_EQ(save_error(folder / "file/sub"),
            (folder / "file/sub") + ": can't be made a folder, Not a directory");
  EXPECT_EQ(save_error("/proc/none").find("/proc/none: can't be made a folder, "), 0u);
  EXPECT_EQ(save_error("").find(": can't be made a folder, "), 0u);
  const auto read_error = [](const std::string& path) {
    return message_of([&] { read_run(path); });
  };
  for (const std::string& path : {folder / "none", folder.path(), folder / "file"}) {
    EXPECT_EQ(read_error(path),
              path + ": no training.safetensors, expected a folder that microgpt train wrote");
  }
}

TEST(TrainingRun, TruncatedAnywhereIsAnError) {
  const std::string bytes = format_run(test_run(small_model()));
  for (std::size_t size = 0; size < bytes.size(); size += size < 2048 ? 1 : 37) {
    EXPECT_THROW(parse_run(std::string_view(bytes).substr(0, size), "t"), Error) << size;
  }
}

TEST(TrainingRun, MutatedBytesAreReadOrRefused) {
  const std::string whole = format_run(test_run(small_model()));
  const Safetensors file = parse_safetensors(whole, "t");
  const auto header = static_cast<std::size_t>(file.arrays[0].data.data() - whole.data());
  std::mt19937_64 rng(1);
  for (int i = 0; i < 4000; ++i) {
    std::string bytes = whole;
    const std::size_t at = rng() % (i % 4 == 0 ? bytes.size() : header);
    bytes[at] = static_cast<char>(rng());
    try {
      const TrainingRun run = parse_run(bytes, "t");
      EXPECT_TRUE(same(parse_run(format_run(run), "t"), run));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace microgpt
