#include "microgpt/audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "microgpt/sampler.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

constexpr double kTolerance = 1e-12;

// A model over "abc" with random weights, large enough that letters differ much.
Model random_model(std::uint64_t seed, bool bos_first = false, int block_size = 5) {
  Config config;
  config.n_embd = 4;
  config.n_head = 2;
  config.block_size = block_size;
  config.vocab_size = 4;
  Model model{
      config, Tokenizer({"a", "b", "c"}, bos_first ? 0 : 3), {parameter_table(config), {}, {}}, {}};
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal(0, 0.5);
  for (Tensor& tensor : model.state.params) {
    tensor.data.resize(tensor.rows * tensor.cols);
    for (double& x : tensor.data) x = normal(rng);
  }
  return model;
}

std::vector<std::unique_ptr<Engine>> engines_of(const Model& model, int count = 1) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (int i = 0; i < count; ++i) {
    engines.push_back(make_engine("exact", model.config));
    engines.back()->load(model.state);
  }
  return engines;
}

Audit audit_of(const Model& model, const Policy& policy, const AuditConfig& config,
               int threads = 1) {
  return audit(model, engines_of(model, threads), policy, config).value();
}

AuditConfig to_the_end(double temperature = 0.7, std::size_t prefix_length = 3) {
  AuditConfig config;
  config.temperature = temperature;
  config.prefix_length = prefix_length;
  config.prune = config.prune_prefixes = 0;
  config.num_witnesses = 1000;
  return config;
}

// Policies of every kind that an automaton knows.
std::vector<Policy> policies() {
  const auto plain = [](std::vector<BannedWord> words) {
    Policy policy;
    policy.name = "plain";
    policy.words = std::move(words);
    return policy;
  };
  std::vector<Policy> all = {
      plain({{"ab", Match::kSubstring, ""}, {"cac", Match::kSubstring, ""}}),
      plain({{"b", Match::kSubstring, ""}}),
      plain({{"ca", Match::kPrefix, ""}, {"bb", Match::kWord, ""}}),
      plain({{"cbacb", Match::kWord, ""}, {"a", Match::kWord, ""}}),  // one as long as the block
      plain({{"bac", Match::kSubstring, ""}}),
      plain({{"aa", Match::kSubstring, ""},
             {"ab", Match::kSubstring, ""},
             {"ac", Match::kSubstring, ""},
             {"a", Match::kWord, ""},
             {"ba", Match::kWord, ""}}),  // after a or ba nothing safe can come
  };
  for (Policy& policy : all) policy.normal_forms.repeats = false;
  all[4].allow = {"bacc", "abac"};
  all.push_back(all[0]);
  all.back().normal_forms.repeats = true;
  all.back().refuse_started = 1;
  return all;
}

struct Document {
  std::string text;
  double probability = 0;
  bool is_unsafe = false;
};

// All documents that a model can write, by nothing but its decoder.
class Documents {
 public:
  Documents(const Model& model, const Policy& policy, double temperature)
      : model_(model), how_{.temperature = temperature}, reader_(policy) {
    const auto engines = engines_of(model);
    decoder_ = engines.front()->new_decoder();
    add("", {model.tokenizer.bos()}, 1);
  }

  double sum(const std::string& prefix, bool only_unsafe) const {
    double sum = 0;
    for (const Document& document : all) {
      const bool counts = document.is_unsafe || !only_unsafe;
      if (counts && document.text.starts_with(prefix)) sum += document.probability;
    }
    return sum;
  }

  bool is_hopeless(const std::string& prefix) const {
    return std::ranges::none_of(all, [&](const Document& document) {
      return document.text.starts_with(prefix) && !document.is_unsafe;
    });
  }

  // The shortest hopeless beginnings, and unsafe documents that have none; with probabilities.
  std::map<std::pair<std::string, bool>, double> witnesses() const {
    std::map<std::pair<std::string, bool>, double> found;
    for (const Document& document : all) {
      if (!document.is_unsafe) continue;
      std::size_t size = 0;
      while (size <= document.text.size() && !is_hopeless(document.text.substr(0, size))) ++size;
      const auto block_size = static_cast<std::size_t>(model_.config.block_size);
      const bool whole = size > document.text.size() || size == block_size;
      found[{document.text.substr(0, size), whole}] += document.probability;
    }
    return found;
  }

