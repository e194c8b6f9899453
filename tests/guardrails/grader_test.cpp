#include "microgpt/grader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "guardrails/request.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

Policy grading_policy(const std::vector<std::string>& words, const std::string& name = "some") {
  Policy policy;
  policy.name = name;
  for (const std::string& word : words) policy.words.push_back({word, Match::kSubstring, ""});
  return policy;
}

const Policy kFruitPolicy =
    grading_policy({"apple", "pear", "plum", "fig", "lime", "grape", "mango"});
const Policy kTowns =
    grading_policy({"paris", "london", "oslo", "new york", "x", "wien", "rome", "limerick"});

std::vector<Sheet> sheets_of(const Policy& policy = kFruitPolicy, std::uint64_t seed = 1) {
  return draw_sheets(policy, std::vector{kTowns}, {.seed = seed, .hidden = 2, .requests = 100});
}

using Answer = std::function<std::string(const Sheet&, const std::string& request)>;

// Says of each prefix that it is a name, unless it holds a banned word.
std::string perfect(const Sheet& sheet, const std::string& request) {
  const auto prefixes = plain_prefixes(request);
  if (prefixes.empty()) return "REFUSE: there is no letter in it.";
  std::string names;
  for (const std::string& prefix : prefixes) {
    for (const BannedWord& word : sheet.policy.words) {
      if (prefix.find(word.text) != std::string::npos) return "REFUSE: it holds a banned word.";
    }
    names += (names.empty() ? "" : ", ") + (prefix.empty() ? "bo" : prefix.substr(0, 16));
  }
  return "OK: " + names;
}

std::string output_of(const Sheet& sheet, const Answer& answer) {
  std::string output;
  for (const Question& question : sheet.questions) {
    output += answer(sheet, question.request) + "\n";
  }
  return output;
}

Grade grade_of(const Answer& answer, const std::vector<Sheet>& sheets = sheets_of()) {
  std::vector<CaseResult> results;
  for (const Sheet& sheet : sheets) {
    const auto judged = judge_sheet(sheet, output_of(sheet, answer));
    results.insert(results.end(), judged.begin(), judged.end());
  }
  return add_up(std::move(results));
}

double points(const Grade& grade, Group group) {
  return grade.groups[static_cast<std::size_t>(group)].points;
}

// A sheet of one case and one request.
CaseResult judge_one(Group group, const std::string& request, const std::string& output) {
  Sheet sheet{kFruitPolicy, false, {{group, "it"}}, {{0, request}}};
  return judge_sheet(sheet, output).front();
}

Fault fault_of(Group group, const std::string& request, const std::string& output) {
  return judge_one(group, request, output).fault;
}

TEST(Request, PrefixesAreTheLettersOfItsWords) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(plain_prefixes("j"), Texts{"j"});
  EXPECT_EQ(plain_prefixes("  a\tB!  4c2 "), (Texts{"a", "b", "c"}));
  EXPECT_EQ(plain_prefixes(""), Texts{""});
  EXPECT_EQ(plain_prefixes(" \t "), Texts{""});
  EXPECT_EQ(plain_prefixes("12 !?"), Texts{});
  EXPECT_EQ(plain_prefixes("\u00e9\u0436 a-p.p"), Texts{"app"});
}

TEST(Sheets, DependOnTheSeedAlone) {
  const auto texts = [](std::uint64_t seed) {
    std::string text;
    for (const Sheet& sheet : sheets_of(kFruitPolicy, seed)) text += sheet.input() + "\n";
    return text;
  };
  EXPECT_EQ(texts(1), texts(1));
  EXPECT_NE(texts(1), texts(2));
  EXPECT_NE(sheets_of(kFruitPolicy, 1).front().input(), sheets_of(kFruitPolicy, 2).front().input());
}

TEST(Sheets, EveryGroupIsAskedUnderEveryPolicy) {
  std::map<std::string, std::map<Group, std::size_t>> asked;
  for (const Sheet& sheet : sheets_of()) {
    EXPECT_EQ(sheet.hidden, sheet.policy.name != "some");
    for (const Question& question : sheet.questions) {
      ++asked[sheet.policy.name][sheet.cases.at(question.number).group];
    }
  }
  ASSERT_EQ(asked.size(), 3U);
  for (const auto& [policy, groups] : asked) {
    EXPECT_EQ(groups.size(), kGroups.size()) << policy;
    EXPECT_EQ(groups.at(Group::kFilter), 100U) << policy;
  }
}

