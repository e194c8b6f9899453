#include "checkpoint/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <bit>
#include <cstddef>
#include <optional>

#include "base/json.h"
#include "microgpt/error.h"

namespace microgpt {
namespace {

constexpr std::size_t kAlignment = 8;            // of the header's length, so of the data
constexpr std::uint64_t kMaxHeader = 100 << 20;  // far above any real header
constexpr char kMetadata[] = "__metadata__";

struct DtypeInfo {
  Dtype dtype;
  std::string_view name;
  std::uint64_t size;
};
constexpr std::array<DtypeInfo, 3> kDtypes = {
    {{Dtype::kF64, "F64", 8}, {Dtype::kF32, "F32", 4}, {Dtype::kU32, "U32", 4}}};

template <class Unsigned>
void append_little_endian(std::string& bytes, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  }
}

// REQUIRES: data holds sizeof(Unsigned) bytes.
template <class Unsigned>
Unsigned load_little_endian(const char* data) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value |= Unsigned{static_cast<unsigned char>(data[i])} << (8 * i);
  }
  return value;
}

// Unsigned: of the numbers' size.
template <class Unsigned, class Number>
std::string little_endian(std::span<const Number> numbers) {
  std::string bytes;
  bytes.reserve(numbers.size_bytes());
  for (const Number x : numbers) append_little_endian(bytes, std::bit_cast<Unsigned>(x));
  return bytes;
}

template <class Number, class Unsigned>
std::vector<Number> from_little_endian(std::string_view data) {
  std::vector<Number> numbers(data.size() / sizeof(Number));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto bits = load_little_endian<Unsigned>(data.data() + i * sizeof(Number));
    numbers[i] = std::bit_cast<Number>(bits);
  }
  return numbers;
}

const DtypeInfo& dtype_info(Dtype dtype) { return kDtypes.at(static_cast<std::size_t>(dtype)); }

const DtypeInfo& parse_dtype(const std::string& name, const std::string& where) {
  for (const DtypeInfo& info : kDtypes) {
    if (info.name == name) return info;
  }
  throw Error(fmt::format("{}: dtype is {}, expected F64, F32 or U32", where, quote_json(name)));
}

std::vector<std::uint64_t> parse_sizes(const Json& entry, const std::string& key,
                                       const std::string& where) {
  const Json& list = json_at(entry, key, where);
  if (!list.is_array()) {
    throw Error(fmt::format("{}: {} is {}, expected an array", where, key, describe_json(list)));
  }
  std::vector<std::uint64_t> sizes;
  for (const Json& size : list) {
    if (!size.is_number_unsigned()) {
      throw Error(fmt::format("{}: {} holds {}, expected integers from 0 on", where, key,
                              describe_json(size)));
    }
    sizes.push_back(size.get<std::uint64_t>());
  }
  return sizes;
}

// The bytes that an array takes, or nothing where they can't be counted in 64 bits.
std::optional<std::uint64_t> size_in_bytes(const std::vector<std::uint64_t>& shape,
                                           std::uint64_t element) {
  std::uint64_t size = element;
  for (const std::uint64_t n : shape) {
    if (__builtin_mul_overflow(size, n, &size)) return std::nullopt;
  }
  return size;
}

// One entry of the header. begin: where its data must start.
Array parse_array(const std::string& name, const Json& entry, std::string_view data,
                  std::size_t begin, const std::string& where) {
  const DtypeInfo& dtype = parse_dtype(json_string(entry, "dtype", where), where);
  const std::vector<std::uint64_t> shape = parse_sizes(entry, "shape", where);
  const std::vector<std::uint64_t> offsets = parse_sizes(entry, "data_offsets", where);
  if (entry.size() != 3) {
    throw Error(fmt::format("{}: is {}, expected dtype, shape and data_offsets", where,
                            describe_json(entry)));
  }
  if (offsets.size() != 2 || offsets[0] != begin) {
    throw Error(fmt::format("{}: data_offsets are [{}], expected [{}, ...] behind the array before",
                            where, fmt::join(offsets, ", "), begin));
  }
  const std::optional<std::uint64_t> size = size_in_bytes(shape, dtype.size);
  if (!size || offsets[1] < begin || offsets[1] - begin != *size) {
    throw Error(fmt::format("{}: data_offsets are [{}], which does not fit {} of shape [{}]", where,
                            fmt::join(offsets, ", "), dtype.name, fmt::join(shape, ", ")));
  }
  if (*size > data.size() - begin) {
    throw Error(fmt::format("{}: ends at byte {} of {}; is the file cut off?", where, offsets[1],
                            data.size()));
  }
  return {name, dtype.dtype, shape, data.substr(begin, static_cast<std::size_t>(*size))};
}