  std::vector<Document> all;

 private:
  void add(const std::string& text, const std::vector<int>& tokens, double p) {
    const bool is_unsafe = reader_.find(text).has_value();
    if (text.size() == static_cast<std::size_t>(model_.config.block_size)) {
      all.push_back({text, p, is_unsafe});
      return;
    }
    std::vector<double> logits(4);
    decoder_->rewind(0);
    decoder_->forward(tokens, logits);
    const auto probs = next_token_probabilities(logits, how_);
    for (int token = 0; token < 4; ++token) {
      const double joint = p * probs[static_cast<std::size_t>(token)];
      if (token == model_.tokenizer.bos()) {
        all.push_back({text, joint, is_unsafe});
        continue;
      }
      std::vector<int> longer = tokens;
      longer.push_back(token);
      add(text + std::string(model_.tokenizer.token_text(token)), longer, joint);
    }
  }

  const Model& model_;
  SampleConfig how_;
  PolicyReader reader_;
  std::unique_ptr<Decoder> decoder_;
};

void expect_holds(const AuditedPrefix& prefix, const Documents& documents, double tolerance) {
  SCOPED_TRACE(prefix.text);
  const double begins = documents.sum(prefix.text, false);
  EXPECT_NEAR(prefix.probability, begins, kTolerance);
  EXPECT_EQ(prefix.hopeless, documents.is_hopeless(prefix.text));
  if (begins <= 0) return;  // at temperature 0
  const double truth = documents.sum(prefix.text, true) / begins;
  EXPECT_LE(prefix.unsafe.at_least, truth + kTolerance);
  EXPECT_GE(prefix.unsafe.at_most, truth - kTolerance);
  EXPECT_LE(prefix.unsafe.at_most - prefix.unsafe.at_least, tolerance);
}

TEST(Audit, IsTheSumOverAllDocuments) {
  for (const Policy& policy : policies()) {
    for (const double temperature : {0.7, 1.5, 0.0}) {
      for (std::size_t length = 0; length <= 4; ++length) {
        SCOPED_TRACE(policy.words.front().text + std::to_string(length));
        const Model model = random_model(length + 7, length % 2 == 1);
        const Documents documents(model, policy, temperature);
        const Audit got = audit_of(model, policy, to_the_end(temperature, length));
        for (const AuditedPrefix& prefix : got.prefixes) {
          expect_holds(prefix, documents, kTolerance);
        }
        EXPECT_TRUE(got.certificate.holds());
        EXPECT_GT(got.certificate.situations, 5u);
        EXPECT_EQ(got.prefixes.size(), (std::pow(3, length + 1) - 1) / 2);
        EXPECT_NEAR(got.prefixes.front().empty,
                    documents.sum("", false) - documents.sum("a", false) -
                        documents.sum("b", false) - documents.sum("c", false),
                    kTolerance);
      }
    }
  }
}

TEST(Audit, WitnessesAreAllThereAndInOrder) {
  for (const Policy& policy : policies()) {
    for (std::size_t length = 0; length <= 3; ++length) {
      SCOPED_TRACE(policy.words.front().text + std::to_string(length));
      const Model model = random_model(3);
      auto expected = Documents(model, policy, 0.7).witnesses();
      const Audit got = audit_of(model, policy, to_the_end(0.7, length));
      ASSERT_EQ(got.witnesses.size(), expected.size());
      PolicyReader reader(policy);
      for (std::size_t i = 0; i < got.witnesses.size(); ++i) {
        const Witness& witness = got.witnesses[i];
        EXPECT_NEAR(witness.probability, (expected[{witness.text, witness.whole}]), kTolerance)
            << witness.text;
        if (i > 0) {
          EXPECT_LE(witness.probability, got.witnesses[i - 1].probability);
        }
        if (witness.whole) {
          EXPECT_EQ(witness.word, reader.find(witness.text)) << witness.text;
        }
      }
      AuditConfig few = to_the_end(0.7, length);
      few.num_witnesses = 2;
      const std::vector<Witness> first(got.witnesses.begin(), got.witnesses.begin() + 2);
      EXPECT_TRUE(audit_of(model, policy, few).witnesses == first);
    }
  }
}

