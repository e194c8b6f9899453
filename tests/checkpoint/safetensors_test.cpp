#include "checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/test_model.h"
#include "microgpt/error.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using namespace std::string_literals;

std::string length_bytes(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i)));
  return bytes;
}

// A file of this header, padded as it should be, and so many bytes of data.
std::string file_of(std::string header, std::size_t data) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return length_bytes(header.size()) + header + std::string(data, '\x01');
}

std::string safetensors_error(std::string_view bytes) {
  return message_of([&] { parse_safetensors(bytes, "f"); });
}

// The header entry of an array of doubles.
std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F64") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + offsets + "]}";
}

TEST(Safetensors, ReadsAHandMadeFile) {
  const std::string head = file_of(
      R"({"x": {"shape": [2], "data_offsets": [0, 8], "dtype": "U32"}, "__metadata__": {"k": "v"}, )"
      R"("y": {"dtype": "F64", "shape": [], "data_offsets": [8, 16]}})",
      0);
  const std::string data = "\x01\0\0\0\x02\x03\0\x80"s + "\0\0\0\0\0\0\xF8\x3F"s;
  const std::string bytes = head + data;
  const Safetensors file = parse_safetensors(bytes, "f");
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"k", "v"}}));
  ASSERT_EQ(file.arrays.size(), 2u);
  EXPECT_EQ(file.arrays[0].name, "x");
  EXPECT_EQ(file.arrays[0].dtype, Dtype::kU32);
  EXPECT_EQ(file.arrays[0].shape, std::vector<std::uint64_t>{2});
  EXPECT_EQ(words_from_little_endian(file.arrays[0].data),
            (std::vector<std::uint32_t>{1, 0x80000302}));
  EXPECT_TRUE(file.arrays[1].shape.empty());
  EXPECT_EQ(doubles_from_little_endian(file.arrays[1].data), std::vector<double>{1.5});
}

TEST(Safetensors, WritesThisFile) {
  const std::string data = to_little_endian(std::vector<double>{1.5, -0.0});
  const Safetensors file{{{"k", "\"v\""}}, {{"a", Dtype::kF64, {1, 2}, data}}};
  const std::string header =
      R"({"__metadata__":{"k":"\"v\""},"a":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]}})";
  ASSERT_EQ(header.size(), 86u);
  EXPECT_EQ(format_safetensors(file),
            length_bytes(88) + header + "  " + "\0\0\0\0\0\0\xF8\x3F\0\0\0\0\0\0\0\x80"s);
}

TEST(Safetensors, RoundTrip) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 100; ++i) {
    std::vector<double> doubles(rng() % 5 * 3);
    for (double& x : doubles) x = any_double(rng);
    const std::vector<std::uint32_t> words = {0, 1, 0xFFFFFFFF, static_cast<std::uint32_t>(rng())};
    const std::string double_bytes = to_little_endian(doubles);
    const std::string word_bytes = to_little_endian(words);
    const Safetensors file{{{"\u00e9\n", "{}"}, {"", ""}},
                           {{"d", Dtype::kF64, {doubles.size() / 3, 3}, double_bytes},
                            {"\"\u00e9", Dtype::kU32, {2, 1, 2}, word_bytes},
                            {"f", Dtype::kF32, {4}, word_bytes}}};
    const std::string bytes = format_safetensors(file);
    const Safetensors again = parse_safetensors(bytes, "f");
    EXPECT_EQ(again.metadata, file.metadata);
    ASSERT_EQ(again.arrays.size(), 3u);
    EXPECT_EQ(bits(doubles_from_little_endian(again.arrays[0].data)), bits(doubles));
    EXPECT_EQ(words_from_little_endian(again.arrays[1].data), words);
    EXPECT_EQ(again.arrays[2].dtype, Dtype::kF32);
    EXPECT_EQ(format_safetensors(again), bytes);
  }
}

TEST(Safetensors, TakesFilesWithNothingInThem) {
  EXPECT_TRUE(parse_safetensors(file_of("{}", 0), "f").arrays.empty());
  EXPECT_EQ(
      parse_safetensors(file_of("{" + entry("a", "3, 0", "0, 0") + "}", 0), "f").arrays.size(), 1u);
}

