// The safetensors format: named arrays behind a JSON header.
//
//   bytes 0..7      N, the length of the header, little-endian
//   bytes 8..8+N-1  {"__metadata__": {KEY: TEXT, ...},
//                    NAME: {"dtype": "F64", "shape": [...], "data_offsets": [BEGIN, END]}, ...}
//   the rest        the arrays, little-endian, row by row; offsets count from its first byte
//
// Source: https://huggingface.co/docs/safetensors. The parser is stricter than that text, so that
// a file has one meaning only: the arrays stand in the order of the header, start right behind
// each other, fill the file, and begin at a multiple of 8 bytes.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

enum class Dtype { kF64, kF32, kU32 };

std::string_view to_string(Dtype dtype);  // as it stands in the header

struct Array {
  std::string name;
  Dtype dtype = Dtype::kF64;
  std::vector<std::uint64_t> shape;
  std::string_view data;  // little-endian, owned by another
};

struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::vector<Array> arrays;  // in the order of their data
};

// Whether bytes can't be JSON, but safetensors: the length of a header of less than 2^56 bytes ends
// in a NUL, which JSON has not.
bool is_safetensors(std::string_view bytes);

// Parses a file that is held in memory; the arrays point into bytes. where: its name for messages.
// Throws Error: anything is not as described above.
Safetensors parse_safetensors(std::string_view bytes, const std::string& where);

// The bytes of a file: the same for the same content. REQUIRES: the size of each array's data is
// what its dtype and shape say, and no name stands twice.
std::string format_safetensors(const Safetensors& file);

// Numbers to bytes and back. REQUIRES: data holds whole numbers.
std::string to_little_endian(std::span<const double> numbers);
std::string to_little_endian(std::span<const float> numbers);
std::string to_little_endian(std::span<const std::uint32_t> numbers);
std::vector<double> doubles_from_little_endian(std::string_view data);
std::vector<float> floats_from_little_endian(std::string_view data);
std::vector<std::uint32_t> words_from_little_endian(std::string_view data);

}  // namespace microgpt