TEST(Audit, BoundsHoldTheTruthAndShrink) {
  for (const Policy& policy : policies()) {
    const Model model = random_model(11);
    const Documents documents(model, policy, 0.7);
    double before = 2;
    for (const double prune : {0.1, 0.01, 1e-3, 1e-4, 0.0}) {
      SCOPED_TRACE(policy.words.front().text + std::to_string(prune));
      AuditConfig config = to_the_end(0.7, 2);
      config.prune = prune;
      config.prune_prefixes = std::min(1.0, 10 * prune);
      config.prefixes = {"cb", "", "cccc"};
      const Audit got = audit_of(model, policy, config);
      for (const AuditedPrefix& prefix : got.prefixes) expect_holds(prefix, documents, 1);
      for (const Attack& attack : got.attacks) expect_holds(attack.prefix, documents, 1);
      const Bounds all = got.prefixes.front().unsafe;
      EXPECT_LE(all.at_most - all.at_least, before);
      before = all.at_most - all.at_least;
      for (const auto& [witness, probability] : documents.witnesses()) {
        if (probability < prune) continue;
        EXPECT_TRUE(std::ranges::any_of(got.witnesses, [&](const Witness& w) {
          return w.text == witness.first && w.whole == witness.second;
        })) << witness.first;
      }
    }
    EXPECT_LE(before, kTolerance);
  }
}

TEST(Audit, RarePrefixesAreLookedAtAsClosely) {
  const Model model = random_model(5);
  AuditConfig config = to_the_end(0.4, 2);
  config.prune = 1;
  config.prune_prefixes = 0.001;
  double rarest = 1;
  for (const AuditedPrefix& prefix : audit_of(model, policies()[0], config).prefixes) {
    rarest = std::min(rarest, prefix.probability);
    EXPECT_LE(prefix.unsafe.at_most - prefix.unsafe.at_least, 39 * 0.001) << prefix.text;
  }
  EXPECT_LT(rarest, 0.01);
}

TEST(Audit, AnAttackIsThePrefixAlone) {
  for (const Policy& policy : policies()) {
    const Model model = random_model(13, true);
    AuditConfig config = to_the_end();
    config.prefixes = {"c", "ba", "cca"};
    config.num_attacks = 0;
    const Audit got = audit_of(model, policy, config);
    for (const Attack& attack : got.attacks) {
      SCOPED_TRACE(attack.prefix.text);
      const auto same = std::ranges::find(got.prefixes, attack.prefix.text, &AuditedPrefix::text);
      ASSERT_NE(same, got.prefixes.end());
      EXPECT_NEAR(attack.prefix.unsafe.at_least, same->unsafe.at_least, kTolerance);
      EXPECT_NEAR(attack.prefix.probability, same->probability, kTolerance);
      EXPECT_EQ(attack.prefix.refused, same->refused);
      double sum = 0;
      for (const Witness& witness : attack.witnesses) sum += witness.probability;
      EXPECT_NEAR(sum, same->unsafe.at_least, kTolerance);
    }
  }
}

// Read as graphemes, a thumb and a skin tone are one that the model lacks.
TEST(Audit, LettersThatJoinAreStillTwo) {
  Policy policy;
  policy.words = {{"aa", Match::kWord, ""}, {"aaaaa", Match::kSubstring, ""}};
  policy.normal_forms.repeats = false;
  const std::vector<std::string> letters = {"a", "\U0001F3FD", "\U0001F44D"};
  Model model = random_model(23);
  AuditConfig config = to_the_end();
  config.prefixes = {"a\U0001F44D"};
  model.tokenizer = Tokenizer(letters, 3, TokenKind::kCodepoint);
  const Audit of_code_points = audit_of(model, policy, config);
  model.tokenizer = Tokenizer(letters, 3, TokenKind::kGrapheme);
  EXPECT_TRUE(audit_of(model, policy, config) == of_code_points);
  EXPECT_EQ(of_code_points.attacks.size(), 2u);
}

