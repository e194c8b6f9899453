#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "generate/prefix.h"
#include "microgpt/sampler.h"

namespace microgpt {
namespace {

// How many documents to write at once: as many as keep a processor busy, but no more than a modest
// cache of keys and values holds.
std::size_t lane_count(const Config& config, std::int64_t documents) {
  constexpr std::size_t kMost = 64, kLeast = 16, kCacheBytes = std::size_t{64} << 20;
  const std::size_t lane_bytes = sizeof(float) * 2 * static_cast<std::size_t>(config.n_layer) *
                                 static_cast<std::size_t>(config.block_size) *
                                 static_cast<std::size_t>(config.n_embd);
  const std::size_t lanes = std::clamp(kCacheBytes / lane_bytes, kLeast, kMost);
  return std::min(lanes, static_cast<std::size_t>(documents));
}

// Writes documents in lanes: as soon as one ends, its lane begins the next. They end in another
// order than they began, so that those that are done wait for those before them.
class ManyWriter {
 public:
  ManyWriter(const Engine& engine, std::size_t count, const Config& config,
             const Tokenizer& tokenizer, const SampleConfig& how, const std::string& prefix,
             std::uint64_t seed)
      : engine_(engine),
        lanes_(engine.new_lanes(count, how.temperature)),
        config_(config),
        tokenizer_(tokenizer),
        how_(how),
        prefix_(prefix),
        beginning_(begin_document(tokenizer, config, how, tokenizer.encode(prefix))),
        block_size_(static_cast<std::size_t>(config.block_size)),
        seed_(seed),
        tokens_(count),
        next_(count),
        u_(count),
        ids_(count * block_size_) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      sequences_.push_back({0, CounterRandom(seed, 0)});
      begin_next(lane);
    }
  }

  // Hands out the documents 0 .. count - 1. Lanes that find nothing left to write go on with
  // documents that nobody takes.
  void write(std::int64_t count, const TakeText& take) {
    for (std::int64_t taken = 0; taken < count;) {
      for (std::size_t lane = 0; lane < tokens_.size(); ++lane) {
        const Sequence& sequence = sequences_[lane];
        u_[lane] = sequence.stream.random(sequence.tries * block_size_ + sequence.position);
      }
      lanes_->draw(tokens_, u_, next_);
      for (std::size_t lane = 0; lane < tokens_.size(); ++lane) advance(lane);
      for (; taken < count && written_.front().done; ++taken) {
        if (!take(written_.front().text)) return;
        written_.pop_front();
      }
    }
  }

 private:
  struct Sequence {
    std::int64_t document;
    CounterRandom stream;
    std::size_t position = 0;  // of the token that is fed next
    std::size_t tries = 0;     // that were lost
    Constraint::State state = 0;
  };
  struct Written {
    std::string text = {};
    bool done = false;
  };

  void finish(std::int64_t document, std::string text) {
    const std::int64_t first = begun_ - std::ssize(written_);
    written_[static_cast<std::size_t>(document - first)] = {std::move(text), true};
  }

  void begin_next(std::size_t lane) {
    sequences_[lane] = {begun_, CounterRandom(seed_, static_cast<std::uint64_t>(begun_))};
    restart(lane);
    written_.emplace_back();
    ++begun_;
  }

  void restart(std::size_t lane) {
    lanes_->restart(lane);
    sequences_[lane].position = 0;
    sequences_[lane].state = beginning_.state;
    tokens_[lane] = tokenizer_.bos();
  }

  // Takes a lane from its token to the next one: of the prefix, or what was drawn.
  void advance(std::size_t lane) {
    Sequence& sequence = sequences_[lane];
    const std::size_t position = sequence.position++;
    const bool in_prefix = position < beginning_.ids.size();
    const int token = in_prefix ? beginning_.ids[position] : next_[lane];
    if (!in_prefix && !is_allowed(sequence, token)) return try_again(lane);
    const bool ends = !in_prefix && token == tokenizer_.bos();
    tokens_[lane] = token;
    if (!ends) ids_[lane * block_size_ + position] = token;
    const std::size_t letters = position + (ends ? 0 : 1);
    if (!ends && letters < block_size_) return;
    finish(sequence.document,
           tokenizer_.decode(std::span(ids_).subspan(lane * block_size_, letters)));
    begin_next(lane);
  }

  // Takes the sequence's state on, if a token may follow.
  bool is_allowed(Sequence& sequence, int token) const {
    if (how_.constraint == nullptr) return true;
    const std::size_t room = room_after(config_, sequence.position - 1);
    if (!how_.constraint->may_follow(sequence.state, token, room)) return false;
    if (token != tokenizer_.bos()) sequence.state = how_.constraint->next(sequence.state, token);
    return true;
  }

  // What is lost in every try is written by generate(), which can do without luck.
  void try_again(std::size_t lane) {
    Sequence& sequence = sequences_[lane];
    if (++sequence.tries < static_cast<std::size_t>(how_.tries)) return restart(lane);
    if (!decoder_) decoder_ = engine_.new_decoder();
    finish(sequence.document,
           generate(*decoder_, config_, tokenizer_, how_, prefix_, sequence.stream).text);
    begin_next(lane);
  }

  const Engine& engine_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<Decoder> decoder_;
  const Config& config_;
  const Tokenizer& tokenizer_;
  const SampleConfig& how_;
  const std::string& prefix_;
  Beginning beginning_;
  std::size_t block_size_;
  std::uint64_t seed_;
  std::vector<Sequence> sequences_;  // one a lane, as are the next three
  std::vector<int> tokens_, next_;
  std::vector<double> u_;
  std::vector<int> ids_;         // (lanes, block_size): what each lane has written
  std::deque<Written> written_;  // the documents begun, but for those that were taken
  std::int64_t begun_ = 0;
};

}  // namespace

bool has_own_streams(const Engine& engine) { return engine.new_lanes(1, 1.0) != nullptr; }

void generate_many(const Engine& engine, const Config& config, const Tokenizer& tokenizer,
                   const SampleConfig& how, const std::string& prefix, std::uint64_t seed,
                   std::int64_t count, const TakeText& take, std::size_t at_once) {
  how.check();
  if (count <= 0) return;
  const std::size_t lanes = at_once > 0 ? at_once : lane_count(config, count);
  const bool plain = how.temperature > 0 && how.top_k == 0 && how.top_p == 1;
  if (plain && has_own_streams(engine)) {
    ManyWriter(engine, lanes, config, tokenizer, how, prefix, seed).write(count, take);
    return;
  }
  const auto decoder = engine.new_decoder();
  for (std::int64_t i = 0; i < count; ++i) {
    const CounterRandom stream(seed, static_cast<std::uint64_t>(i));
    if (!take(generate(*decoder, config, tokenizer, how, prefix, stream).text)) return;
  }
}

}  // namespace microgpt