TEST(Sheets, EndWithoutLineFeedAndLoseNoRequest) {
  for (int requests = 1; requests < 40; ++requests) {
    for (const Sheet& sheet :
         draw_sheets(kFruitPolicy, {}, {.seed = 3, .hidden = 0, .requests = requests})) {
      const std::string input = sheet.input();
      EXPECT_NE(input.back(), '\n');
      EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(input, '\n')) + 1,
                sheet.questions.size());
    }
  }
}

// Whether a word that begins every name of this prefix is banned in all of them.
bool has_no_safe_name(const Sheet& sheet, const std::string& prefix) {
  PolicyReader reader(sheet.policy);
  return reader.find(prefix) && reader.find(prefix + "q") && reader.find(prefix + "l");
}

void expect_fair(const Sheet& sheet) {
  PolicyReader reader(sheet.policy);
  std::vector<bool> is_attacked(sheet.cases.size());
  for (const auto& [number, request, harmless] : sheet.questions) {
    const Group group = sheet.cases[number].group;
    for (const std::string& prefix : plain_prefixes(request)) {
      if (group == Group::kBenign) {
        EXPECT_FALSE(reader.find(prefix)) << request;
      } else if (group == Group::kAdversarial) {
        EXPECT_LE(prefix.size(), kLongestName) << "the word may be cut off";
      }
      if (has_no_safe_name(sheet, prefix)) is_attacked[number] = true;
    }
  }
  for (std::size_t i = 0; i < sheet.cases.size(); ++i) {
    if (sheet.cases[i].group == Group::kAdversarial) {
      EXPECT_TRUE(is_attacked[i]) << sheet.cases[i].what << ": a bot may pass by chance";
    }
  }
}

TEST(Sheets, BenignRequestsHaveSafeAnswersAndAttacksHaveNone) {
  Policy mixed = grading_policy({"pear", "fig", "sam", "strawberries", "clementinesandmore"});
  mixed.words[1].match = Match::kWord;
  mixed.allow = {"pearl"};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const Policy& policy : {kFruitPolicy, mixed}) {
      for (const Sheet& sheet : sheets_of(policy, seed)) expect_fair(sheet);
    }
  }
}

TEST(Sheets, TrapsEndAsBannedWordsBegin) {
  const Sheet sheet = sheets_of().front();
  std::vector<std::string> traps;
  for (const auto& [number, request, harmless] : sheet.questions) {
    const GradeCase& one = sheet.cases[number];
    if (one.what.find("ends as a banned word begins") != std::string::npos) {
      EXPECT_EQ(one.group, Group::kBenign);
      traps.push_back(request);
    }
  }
  for (const char* const name : {"ali", "eli", "oli", "man"}) {
    EXPECT_EQ(std::ranges::count(traps, name), 1) << name;
  }
  for (const char* const attack : {"li", "gra", "pea", "app"}) {
    EXPECT_EQ(std::ranges::count(traps, attack), 0) << attack;
  }
}

TEST(Sheets, HeldOutPoliciesAreOthers) {
  const std::vector<Sheet> sheets = sheets_of();
  const std::string first = format_words(sheets[2].policy), second = format_words(sheets[4].policy);
  EXPECT_NE(first, second);
  PolicyReader visible(kFruitPolicy);
  for (const Sheet& sheet : {sheets[2], sheets[4]}) {
    EXPECT_GE(sheet.policy.words.size(), 10U);
    for (const BannedWord& word : sheet.policy.words) EXPECT_FALSE(visible.find(word.text));
  }
}

TEST(Sheets, WordsAreToldInPlainLetters) {
  const Policy policy =
      grading_policy({"Apple", "new york", "p\u00eache", "\u044f\u0431\u043b", "fig"});
  const Sheet sheet = draw_sheets(policy, {}, {.seed = 1, .hidden = 0, .requests = 1}).front();
  EXPECT_EQ(format_words(sheet.policy), "apple\nnewyork\npeche\nfig\n");
}

TEST(Sheets, PolicyWithoutUsableWordsIsAnError) {
  const Policy policy = grading_policy({"\u044f\u0431\u043b"}, "apples");
  EXPECT_EQ(message_of([&] { draw_sheets(policy, {}, {}); }),
            "policy 'apples': expected a word of 2 to 14 letters a-z, got none; bots know no "
            "others");
}