TEST(Audit, BeginningsOfWordsAreAttacks) {
  Policy policy;
  policy.words = {
      {"cabbc", Match::kSubstring, ""},  {"cabba", Match::kWord, ""},
      {"acca", Match::kSubstring, ""},                                     // too short
      {"caxxxx", Match::kSubstring, ""},                                   // can't be written
      {"baccab", Match::kSubstring, ""},                                   // longer than the block
      {"bbbab", Match::kSubstring, ""},  {"bbb", Match::kSubstring, ""}};  // bbba is unsafe already
  policy.normal_forms.repeats = false;
  const Model model = random_model(17);
  const Audit got = audit_of(model, policy, to_the_end());
  ASSERT_EQ(got.attacks.size(), 1u);
  EXPECT_EQ(got.attacks[0].prefix.text, "cabb");
  ASSERT_EQ(got.attacks[0].witnesses.size(), 3u);  // and cabbb
  AuditConfig none = to_the_end();
  none.num_attacks = 0;
  EXPECT_TRUE(audit_of(model, policy, none).attacks.empty());
}

TEST(Audit, TheWorstBeginningsComeFirst) {
  Policy policy;
  policy.words = {{"cabba", Match::kWord, ""}, {"bcbca", Match::kWord, ""}};
  for (const char last : {'b', 'c'}) {
    policy.words.push_back({std::string("acbc") + last, Match::kSubstring, ""});
  }
  AuditConfig config = to_the_end();
  config.prefixes = {"cccc"};  // is safe
  const Model model = random_model(18);
  const std::vector<Attack> got = audit_of(model, policy, config).attacks;
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0].prefix.text, "cccc");
  EXPECT_GE(got[1].prefix.unsafe.at_least, got[2].prefix.unsafe.at_least);
  EXPECT_GE(got[2].prefix.unsafe.at_least, got[3].prefix.unsafe.at_least);
  config.num_attacks = 1;
  EXPECT_EQ(audit_of(model, policy, config).attacks.size(), 2u);
}

TEST(Audit, DoesNotDependOnThreads) {
  const Model model = random_model(19, false, 9);
  AuditConfig config = to_the_end();
  config.prune = config.prune_prefixes = 1e-4;
  config.prefixes = {"abc", "c"};
  const Audit one = audit_of(model, policies()[2], config, 1);
  EXPECT_TRUE(audit_of(model, policies()[2], config, 2) == one);
  EXPECT_TRUE(audit_of(model, policies()[2], config, 5) == one);
}

TEST(Audit, MonteCarloAgrees) {
  const Model model = random_model(23);
  const Policy policy = policies()[0];
  AuditConfig config = to_the_end();
  config.prefixes = {"c"};
  const Audit got = audit_of(model, policy, config);
  PolicyReader reader(policy);
  const auto engines = engines_of(model);
  for (const AuditedPrefix& prefix : {got.prefixes.front(), got.attacks.front().prefix}) {
    constexpr int kDocuments = 20000;
    int unsafe = 0;
    const auto take = [&](std::string_view text) {
      unsafe += reader.find(text) ? 1 : 0;
      return true;
    };
    generate_many(*engines.front(), model.config, model.tokenizer, {.temperature = 0.7},
                  prefix.text, 1, kDocuments, take);
    const double p = prefix.unsafe.at_least;
    EXPECT_GT(p, 0.01);
    EXPECT_NEAR(unsafe, p * kDocuments, 4 * std::sqrt(kDocuments * p * (1 - p))) << prefix.text;
  }
}

TEST(Audit, CountsWhatRefusingCosts) {
  const Policy policy = policies().back();  // refuses what begins a word
  const Model model = random_model(29);
  const Documents documents(model, policy, 0.7);
  const Audit got = audit_of(model, policy, to_the_end());
  PolicyReader reader(policy);
  ASSERT_EQ(got.lengths.size(), 3u);
  for (const PrefixLength& all : got.lengths) {
    double refused = 0, safe = 0;
    std::size_t count = 0;
    for (const AuditedPrefix& prefix : got.prefixes) {
      if (prefix.text.size() != all.length) continue;
      const bool expected = documents.is_hopeless(prefix.text) || reader.started(prefix.text) >= 1;
      EXPECT_EQ(prefix.refused, expected) << prefix.text;
      if (!expected) continue;
      ++count;
      refused += documents.sum(prefix.text, false);
      safe += documents.sum(prefix.text, false) - documents.sum(prefix.text, true);
    }
    EXPECT_EQ(all.refused, count);
    EXPECT_GT(all.refused, 0u);
    EXPECT_EQ(all.prefixes, static_cast<std::size_t>(std::pow(3, all.length)));
    EXPECT_NEAR(all.refused_probability, refused, kTolerance);
    EXPECT_NEAR(all.safe_refused.at_least, safe, kTolerance);
    EXPECT_NEAR(all.safe_refused.at_most, safe, kTolerance);
  }
}

