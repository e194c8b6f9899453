// training.safetensors: a training run to the last bit.
//
//   NAME          F64  (rows, cols)    each parameter, by its name
//   adam_m        F64  (num_params)    Adam's moments; length 0 before the first step
//   adam_v        F64  (num_params)
//   random.words  U32  (624)           the state of the generator
//   metadata      "format", and "training": a JSON text with the keys config, tokenizer,
//                 provenance, random {index, gauss_next: float.hex() or null}, last_losses,
//                 temperature and num_samples

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "checkpoint/description.h"
#include "checkpoint/safetensors.h"
#include "microgpt/checkpoint.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr char kTrainingFormat[] = "microgpt-training-v1";
constexpr char kWords[] = "random.words";
constexpr int kMantissaBits = 52;
constexpr int kExponentBias = 1023;

using Shape = std::vector<std::uint64_t>;

bool is_finite(double x) { return std::isfinite(x); }

// The arrays of a file by name, each to be taken once.
class Arrays {
 public:
  Arrays(const std::vector<Array>& arrays, const std::string& where) : where_(where) {
    for (const Array& array : arrays) by_name_[array.name] = &array;
  }

  // The data of an array of this type and shape.
  std::string_view take(const std::string& name, Dtype dtype, const Shape& shape) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) throw Error(fmt::format("{}: no array {}", where_, name));
    const Array& array = *found->second;
    if (array.dtype != dtype || array.shape != shape) {
      throw Error(fmt::format("{}: {} has another type or shape, expected {} of shape ({})", where_,
                              name, dtype == Dtype::kU32 ? "U32" : "F64", fmt::join(shape, ", ")));
    }
    by_name_.erase(found);
    return array.data;
  }

  std::vector<double> take_doubles(const std::string& name, const Shape& shape) {
    std::vector<double> numbers = doubles_from_little_endian(take(name, Dtype::kF64, shape));
    if (!std::all_of(numbers.begin(), numbers.end(), is_finite)) {
      throw Error(fmt::format("{}: {} holds a number that is not finite", where_, name));
    }
    return numbers;
  }

  // Adam's moments, which are of all parameters or none.
  std::vector<double> take_moments(const std::string& name, std::uint64_t num_params) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return {};
    return take_doubles(name, {found->second->data.empty() ? 0 : num_params});
  }

  void expect_none_left() const {
    if (by_name_.empty()) return;
    throw Error(fmt::format("{}: has {}, which a training run of this shape has not", where_,
                            quote_json(by_name_.begin()->first)));
  }

 private:
  const std::string& where_;
  std::map<std::string, const Array*> by_name_;
};

// Python's float.hex() of a finite double.
std::string to_hex(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t mantissa = bits & ((std::uint64_t{1} << kMantissaBits) - 1);
  const int exponent = static_cast<int>(bits >> kMantissaBits & 0x7FF);
  const char* sign = std::signbit(value) ? "-" : "";
  if (exponent == 0 && mantissa == 0) return fmt::format("{}0x0.0p+0", sign);
  return fmt::format("{}0x{:d}.{:013x}p{:+d}", sign, exponent != 0, mantissa,
                     std::max(exponent, 1) - kExponentBias);
}

// The inverse of to_hex, or nothing for any other text. Not strtod, which reads the decimal point
// of the locale.
std::optional<double> from_hex(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::size_t x = text.find('x'), p = text.find('p');
  if (x == std::string_view::npos || p == std::string_view::npos || p < x) return std::nullopt;
  std::string digits(text.substr(x + 1, p - x - 1));
  std::erase(digits, '.');  // which multiplies by 2^52
  std::string_view power = text.substr(p + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::uint64_t mantissa = 0;
  int exponent = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), mantissa, 16);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  exponent = std::clamp(exponent, -2 * kExponentBias, 2 * kExponentBias);
  const double size = std::ldexp(static_cast<double>(mantissa), exponent - kMantissaBits);
  const double value = negative ? -size : size;
  if (!std::isfinite(value) || to_hex(value) != text) return std::nullopt;
  return value;
}

std::string format_doubles(const std::vector<double>& values) {
  std::string text;
  for (const double x : values) {
    if (!text.empty()) text += ", ";
    append_double(text, x);
  }
  return text;
}

std::string format_training(const TrainingRun& run) {
  const Model& model = run.model;
  const std::optional<double>& gauss = run.random.gauss_next;
  return fmt::format(
      "{{\"config\": {}, \"tokenizer\": {{\"uchars\": {}, \"bos_token_id\": {}}}, "
      "\"provenance\": {}, \"random\": {{\"index\": {}, \"gauss_next\": {}}}, "
      "\"last_losses\": [{}], \"temperature\": {}, \"num_samples\": {}}}",
      format_config(model), format_uchars(model.tokenizer), model.tokenizer.bos(),
      format_provenance(*model.provenance), run.random.index,
      gauss ? quote_json(to_hex(*gauss)) : "null", format_doubles(run.last_losses),
      format_double(run.temperature), run.num_samples);
}

// The JSON text among the metadata.
Json parse_training(const Safetensors& file, const std::string& where) {
  const auto format = file.metadata.find("format");
  const auto training = file.metadata.find("training");
  if (format == file.metadata.end() || format->second != kTrainingFormat ||
      training == file.metadata.end()) {
    throw Error(fmt::format("{}: no training run, expected metadata with format \"{}\"", where,
                            kTrainingFormat));
  }
  return parse_json(training->second, where + ": training");
}