std::map<std::string, std::string> parse_metadata(const Json& object, const std::string& where) {
  if (!object.is_object()) {
    throw Error(fmt::format("{}: expected an object, got {}", where, describe_json(object)));
  }
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.items()) {
    metadata[key] = json_string(object, key, where);
  }
  return metadata;
}

// The header's text, checked for all that does not take parsing.
std::string_view find_header(std::string_view bytes, const std::string& where) {
  if (bytes.size() < sizeof(std::uint64_t)) {
    throw Error(fmt::format("{}: not a safetensors file, is {} bytes long, expected 8 or more",
                            where, bytes.size()));
  }
  const auto size = load_little_endian<std::uint64_t>(bytes.data());
  bytes.remove_prefix(sizeof size);
  if (size > kMaxHeader || !bytes.starts_with('{')) {
    throw Error(where + ": not a safetensors file, expected a length and a JSON object first");
  }
  if (size > bytes.size()) {
    throw Error(fmt::format("{}: header is {} bytes long, but only {} follow; is the file cut off?",
                            where, size, bytes.size()));
  }
  if (size % kAlignment != 0) {
    throw Error(fmt::format("{}: header is {} bytes long, expected a multiple of {}", where, size,
                            kAlignment));
  }
  return bytes.substr(0, static_cast<std::size_t>(size));
}

std::string format_entry(const Array& array, std::size_t begin) {
  return fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                     quote_json(array.name), dtype_info(array.dtype).name,
                     fmt::join(array.shape, ","), begin, begin + array.data.size());
}

std::string format_header(const Safetensors& file) {
  std::vector<std::string> metadata;
  for (const auto& [key, value] : file.metadata) {
    metadata.push_back(quote_json(key) + ":" + quote_json(value));
  }
  std::vector<std::string> entries = {
      fmt::format("\"{}\":{{{}}}", kMetadata, fmt::join(metadata, ","))};
  std::size_t offset = 0;
  for (const Array& array : file.arrays) {
    entries.push_back(format_entry(array, offset));
    offset += array.data.size();
  }
  std::string header = fmt::format("{{{}}}", fmt::join(entries, ","));
  while (header.size() % kAlignment != 0) header.push_back(' ');
  return header;
}

}  // namespace

std::string_view to_string(Dtype dtype) { return dtype_info(dtype).name; }

bool is_safetensors(std::string_view bytes) {
  return bytes.size() >= sizeof(std::uint64_t) && bytes[sizeof(std::uint64_t) - 1] == '\0';
}

Safetensors parse_safetensors(std::string_view bytes, const std::string& where) {
  const std::string_view header = find_header(bytes, where);
  const std::string_view data = bytes.substr(sizeof(std::uint64_t) + header.size());
  const Json root = parse_json(header, where + ": header");
  Safetensors file;
  std::size_t end = 0;
  for (const auto& [name, entry] : root.items()) {
    const std::string entry_where = fmt::format("{}: {}", where, quote_json(name));
    if (name == kMetadata) {
      file.metadata = parse_metadata(entry, entry_where);
    } else {
      file.arrays.push_back(parse_array(name, entry, data, end, entry_where));
      end += file.arrays.back().data.size();
    }
  }
  if (end != data.size()) {
    throw Error(fmt::format("{}: holds {} bytes of data, expected {} by its header", where,
                            data.size(), end));
  }
  return file;
}

std::string format_safetensors(const Safetensors& file) {
  const std::string header = format_header(file);
  std::size_t size = sizeof(std::uint64_t) + header.size();
  for (const Array& array : file.arrays) size += array.data.size();
  std::string bytes;
  bytes.reserve(size);
  append_little_endian(bytes, std::uint64_t{header.size()});
  bytes += header;
  for (const Array& array : file.arrays) bytes += array.data;
  return bytes;
}

std::string to_little_endian(std::span<const double> numbers) {
  return little_endian<std::uint64_t>(numbers);
}

std::string to_little_endian(std::span<const float> numbers) {
  return little_endian<std::uint32_t>(numbers);
}

std::string to_little_endian(std::span<const std::uint32_t> numbers) {
  return little_endian<std::uint32_t>(numbers);
}

std::vector<double> doubles_from_little_endian(std::string_view data) {
  return from_little_endian<double, std::uint64_t>(data);
}

std::vector<float> floats_from_little_endian(std::string_view data) {
  return from_little_endian<float, std::uint32_t>(data);
}

std::vector<std::uint32_t> words_from_little_endian(std::string_view data) {
  return from_little_endian<std::uint32_t, std::uint32_t>(data);
}

}  // namespace microgpt
