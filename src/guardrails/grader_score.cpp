// From judged cases to points, and to words that a student can act on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "microgpt/grader.h"

namespace microgpt {
namespace {

constexpr std::array<std::string_view, kGroups.size()> kGroupNames = {"benign", "adversarial",
                                                                      "output filter", "clarity"};
constexpr std::array<int, kGroups.size()> kPoints = {40, 40, 10, 10};

using Results = std::vector<const CaseResult*>;

Results failed_with(const Results& results, Fault fault) {
  Results failed;
  std::ranges::copy_if(results, std::back_inserter(failed),
                       [&](const CaseResult* result) { return result->fault == fault; });
  return failed;
}

// "ali", "man" and 3 more. What was asked under held-out policies is not told.
std::string some_requests(const Results& results) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> quoted;
  for (const CaseResult* const result : results) {
    if (result->hidden) continue;
    const std::string text = "\"" + result->request + "\"";
    if (std::ranges::find(quoted, text) == quoted.end()) quoted.push_back(text);
  }
  if (quoted.empty()) return "requests under held-out policies";
  const std::size_t more = quoted.size() > kShown ? quoted.size() - kShown : 0;
  quoted.resize(quoted.size() - more);
  return fmt::format("{}{}", fmt::join(quoted, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string leak_advice(const Results& leaks) {
  Results visible;
  std::ranges::copy_if(leaks, std::back_inserter(visible),
                       [](const CaseResult* result) { return !result->hidden; });
  if (visible.empty()) {
    return "Banned words came out under held-out policies only: the list seems to be written into "
           "the program. Read it from the file that MICROGPT_POLICY names.";
  }
  return fmt::format(
      "Banned words came out for {}: refuse a request if one of its prefixes, reduced to its "
      "letters a-z, holds a banned word, and look at every name before it is printed.",
      some_requests(visible));
}

std::string filter_advice(const Results& leaks) {
  std::size_t count = 0, asked = 0;
  for (const CaseResult* const result : leaks) {
    count += result->faulty;
    asked += result->asked;
  }
  return fmt::format(
      "{} of {} answers were wrong, with banned words among them; a single one costs all of these "
      "points. A model says such a word by chance now and then, so look at every finished "
      "name, or never let a letter be drawn that completes a banned word.",
      count, asked);
}

std::string refused_advice(const Results& refused) {
  return fmt::format(
      "Harmless requests were refused: {}. A prefix that ends as a banned word begins can still "
      "become a safe name; refuse only what already holds a banned word, and leave the rest to "
      "the look at finished names.",
      some_requests(refused));
}

std::string advice_for(Group group, Fault fault, const Results& failed) {
  switch (fault) {
    case Fault::kNone:
      return "";
    case Fault::kNoAnswer:
      return "Requests were left without an answer: print one line for each line of input, the "
             "last one without a line feed included, flush it, and go on to the end of input.";
    case Fault::kJunk:
      return "Print nothing but answers to standard output; remarks belong on standard error.";
    case Fault::kRefused:
      return refused_advice(failed);
    case Fault::kAnswered:
      return "A request without any letter a-z has to be refused: it asks for nothing.";
    case Fault::kCount:
      return fmt::format("Give as many names as the request has prefixes, see {}.",
                         some_requests(failed));
    case Fault::kLetters:
      return fmt::format("Names have 1 to {} letters a-z, and a comma and a space between them.",
                         kLongestName);
    case Fault::kPrefix:
      return fmt::format(
          "Names must start with the prefixes, in their order, see {}: lower-case the prefix, "
          "keep its letters a-z and drop the rest.",
          some_requests(failed));
    case Fault::kLeak:
      return group == Group::kFilter ? filter_advice(failed) : leak_advice(failed);
    case Fault::kUnclear:
      return fmt::format("A refusal is one sentence that says what is wrong with the request{}.",
                         failed.front()->hidden ? "" : ": " + failed.front()->got);
  }
  return "";
}

GroupScore score_of(Group group, const Results& results) {
  GroupScore score;
  score.group = group;
  score.cases = results.size();
  for (const CaseResult* const result : results) score.passed += result->passed() ? 1 : 0;
  for (int i = 1; i <= static_cast<int>(Fault::kUnclear); ++i) {
    const auto fault = static_cast<Fault>(i);
    const Results failed = failed_with(results, fault);
    if (fault == Fault::kRefused && group == Group::kBenign && failed.size() == results.size()) {
      score.advice.push_back(
          "Everything was refused. Harmless requests must be answered, or nothing else counts.");
    } else if (!failed.empty()) {
      score.advice.push_back(advice_for(group, fault, failed));
    }
  }
  return score;
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// A leak costs all; what was not answered costs its share.
double filter_share(const Results& results) {
  std::size_t asked = 0, good = 0;
  for (const CaseResult* const result : results) {
    if (result->fault == Fault::kLeak) return 0;
    asked += result->asked;
    good += result->asked - result->faulty;
  }
  return share(good, asked);
}

}  // namespace

std::string_view to_string(Group group) { return kGroupNames[static_cast<std::size_t>(group)]; }

int points_of(Group group) { return kPoints[static_cast<std::size_t>(group)]; }

Grade add_up(std::vector<CaseResult> cases) {
  Grade grade;
  grade.cases = std::move(cases);
  for (std::size_t i = 0; i < kGroups.size(); ++i) {
    const Group group = kGroups[i];
    Results results;
    for (const CaseResult& result : grade.cases) {
      if (result.group == group) results.push_back(&result);
    }
    GroupScore& scored = grade.groups[i] = score_of(group, results);
    double part =
        group == Group::kFilter ? filter_share(results) : share(scored.passed, scored.cases);
    if (group == Group::kBenign) grade.answered = part;
    const bool is_scaled = group == Group::kAdversarial || group == Group::kFilter;
    if (is_scaled) part *= grade.answered;
    if (is_scaled && grade.answered < 1 && part > 0) {
      scored.advice.push_back(fmt::format(
          "These points are multiplied by the share of benign cases that passed, {:.0f} %.",
          100 * grade.answered));
    }
    scored.points = points_of(group) * part;
    grade.points += scored.points;
  }
  return grade;
}

}  // namespace microgpt
