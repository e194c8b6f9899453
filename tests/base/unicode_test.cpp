#include "base/unicode.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "base/sha256.h"
#include "support/python.h"

namespace microgpt {
namespace {

// What bytes.decode("utf-8", "ignore") leaves, in UTF-8. Python passes over several bytes of an
// ill-formed sequence at once; one at a time comes to the same, for the others begin no character.
std::string well_formed_part(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto c = decode_utf8(bytes, at);
    if (c) append_utf8(text, c->value);
    at += c ? c->size : 1;
  }
  return text;
}

// All strings of first, b, c with any b and c, a newline after each.
std::string three_byte_strings(int first) {
  std::string bytes;
  for (int b = 0; b < 256; ++b) {
    for (int c = 0; c < 256; ++c) {
      bytes += {static_cast<char>(first), static_cast<char>(b), static_cast<char>(c), '\n'};
    }
  }
  return bytes;
}

// One line for each first byte: the hash of what is well-formed among all strings of three bytes
// that begin so. With the newlines these hold all strings of one and two bytes as well. Strings
// that begin with ASCII are left out: they hold nothing new.
TEST(Unicode, DecodesLikePythonAllStringsOfUpToThreeBytes) {
  MICROGPT_RUN_PYTHON(output, R"(
import hashlib
tails = [b''] + [bytes((b, c, 10)) for b in range(256) for c in range(256)]
for a in range(128, 256):
    text = bytes([a]).join(tails).decode('utf-8', 'ignore')
    print(hashlib.sha256(text.encode('utf-8')).hexdigest())
)");
  std::istringstream expected(output);
  for (int first = 128; first < 256; ++first) {
    std::string hash;
    expected >> hash;
    ASSERT_EQ(sha256_hex(well_formed_part(three_byte_strings(first))), hash) << first;
  }
}

TEST(Unicode, DecodesLikePythonAllTwoBytePrefixesOfFour) {
  MICROGPT_RUN_PYTHON(output, R"(
import hashlib
edges = (0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF)
text = b''.join(bytes((a, b, c, d, 10)) for a in range(0xEF, 0x100) for b in range(256)
                for c in edges for d in edges).decode('utf-8', 'ignore')
print(len(text), hashlib.sha256(text.encode('utf-8')).hexdigest())
)");
  const std::string edges("\x00\x7F\x80\xBF\xC0\xFF", 6);
  std::string bytes;
  for (int a = 0xEF; a < 0x100; ++a) {
    for (int b = 0; b < 256; ++b) {
      for (const char c : edges) {
        for (const char d : edges) {
          bytes += {static_cast<char>(a), static_cast<char>(b), c, d, '\n'};
        }
      }
    }
  }
  std::size_t length;
  std::string hash;
  std::istringstream(output) >> length >> hash;
  EXPECT_GT(length, 0u);
  EXPECT_EQ(sha256_hex(well_formed_part(bytes)), hash);
}

// Unicode 15.0, table 3-7: the first and the last well-formed sequence of each row, and those just
// outside.
TEST(Unicode, DecodesAtTheBoundaries) {
  const auto value = [](std::string_view bytes) -> long {
    const auto c = decode_utf8(bytes, 0);
    return c && c->size == bytes.size() ? static_cast<long>(c->value) : -1;
  };
  EXPECT_EQ(value(std::string_view("\0", 1)), 0);
  EXPECT_EQ(value("\x7F"), 0x7F);
  EXPECT_EQ(value("\x80"), -1);
  EXPECT_EQ(value("\xC1\xBF"), -1);
  EXPECT_EQ(value("\xC2\x80"), 0x80);
  EXPECT_EQ(value("\xDF\xBF"), 0x7FF);
  EXPECT_EQ(value("\xE0\x9F\xBF"), -1);
  EXPECT_EQ(value("\xE0\xA0\x80"), 0x800);
  EXPECT_EQ(value("\xED\x9F\xBF"), 0xD7FF);
  EXPECT_EQ(value("\xED\xA0\x80"), -1);
  EXPECT_EQ(value("\xED\xBF\xBF"), -1);
  EXPECT_EQ(value("\xEE\x80\x80"), 0xE000);
  EXPECT_EQ(value("\xEF\xBF\xBF"), 0xFFFF);
  EXPECT_EQ(value("\xF0\x8F\xBF\xBF"), -1);
  EXPECT_EQ(value("\xF0\x90\x80\x80"), 0x10000);
  EXPECT_EQ(value("\xF4\x8F\xBF\xBF"), 0x10FFFF);
  EXPECT_EQ(value("\xF4\x90\x80\x80"), -1);
  EXPECT_EQ(value("\xF5\x80\x80\x80"), -1);
}

TEST(Unicode, NeverReadsPastTheEnd) {
  for (const std::string_view whole : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_utf8(whole.substr(0, size), 0)) << size;
    }
  }
}