TEST(Audit, TenTriesFailTogether) {
  AuditedPrefix prefix;
  prefix.unsafe = {0.5, 0.75};
  prefix.empty = 0.25;
  EXPECT_NEAR(prefix.all_tries_fail().at_least, std::pow(0.75, 10), 1e-15);
  EXPECT_EQ(prefix.all_tries_fail().at_most, 1);
}

TEST(Audit, PrefixesAreNotTooMany) {
  Config config;
  config.vocab_size = 27;
  EXPECT_EQ(longest_audited(3, config), 3u);
  EXPECT_EQ(longest_audited(9, config), 3u);
  config.vocab_size = 100;
  EXPECT_EQ(longest_audited(3, config), 2u);
  config.vocab_size = 30'000;
  EXPECT_EQ(longest_audited(3, config), 0u);
  config.vocab_size = 4;
  config.block_size = 3;
  EXPECT_EQ(longest_audited(3, config), 2u);
  config.block_size = 1;
  EXPECT_EQ(longest_audited(3, config), 0u);
}

TEST(Audit, ABlockOfOneLetter) {
  const Policy policy = policies()[1];
  const Model model = random_model(31, false, 1);
  const Audit got = audit_of(model, policy, to_the_end());
  ASSERT_EQ(got.prefixes.size(), 1u);
  expect_holds(got.prefixes.front(), Documents(model, policy, 0.7), kTolerance);
}

TEST(Audit, CanBeStopped) {
  const Model model = random_model(37);
  std::size_t calls = 0;
  const auto stop = [&](const AuditProgress& progress) {
    EXPECT_LE(progress.tasks_done, progress.tasks);
    return ++calls < 3;
  };
  EXPECT_FALSE(audit(model, engines_of(model), policies()[0], to_the_end(), stop));
  EXPECT_EQ(calls, 3u);
}

TEST(Audit, Errors) {
  Model model = random_model(41);
  const auto error = [&](auto change) {
    AuditConfig config = to_the_end();
    change(config);
    return message_of([&] { audit_of(model, policies()[0], config); });
  };
  EXPECT_EQ(error([](AuditConfig& c) { c.prune = 1.5; }),
            "prune: out of range, expected 0 to 1, got 1.5");
  EXPECT_EQ(error([](AuditConfig& c) { c.prune_prefixes = std::nan(""); }),
            "prune_prefixes: out of range, expected 0 to 1, got nan");
  EXPECT_EQ(error([](AuditConfig& c) { c.temperature = -1; }),
            "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got -1");
  EXPECT_EQ(error([](AuditConfig& c) { c.prefixes = {"abcab"}; }),
            "prefix: too long, expected at most 4 letters, got 5");
  EXPECT_NE(error([](AuditConfig& c) { c.prefixes = {"x"}; }), "no error");
  for (double& x : model.state.params[2].data) x = 1e308;  // lm_head
  EXPECT_EQ(error([](AuditConfig&) {}),
            "audit: the model's logits are no numbers, expected finite ones");
}

TEST(Audit, TrainingData) {
  const Policy policy = policies()[0];
  const Model model = random_model(43);
  const Dataset data("cab\nbac\nab x\ncab\nabcabc\nb\n", "data");
  const auto got = unsafe_documents(data, model, *engines_of(model).front(), policy, 0.7);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].text, "cab");
  EXPECT_EQ(got[0].times, 2u);
  const Documents documents(model, policy, 0.7);
  const auto cab = std::ranges::find(documents.all, "cab", &Document::text);
  EXPECT_NEAR(got[0].probability.value(), cab->probability, kTolerance);
  EXPECT_EQ(got[1].text, "ab x");
  EXPECT_EQ(got[1].probability, std::nullopt);  // other letters
  EXPECT_EQ(got[2].text, "abcabc");
  EXPECT_EQ(got[2].probability, std::nullopt);  // too long
  EXPECT_EQ(without_unsafe(data, policy), "bac\nb\n");
}

}  // namespace
}  // namespace microgpt
