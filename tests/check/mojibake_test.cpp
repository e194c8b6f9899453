// UTF-8 that was read as something else is told from letters that are meant.
#include "check/mojibake.h"

#include <gtest/gtest.h>

#include <string>

#include "base/unicode.h"
#include "check/test_lists.h"

namespace microgpt::check {
namespace {

// What a program makes of UTF-8 that takes it for Latin-1, or for Windows-1252.
std::string misread(std::string_view text, bool as_windows) {
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const char32_t meant = as_windows ? windows_character(byte) : 0;
    append_utf8(made, meant != 0 ? meant : byte);
  }
  return made;
}

std::size_t count_mojibake(std::string_view text) { return find_mojibake(text).size(); }

// All of it, to the last byte.
TEST(Mojibake, IsFoundInEveryScript) {
  for (const char* text : {"zo\u00EB", "\u00E9lodie", "citt\u00E0", "d\u2019or", "\u201Cyes\u201D",
                           "\u041C\u043E\u0441\u043A\u0432\u0430", "\u043E\u043A\u043D\u043E",
                           "\u0391\u03B8\u03AE\u03BD\u03B1", "\u05D3\u05D5\u05D3",
                           "\u0645\u062D\u0645\u062F", "\u0930\u093E\u092E", "\u0E01\u0E23\u0E38",
                           "\u6771\u4EAC", "\uAE40\uBBFC", "\U0001F600", "j\u016Brmala"}) {
    for (const bool as_windows : {false, true}) {
      const std::string made = misread(text, as_windows);
      std::size_t beyond_ascii = 0, covered = 0, expected = 0;
      for (std::size_t at = 0; at < std::string_view(text).size();) {
        const CodePoint c = *decode_utf8(text, at);
        beyond_ascii += c.size > 1;
        at += c.size;
      }
      for (std::size_t at = 0; at < made.size();) {
        const CodePoint c = *decode_utf8(made, at);
        expected += c.size > 1 ? c.size : 0;
        at += c.size;
      }
      for (const Mojibake& place : find_mojibake(made)) covered += place.size;
      EXPECT_EQ(count_mojibake(made), beyond_ascii) << text << " " << made;
      EXPECT_EQ(covered, expected) << text << " " << made;
    }
  }
}

TEST(Mojibake, LettersBeforePunctuationAreMeant) {
  for (const char* text :
       {"\u00ABMA\u00C7\u00C3\u00BB", "MA\u00C7\u00C3\u00AA", "\u00AB\u00C9\u00BB",
        "voil\u00E0\u00A0\u00BB", "caf\u00E9\u00A0\u00BB", "\u201CFianc\u00E9\u2026\u201D",
        "Spa\u00DF\u00AB", "CAF\u00C9\u00AE", "FRANZ\u00D6\u00ADSISCH", "V\u00DD\u0160KA",
        "\u00DA\u017DASN\u00DD", "2\u00D7\u00BD\u00D7\u00BE", "\u00C9\u00A0bom", "\u00D8\u00BD"}) {
    EXPECT_EQ(count_mojibake(text), 0u) << text;
  }
  for (const TestList& list : kHonestLists) EXPECT_EQ(count_mojibake(list.text), 0u) << list.name;
}

TEST(Mojibake, CutsOffAndMarks) {
  EXPECT_EQ(count_mojibake("\u00E2\u20ACyes"), 1u);         // of a closing quote
  EXPECT_EQ(count_mojibake("\u00EF\u00BB\u00BFanna"), 1u);  // of a byte order mark
  EXPECT_EQ(count_mojibake("zo\xC3\u00C3\u00AB"), 1u);      // after what is not UTF-8
  EXPECT_EQ(count_mojibake("caf\u00C3\u00A9 \u00ABMA\u00C7\u00C3\u00BB"), 2u);  // one proves all
}

// U+00A0 and U+0085 are white space to Python, and end many a word of other scripts.
TEST(Mojibake, IsNotStripped) {
  EXPECT_EQ(stripped_document(" citt\u00C3\u00A0 "), "citt\u00C3\u00A0");
  EXPECT_EQ(stripped_document("\u00D1\u0085\u0085"), "\u00D1\u0085");
  EXPECT_EQ(stripped_document(" MA\u00C7\u00C3\u00A0"), "MA\u00C7\u00C3");
  EXPECT_EQ(stripped_document("\u00A0 \u0085"), "");
}

}  // namespace
}  // namespace microgpt::check
