#include "microgpt/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/unicode.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using Ids = std::vector<int>;
using Texts = std::vector<std::string>;

Texts lower_case() {
  Texts letters;
  for (char c = 'a'; c <= 'z'; ++c) letters.emplace_back(1, c);
  return letters;
}

TEST(Tokenizer, FinalEditionPutsBosLast) {
  const auto tokenizer = Tokenizer::from_dataset(Dataset("cab\nda\n", ""), Edition::kFinal);
  EXPECT_EQ(tokenizer.uchars(), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(tokenizer.vocab_size(), 5);
  EXPECT_EQ(tokenizer.bos(), 4);
  EXPECT_EQ(tokenizer.encode("abcd"), (Ids{0, 1, 2, 3}));
  EXPECT_EQ(tokenizer.encode_document("cab"), (Ids{4, 2, 0, 1, 4}));
  EXPECT_EQ(tokenizer.token_text(3), "d");
  EXPECT_EQ(tokenizer.token_text(4), "");
}

TEST(Tokenizer, FirstEditionPutsBosFirst) {
  const auto tokenizer = Tokenizer::from_dataset(Dataset("cab\nda\n", ""), Edition::kFirst);
  EXPECT_EQ(tokenizer.vocab_size(), 5);
  EXPECT_EQ(tokenizer.bos(), 0);
  EXPECT_EQ(tokenizer.encode_document("cab"), (Ids{0, 3, 1, 2, 0}));
  EXPECT_EQ(tokenizer.token_text(0), "");
  EXPECT_EQ(tokenizer.token_text(1), "a");
  EXPECT_EQ(tokenizer.token_text(4), "d");
}

TEST(Tokenizer, SortsByCodePoint) {
  const auto tokenizer = Tokenizer::from_dataset(
      Dataset("\xF0\x9F\x98\x80\xEF\xBF\xBDz\xC3\xA9\xE2\x82\xAC A", ""), Edition::kFinal);
  EXPECT_EQ(tokenizer.uchars(),
            (Texts{" ", "A", "z", "\xC3\xA9", "\xE2\x82\xAC", "\xEF\xBF\xBD", "\xF0\x9F\x98\x80"}));
}

TEST(Tokenizer, KeepsTheOrderItIsGiven) {
  const Tokenizer tokenizer({"z", "a"}, 2);
  EXPECT_EQ(tokenizer.encode("az"), (Ids{1, 0}));
  EXPECT_FALSE(tokenizer == Tokenizer({"a", "z"}, 2));
  EXPECT_FALSE(tokenizer == Tokenizer({"z", "a"}, 0));
  EXPECT_TRUE(tokenizer == Tokenizer({"z", "a"}, 2));
}

// UAX #29 by example: what readers of each script take for one character.
const Texts kGraphemes = {
    "e\xCC\x81",                                     // e, combining acute
    "\xE0\xA4\xA8\xE0\xA4\xBF",                      // Devanagari NA, vowel sign I
    "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB",          // Hangul HAN as three jamo
    "\xED\x95\x9C",                                  // the same as one syllable
    "\xE0\xB8\x81\xE0\xB8\xB3",                      // Thai KO KAI, SARA AM
    "\xD8\xA8\xD9\x91",                              // Arabic BEH, shadda
    "\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7",              // a flag
    "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",  // a woman, joiner, a computer
    "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD",              // a thumb, skin tone
    "\xE4\xB8\xAD",                                  // a Chinese character
};

TEST(Tokenizer, GraphemesAreWhatAReaderTakesForOneCharacter) {
  std::string text;
  for (const std::string& grapheme : kGraphemes) text += grapheme;
  const auto tokenizer =
      Tokenizer::from_dataset(Dataset(text, ""), Edition::kFinal, TokenKind::kGrapheme);
  Texts sorted = kGraphemes;
  std::ranges::sort(sorted);
  EXPECT_EQ(tokenizer.uchars(), sorted);
  EXPECT_EQ(tokenizer.count_tokens(text), kGraphemes.size());
  const Ids ids = tokenizer.encode(text);
  for (std::size_t i = 0; i < kGraphemes.size(); ++i) {
    EXPECT_EQ(tokenizer.token_text(ids.at(i)), kGraphemes[i]);
  }
  EXPECT_EQ(tokenizer.count_letters(ids[2]), 3);
}

TEST(Tokenizer, TwoFlagsAreTwo) {
  const std::string flag = kGraphemes[6];
  const auto tokenizer =
      Tokenizer::from_dataset(Dataset(flag, ""), Edition::kFirst, TokenKind::kGrapheme);
  EXPECT_EQ(tokenizer.encode(flag + flag), (Ids{1, 1}));
}

TEST(Tokenizer, BytesAreTokensOfTheirOwn) {
  const auto tokenizer =
      Tokenizer::from_dataset(Dataset("z\xC3\xA9z", ""), Edition::kFinal, TokenKind::kByte);
  EXPECT_EQ(tokenizer.uchars(), (Texts{"z", "\xA9", "\xC3"}));
  EXPECT_EQ(tokenizer.encode_document("z\xC3\xA9"), (Ids{3, 0, 2, 1, 3}));
  EXPECT_EQ(tokenizer.encode("\xC3"), Ids{2});  // not UTF-8 yet
  EXPECT_EQ(tokenizer.token_name(2), "\xC3\x83");
  EXPECT_EQ(tokenizer.token_name(3), "");
  EXPECT_EQ(tokenizer.count_letters(2), 1);
  EXPECT_EQ(tokenizer.count_letters(1), 0);
  EXPECT_EQ(message_of([&] { tokenizer.encode("zz\xFF"); }),
            "text: character byte 0xFF at position 3 is not in the vocabulary, expected one of its "
            "3 bytes");
}

TEST(Tokenizer, NamesTheGraphemeItDoesNotKnow) {
  const Tokenizer tokenizer({"e", "\xC3\xA9"}, 0, TokenKind::kGrapheme);
  EXPECT_EQ(message_of([&] { tokenizer.encode("ee\xCC\x81"); }),
            "text: character U+0065 U+0301 at position 2 is not in the vocabulary, expected one of "
            "e\xC3\xA9");
  EXPECT_EQ(message_of([&] { tokenizer.encode("e\xE9"); }),
            "text: not UTF-8, expected UTF-8 text, got byte 0xE9 at byte 2");
}

TEST(Tokenizer, TriesToEncode) {
  const Tokenizer graphemes({"e", "e\xCC\x81"}, 0, TokenKind::kGrapheme);
  EXPECT_EQ(graphemes.try_encode("e\xCC\x81"
                                 "e"),
            (Ids{2, 1}));
  EXPECT_EQ(graphemes.try_encode(""), Ids{});
  for (const char* const unknown : {"x", "ee\xCC\x80", "e\xE9"}) {
    EXPECT_EQ(graphemes.try_encode(unknown), std::nullopt) << unknown;
  }
  const Tokenizer bytes({"\xC3", "e"}, 2, TokenKind::kByte);
  EXPECT_EQ(bytes.try_encode("e\xC3"), (Ids{1, 0}));
  EXPECT_EQ(bytes.try_encode("e\xA9"), std::nullopt);
}

TEST(Tokenizer, KindsHaveNames) {
  for (const TokenKind kind : {TokenKind::kCodepoint, TokenKind::kGrapheme, TokenKind::kByte}) {
    EXPECT_EQ(parse_token_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(message_of([] { parse_token_kind("word"); }),
            "tokens: no such name, expected codepoint, grapheme or byte, got 'word'");
}

char32_t random_code_point(std::mt19937& random) {
  constexpr char32_t kEnds[] = {0x80, 0x800, 0x10000, 0x110000};
  const char32_t c = static_cast<char32_t>(random()) % kEnds[random() % 4];
  const bool stays_as_it_is = c != 0 && !is_python_space(c) && (c < 0xD800 || c > 0xDFFF);
  return stays_as_it_is ? c : U'x';
}

// Property: over texts of all scripts decode is the inverse of encode, ids lie in the vocabulary,
// and no text has the id of BOS.
TEST(Tokenizer, DecodeIsTheInverseOfEncode) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 15; ++trial) {
    std::string text;
    std::size_t length = 1 + random() % 50;
    for (std::size_t i = 0; i < length; ++i) append_utf8(text, random_code_point(random));
    for (int trait = 0; trait < 6; ++trait) {
      const auto kind = static_cast<TokenKind>(trait % 3);
      const Edition edition = trait < 3 ? Edition::kFinal : Edition::kFirst;
      const auto tokenizer = Tokenizer::from_dataset(Dataset(text, ""), edition, kind);
      const Ids ids = tokenizer.encode(text);
      EXPECT_EQ(ids.size(), tokenizer.count_tokens(text));
      if (kind == TokenKind::kCodepoint) {
        EXPECT_EQ(ids.size(), length);
      }
      EXPECT_EQ(tokenizer.decode(ids), text);
      for (const int id : ids) {
        EXPECT_TRUE(id >= 0 && id < tokenizer.vocab_size() && id != tokenizer.bos()) << id;
      }
      EXPECT_TRUE(tokenizer == Tokenizer(tokenizer.uchars(), tokenizer.bos(), kind));
    }
  }
}

TEST(Tokenizer, EmptyText) {
  const Tokenizer tokenizer(lower_case(), 26);
  EXPECT_EQ(tokenizer.encode(""), Ids{});
  EXPECT_EQ(tokenizer.encode_document(""), (Ids{26, 26}));
}

TEST(Tokenizer, NamesTheCharacterItDoesNotKnow) {
  const auto error = [](const Texts& uchars, std::string_view text) {
    const Tokenizer tokenizer(uchars, 0);
    const std::string message = message_of([&] { tokenizer.encode(text); });
    EXPECT_EQ(message_of([&] { tokenizer.encode_document(text); }), message);
    return message;
  };
  EXPECT_EQ(error(lower_case(), "jo\xC3\xA9"),
            "text: character '\xC3\xA9' (U+00E9) at position 3 is not in the vocabulary, expected "
            "one of abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(error({"\xC3\xA9", "z"}, "z\xC3\xA9\ny"),
            "text: character U+000A at position 3 is not in the vocabulary, expected one of "
            "\xC3\xA9z");
  // Beyond the last character there is, and one that only a table of bytes would take for 'a'.
  EXPECT_NE(error(lower_case(), "\xF4\x8F\xBF\xBF").find("U+10FFFF"), std::string::npos);
  EXPECT_NE(error(lower_case(), "\xC5\xA1").find("U+0161"), std::string::npos);
}

TEST(Tokenizer, SpellsOutOnlyShortAndHarmlessVocabularies) {
  const auto expected_part = [](const Texts& uchars) {
    const std::string message = message_of([&] { Tokenizer(uchars, 0).encode("~"); });
    return message.substr(message.find(", expected"));
  };
  Texts many;
  for (char32_t c = 0x4E00; many.size() < 3000; ++c) append_utf8(many.emplace_back(), c);
  EXPECT_EQ(expected_part(many), ", expected one of its 3000 characters");
  EXPECT_EQ(expected_part({"a", "\x1B"}), ", expected one of its 2 characters");
  EXPECT_EQ(expected_part({}), ", expected one of its 0 characters");
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(message_of([] { Tokenizer(lower_case(), 0).encode("ab\xE9"); }),
            "text: not UTF-8, expected UTF-8 text, got byte 0xE9 at byte 3");
}

TEST(Tokenizer, RefusesBadVocabularies) {
  const auto error = [](Texts uchars, int bos) {
    return message_of([&] { Tokenizer tokenizer(uchars, bos); });
  };
  EXPECT_EQ(error({"a", "b"}, 0), "no error");
  EXPECT_EQ(error({"a", "b"}, 2), "no error");
  EXPECT_EQ(error({"a", "b"}, 1), "tokenizer: BOS, expected 0 or 2, got 1");
  EXPECT_EQ(error({"a", "b"}, -1), "tokenizer: BOS, expected 0 or 2, got -1");
  EXPECT_EQ(error({"a", ""}, 0),
            "tokenizer: character 1, expected one code point in UTF-8, got an empty text");
  EXPECT_EQ(error({"ab"}, 0),
            "tokenizer: character 0, expected one code point in UTF-8, got a text of 2 bytes");
  EXPECT_EQ(error({"\xE9"}, 0),
            "tokenizer: character 0, expected one code point in UTF-8, got a text that is not "
            "UTF-8");
  EXPECT_EQ(error({"a", "b", "a"}, 0),
            "tokenizer: character 2, expected each character once, got 'a' (U+0061) again");
  const auto error_of = [](Texts uchars, TokenKind kind) {
    return message_of([&] { Tokenizer tokenizer(uchars, 0, kind); });
  };
  EXPECT_EQ(error_of({"ab"}, TokenKind::kGrapheme),
            "tokenizer: character 0, expected one grapheme in UTF-8, got a text of 2 bytes");
  EXPECT_EQ(error_of({"a", "e\xCC\x81", "e\xCC\x81"}, TokenKind::kGrapheme),
            "tokenizer: character 2, expected each character once, got U+0065 U+0301 again");
  EXPECT_EQ(error_of({"ab"}, TokenKind::kByte),
            "tokenizer: character 0, expected one byte, got a text of 2 bytes");
}

}  // namespace
}  // namespace microgpt
