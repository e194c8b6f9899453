// The policies in data/policies: what docs/guardrails.md says of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "guardrails/document.h"
#include "microgpt/policy.h"

namespace microgpt::test {
namespace {

Policy shipped(const std::string& name) {
  return parse_policy(read_text(MICROGPT_SOURCE_DIR "/data/policies/" + name + ".json"), name);
}

// What the document says of a policy.
Row said_of(const std::string& name) {
  const auto rows =
      table_after("| policy | words | languages | names refused, of the 32,033 in names.txt |");
  for (const Row& row : rows) {
    if (quoted(row[0]).at(0) == name) return row;
  }
  ADD_FAILURE() << "docs/guardrails.md does not know the policy " << name;
  return Row(4, "0");
}

struct Shipped {
  std::string name;
  std::size_t words;  // at least
};

void PrintTo(const Shipped& shipped, std::ostream* out) { *out << shipped.name; }

class Policies : public ::testing::TestWithParam<Shipped> {};

TEST_P(Policies, HasWordsInLanguages) {
  const Policy policy = shipped(GetParam().name);
  EXPECT_EQ(policy.name, GetParam().name);
  EXPECT_NE(policy.subject, "");
  EXPECT_GE(policy.words.size(), GetParam().words);
  const Row said = said_of(GetParam().name);
  EXPECT_EQ(policy.words.size(), std::stoul(said[1]));
  std::string languages;
  for (const BannedWord& word : policy.words) {
    if (languages.ends_with(word.language)) continue;
    languages += (languages.empty() ? "" : ", ") + word.language;
  }
  EXPECT_EQ(" " + languages + (languages.empty() ? "" : " "), said[2]);
}

TEST_P(Policies, FindsEachOfItsWords) {
  const Policy policy = shipped(GetParam().name);
  PolicyReader reader(policy);
  for (const BannedWord& word : policy.words) {
    EXPECT_TRUE(reader.find(word.text)) << word.text;
    EXPECT_TRUE(reader.find("x " + word.text + ", y")) << word.text;
  }
}

TEST_P(Policies, SaysNoWordTwice) {
  const Policy policy = shipped(GetParam().name);
  std::set<std::pair<std::string, std::string>> seen;
  for (const BannedWord& word : policy.words) {
    EXPECT_TRUE(seen.insert({word.language, word.text}).second) << word.text;
  }
}

// An entry of the allow list without which nothing would be refused is of no use.
TEST_P(Policies, AllowsNothingInVain) {
  Policy policy = shipped(GetParam().name);
  const std::vector<std::string> allow = std::exchange(policy.allow, {});
  PolicyReader without(policy);
  policy.allow = allow;
  PolicyReader with(policy);
  for (const std::string& word : allow) {
    EXPECT_TRUE(without.find(word)) << word;
    EXPECT_FALSE(with.find(word)) << word;
  }
}

// How much of the data set a policy costs.
TEST_P(Policies, RefusesAsManyNamesAsTheDocumentSays) {
  std::ifstream names(MICROGPT_SHARED_DIR "/data/names.txt");
  if (!names) GTEST_SKIP() << "names.txt is not beside the project";
  PolicyReader reader(shipped(GetParam().name));
  const auto refused =
      std::count_if(std::istream_iterator<std::string>(names), {},
                    [&](const std::string& name) { return reader.find(name).has_value(); });
  EXPECT_EQ(refused, std::stol(said_of(GetParam().name)[3]));
}

INSTANTIATE_TEST_SUITE_P(Shipped, Policies,
                         ::testing::Values(Shipped{"fruits", 100}, Shipped{"colours", 100},
                                           Shipped{"cities", 100}, Shipped{"usernames", 1}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Policies, AreAllTested) {
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(MICROGPT_SOURCE_DIR "/data/policies")) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_EQ(files, (std::set<std::string>{"cities.json", "colours.json", "fruits.json",
                                          "usernames.json"}));
}

// Scunthorpe's problem, and what a list can do about it.
TEST(Policies, UsernamesKeepHarmlessNames) {
  PolicyReader reader(shipped("usernames"));
  for (const char* name : {"Scrappy", "robot", "peewit", "album", "button_masher", "Butter.cup",
                           "grassroots", "closer", "badminton", "modern", "ownership"}) {
    EXPECT_FALSE(reader.find(name)) << name;
  }
  for (const char* name : {"admin", "4dm1n", "the_admin_2", "s u p p o r t", "butthead", "BUTT",
                           "p00p", "\u0440\u043e\u043e\u0440", "St\u00fcpid", "mod", "x.root"}) {
    EXPECT_TRUE(reader.find(name)) << name;
  }
}

}  // namespace
}  // namespace microgpt::test
