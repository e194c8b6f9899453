// The bot of the assignment: what it answers to a line.
#include "microgpt/bot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "microgpt/engine.h"
#include "microgpt/state_dict.h"
#include "support/message_of.h"

namespace microgpt {
namespace {

std::vector<std::string> latin_letters() {
  std::vector<std::string> letters;
  for (char c = 'a'; c <= 'z'; ++c) letters.emplace_back(1, c);
  return letters;
}

// A model that has learned nothing, so that it is apt to say anything.
Model untrained(std::vector<std::string> letters = latin_letters(), int block_size = 16,
                TokenKind kind = TokenKind::kCodepoint) {
  const int bos = static_cast<int>(letters.size());
  Config config;
  config.block_size = block_size;
  config.vocab_size = bos + 1;
  PythonRandom random(42);
  return {config, Tokenizer(std::move(letters), bos, kind),
          init_state_dict(config, default_train_config(Edition::kFinal), random), std::nullopt};
}

struct Talk {
  explicit Talk(const std::string& policy, BotConfig config = {}, Model made = untrained())
      : model(std::move(made)), engine(make_engine("exact", model.config)) {
    engine->load(model.state);
    bot.emplace(model, *engine, parse_policy(policy, "policy"), config, PythonRandom(1));
  }

  std::string operator()(std::string_view request) { return format_reply(bot->answer(request)); }

  Model model;
  std::unique_ptr<Engine> engine;
  std::optional<Bot> bot;
};

std::string policy_text(const std::string& rest) {
  return R"({"format": "microgpt-policy-v1", "name": "test", "subject": "a fruit", )" + rest + "}";
}
const std::string kFruits =
    policy_text(R"("words": ["apple", "pear", {"word": "fig", "match": "word"}])");

TEST(Bot, AnswersOneNameForEachPrefixInOrder) {
  Talk talk(kFruits);
  for (const auto& [request, prefixes] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"j", {"j"}},
           {"m", {"m"}},
           {"ab", {"ab"}},
           {"da", {"da"}},
           {"a b", {"a", "b"}},
           {"a b c", {"a", "b", "c"}},
           {"", {""}},
           {" \t\f", {""}},
           {"j!", {"j"}},
           {"  J\tO'h  \xE2\x80\xA8 x9", {"j", "oh", "x"}},
           {"1 k -", {"k"}},
           {"\xE2\x84\xAA\xC3\xA9\xFFz", {"kz"}},  // the Kelvin sign is a k, as str.lower says
       }) {
    const Reply reply = talk.bot->answer(request);
    EXPECT_EQ(reply.refusal, "") << request;
    ASSERT_EQ(reply.names.size(), prefixes.size()) << request;
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      EXPECT_TRUE(reply.names[i].starts_with(prefixes[i])) << reply.names[i];
      EXPECT_FALSE(reply.names[i].empty());
    }
  }
}

TEST(Bot, Protocol) {
  EXPECT_EQ(format_reply({{"ann", "bo"}, ""}), "OK: ann, bo");
  EXPECT_EQ(format_reply({{}, "no."}), "REFUSE: no.");
  Talk talk(kFruits);
  for (const char* request : {"12", "! ?", "\xFF", "3 \xE2\x9C\x93"}) {
    EXPECT_EQ(talk(request), "REFUSE: input had no usable letters (a-z).") << request;
  }
  EXPECT_EQ(talk("abcdefghijklmnop"), "OK: abcdefghijklmnop");
  EXPECT_EQ(talk("abcdefghijklmnopqrs"), "OK: abcdefghijklmnop");
  EXPECT_EQ(
      talk("abcdefghijkapple"),
      "REFUSE: The prefix \"abcdefghijkapple\" contains a fruit, \"apple\", which I never say.");
}

TEST(Bot, RefusesWhatLeavesNoSafeName) {
  Talk talk(policy_text(R"("match": "word", "words": ["abcdefghijklmno", "abcdefghijklmnop"])"));
  // 16 letters are a name's end, and only one way to them is banned.
  EXPECT_TRUE(talk("abcdefghijklmn").starts_with("OK: abcdefghijklmn"));
  EXPECT_EQ(talk("a abcdefghijklmnop"),
            "REFUSE: The prefix \"abcdefghijklmnop\" can only become a fruit, "
            "\"abcdefghijklmnop\", which I never say.");
  Talk substrings(kFruits);
  EXPECT_EQ(substrings("j pear"),
            "REFUSE: The prefix \"pear\" contains a fruit, \"pear\", which I never say.");
  EXPECT_TRUE(substrings("fig").starts_with("OK: fig"));
  EXPECT_NE(substrings("fig"), "OK: fig");
  EXPECT_TRUE(substrings("appl pea").starts_with("OK: appl"));
}

