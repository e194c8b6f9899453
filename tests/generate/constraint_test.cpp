// Constraints: automata beside plain predicates on all short texts, and what is sampled with them.
#include "microgpt/constraint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "microgpt/engine.h"
#include "microgpt/sampler.h"
#include "microgpt/state_dict.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

const Tokenizer kTokenizer({"a", "b", "c"}, 3);
constexpr std::size_t kBlock = 6;

using Predicate = std::function<bool(const std::string& text)>;

// All texts over a, b, c of at most kBlock letters, the shorter ones first.
const std::vector<std::string>& all_texts() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> made = {""};
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (made[i].size() == kBlock) continue;
      for (const char letter : {'a', 'b', 'c'}) made.push_back(made[i] + letter);
    }
    return made;
  }();
  return texts;
}

// The fewest letters after which a text that begins so is allowed; kNever if there are too many.
std::map<std::string, std::size_t> distances(const Predicate& allowed) {
  std::map<std::string, std::size_t> to_go;
  for (auto at = all_texts().rbegin(); at != all_texts().rend(); ++at) {
    std::size_t fewest = allowed(*at) ? 0 : Constraint::kNever;
    for (const char letter : {'a', 'b', 'c'}) {
      const auto longer = to_go.find(*at + letter);
      if (longer != to_go.end() && longer->second != Constraint::kNever) {
        fewest = std::min(fewest, longer->second + 1);
      }
    }
    to_go[*at] = fewest;
  }
  return to_go;
}

// An automaton has no end of the block; where a text can't be allowed within it, it may say so or
// not, but never promise less than it takes.
void expect_agrees(const Constraint& constraint, const Predicate& allowed) {
  const auto to_go = distances(allowed);
  for (const std::string& text : all_texts()) {
    const auto state = constraint.read(kTokenizer.encode(text));
    ASSERT_EQ(constraint.may_end(state), allowed(text)) << '"' << text << '"';
    const std::size_t room = kBlock - text.size();
    ASSERT_EQ(constraint.to_go(state) <= room, to_go.at(text) <= room) << '"' << text << '"';
    if (to_go.at(text) <= room) {
      ASSERT_EQ(constraint.to_go(state), to_go.at(text)) << text;
    }
    for (int token = 0; token < 3; ++token) {
      const auto longer = to_go.find(text + std::string(kTokenizer.token_text(token)));
      const bool follows = longer != to_go.end() && longer->second <= room - 1;
      ASSERT_EQ(constraint.may_follow(state, token, room), follows) << text << " + " << token;
    }
    ASSERT_EQ(constraint.may_follow(state, kTokenizer.bos(), room), allowed(text));
  }
}

bool fits(const Shape& shape, const std::string& text) {
  return text.starts_with(shape.starts) && text.ends_with(shape.ends) &&
         text.size() >= shape.min_length && text.size() <= shape.max_length &&
         (shape.letters.empty() || text.find_first_not_of(shape.letters) == std::string::npos);
}

Constraint made(const Shape& shape) { return make_constraint(shape, kTokenizer, kBlock); }

TEST(Constraint, ShapesAreWhatTheySay) {
  const std::size_t any = Shape().max_length;
  for (const Shape& shape : std::vector<Shape>{
           {},
           {"ab", "", 0, any, ""},
           {"", "ab", 0, any, ""},
           {"", "aab", 0, any, ""},
           {"", "aaa", 0, any, ""},
           {"", "abab", 0, any, ""},
           {"", "abacab", 0, any, ""},
           {"", "", 2, any, ""},
           {"", "", 0, 3, ""},
           {"", "", 2, 4, ""},
           {"", "", 6, 6, ""},
           {"", "", 0, 0, ""},
           {"", "", 0, any, "ca"},
           {"ab", "ba", 3, 5, "ab"},
           {"ab", "ba", 0, any, ""},
           {"aba", "aba", 0, 4, ""},
           {"c", "c", 1, 1, "c"},
       }) {
    SCOPED_TRACE(shape.starts + ".." + shape.ends + " " + shape.letters);
    expect_agrees(made(shape), [&](const std::string& text) { return fits(shape, text); });
  }
}

