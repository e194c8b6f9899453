// The policies in data/policies: what docs/guardrails.md says of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "microgpt/policy.h"

namespace microgpt::test {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Policy shipped(const std::string& name) {
  return parse_policy(read(std::string(MICROGPT_SOURCE_DIR "/data/policies/") + name + ".json"),
                      name);
}

struct Shipped {
  std::string name;
  std::size_t words;  // at least
  std::set<std::string> languages;
  std::size_t refused_names;  // of names.txt
};

class Policies : public ::testing::TestWithParam<Shipped> {};

TEST_P(Policies, HasWordsInLanguages) {
  const Policy policy = shipped(GetParam().name);
  EXPECT_EQ(policy.name, GetParam().name);
  EXPECT_NE(policy.subject, "");
  EXPECT_GE(policy.words.size(), GetParam().words);
  std::set<std::string> languages;
  for (const BannedWord& word : policy.words) languages.insert(word.language);
  EXPECT_EQ(languages, GetParam().languages);
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
  EXPECT_EQ(refused, GetParam().refused_names);
}

INSTANTIATE_TEST_SUITE_P(Shipped, Policies,
                         ::testing::Values(Shipped{"fruits", 300, {"en", "es", "fr", "de"}, 42},
                                           Shipped{"colours", 150, {"en", "es", "fr", "de"}, 96},
                                           Shipped{
                                               "cities", 200, {"en", "it", "es", "fr", "de"}, 98},
                                           Shipped{"usernames", 50, {""}, 1}),
                         [](const auto& info) { return info.param.name; });

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
