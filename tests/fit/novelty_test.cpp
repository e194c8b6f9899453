// Copies, near copies and what is new.
#include "microgpt/novelty.h"

#include <gtest/gtest.h>

#include <string>

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

TEST(Novelty, TheEmptyTextIsNearOneLetter) {
  EXPECT_EQ(novelty_of(""), Novelty::kNew);
  EXPECT_EQ(KnownDocuments(Dataset("x\n", "known")).novelty_of(""), Novelty::kNearCopy);
}

}  // namespace
}  // namespace microgpt