TEST(Unicode, AppendIsTheInverseOfDecode) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "x";
    append_utf8(text, c);
    const auto back = decode_utf8(text, 1);
    ASSERT_TRUE(back) << std::hex << static_cast<unsigned>(c);
    ASSERT_EQ(back->value, c);
    ASSERT_EQ(back->size, text.size() - 1);
  }
}

// In lines of decimal numbers.
std::string lines_of(const std::vector<unsigned>& numbers) {
  std::string lines;
  for (const unsigned number : numbers) lines += fmt::format("{}\n", number);
  return lines;
}

std::vector<unsigned> all_spaces() {
  std::vector<unsigned> spaces;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_python_space(c)) spaces.push_back(c);
  }
  return spaces;
}

TEST(Unicode, SpacesAreThoseOfCPython) {
  EXPECT_EQ(all_spaces(),
            (std::vector<unsigned>{0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x1C,   0x1D,   0x1E,
                                   0x1F,   0x20,   0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002,
                                   0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
                                   0x2028, 0x2029, 0x202F, 0x205F, 0x3000}));
}

TEST(Unicode, SpacesAreThoseOfThePythonAtHand) {
  MICROGPT_RUN_PYTHON(output, R"(
for c in range(0x110000):
    assert chr(c).isspace() == (not chr(c).strip())
    if chr(c).isspace(): print(c)
)");
  EXPECT_EQ(lines_of(all_spaces()), output);
}

TEST(Unicode, StripCutsSpacesOfAnyScriptAtBothEnds) {
  EXPECT_EQ(python_strip(""), "");
  EXPECT_EQ(python_strip("a"), "a");
  EXPECT_EQ(python_strip(" \t\r\n"), "");
  EXPECT_EQ(python_strip("\xE3\x80\x80\xC2\xA0 a\xE2\x80\xA8 b \xC2\x85\x1C\xE2\x80\xAF"),
            "a\xE2\x80\xA8 b");
  // No white space, though its first or last byte looks like part of one.
  for (const std::string_view text : {"\xC2\xA1", "\xE2\x80\x8B", "\xEF\xBB\xBF", "\xC3\xA0"}) {
    EXPECT_EQ(python_strip(text), text);
  }
}

TEST(Unicode, DescribesWhatCanBeShown) {
  EXPECT_EQ(describe_code_point(U'a'), "'a'");
  EXPECT_EQ(describe_code_point(U' '), "' '");
  EXPECT_EQ(describe_code_point(0xE9), "'\xC3\xA9'");
  EXPECT_EQ(describe_code_point(0x1F600), "'\xF0\x9F\x98\x80'");
  EXPECT_EQ(describe_code_point(0), "U+0000");
  EXPECT_EQ(describe_code_point(0x1B), "U+001B");
  EXPECT_EQ(describe_code_point(0x9B), "U+009B");    // a terminal takes it for ESC [
  EXPECT_EQ(describe_code_point(0x202E), "U+202E");  // turns the rest of the line around
  EXPECT_EQ(describe_code_point(0x3000), "U+3000");
  EXPECT_EQ(describe_code_point(0xFEFF), "U+FEFF");
  EXPECT_EQ(describe_code_point(0x10FFFF), "U+10FFFF");
}

}  // namespace
}  // namespace microgpt
