#include "base/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "microgpt/error.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using namespace std::string_literals;

std::string parse_error(std::string_view text) {
  return message_of([&] { parse_json(text, "x.json"); });
}

std::string nested(std::size_t depth, const std::string& inner = "") {
  return std::string(depth, '[') + inner + std::string(depth, ']');
}

TEST(Json, ReadsEveryKindOfValue) {
  const Json json = parse_json(
      R"( {"b": [1, -2, 3.5, 18446744073709551615, "t\u00e9\ud83d\ude00\n", true, false, null],
          "a": {}, "": []} )",
      "x");
  ASSERT_EQ(json.size(), 3u);
  EXPECT_EQ(json.begin().key(), "b") << "keys keep their order";
  EXPECT_EQ(json["b"][0], 1);
  EXPECT_EQ(json["b"][1], -2);
  EXPECT_EQ(json["b"][2], 3.5);
  EXPECT_EQ(json["b"][3], UINT64_MAX);
  EXPECT_EQ(json["b"][4], "t\u00e9\U0001F600\n");
  EXPECT_EQ(json["b"][5], true);
  EXPECT_EQ(json["b"][6], false);
  EXPECT_TRUE(json["b"][7].is_null());
  EXPECT_TRUE(json["a"].is_object());
  EXPECT_TRUE(json[""].is_array());
  EXPECT_EQ(parse_json("-7", "x"), -7);
}

TEST(Json, ReadsDoublesToTheLastBit) {
  const auto bits = [](const char* text) {
    return std::bit_cast<std::uint64_t>(parse_json(text, "x").get<double>());
  };
  EXPECT_EQ(bits("0.1"), 0x3FB999999999999Au);
  EXPECT_EQ(bits("-0.0"), 0x8000000000000000u);
  EXPECT_EQ(bits("5e-324"), 1u);
  EXPECT_EQ(bits("2.2250738585072011e-308"), 0x000FFFFFFFFFFFFFu);
  EXPECT_EQ(bits("1.7976931348623157e+308"), 0x7FEFFFFFFFFFFFFFu);
  EXPECT_EQ(bits("9007199254740993.0"), 0x4340000000000000u);
  EXPECT_EQ(bits("1e-400"), 0u);
}

TEST(Json, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(parse_error(R"({"n_layer": 1, "x)"),
            "x.json: not JSON, invalid string: missing closing quote at line 1, column 18");
  EXPECT_EQ(parse_error(R"({"n_layer": [1,2)"),
            "x.json: not JSON, expected ']', got end of input at line 1, column 17");
  EXPECT_EQ(parse_error("{\n  \"a\": 1,\n  \"b\" 2}"),
            "x.json: not JSON, expected ':', got number literal at line 3, column 7");
  EXPECT_EQ(parse_error("{\"\u00e9\u00e9\": ?}"),
            "x.json: not JSON, invalid literal at line 1, column 8")
      << "columns are characters";
  EXPECT_EQ(parse_error(""),
            "x.json: not JSON, expected '[', '{', or a literal, got end of input at line 1, "
            "column 1");
}

