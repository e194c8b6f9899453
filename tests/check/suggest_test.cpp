// What is suggested for a list.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/unicode.h"
#include "check/check_test.h"
#include "microgpt/dataset.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

// Documents of random letters, lengths from 3 to 11.
std::string random_list(std::size_t documents, std::u32string_view letters) {
  std::mt19937 random(1);
  std::string text;
  for (std::size_t i = 0; i < documents; ++i) {
    for (std::size_t k = 3 + random() % 9; k > 0; --k) {
      append_utf8(text, letters[random() % letters.size()]);
    }
    text += '\n';
  }
  return text;
}

constexpr std::u32string_view kLatin = U"abcdefghijklmnopqrstuvwxyz";

std::u32string han(std::size_t count) {
  std::u32string letters;
  for (std::size_t i = 0; i < count; ++i) letters += static_cast<char32_t>(0x4E00 + i);
  return letters;
}

Suggestion suggestion_for(const std::string& text) { return suggest(check_text(text)); }

TEST(Suggest, LargerListsGetLargerModels) {
  std::size_t parameters = 0;
  for (const std::size_t documents : {50, 20'000, 300'000}) {
    const Suggestion suggestion = suggestion_for(random_list(documents, kLatin));
    EXPECT_GT(suggestion.config.num_params(), parameters) << documents;
    parameters = suggestion.config.num_params();
  }
}

TEST(Suggest, FewWordsAreLearnedByHeart) {
  const Suggestion few = suggestion_for(random_list(50, kLatin));
  EXPECT_TRUE(few.memorises);
  EXPECT_EQ(few.config.num_params(), 4192u);
  bool is_told = false;
  for (const auto& reason : few.reasons)
    is_told |= reason.why.find("by heart") != std::string::npos;
  EXPECT_TRUE(is_told);
  EXPECT_FALSE(suggestion_for(random_list(5000, kLatin)).memorises);
}

TEST(Suggest, TokensFitTheScript) {
  EXPECT_EQ(suggestion_for(random_list(3000, kLatin)).tokens, TokenKind::kCodepoint);
  EXPECT_EQ(suggestion_for(random_list(3000, U"\u0430\u0431\u0432\u0433")).tokens,
            TokenKind::kCodepoint);
  EXPECT_EQ(suggestion_for(random_list(3000, U"\u0915\u0916\u093F\u0940")).tokens,
            TokenKind::kGrapheme);
  EXPECT_EQ(suggestion_for(random_list(500, han(1500))).tokens, TokenKind::kByte);
  EXPECT_EQ(suggestion_for(random_list(20'000, han(1500))).tokens, TokenKind::kCodepoint);
}

TEST(Suggest, TheBlockHasRoomForTheDocuments) {
  EXPECT_EQ(suggestion_for(random_list(1000, kLatin)).config.block_size, 16);
  EXPECT_EQ(suggestion_for(random_list(100, kLatin) + "abcdefghijklmnopqrst\n").config.block_size,
            21);
  // One line that is none of the list's does not make it larger than twice the usual.
  const Suggestion outlier =
      suggestion_for(random_list(1000, kLatin) + std::string(5000, 'x') + "\n");
  EXPECT_LT(outlier.config.block_size, 40);
}

TEST(Suggest, IsWhatCanBeTrained) {
  for (const std::size_t documents : {1, 2, 5, 50, 5000}) {
    const std::string text = random_list(documents, kLatin);
    const ListReport report = check_text(text);
    const Suggestion suggestion = suggest(report);
    suggestion.config.check();
    suggestion.train.check();
    const Dataset dataset(text, "test");
    EXPECT_LE(suggestion.train.sequences_per_step(), static_cast<std::int64_t>(dataset.size()));
    EXPECT_EQ(static_cast<std::size_t>(suggestion.config.vocab_size),
              report.unit(TokenKind::kCodepoint).different + 1);
    const double seconds = measure_training(suggestion, report);
    EXPECT_GT(seconds, 0);
    EXPECT_LT(seconds, 3600);
  }
}

TEST(Suggest, EachSettingHasAReason) {
  for (const std::size_t documents : {3, 50, 20'000, 300'000}) {
    for (const Suggestion::Reason& reason :
         suggestion_for(random_list(documents, kLatin)).reasons) {
      EXPECT_NE(reason.why, "") << documents << " " << reason.setting;
    }
  }
}

TEST(Suggest, NeedsDocuments) {
  EXPECT_EQ(message_of([] { suggestion_for("\n"); }),
            "suggestion: no documents, expected a list with at least one");
}

}  // namespace
}  // namespace microgpt