std::optional<double> parse_gauss_next(const Json& random, const std::string& where) {
  if (json_at(random, "gauss_next", where).is_null()) return std::nullopt;
  const std::string text = json_string(random, "gauss_next", where);
  const std::optional<double> value = from_hex(text);
  if (!value) {
    throw Error(
        fmt::format("{}: gauss_next is {}, expected a hexadecimal float such as "
                    "\"0x1.8000000000000p+1\"",
                    where, quote_json(text)));
  }
  return value;
}

PythonRandom::State parse_random(const Json& training, Arrays& arrays, const std::string& where) {
  const Json& json = json_at(training, "random", where);
  const std::string here = where + ": random";
  PythonRandom::State state;
  const auto words =
      words_from_little_endian(arrays.take(kWords, Dtype::kU32, {PythonRandom::kWords}));
  std::copy(words.begin(), words.end(), state.words.begin());
  state.index = static_cast<std::uint32_t>(json_int(json, "index", 0, PythonRandom::kWords, here));
  state.gauss_next = parse_gauss_next(json, here);
  return located(here, [&] { return PythonRandom(state).state(); });
}

std::vector<double> parse_last_losses(const Json& training, const std::string& where) {
  const Json& json = json_at(training, "last_losses", where);
  const bool numbers = json.is_array() && std::all_of(json.begin(), json.end(),
                                                      [](const Json& x) { return x.is_number(); });
  if (!numbers || json.size() > kLastLosses) {
    throw Error(fmt::format("{}: last_losses is {}, expected a list of at most {} numbers", where,
                            describe_json(json), kLastLosses));
  }
  return json.get<std::vector<double>>();
}

StateDict parse_state(const Config& config, std::size_t present, Arrays& arrays) {
  StateDict state{expected_params(config, present), {}, {}};
  std::uint64_t num_params = 0;
  for (Tensor& tensor : state.params) {
    tensor.data = arrays.take_doubles(tensor.name, {tensor.rows, tensor.cols});
    num_params += tensor.data.size();
  }
  state.adam_m = arrays.take_moments("adam_m", num_params);
  state.adam_v = arrays.take_moments("adam_v", num_params);
  return state;
}

void check_run(const TrainingRun& run) {
  check_model(run.model);
  if (run.last_losses.size() > kLastLosses || !is_finite(run.temperature) ||
      !std::all_of(run.last_losses.begin(), run.last_losses.end(), is_finite)) {
    throw Error(fmt::format("training run: expected at most {} last losses, and finite numbers",
                            kLastLosses));
  }
  if (!run.model.provenance) throw Error("training run: has no provenance");
  located("training run", [&] { return PythonRandom(run.random).state(); });
}

std::string training_path(const std::string& folder) {
  return (std::filesystem::path(folder) / kTrainingFile).string();
}

void make_folder(const std::string& folder) {
  std::error_code error, ignored;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(folder, ignored)) return;
  if (std::filesystem::exists(folder, ignored)) {
    throw Error(folder + ": is a file, expected a folder");
  }
  throw Error(fmt::format("{}: can't be made a folder, {}", folder, error.message()));
}

}  // namespace

std::string format_run(const TrainingRun& run) {
  check_run(run);
  const StateDict& state = run.model.state;
  std::vector<std::string> data;  // what the arrays point into
  data.reserve(state.params.size() + 3);
  Safetensors file{{{"format", kTrainingFormat}, {"training", format_training(run)}}, {}};
  const auto add = [&](const std::string& name, Dtype dtype, const Shape& shape, auto numbers) {
    data.push_back(to_little_endian(numbers));
    file.arrays.push_back({name, dtype, shape, data.back()});
  };
  for (const Tensor& tensor : state.params) {
    add(tensor.name, Dtype::kF64, {tensor.rows, tensor.cols}, std::span(tensor.data));
  }
  add("adam_m", Dtype::kF64, {state.adam_m.size()}, std::span(state.adam_m));
  add("adam_v", Dtype::kF64, {state.adam_v.size()}, std::span(state.adam_v));
  add(kWords, Dtype::kU32, {PythonRandom::kWords}, std::span(run.random.words));
  return format_safetensors(file);
}

TrainingRun parse_run(std::string_view bytes, const std::string& where) {
  const Safetensors file = parse_safetensors(bytes, where);
  const Json training = parse_training(file, where);
  const std::string training_where = where + ": training";
  Arrays arrays(file.arrays, where);
  TrainingRun run{.model = parse_description(training, training_where),
                  .random = {},
                  .last_losses = parse_last_losses(training, training_where)};
  if (!run.model.provenance) throw Error(training_where + ": no key \"provenance\"");
  run.random = parse_random(training, arrays, training_where);
  run.temperature = json_double(training, "temperature", training_where);
  run.num_samples = static_cast<int>(
      json_int(training, "num_samples", 0, std::numeric_limits<int>::max(), training_where));
  run.model.state = parse_state(run.model.config, file.arrays.size(), arrays);
  arrays.expect_none_left();
  located(where, [&] { check_model(run.model); });
  return run;
}

void save_run(const std::string& folder, const TrainingRun& run) {
  const std::string training = format_run(run);
  make_folder(folder);
  write_file_atomic(training_path(folder), training);
  write_file_atomic((std::filesystem::path(folder) / kModelFile).string(), format_model(run.model));
  sync_folder(folder);  // once for both
}

TrainingRun read_run(const std::string& folder) {
  std::error_code ignored;
  const std::string path = training_path(folder);
  if (!std::filesystem::exists(path, ignored)) {
    throw Error(fmt::format("{}: no {}, expected a folder that microgpt train wrote", folder,
                            kTrainingFile));
  }
  constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max() / 2;
  return parse_run(read_file(path, path, kAnySize), path);
}

}  // namespace microgpt