TEST(Json, RefusesWhatOtherParsersLetPass) {
  const auto has = [](const std::string& text, const std::string& message) {
    const std::string got = parse_error(text);
    EXPECT_NE(got.find(message), std::string::npos) << text << "\n" << got;
  };
  has(R"({"a": 1, "b": {"a": 2}, "a": 3})", "key \"a\" twice in one object at line 1, column 27");
  has("\xEF\xBB\xBF{}", "byte order mark");
  has("{}\0"s, "NUL byte at line 1, column 3");
  has("{}\0garbage"s, "NUL byte");
  has("{} {}", "expected end of input, got '{'");
  has("[1,]", "expected");
  has("{\"a\":1,}", "expected string literal, got '}'");
  has("[01]", "expected ']', got number literal");
  has("[1e999]", "number too large for a double at line 1, column 6");
  has("[-1e999]", "number too large");
  for (const char* text : {"NaN",
                           "Infinity",
                           "-Infinity",
                           "nan",
                           "inf",
                           "+1",
                           ".5",
                           "1.",
                           "0x10",
                           "'a'",
                           "{a: 1}",
                           "// c\n1",
                           "/* c */ 1",
                           "True",
                           "\"\t\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\xFF\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "[\xC3\xA9]"}) {
    has(text, "x.json: not JSON, ");
  }
}

TEST(Json, BoundsTheDepth) {
  EXPECT_NO_THROW(parse_json(nested(16), "x"));
  EXPECT_EQ(parse_error(nested(17)), "x.json: nested deeper than 16 at line 1, column 17");
  EXPECT_EQ(parse_error(std::string(100'000, '[')),
            "x.json: nested deeper than 16 at line 1, column 17");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parse_error(objects), "x.json: nested deeper than 16 at line 1, column 81");
  EXPECT_NO_THROW(parse_json("[" + nested(15) + "," + nested(15) + "]", "x"))
      << "siblings do not add up";
}

TEST(Json, TruncatedAnywhereIsAnError) {
  const std::string text = R"({"a": [1.5e-3, {"b": "x\u00e9\\y"}], "c": {"d": [true, null]}})";
  ASSERT_NO_THROW(parse_json(text, "x"));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THROW(parse_json(text.substr(0, size), "x"), Error) << size;
  }
}

// Linear, not quadratic: the library's own builder would take minutes.
TEST(Json, TakesManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  EXPECT_EQ(parse_json(text + "\"x\":0}", "x").size(), 200'001u);
  EXPECT_NE(parse_error(text + "\"7\":0}").find("key \"7\" twice"), std::string::npos);
}

TEST(Json, LongKeysAreCutInMessages) {
  const std::string key(100'000, 'k');
  EXPECT_LT(parse_error("{\"" + key + "\":1,\"" + key + "\":2}").size(), 200u);
}

TEST(Json, TypedAccess) {
  const Json json = parse_json(
      R"({"i": 7, "n": -3, "u": 18446744073709551615, "d": 1.5, "s": "t", "big": 1e20})", "x");
  EXPECT_EQ(json_int(json, "i", 7, 7, "w"), 7);
  EXPECT_EQ(json_int(json, "n", -3, 0, "w"), -3);
  EXPECT_EQ(json_uint64(json, "u", "w"), UINT64_MAX);
  EXPECT_EQ(json_double(json, "d", "w"), 1.5);
  EXPECT_EQ(json_double(json, "i", "w"), 7.0);
  EXPECT_EQ(json_string(json, "s", "w"), "t");
  EXPECT_EQ(json_at(json, "s", "w"), "t");
}

TEST(Json, TypedAccessNamesKeyAndValue) {
  const Json json = parse_json(
      R"({"i": 7, "n": -3, "u": 18446744073709551615, "d": 1.0, "s": "t", "o": {"k": 1}})", "x");
  const auto int_error = [&](const char* key) {
    return message_of([&] { json_int(json, key, 0, INT64_MAX, "m.json: config"); });
  };
  EXPECT_EQ(int_error("?"), "m.json: config: no key \"?\"");
  EXPECT_EQ(int_error("s"),
            "m.json: config: s is a string, expected an integer in 0..9223372036854775807");
  EXPECT_NE(int_error("n").find("n is the number -3, expected"), std::string::npos);
  EXPECT_EQ(message_of([&] { json_int(json, "u", INT64_MIN, INT64_MAX, "w"); }),
            "w: u is the number 18446744073709551615, expected an integer in "
            "-9223372036854775808..9223372036854775807");
  EXPECT_NE(int_error("d").find("d is the number 1.0"), std::string::npos);
  EXPECT_EQ(message_of([&] { json_int(json, "i", 8, 9, "w"); }),
            "w: i is the number 7, expected an integer in 8..9");
  EXPECT_EQ(message_of([&] { json_uint64(json, "n", "w"); }),
            "w: n is the number -3, expected an integer in 0..18446744073709551615");
  EXPECT_EQ(message_of([&] { json_double(json, "o", "w"); }),
            "w: o is an object with 1 key, expected a finite number");
  EXPECT_EQ(message_of([&] { json_string(json, "i", "w"); }),
            "w: i is the number 7, expected a string");
  EXPECT_EQ(message_of([&] { json_at(json["i"], "k", "w"); }),
            "w: expected an object, got the number 7");
  const Json infinite = {{"x", std::numeric_limits<double>::infinity()}};
  EXPECT_NE(message_of([&] { json_double(infinite, "x", "w"); }), "no error");
}

TEST(Json, DescribesValues) {
  const auto describe = [](const char* text) { return describe_json(parse_json(text, "x")); };
  EXPECT_EQ(describe("{}"), "an object with 0 keys");
  EXPECT_EQ(describe("[1]"), "an array of 1 value");
  EXPECT_EQ(describe("[1, 2]"), "an array of 2 values");
  EXPECT_EQ(describe("\"7\""), "a string");
  EXPECT_EQ(describe("true"), "true");
  EXPECT_EQ(describe("null"), "null");
  EXPECT_EQ(describe("0.5"), "the number 0.5");
}

TEST(Json, QuotesAsPython) {
  EXPECT_EQ(quote_json("a\"\\\n\x01\x7f"), R"("a\"\\\n\u0001\u007f")");
  EXPECT_EQ(quote_json("\u00e9\U0001F600"), R"("\u00e9\ud83d\ude00")");
  EXPECT_EQ(quote_json("a\xFFz"), R"("a\ufffdz")");
  EXPECT_EQ(quote_json("\0"s), R"("\u0000")");
}

}  // namespace
}  // namespace microgpt