// Only the data as a whole is aligned: floats may leave a double at any multiple of 4.
TEST(Safetensors, ReadsWhatIsNotAligned) {
  const std::vector<float> floats = {1.5f, -2.0f, 1e-45f};
  const std::vector<double> doubles = {0.1};
  const std::string float_bytes = to_little_endian(floats),
                    double_bytes = to_little_endian(doubles);
  const std::string bytes = "?" + format_safetensors({{},
                                                      {{"f", Dtype::kF32, {3}, float_bytes},
                                                       {"none", Dtype::kF32, {0, 7}, ""},
                                                       {"d", Dtype::kF64, {1, 1}, double_bytes}}});
  const Safetensors file = parse_safetensors(std::string_view(bytes).substr(1), "f");
  EXPECT_EQ(floats_from_little_endian(file.arrays[0].data), floats);
  EXPECT_EQ(file.arrays[1].shape, (std::vector<std::uint64_t>{0, 7}));
  EXPECT_EQ(doubles_from_little_endian(file.arrays[2].data), doubles);
}

TEST(Safetensors, ReadsToTheLastByte) {
  EXPECT_EQ(safetensors_error(file_of("{" + entry("a", "1", "0,8") + "}", 8)), "no error");
  EXPECT_EQ(safetensors_error(file_of("{" + entry("a", "1", "0,8") + "}", 9)),
            "f: holds 9 bytes of data, expected 8 by its header");
  EXPECT_EQ(safetensors_error(file_of("{" + entry("a", "1", "0,8") + "}", 7)),
            "f: \"a\": ends at byte 8 of 7; is the file cut off?");
  const std::string whole = file_of("{" + entry("a", "1", "0,8") + "}", 8);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_safetensors(whole.substr(0, size), "f"), Error) << size;
  }
}

TEST(Safetensors, ChecksTheHeadersLength) {
  EXPECT_EQ(safetensors_error(""),
            "f: not a safetensors file, is 0 bytes long, expected 8 or more");
  EXPECT_EQ(safetensors_error("1234567"),
            "f: not a safetensors file, is 7 bytes long, expected 8 or more");
  const std::string kNone = "f: not a safetensors file, expected a length and a JSON object first";
  EXPECT_EQ(safetensors_error(length_bytes(std::uint64_t{1} << 63) + "{}      "), kNone);
  EXPECT_EQ(safetensors_error(length_bytes(UINT64_MAX) + "{}      "), kNone);
  EXPECT_EQ(safetensors_error(length_bytes((100 << 20) + 8) + "{}      "), kNone);
  EXPECT_EQ(safetensors_error(length_bytes(0)), kNone);
  EXPECT_EQ(safetensors_error(length_bytes(8) + " {}     "), kNone);
  EXPECT_EQ(safetensors_error(length_bytes(16) + "{}      "),
            "f: header is 16 bytes long, but only 8 follow; is the file cut off?");
  EXPECT_EQ(safetensors_error(length_bytes(2) + "{}"),
            "f: header is 2 bytes long, expected a multiple of 8");
  EXPECT_EQ(safetensors_error(length_bytes(0) + "{}      "),
            "f: header: not JSON, expected '[', '{', or a literal, got end of input at line 1, "
            "column 1");
}

