// Copies, near copies and what is new.
#include "microgpt/novelty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace microgpt {
namespace {

Novelty novelty_of(const std::string& text) {
  static const KnownDocuments known(Dataset("anna\nbob\n\u00e9mile\n\ud55c\uad6d\n", "known"));
  return known.novelty_of(text);
}

TEST(Novelty, Copies) {
  for (const char* text : {"anna", "bob", "\u00e9mile", "\ud55c\uad6d"}) {
    EXPECT_EQ(novelty_of(text), Novelty::kCopy) << text;
  }
}

TEST(Novelty, NearCopies) {
  for (const char* text : {"ana", "annas", "anja", "nana", "bo", "obb", "emile", "\u00e9mil",
                           "\ud55c", "\ud55c\uac15"}) {
    EXPECT_EQ(novelty_of(text), Novelty::kNearCopy) << text;
  }
}

TEST(Novelty, New) {
  for (const char* text : {"an", "annabel", "anjo", "bbbb", "Emi", "\uac15"}) {
    EXPECT_EQ(novelty_of(text), Novelty::kNew) << text;
  }
}

// All texts of up to four letters, two of which share a byte, by the definition.
TEST(Novelty, IsWhatItsDefinitionSays) {
  const std::vector<std::string> letters = {"a", "\u00e9", "\u00e8"};
  using Letters = std::vector<std::string>;
  std::vector<Letters> texts = {{}};
  for (std::size_t i = 0; i < texts.size() && texts[i].size() < 4; ++i) {
    for (const std::string& letter : letters) {
      texts.push_back(texts[i]);
      texts.back().push_back(letter);
    }
  }
  const auto shorter = [](const Letters& text) {
    std::set<Letters> all;
    for (std::size_t i = 0; i < text.size(); ++i) {
      Letters one = text;
      one.erase(one.begin() + static_cast<std::ptrdiff_t>(i));
      all.insert(one);
    }
    return all;
  };
  const auto joined = [](const Letters& text) {
    std::string all;
    for (const std::string& letter : text) all += letter;
    return all;
  };
  const Letters known = {"a", "\u00e9", "\u00e9", "\u00e8"};
  const KnownDocuments documents(Dataset(joined(known) + "\n", "known"));
  for (const Letters& text : texts) {
    std::set<Letters> near = shorter(known), own = shorter(text), both;
    near.insert(known);
    own.insert(text);
    std::ranges::set_intersection(near, own, std::inserter(both, both.end()));
    const Novelty expected = text == known  ? Novelty::kCopy
                             : both.empty() ? Novelty::kNew
                                            : Novelty::kNearCopy;
    EXPECT_EQ(documents.novelty_of(joined(text)), expected) << joined(text);
  }
}

TEST(Novelty, LongTextsAndBytesThatAreNoUtf8) {
  std::string text(200'000, 'a');
  for (std::size_t i = 0; i < text.size(); i += 7) text[i] = 'b';
  const KnownDocuments known(Dataset(text + "\n", "known"));
  EXPECT_EQ(known.novelty_of(text), Novelty::kCopy);
  text[1000] = '\xE9';
  EXPECT_EQ(known.novelty_of(text), Novelty::kNearCopy);
  text[2000] = '\x80';
  EXPECT_EQ(known.novelty_of(text), Novelty::kNew);
}

TEST(Novelty, TheEmptyTextIsNearOneLetter) {
  EXPECT_EQ(novelty_of(""), Novelty::kNew);
  EXPECT_EQ(KnownDocuments(Dataset("x\n", "known")).novelty_of(""), Novelty::kNearCopy);
}

}  // namespace
}  // namespace microgpt