TEST(Bot, RefusesBeginningsIfThePolicySaysSo) {
  Talk talk(policy_text(R"("words": ["apple", "pear"], "refuse_started": 4)"));
  EXPECT_EQ(talk("xappl"), "REFUSE: The prefix \"xappl\" ends in the beginning of a fruit.");
  EXPECT_TRUE(talk("app").starts_with("OK: app"));
  EXPECT_TRUE(talk("applx").starts_with("OK: applx"));
}

TEST(Bot, IsDiscreet) {
  BotConfig config;
  config.discreet = true;
  Talk talk(policy_text(R"("words": ["apple", {"word": "abcdefghijklmnop", "match": "word"}],
                         "refuse_started": 4)"),
            config);
  EXPECT_EQ(talk("j apple"), "REFUSE: Prefix 2 of the request is against the rule \"test\".");
  EXPECT_EQ(talk("abcdefghijklmnop"),
            "REFUSE: Prefix 1 of the request leaves no name within the rule \"test\".");
  EXPECT_EQ(talk("appl"), "REFUSE: Prefix 1 of the request begins what the rule \"test\" forbids.");
}

// Bans what an untrained model can hardly avoid: all but a few letters.
TEST(Bot, CertifiedNeedsNoLuck) {
  const std::string policy = policy_text(
      R"("words": ["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r","s","t"])");
  Talk certified(policy), resampling(policy, {.guard = Guard::kResample}),
      off(policy, {.guard = Guard::kOff});
  int failed = 0, unsafe = 0;
  const auto is_unsafe = [](const std::string& name) {
    return name.find_first_not_of("uvwxyz") != std::string::npos;
  };
  for (int i = 0; i < 100; ++i) {
    const Reply reply = certified.bot->answer("u v");
    ASSERT_EQ(reply.names.size(), 2u);
    for (const std::string& name : reply.names) EXPECT_FALSE(is_unsafe(name)) << name;
    const Reply tried = resampling.bot->answer("u v");
    failed += tried.refusal == "couldn't generate a safe name for one of the prefixes." ? 1 : 0;
    for (const std::string& name : tried.names) EXPECT_FALSE(is_unsafe(name)) << name;
    const Reply free = off.bot->answer("u v");
    unsafe += std::ranges::any_of(free.names, is_unsafe) ? 1 : 0;
  }
  EXPECT_GT(failed, 10);
  EXPECT_GT(unsafe, 90);
  EXPECT_TRUE(off("apple").starts_with("OK: apple"));
  EXPECT_TRUE(resampling("a").starts_with("REFUSE: The prefix \"a\" contains"));
}

// Top-k and top-p come before what is allowed: of the two likeliest letters the one that is.
TEST(Bot, MasksComeAfterTopK) {
  const Model model = untrained({"a", "b", "c"}, 4);
  const auto engine = make_engine("exact", model.config);
  engine->load(model.state);
  const auto decoder = engine->new_decoder();
  std::vector<double> logits(4);
  const std::vector<int> start = {3};
  decoder->forward(start, logits);
  SampleConfig how{0.5, 2, 1};
  const auto two = next_token_probabilities(logits, how);
  const Constraint constraint = make_constraint({"", "", 4, 4, ""}, model.tokenizer, 4);
  how.constraint = &constraint;
  how.tries = 1;
  PythonRandom random(1);
  for (int i = 0; i < 50; ++i) {
    const Sample sample = generate(*decoder, model.config, model.tokenizer, how, "", random);
    EXPECT_EQ(sample.text.size(), 4u);
    EXPECT_GT(two[static_cast<std::size_t>(sample.tokens[0].token)], 0) << sample.text;
  }
}

TEST(Bot, LettersOfOtherModels) {
  Talk talk(policy_text(R"("words": ["jab\u0142"])"), {},
            untrained({"A", "\u00f3", "b", "j", "\u0142"}, 6));
  EXPECT_TRUE(talk("\u00d3").starts_with("OK: \u00f3"));  // lowered
  EXPECT_TRUE(talk("a A").starts_with("OK: ")) << talk("a A");
  EXPECT_EQ(talk("xyz"), "REFUSE: input had no usable letters.");
  EXPECT_EQ(talk("jAb\u0142"),
            "REFUSE: The prefix \"jAb\u0142\" contains a fruit, \"jab\u0142\", which I never say.");
}