TEST(Safetensors, RefusesMalformedHeaders) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{" + entry("a", "1", "0,8"), "f: header: not JSON, expected '}', got end of input"},
      {"{" + entry("a", "1", "0,8") + "," + entry("a", "1", "8,16") + "}",
       "f: header: key \"a\" twice in one object"},
      // overlap, hole, order
      {"{" + entry("a", "1", "0,8") + "," + entry("b", "1", "0,8") + "}",
       "f: \"b\": data_offsets are [0, 8], expected [8, ...] behind the array before"},
      {"{" + entry("a", "1", "0,8") + "," + entry("b", "1", "4,12") + "}",
       "f: \"b\": data_offsets"},
      {"{" + entry("a", "1", "8,16") + "}",
       "f: \"a\": data_offsets are [8, 16], expected [0, ...]"},
      {"{" + entry("a", "1", "8,16") + "," + entry("b", "1", "0,8") + "}",
       "f: \"a\": data_offsets"},
      // wrap-around
      {"{" + entry("a", "0", "18446744073709551608,18446744073709551612") + "}",
       "f: \"a\": data_offsets are [18446744073709551608, 18446744073709551612], expected [0"},
      {"{" + entry("a", "2", "0,8") + "," + entry("b", "1", "8,0") + "}", "f: \"a\": "},
      {"{" + entry("a", "1", "0,8") + "," + entry("b", "1", "8,0") + "}", "f: \"b\": data_offsets"},
      {"{" + entry("a", "2305843009213693952", "0,0") + "}", "f: \"a\": data_offsets"},
      {"{" + entry("a", "4294967296,4294967296", "0,0") + "}",
       "f: \"a\": data_offsets are [0, 0], which does not fit F64 of shape [4294967296, "
       "4294967296]"},
      {"{" + entry("a", "18446744073709551615,2,0", "0,0") + "}", "f: \"a\": data_offsets"},
      // sizes
      {"{" + entry("a", "1", "0,4") + "}", "f: \"a\": data_offsets are [0, 4], which does not fit"},
      {"{" + entry("a", "2", "0,16", "U32") + "}", "f: \"a\": data_offsets are [0, 16]"},
      {"{" + entry("a", "0", "0,8") + "}", "f: \"a\": data_offsets are [0, 8]"},
      {"{" + entry("a", "1", "0,8,16") + "}", "f: \"a\": data_offsets are [0, 8, 16]"},
      {"{" + entry("a", "1", "0") + "}", "f: \"a\": data_offsets are [0]"},
      {"{" + entry("a", "1", "") + "}", "f: \"a\": data_offsets are []"},
      {"{" + entry("a", "-1", "0,8") + "}",
       "f: \"a\": shape holds the number -1, expected integers from 0 on"},
      {"{" + entry("a", "1.0", "0,8") + "}", "f: \"a\": shape holds the number 1.0"},
      {"{" + entry("a", "\"1\"", "0,8") + "}", "f: \"a\": shape holds a string"},
      {"{" + entry("a", "1", "0,8.0") + "}", "f: \"a\": data_offsets holds the number 8.0"},
      // entries
      {"{" + entry("a", "1", "0,8", "F65") + "}",
       "f: \"a\": dtype is \"F65\", expected F64, F32 or U32"},
      {R"({"a":{}})", "f: \"a\": no key \"dtype\""},
      {R"({"a":7})", "f: \"a\": expected an object, got the number 7"},
      {R"({"a":{"dtype":1}})", "f: \"a\": dtype is the number 1, expected a string"},
      {R"({"a":{"dtype":"F64","shape":1,"data_offsets":[0,8]}})",
       "f: \"a\": shape is the number 1, expected an array"},
      {R"({"a":{"dtype":"F64","data_offsets":[0,8]}})", "f: \"a\": no key \"shape\""},
      {R"({"a":{"dtype":"F64","shape":[1]}})", "f: \"a\": no key \"data_offsets\""},
      {R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"x":1}})",
       "f: \"a\": is an object with 4 keys, expected dtype, shape and data_offsets"},
      {R"({"__metadata__":[]})", "f: \"__metadata__\": expected an object"},
      {R"({"__metadata__":{"k":1}})", "f: \"__metadata__\": k is the number 1, expected a string"},
      {R"({"__metadata__":{},"__metadata__":{}})", "f: header: key \"__metadata__\" twice"},
      {R"({"__metadata__":{"k":"1","k":"2"}})", "f: header: key \"k\" twice in one object"},
      {R"({"a":{"dtype":"F64","dtype":"F32","shape":[1],"data_offsets":[0,8]}})",
       "f: header: key \"dtype\" twice"},
      {"{\"a\":" + std::string(100'000, '['), "f: header: nested deeper than 16"},
  };
  for (const auto& [header, message] : cases) {
    const std::string got = safetensors_error(file_of(header, 16));
    EXPECT_EQ(got.find(message), 0u) << header.substr(0, 200) << "\n" << got;
  }
}

TEST(Safetensors, MutatedBytesAreReadOrRefused) {
  const std::string whole = file_of("{\"__metadata__\":{\"k\":\"v\"}," + entry("a", "1", "0,8") +
                                        "," + entry("b", "2,1", "8,16", "U32") + "}",
                                    16);
  std::mt19937_64 rng(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (auto n = 1 + rng() % 2; n > 0; --n) {
      bytes[rng() % 3 == 0 ? rng() % 8 : rng() % bytes.size()] = static_cast<char>(rng());
    }
    try {
      const Safetensors file = parse_safetensors(bytes, "f");
      std::size_t size = 0;
      for (const Array& array : file.arrays) size += array.data.size();
      EXPECT_EQ(size, 16u);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace microgpt
