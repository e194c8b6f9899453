// Bots, audits and grades for C.
#include <algorithm>
#include <map>
#include <memory>

#include "c_api/handles.h"
#include "microgpt/audit.h"
#include "microgpt/bot.h"
#include "microgpt/grader.h"
#include "microgpt/policy.h"

using namespace microgpt;
using namespace microgpt::c_api;

struct microgpt_bot {
  microgpt_bot(const Model& m, Policy policy, const BotConfig& config, std::uint64_t seed)
      : model(m), engine(make_engine(default_engine(m.config), m.config)) {
    engine->load(model.state);
    bot = std::make_unique<Bot>(model, *engine, std::move(policy), config, PythonRandom(seed));
  }

  Model model;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Bot> bot;
  std::string text = {};
};

struct microgpt_audit {
  struct Word {
    std::string text, witness;
    double probability = 0;  // of the witness
    Bounds unsafe;
  };
  struct Prefix {
    AuditedPrefix prefix;
    std::string witness;
  };

  std::vector<Prefix> prefixes;
  std::vector<Word> words;
};

struct microgpt_grader {
  struct Case {
    CaseResult result;
    std::string fault;
  };

  std::vector<Sheet> sheets;
  std::vector<std::vector<CaseResult>> judged;  // of each sheet
  std::vector<Case> cases = {};
  std::string text = {};
};

