#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "microgpt/dataset.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

using Texts = std::vector<std::string>;

Texts texts_of(const Dataset& dataset) {
  Texts texts;
  for (std::size_t i = 0; i < dataset.size(); ++i) texts.emplace_back(dataset[i]);
  return texts;
}

// a, b, ..., t, of which every third stands there twice and every fifth five times.
Dataset letters() {
  std::string bytes;
  for (int copy = 0; copy < 5; ++copy) {
    for (int i = 0; i < 20; ++i) {
      const int copies = i % 5 == 0 ? 5 : i % 3 == 0 ? 2 : 1;
      if (copy < copies) bytes += std::string(1, static_cast<char>('a' + i)) + "\n";
    }
  }
  return Dataset(bytes, "letters");
}

TEST(SplitDocuments, NoTextIsOnBothSidesAndNoneIsLost) {
  const Dataset all = letters();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Split split = split_documents(all, 0.25, seed);
    const Texts train = texts_of(split.train), held_out = texts_of(split.held_out);
    const std::set<std::string> learned(train.begin(), train.end());
    const std::set<std::string> judged(held_out.begin(), held_out.end());
    EXPECT_EQ(judged.size(), 5u);  // a quarter of 20 texts
    EXPECT_EQ(learned.size(), 15u);
    Texts both;
    std::ranges::set_intersection(learned, judged, std::back_inserter(both));
    EXPECT_EQ(both, Texts());
    // Each side is what the data is without the other.
    Texts expected_train, expected_held_out;
    for (const std::string& text : texts_of(all)) {
      (judged.contains(text) ? expected_held_out : expected_train).push_back(text);
    }
    EXPECT_EQ(train, expected_train);
    EXPECT_EQ(held_out, expected_held_out);
  }
}

TEST(SplitDocuments, DependsOnTheSeedAlone) {
  const Dataset all = letters();
  std::set<Texts> splits;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Texts held_out = texts_of(split_documents(all, 0.25, seed).held_out);
    EXPECT_EQ(texts_of(split_documents(all, 0.25, seed).held_out), held_out);
    splits.insert(held_out);
  }
  EXPECT_GT(splits.size(), 18u);
}

// Each of 20 texts is in one of four splits.
TEST(SplitDocuments, HoldsOutEachTextAsOften) {
  const Dataset all = letters();
  std::vector<int> times(20);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Texts held_out = texts_of(split_documents(all, 0.25, seed).held_out);
    for (const std::string& text : std::set(held_out.begin(), held_out.end())) {
      ++times[static_cast<std::size_t>(text[0] - 'a')];
    }
  }
  for (const int n : times) EXPECT_NEAR(n, 250, 70);  // five standard deviations
}

TEST(SplitDocuments, LeavesSomethingOnBothSides) {
  const Dataset two("a\nb\na\n", "two");
  for (const double share : {1e-9, 0.5, 1 - 1e-9}) {
    const Split split = split_documents(two, share, 1);
    EXPECT_EQ(split.train.size() + split.held_out.size(), 3u);
    EXPECT_GE(split.train.size(), 1u);
    EXPECT_GE(split.held_out.size(), 1u);
  }
}

TEST(SplitDocuments, WhatItReturnsLivesOnItsOwn) {
  const Split split = split_documents(Dataset("a\nb\n", "gone"), 0.5, 1);
  Texts both = {std::string(split.train[0]), std::string(split.held_out[0])};
  std::ranges::sort(both);
  EXPECT_EQ(both, (Texts{"a", "b"}));
  EXPECT_EQ(split.train.sha256(), Dataset("a\nb\n", "same").sha256());
}

TEST(SplitDocuments, BadInputIsRefused) {
  const Dataset two("a\nb\n", "two");
  for (const double share : {0.0, 1.0, -0.5, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    const std::string message = message_of([&] { split_documents(two, share, 1); });
    EXPECT_TRUE(
        message.starts_with("split: share out of range, expected above 0 and below 1, got "))
        << message;
  }
  EXPECT_EQ(message_of([] { split_documents(Dataset("a\na\n", "same"), 0.5, 1); }),
            "split: expected documents that differ, got the same text in all of them");
  const Dataset text("a\nb\n", "text", Encoding::kUtf8, Sequences::kWindows);
  EXPECT_EQ(message_of([&] { split_documents(text, 0.5, 1); }),
            "split: expected documents, one a line, got one running text");
}

TEST(SplitRows, CopiesCanStandOnBothSides) {
  const Dataset all = letters();
  const Split split = split_rows(all, 0.25, 1);
  EXPECT_EQ(split.held_out.size(), (all.size() + 2) / 4);
  EXPECT_EQ(split.train.size() + split.held_out.size(), all.size());
  const Texts train = texts_of(split.train), held_out = texts_of(split.held_out);
  EXPECT_TRUE(std::ranges::any_of(
      held_out, [&](const std::string& text) { return std::ranges::count(train, text) > 0; }));
}

}  // namespace
}  // namespace microgpt