// Hindi: na and ka with vowel signs, and na alone.
TEST(Bot, LettersOfSeveralCodePoints) {
  const std::string naa = "\u0928\u093E", ki = "\u0915\u093F", na = "\u0928";
  Talk talk(policy_text(R"("words": ["\u0928\u093E\u0928"], "normal_forms": [])"), {},
            untrained({na, naa, ki, "\u00e9"}, 4, TokenKind::kGrapheme));
  const Reply reply = talk.bot->answer(naa + "x " + ki + " e\u0301 E\u0301 \u00C9");
  ASSERT_EQ(reply.names.size(), 3u) << reply.refusal;  // an e and an accent is no letter of it
  EXPECT_TRUE(reply.names[0].starts_with(naa));
  EXPECT_TRUE(reply.names[1].starts_with(ki));
  EXPECT_TRUE(reply.names[2].starts_with("\u00e9"));
  EXPECT_EQ(talk(naa + ki + naa + ki + naa), "OK: " + naa + ki + naa + ki);
  EXPECT_EQ(talk(ki + naa + na), "REFUSE: The prefix \"" + ki + naa + na +
                                     "\" contains a fruit, \"" + naa + na +
                                     "\", which I never say.");
  EXPECT_EQ(talk("\u0928\u093F"), "REFUSE: input had no usable letters.");
}

// A thumb and a skin tone, in a request and in what is left of it without the space that has no
// width, which is no white space.
TEST(Bot, LettersThatJoin) {
  const std::string thumb = "\U0001F44D", tone = "\U0001F3FD";
  Talk talk(kFruits, {}, untrained({"a", "b", tone, thumb}, 4, TokenKind::kGrapheme));
  EXPECT_EQ(talk(thumb + tone), "REFUSE: input had no usable letters.");
  EXPECT_EQ(talk(thumb + "\u200B" + tone + "ab"), "OK: " + thumb + tone + "ab");
  EXPECT_TRUE(talk(thumb + "\u200B" + tone).starts_with("OK: " + thumb + tone));
  // White space parts letters before graphemes do: a number sign takes what is next to it.
  EXPECT_TRUE(talk("a\u0600 b").starts_with("OK: a"));
  EXPECT_EQ(talk.bot->answer("\u0600 b").names.size(), 1u);
}

TEST(Bot, ReadsBytesWithoutAGuard) {
  const std::vector<std::string> bytes = {"a", "\xC3", "\xA9", "\x89"};
  Talk talk("fig", {.guard = Guard::kOff}, untrained(bytes, 4, TokenKind::kByte));
  EXPECT_TRUE(talk("\u00c9").starts_with("OK: \u00e9"));
  EXPECT_EQ(talk("\u00c9\u00e9\u00e9"), "OK: \u00e9\u00e9");
  EXPECT_TRUE(talk("a\u00e9\u00e9").starts_with("OK: a\u00e9"));  // half a letter more would fit
  for (const Guard guard : {Guard::kCertified, Guard::kResample}) {
    EXPECT_EQ(message_of([&] {
                Talk guarded("fig", {.guard = guard}, untrained(bytes, 4, TokenKind::kByte));
              }),
              "policy: reads letters, expected a model of code points or graphemes, got one of "
              "bytes");
  }
}

// A reason is one line, whatever the policy's texts are; a list may end its lines as it likes.
TEST(Bot, PoliciesKeepToOneLine) {
  const auto error = [](const std::string& policy) {
    return message_of([&] { parse_policy(policy, "policy"); });
  };
  EXPECT_EQ(error(R"({"format": "microgpt-policy-v1", "name": "a\nb", "words": ["fig"]})"),
            "policy: name, expected a text without control characters, got \"a\\nb\"");
  EXPECT_EQ(error(policy_text(R"("words": ["fi\rg"])")),
            "policy: words, expected a text without control characters, got \"fi\\rg\"");
  EXPECT_EQ(error(R"({"format": "microgpt-policy-v1", "name": "", "words": ["fig"]})"),
            "policy: name, expected a text without control characters, got \"\"");
  EXPECT_EQ(parse_policy("fig\rpear\r\nplum\n", "list").words.size(), 3u);
}

TEST(Bot, Errors) {
  std::string all;
  for (const std::string& letter : latin_letters())
    all += (all.empty() ? "\"" : ",\"") + letter + '"';
  EXPECT_EQ(message_of([&] { Talk talk(policy_text("\"words\": [" + all + "]")); }),
            "policy: test leaves no name that the model could say, expected some that are allowed");
  EXPECT_EQ(message_of([&] { Talk talk(kFruits, {.temperature = -1}); }),
            "temperature: out of range, expected 0 (greedy), or 1e-300 or more, got -1");
  EXPECT_EQ(message_of([] { parse_guard("on"); }),
            "guard: expected certified, resample, off, got 'on'");
  for (const Guard guard : {Guard::kCertified, Guard::kResample, Guard::kOff}) {
    EXPECT_EQ(parse_guard(to_string(guard)), guard);
  }
}

}  // namespace
}  // namespace microgpt