namespace {

static_assert(MICROGPT_GUARD_OFF == static_cast<int>(Guard::kOff));
static_assert(MICROGPT_GROUP_CLARITY == static_cast<int>(Group::kClarity));
static_assert(MICROGPT_NUM_GROUPS == kGroups.size());

constexpr std::size_t kMostWitnesses = 100'000;

Policy policy_given(const char* policy, std::size_t size) {
  return parse_policy(text_given(policy, size, "policy"), "policy");
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == text.npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string likeliest(const std::vector<Witness>& witnesses) {
  return witnesses.empty() ? "" : witnesses.front().text;
}

// What the witnesses say of each word. What they leave out may be any word's.
std::vector<microgpt_audit::Word> words_of(const Policy& policy, const Audit& audit) {
  std::vector<microgpt_audit::Word> words;
  for (const BannedWord& word : policy.words) words.push_back({word.text, "", 0, {}});
  double told = 0;
  for (const Witness& witness : audit.witnesses) {
    microgpt_audit::Word& word = words[witness.word];
    told += witness.probability;
    word.unsafe.at_least += witness.probability;
    if (witness.probability <= word.probability) continue;
    word.probability = witness.probability;
    word.witness = witness.text;
  }
  const double rest = std::max(0.0, audit.prefixes.front().unsafe.at_most - told);
  for (auto& word : words) word.unsafe.at_most = word.unsafe.at_least + rest;
  return words;
}

microgpt_audit* run_audit(const Model& model, const Policy& policy,
                          const std::vector<std::string>& prefixes, AuditConfig config) {
  std::vector<std::unique_ptr<Engine>> engines;
  engines.push_back(make_engine(default_engine(model.config), model.config));
  engines.front()->load(model.state);
  std::ranges::copy_if(prefixes, std::back_inserter(config.prefixes),
                       [](const std::string& prefix) { return !prefix.empty(); });
  const Audit made = *audit(model, engines, policy, config);
  auto result = std::make_unique<microgpt_audit>();
  auto attack = made.attacks.begin();
  for (const std::string& prefix : prefixes) {
    if (prefix.empty()) {
      result->prefixes.push_back({made.prefixes.front(), likeliest(made.witnesses)});
    } else {
      result->prefixes.push_back({attack->prefix, likeliest(attack->witnesses)});
      ++attack;
    }
  }
  result->words = words_of(policy, made);
  return result.release();
}

const Sheet& sheet_given(const microgpt_grader& grader, std::size_t i) {
  check_index(i, grader.sheets.size(), "sheet");
  return grader.sheets[i];
}

}  // namespace

int microgpt_policy_num_words(const char* policy, size_t size, size_t* num_words) {
  return status_of(
      [&] { given(num_words, "num_words") = policy_given(policy, size).words.size(); });
}

microgpt_bot* microgpt_bot_new(const microgpt_model* model, const char* policy, size_t size,
                               int guard, double temperature, uint64_t seed) {
  return pointer_of([&] {
    BotConfig config;
    config.guard = to_enum(guard, Guard::kOff, "guard");
    config.temperature = temperature;
    return new microgpt_bot(given(model, "model").model, policy_given(policy, size), config, seed);
  });
}

void microgpt_bot_free(microgpt_bot* bot) { delete bot; }

const char* microgpt_bot_answer(microgpt_bot* bot, const char* request, size_t request_size,
                                size_t* size) {
  return pointer_of([&] {
    microgpt_bot& b = given(bot, "bot");
    b.text = format_reply(b.bot->answer(text_given(request, request_size, "request")));
    return hand_out(b.text, size);
  });
}

microgpt_audit* microgpt_audit_new(const microgpt_model* model, const char* policy, size_t size,
                                   const char* prefixes, size_t prefixes_size, double temperature,
                                   double prune) {
  return pointer_of([&] {
    const AuditConfig config{.temperature = temperature,
                             .prefix_length = 0,
                             .prune = prune,
                             .prune_prefixes = 1,
                             .num_witnesses = kMostWitnesses,
                             .num_attacks = 0,
                             .prefixes = {}};
    return run_audit(given(model, "model").model, policy_given(policy, size),
                     lines_of(text_given(prefixes, prefixes_size, "prefixes")), config);
  });
}

void microgpt_audit_free(microgpt_audit* audit) { delete audit; }

size_t microgpt_audit_num_prefixes(const microgpt_audit* audit) {
  return audit == nullptr ? 0 : audit->prefixes.size();
}

int microgpt_audit_prefix(const microgpt_audit* audit, size_t i, microgpt_audited_prefix* prefix) {
  return status_of([&] {
    const auto& prefixes = given(audit, "audit").prefixes;
    check_index(i, prefixes.size(), "prefix");
    const AuditedPrefix& known = prefixes[i].prefix;
    given(prefix, "prefix") = {known.text.c_str(),    known.probability,
                               known.unsafe.at_least, known.unsafe.at_most,
                               known.refused,         prefixes[i].witness.c_str()};
  });
}

size_t microgpt_audit_num_words(const microgpt_audit* audit) {
  return audit == nullptr ? 0 : audit->words.size();
}

int microgpt_audit_word(const microgpt_audit* audit, size_t i, microgpt_audited_word* word) {
  return status_of([&] {
    const auto& words = given(audit, "audit").words;
    check_index(i, words.size(), "word");
    given(word, "word") = {words[i].text.c_str(), words[i].unsafe.at_least, words[i].unsafe.at_most,
                           words[i].witness.c_str()};
  });
}

microgpt_grader* microgpt_grader_new(const char* policy, size_t size, uint64_t seed, int hidden,
                                     int requests) {
  return pointer_of([&] {
    const GraderConfig config{.seed = seed, .hidden = hidden, .requests = requests};
    auto sheets = draw_sheets(policy_given(policy, size), {}, config);
    const std::size_t count = sheets.size();
    return new microgpt_grader{std::move(sheets), std::vector<std::vector<CaseResult>>(count)};
  });
}

void microgpt_grader_free(microgpt_grader* grader) { delete grader; }

size_t microgpt_grader_num_sheets(const microgpt_grader* grader) {
  return grader == nullptr ? 0 : grader->sheets.size();
}

const char* microgpt_grader_words(microgpt_grader* grader, size_t sheet, size_t* size) {
  return pointer_of([&] {
    microgpt_grader& g = given(grader, "grader");
    g.text = format_words(sheet_given(g, sheet).policy);
    return hand_out(g.text, size);
  });
}

const char* microgpt_grader_input(microgpt_grader* grader, size_t sheet, size_t* size) {
  return pointer_of([&] {
    microgpt_grader& g = given(grader, "grader");
    g.text = sheet_given(g, sheet).input();
    return hand_out(g.text, size);
  });
}

int microgpt_grader_judge(microgpt_grader* grader, size_t sheet, const char* output, size_t size) {
  return status_of([&] {
    microgpt_grader& g = given(grader, "grader");
    const Sheet& asked = sheet_given(g, sheet);
    g.judged[sheet] = judge_sheet(asked, text_given(output, size, "output"));
    g.cases.clear();
    for (const auto& results : g.judged) {
      for (const CaseResult& result : results) {
        g.cases.push_back({result, result.passed() ? "" : std::string(to_string(result.fault))});
      }
    }
  });
}

size_t microgpt_grader_num_cases(const microgpt_grader* grader) {
  return grader == nullptr ? 0 : grader->cases.size();
}

int microgpt_grader_case(const microgpt_grader* grader, size_t i, microgpt_grade_case* result) {
  return status_of([&] {
    const auto& cases = given(grader, "grader").cases;
    check_index(i, cases.size(), "case");
    const CaseResult& r = cases[i].result;
    given(result, "result") = {
        static_cast<int>(r.group), r.policy.c_str(),  r.what.c_str(),     r.asked,      r.faulty,
        cases[i].fault.c_str(),    r.request.c_str(), r.expected.c_str(), r.got.c_str()};
  });
}

int microgpt_grader_points(const microgpt_grader* grader, double* groups, double* total) {
  return status_of([&] {
    std::vector<CaseResult> results;
    for (const auto& judged : given(grader, "grader").cases) results.push_back(judged.result);
    double* const out = &given(groups, "groups");
    double& all = given(total, "total");
    const Grade grade = add_up(std::move(results));
    std::ranges::transform(grade.groups, out, &GroupScore::points);
    all = grade.points;
  });
}