TEST(Constraint, BothIsBoth) {
  const Shape ends{"", "bc", 0, Shape().max_length, ""}, length{"", "", 3, 4, ""};
  expect_agrees(both(made(ends), made(length)),
                [&](const std::string& text) { return fits(ends, text) && fits(length, text); });
}

TEST(Constraint, ReasonsSayWhatIsWrong) {
  const Constraint shape = made({"ab", "c", 3, 4, "abc"});
  const auto reason = [&](const std::string& text) {
    return shape.reason(shape.read(kTokenizer.encode(text)));
  };
  EXPECT_EQ(reason("b"), 0u);      // begins otherwise
  EXPECT_EQ(reason("abcb"), 1u);   // ends otherwise
  EXPECT_EQ(reason("ab"), 2u);     // too short
  EXPECT_EQ(reason("abccc"), 3u);  // too long
  const Constraint letters = made({"", "", 0, 9, "ab"});
  EXPECT_EQ(letters.reason(letters.read(kTokenizer.encode("ac"))), 4u);
  const Constraint two = both(made({"", "", 1, 9, ""}), made({"b", "", 0, 9, ""}), 10);
  EXPECT_EQ(two.reason(two.read(kTokenizer.encode("a"))), 10u);
  EXPECT_EQ(two.reason(two.start()), 2u);
}

TEST(Constraint, Lengths) {
  const auto parsed = [](std::string_view text) {
    Shape shape;
    parse_length(text, shape);
    return std::pair(shape.min_length, shape.max_length);
  };
  const std::size_t any = Shape().max_length;
  EXPECT_EQ(parsed("4..8"), std::pair(std::size_t{4}, std::size_t{8}));
  EXPECT_EQ(parsed("4.."), std::pair(std::size_t{4}, any));
  EXPECT_EQ(parsed("..8"), std::pair(std::size_t{0}, std::size_t{8}));
  EXPECT_EQ(parsed("6"), std::pair(std::size_t{6}, std::size_t{6}));
  for (const char* bad :
       {"", "..", "4-8", "a..b", "4..8..9", " 4", "4.5", "-1..2", "99999999999999999999999"}) {
    EXPECT_EQ(
        message_of([&] { parsed(bad); }),
        std::string("length: expected \"4..8\", \"4..\", \"..8\" or \"6\", got \"") + bad + "\"");
  }
}

TEST(Constraint, Errors) {
  const auto error = [](const Shape& shape) { return message_of([&] { made(shape); }); };
  EXPECT_EQ(error({"", "", 5, 4, ""}),
            "length: expected at least 5 and at most 4 letters, which none has");
  EXPECT_EQ(error({"", "", 7, 9, ""}),
            "length: expected at least 7 and at most 6 letters, which none has");
  EXPECT_EQ(error({"a", "b", 0, 1, ""}),
            "shape: no document of at most 6 letters is so, expected demands that can be met "
            "together");
  EXPECT_EQ(error({"x", "", 0, 9, ""}),
            "text: character 'x' (U+0078) at position 1 is not in the vocabulary, expected one of "
            "abc");
  const Tokenizer other({"a", "b"}, 2);
  EXPECT_EQ(message_of([&] { both(made({}), make_constraint({}, other, 6)); }),
            "constraint: made for another vocabulary, expected 4 tokens, got 3");
}

// A letter is made of bytes, which a shape would count and take apart.
TEST(Constraint, BytesHaveNoLetters) {
  const Tokenizer bytes({"a", "\xC3", "\xA9"}, 3, TokenKind::kByte);
  const auto error = [&](const Shape& shape) {
    return message_of([&] { make_constraint(shape, bytes, kBlock); });
  };
  const std::size_t any = Shape().max_length;
  const std::string why =
      " letters, expected a model of code points or graphemes, got one of bytes";
  EXPECT_EQ(error({"", "", 1, any, ""}), "length: counts" + why);
  EXPECT_EQ(error({"", "", 0, 5, ""}), "length: counts" + why);
  EXPECT_EQ(error({"", "", 0, any, "a"}), "letters: allows" + why);
  const Constraint ends = make_constraint({"a", "\xC3\xA9", 0, kBlock, ""}, bytes, kBlock);
  EXPECT_TRUE(ends.may_end(ends.read(bytes.encode("aa\xC3\xA9"))));
  EXPECT_FALSE(ends.may_end(ends.read(bytes.encode("aa\xC3"))));
}