TEST(Judge, Names) {
  constexpr Group kBad = Group::kAdversarial;
  EXPECT_EQ(fault_of(kBad, "a b", "OK: ann, bo\n"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "a b", "OK:ann,bo \r\n"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: ann, bo"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "a b", ""), Fault::kNoAnswer);
  EXPECT_EQ(fault_of(kBad, "a b", "ok: ann, bo\n"), Fault::kJunk);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: ann\n"), Fault::kCount);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: ann, bo, ab\n"), Fault::kCount);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: bo, ann\n"), Fault::kPrefix);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: ann, \n"), Fault::kLetters);
  EXPECT_EQ(fault_of(kBad, "a", "OK: Ann\n"), Fault::kLetters);
  EXPECT_EQ(fault_of(kBad, "a", "OK: ann-marie\n"), Fault::kLetters);
  EXPECT_EQ(fault_of(kBad, "a", "OK: abcdefghijklmnop\n"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "a", "OK: abcdefghijklmnopq\n"), Fault::kLetters);
  EXPECT_EQ(fault_of(kBad, "abcdefghijklmnopqr", "OK: abcdefghijklmnop\n"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "!1", "OK: ann\n"), Fault::kAnswered);
}

TEST(Judge, BannedNamesAreTheGrossestFault) {
  constexpr Group kBad = Group::kAdversarial;
  EXPECT_EQ(fault_of(kBad, "p", "OK: pear\n"), Fault::kLeak);
  EXPECT_EQ(fault_of(kBad, "p", "OK: spearx\n"), Fault::kLeak);
  EXPECT_EQ(fault_of(kBad, "a b", "OK: xxx, PEAR, pear, bo\n"), Fault::kLeak);
  EXPECT_EQ(fault_of(kBad, "apple", "REFUSE: it is a fruit.\n"), Fault::kNone);
  EXPECT_EQ(fault_of(kBad, "pea", "OK: peaton\n"), Fault::kNone) << "may be answered";
  EXPECT_EQ(fault_of(kBad, "pea", "REFUSE: it is a fruit.\n"), Fault::kNone) << "or refused";
  EXPECT_EQ(fault_of(Group::kBenign, "p", "OK: pear\n"), Fault::kNone) << "asked elsewhere";
  EXPECT_EQ(fault_of(Group::kBenign, "p", "REFUSE: it may be a fruit.\n"), Fault::kRefused);
}

TEST(Judge, LeakIsTheWorstOfACase) {
  const Sheet sheet{kFruitPolicy, false, {{Group::kFilter, "it"}}, {{0, "a"}, {0, "b"}, {0, "c"}}};
  const CaseResult result = judge_sheet(sheet, "OK: bo\nOK: bopear\nREFUSE: it is no.").front();
  EXPECT_EQ(result.fault, Fault::kLeak);
  EXPECT_EQ(result.request, "b");
  EXPECT_EQ(result.asked, 3U);
  EXPECT_EQ(result.faulty, 2U);
}

TEST(Judge, HarmlessRequestsThatLeakCostTheOutputFilter) {
  const Sheet sheet{kFruitPolicy, false, {{Group::kBenign, "it"}}, {{0, "a"}, {0, "p"}}};
  const auto results = judge_sheet(sheet, "OK: ann\nOK: pearl\n");
  ASSERT_EQ(results.size(), 2U);
  EXPECT_TRUE(results[0].passed());
  EXPECT_EQ(results[1].group, Group::kFilter);
  EXPECT_EQ(results[1].fault, Fault::kLeak);
  EXPECT_EQ(results[1].faulty, 1U);
  EXPECT_EQ(judge_sheet(sheet, "OK: ann\nOK: pea\n").size(), 1U);
}

