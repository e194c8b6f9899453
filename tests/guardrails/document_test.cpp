// What docs/guardrails.md shows is true: its examples, its messages, its figures.
#include "guardrails/document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "microgpt/policy.h"
#include "support/message_of.h"

namespace microgpt::test {
namespace {

Policy policy_of(const std::string& banned, Match match) {
  Policy policy;
  policy.words = {{banned, match, ""}};
  return policy;
}

TEST(Document, ShowsWhereAWordCounts) {
  const auto rows = table_after("| banned | match | allowed | refused | fine |");
  ASSERT_GE(rows.size(), 5u);
  for (const Row& row : rows) {
    const std::string match = row[1].substr(1, row[1].find_last_not_of(' '));
    Policy policy = policy_of(quoted(row[0]).at(0), parse_match(match));
    policy.allow = quoted(row[2]);
    PolicyReader reader(policy);
    for (const std::string& text : quoted(row[3])) EXPECT_TRUE(reader.find(text)) << text;
    for (const std::string& text : quoted(row[4])) EXPECT_FALSE(reader.find(text)) << text;
  }
}

NormalForms all_but(const std::string& name) {
  NormalForms forms;
  if (name == "case") forms.letter_case = false;
  if (name == "accents") forms.accents = false;
  if (name == "repeats") forms.repeats = false;
  if (name == "digits") forms.digits = false;
  if (name == "lookalikes") forms.lookalikes = false;
  if (name == "separators") forms.separators = false;
  return forms;
}

TEST(Document, ShowsWhatEachNormalFormFinds) {
  const auto rows = table_after("| normal form | what it means | banned | refused |");
  ASSERT_EQ(rows.size(), 6u);
  for (const Row& row : rows) {
    Policy policy = policy_of(quoted(row[2]).at(0), Match::kSubstring);
    const std::string text = quoted(row[3]).at(0);
    EXPECT_TRUE(PolicyReader(policy).find(text)) << text;
    policy.normal_forms = all_but(quoted(row[0]).at(0));
    EXPECT_FALSE(PolicyReader(policy).find(text)) << text;
  }
}

TEST(Document, HoldsWhereRulesMeet) {
  EXPECT_TRUE(PolicyReader(policy_of("cash", Match::kWord)).find("ca$h"));
  EXPECT_TRUE(PolicyReader(policy_of("fig", Match::kWord)).find("fig$"));
  EXPECT_FALSE(PolicyReader(policy_of("fig", Match::kWord)).find("fig4"));
  Policy policy = policy_of("butt", Match::kSubstring);
  policy.allow = {"butter"};
  PolicyReader reader(policy);
  EXPECT_FALSE(reader.find("BUTTER"));
  EXPECT_TRUE(reader.find("butt3r"));
  for (const char* passes : {"epple", "elppa"}) {
    EXPECT_FALSE(PolicyReader(policy_of("apple", Match::kSubstring)).find(passes));
  }
}

TEST(Document, ShowsAPolicy) {
  const std::string document = read_document();
  const std::size_t begin = document.find("```json\n") + 8;
  const Policy policy =
      parse_policy(document.substr(begin, document.find("```", begin) - begin), "the document");
  EXPECT_EQ(policy.words.size(), 5u);
  EXPECT_EQ(policy.words[2], (BannedWord{"fig", Match::kWord, "en"}));
  EXPECT_EQ(policy.allow, std::vector<std::string>{"pearl"});
}

std::string message_for(const std::string& keys) {
  return message_of([&] {
    parse_policy(R"({"format": "microgpt-policy-v1", "name": "mine", )" + keys + "}", "words.json");
  });
}

TEST(Document, ShowsTheMessages) {
  std::vector<std::string> messages = {
      message_of([] { parse_policy("\xFF", "words.json"); }),
  };
  for (const char* keys :
       {R"("wrods": ["fig"])", R"("words": [])", R"("words": ["fig", "..."])",
        R"("words": ["fig", 7])", R"("words": ["fig"], "allow": ["Fig"])",
        R"("words": ["fig"], "match": "whole")", R"("words": {"en": ["fig"]}, "languages": ["de"])",
        R"("words": ["fig"], "words": ["date"])"}) {
    messages.push_back(message_for(keys));
  }
  const std::string document = read_document();
  for (const std::string& message : messages) {
    EXPECT_NE(document.find("\n" + message + "\n"), std::string::npos) << message;
  }
}

// A policy that is not read as one must not become a list of one long word.
TEST(Document, ReadsNoPolicyAsAList) {
  const std::string policy =
      R"({"format": "microgpt-policy-v1", "name": "mine", "words": {"en": ["fig"], "de": []}})";
  EXPECT_EQ(message_of([] { parse_policy(R"(["fig", "date"])", "words.json"); }).substr(0, 11),
            "words.json:");
  EXPECT_EQ(message_of([&] { parse_policy(policy, "words.json"); }),
            "words.json: words.de, expected at least one word, got none");
  const std::string marked = "\xEF\xBB\xBF" + policy.substr(0, policy.find(", \"de")) + "}}";
  EXPECT_EQ(parse_policy(marked, "words.json").words.size(), 1u);
}

// In the order in which the message for an unknown key lists them.
TEST(Document, ListsTheKeys) {
  std::string keys;
  for (const Row& row : table_after("| key | value | if it is left out |")) {
    keys += (keys.empty() ? "" : ", ") + quoted(row[0]).at(0);
  }
  const std::string message = message_for(R"("wrods": ["fig"])");
  EXPECT_NE(message.find(" expected " + keys + ";"), std::string::npos) << message;
}

}  // namespace
}  // namespace microgpt::test