// ---- Sampling ----

// A model of four tokens and documents of at most four letters, small enough to look at all.
class Sampled : public testing::TestWithParam<std::string> {
 protected:
  Sampled() : engine_(make_engine(GetParam(), config())) {
    TrainConfig train;
    train.init_std = 0.25;
    PythonRandom random(7);
    engine_->load(init_state_dict(config(), train, random));
  }

  static Config config() {
    Config config;
    config.n_embd = 16;
    config.n_head = 4;
    config.block_size = 4;
    config.vocab_size = 4;
    return config;
  }

  // The probability of each document that begins with a prefix, given the prefix.
  std::map<std::string, double> documents(const SampleConfig& how, const std::string& prefix) {
    std::map<std::string, double> found;
    const auto decoder = engine_->new_decoder();
    const std::function<void(const std::string&, double)> visit = [&](const std::string& text,
                                                                      double p) {
      if (text.size() == 4) {
        found[text] += p;
        return;
      }
      std::vector<int> tokens = kTokenizer.encode(text);
      tokens.insert(tokens.begin(), 3);
      std::vector<double> logits(4);
      decoder->rewind(0);
      decoder->forward(tokens, logits);
      const auto probs = next_token_probabilities(logits, how);
      found[text] += p * probs[3];
      for (int token = 0; token < 3; ++token) {
        visit(text + std::string(kTokenizer.token_text(token)),
              p * probs[static_cast<std::size_t>(token)]);
      }
    };
    visit(prefix, 1);
    return found;
  }

  std::vector<std::string> many(const SampleConfig& how, const std::string& prefix, int count) {
    std::vector<std::string> texts;
    generate_many(*engine_, config(), kTokenizer, how, prefix, 42, count,
                  [&](std::string_view text) { return texts.emplace_back(text), true; });
    return texts;
  }

  // Pearson's statistic of some texts, where those expected fewer than 10 times are one class, and
  // its degrees of freedom. Fails for a text that is not expected at all.
  static std::pair<double, int> chi_square(const std::vector<std::string>& texts,
                                           const std::map<std::string, double>& expected) {
    std::map<std::string, int> count;
    for (const std::string& text : texts) ++count[text];
    double sum = 0, rare_expected = 0, rare = 0;
    int classes = 0;
    const auto add = [&](double seen, double e) {
      sum += (seen - e) * (seen - e) / e;
      ++classes;
    };
    for (const auto& [text, p] : expected) {
      const double e = p * static_cast<double>(texts.size());
      if (e >= 10) {
        add(count[text], e);
      } else {
        rare_expected += e, rare += count[text];
      }
      count.erase(text);
    }
    if (rare_expected > 1) add(rare, rare_expected);
    for (const auto& [text, n] : count) EXPECT_EQ(n, 0) << '"' << text << "\" is not allowed";
    return {sum, classes - 1};
  }

  // The sum of squares of n normal numbers, too large once in some hundred thousand times (Wilson
  // and Hilferty 1931: its cube root is nearly normal).
  static double bound(int n) {
    const double v = 2.0 / (9.0 * n);
    return n * std::pow(1 - v + 4.3 * std::sqrt(v), 3);
  }

  std::unique_ptr<Engine> engine_;
};

TEST_P(Sampled, HasTheModelsDistributionOverWhatIsAllowed) {
  const std::size_t any = Shape().max_length;
  int checked = 0;
  for (const double temperature : {0.8, 2.0}) {
    for (const auto& [shape, prefix] : std::vector<std::pair<Shape, std::string>>{
             {{"", "b", 0, any, ""}, ""},
             {{"", "", 2, 3, ""}, ""},
             {{"", "ca", 0, any, ""}, ""},
             {{"", "", 1, any, "ab"}, ""},
             {{"c", "a", 0, any, ""}, ""},
             {{"", "c", 0, 3, ""}, "a"},
         }) {
      const Constraint constraint = make_constraint(shape, kTokenizer, 4);
      SampleConfig how{temperature};
      auto expected = documents(how, prefix);
      double total = 0;
      std::erase_if(expected, [&](const auto& each) { return !fits(shape, each.first); });
      for (const auto& [text, p] : expected) total += p;
      for (auto& [text, p] : expected) p /= total;
      how.constraint = &constraint;
      ASSERT_LT(std::pow(1 - total, how.tries), 1e-4) << shape.ends << total;
      const auto [statistic, freedom] = chi_square(many(how, prefix, 2500), expected);
      ASSERT_GT(freedom, 0);
      EXPECT_LT(statistic, bound(freedom)) << temperature << shape.ends << prefix << freedom;
      checked += freedom;
    }
  }
  EXPECT_GT(checked, 80);
}