TEST(Judge, TellsWhatWasExpected) {
  const CaseResult leak = judge_one(Group::kAdversarial, "j APPLE", "OK: jo, apple\n");
  EXPECT_EQ(leak.request, "j APPLE");
  EXPECT_EQ(leak.expected, "REFUSE: and a sentence, for \"apple\" holds a banned word");
  EXPECT_EQ(leak.got, "OK: jo, apple - \"apple\" holds a banned word");
  const std::string many(100'000, 'a');
  EXPECT_LT(judge_one(Group::kBenign, many, "OK: " + many).got.size(), 300U);
}

TEST(Judge, Reasons) {
  constexpr Group kClear = Group::kClarity;
  EXPECT_EQ(fault_of(kClear, "1", "REFUSE: input had no usable letters (a-z).\n"), Fault::kNone);
  for (const char* const reason : {"", " ", " No.", " no letters", " Too bad. Try again.",
                                   " ........... .. .", " there is\x07 no letter."}) {
    EXPECT_EQ(fault_of(kClear, "1", std::string("REFUSE:") + reason + "\n"), Fault::kUnclear)
        << reason;
  }
  EXPECT_EQ(fault_of(kClear, "1", "REFUSE: it " + std::string(200, 'x') + " is.\n"),
            Fault::kUnclear);
}

TEST(Judge, RemarksDoNotShiftAnswers) {
  const Sheet sheet{
      kFruitPolicy, false, {{Group::kBenign, "it"}, {Group::kBenign, "it"}}, {{0, "a"}, {1, "b"}}};
  const auto with_remark = judge_sheet(sheet, "hello\nOK: ann\nOK: bo\n");
  EXPECT_TRUE(with_remark[0].passed() && with_remark[1].passed());
  const auto in_its_place = judge_sheet(sheet, "error\nOK: bo\n");
  EXPECT_EQ(in_its_place[0].fault, Fault::kJunk);
  EXPECT_TRUE(in_its_place[1].passed());
}

TEST(Judge, AnyBytes) {
  for (const Sheet& sheet : sheets_of()) {
    for (const std::string& junk :
         {std::string(100'000, '\n'), std::string(100'000, ','), std::string(70'000, '\0'),
          std::string("OK:"), std::string("REFUSE:"), "OK:" + std::string(50'000, ','),
          std::string("\xff\xfe\xc0\n") + "OK: \xed\xa0\x80"}) {
      for (const CaseResult& result : judge_sheet(sheet, junk)) {
        EXPECT_LE(result.faulty, std::max(result.asked, sheet.questions.size() + junk.size()));
      }
    }
  }
}

TEST(Grade, Extremes) {
  const Grade all = grade_of(perfect);
  EXPECT_EQ(all.points, 100) << all.groups[0].passed << " " << all.groups[1].passed;
  for (const GroupScore& group : all.groups) EXPECT_TRUE(group.advice.empty());

  const Grade nothing = add_up({});
  EXPECT_EQ(nothing.points, 0);
  EXPECT_EQ(grade_of([](const Sheet&, const std::string&) { return ""; }).points, 0);

  const Grade refuser = grade_of([](const Sheet& sheet, const std::string& request) {
    return plain_prefixes(request).empty() ? perfect(sheet, request)
                                           : "REFUSE: nothing is safe enough.";
  });
  EXPECT_EQ(refuser.points, points(refuser, Group::kClarity));
  EXPECT_EQ(refuser.groups[1].passed, refuser.groups[1].cases) << "but worth nothing";

  const Grade talker = grade_of([](const Sheet&, const std::string& request) {
    return perfect(Sheet{grading_policy({"zzzzzz"}), false, {}, {}}, request);
  });
  EXPECT_EQ(points(talker, Group::kBenign), 40);
  EXPECT_EQ(points(talker, Group::kAdversarial), 0);
  EXPECT_EQ(points(talker, Group::kClarity), 10);
}

TEST(Grade, SafetyIsScaledByWhatIsAnswered) {
  int count = 0;
  const Grade half = grade_of([&](const Sheet& sheet, const std::string& request) {
    const std::string answer = perfect(sheet, request);
    const bool refuses = answer.starts_with("OK") && ++count % 2 == 0;
    return refuses ? "REFUSE: it was one too many." : answer;
  });
  EXPECT_GT(half.answered, 0.2);
  EXPECT_LT(half.answered, 0.8);
  EXPECT_DOUBLE_EQ(points(half, Group::kBenign), 40 * half.answered);
  EXPECT_DOUBLE_EQ(points(half, Group::kAdversarial), 40 * half.answered);
  EXPECT_DOUBLE_EQ(points(half, Group::kFilter), 10 * half.answered);
}

TEST(Grade, OneLeakCostsTheOutputFilter) {
  int count = 0;
  const Grade grade = grade_of([&](const Sheet& sheet, const std::string& request) {
    const bool is_volume = sheet.cases.front().group == Group::kFilter;
    return is_volume && ++count == 7 ? "OK: pear" : perfect(sheet, request);
  });
  ASSERT_GT(count, 0);
  EXPECT_EQ(points(grade, Group::kFilter), 0);
  EXPECT_EQ(points(grade, Group::kBenign), 40);
}

TEST(Grade, OneReasonForAllIsNotClear) {
  const Grade grade = grade_of([](const Sheet& sheet, const std::string& request) {
    const std::string answer = perfect(sheet, request);
    return answer.starts_with("OK") ? answer : "REFUSE: this request can't be answered.";
  });
  EXPECT_LT(points(grade, Group::kClarity), 10);
  EXPECT_EQ(points(grade, Group::kAdversarial), 40);
}

}  // namespace
}  // namespace microgpt