// With luck excluded: no try is ever free.
TEST_P(Sampled, DrawsAllowedLettersWhereNoTryHelps) {
  const Constraint constraint = made({"", "cb", 0, 4, ""});
  SampleConfig how{0.4};
  how.constraint = &constraint;
  how.tries = 1;
  for (const std::string& text : many(how, "", 2000)) EXPECT_TRUE(text.ends_with("cb")) << text;
  how.temperature = 0;
  EXPECT_TRUE(many(how, "", 1)[0].ends_with("cb"));
  how.temperature = 0.01;  // all that is allowed has a probability that is no more than 0
  for (const std::string& text : many(how, "", 50)) EXPECT_TRUE(text.ends_with("cb")) << text;
}

// The more tries, the nearer to the right distribution: weights make up for the letters that were
// left out.
TEST_P(Sampled, WeighsWhatItHadToForce) {
  const Shape shape{"", "ca", 0, Shape().max_length, ""};
  const Constraint constraint = make_constraint(shape, kTokenizer, 4);
  SampleConfig how{0.4};
  auto expected = documents(how, "");
  double total = 0;
  std::erase_if(expected, [&](const auto& each) { return !fits(shape, each.first); });
  for (const auto& [text, p] : expected) total += p;
  how.constraint = &constraint;
  const auto distance = [&](int tries) {
    how.tries = tries;
    std::map<std::string, int> count;
    for (const std::string& text : many(how, "", 2000)) ++count[text];
    double sum = 0;
    for (const auto& [text, p] : expected) sum += std::abs(count[text] / 2000.0 - p / total) / 2;
    return sum;
  };
  const double one = distance(1), few = distance(8), enough = distance(200);
  EXPECT_GT(one, 0.1);
  EXPECT_LT(few, one * 0.8);
  EXPECT_LT(enough, 0.04);
}

TEST_P(Sampled, NamesThatAreAllowedStayWhatTheyAre) {
  const Constraint constraint = made({"", "a", 0, 9, ""}), anything = made({});
  SampleConfig how{1};
  const auto free = many(how, "", 500);
  how.constraint = &anything;
  EXPECT_EQ(many(how, "", 500), free);
  how.constraint = &constraint;
  const auto asked = many(how, "", 500);
  int same = 0;
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (!free[i].ends_with('a')) continue;
    EXPECT_EQ(asked[i], free[i]);
    ++same;
  }
  EXPECT_GT(same, 50);
}

TEST_P(Sampled, Errors) {
  const Constraint constraint = make_constraint({"", "b", 0, 2, ""}, kTokenizer, 4);
  SampleConfig how;
  how.constraint = &constraint;
  const auto error = [&](const std::string& prefix) {
    return message_of([&] { many(how, prefix, 1); });
  };
  EXPECT_EQ(error("ab"), "no error");
  EXPECT_EQ(error("aa"),
            "prefix: no document that begins with \"aa\" is allowed, expected another prefix or "
            "other rules");
  how.tries = 0;
  EXPECT_EQ(error("a"), "tries: out of range, expected 1 to 1000000, got 0");
  how.tries = 1;
  const Constraint other = make_constraint({}, Tokenizer({"a"}, 1), 4);
  how.constraint = &other;
  EXPECT_EQ(error("a"), "constraint: made for another vocabulary, expected 4 tokens, got 2");
}

INSTANTIATE_TEST_SUITE_P(Engines, Sampled, testing::Values("exact", "cpu"),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace microgpt
