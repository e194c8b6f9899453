#include <algorithm>
#include <cstddef>
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
// order than they began, so that those that are done wait in a ring for those before them.
class ManyWriter {
 public:
  ManyWriter(Lanes& lanes, std::size_t count, const Config& config, const Tokenizer& tokenizer,
             const std::string& prefix, std::uint64_t seed)
      : lanes_(lanes),
        tokenizer_(tokenizer),
        prefix_(prefix),
        prefix_ids_(encode_prefix(tokenizer, config, prefix)),
        block_size_(static_cast<std::size_t>(config.block_size)),
        seed_(seed),
        tokens_(count),
        next_(count),
        u_(count),
        ids_(count * block_size_),
        ring_(count * (block_size_ + 1)) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      sequences_.push_back({0, CounterRandom(seed, 0), 0});
      begin(lane);
    }
  }

  // Hands out the documents 0 .. count - 1. Lanes that find nothing left to write go on with
  // documents that nobody takes.
  void write(std::int64_t count, const TakeText& take) {
    for (std::int64_t taken = 0; taken < count;) {
      for (std::size_t lane = 0; lane < tokens_.size(); ++lane) {
        u_[lane] = sequences_[lane].stream.random(sequences_[lane].position);
      }
      lanes_.draw(tokens_, u_, next_);
      for (std::size_t lane = 0; lane < tokens_.size(); ++lane) advance(lane);
      for (Slot* slot; taken < count && (slot = &slot_of(taken))->done; ++taken) {
        slot->done = false;
        if (!take(slot->text)) return;
      }
    }
  }

 private:
  struct Sequence {
    std::int64_t document;
    CounterRandom stream;
    std::size_t position;  // of the token that is fed next
  };
  struct Slot {
    std::string text;
    bool done = false;
  };

  // A document ends after block_size draws at the latest, and a draw ends at most one in each lane:
  // the ring has a slot for each document between the first that is not done and the last begun.
  Slot& slot_of(std::int64_t document) {
    return ring_[static_cast<std::size_t>(document) % ring_.size()];
  }

  void begin(std::size_t lane) {
    lanes_.restart(lane);
    sequences_[lane] = {begun_, CounterRandom(seed_, static_cast<std::uint64_t>(begun_)), 0};
    tokens_[lane] = tokenizer_.bos();
    ++begun_;
  }

  // Takes a lane from its token to the next one: of the prefix, or what was drawn.
  void advance(std::size_t lane) {
    Sequence& sequence = sequences_[lane];
    const std::size_t position = sequence.position++;
    const bool in_prefix = position < prefix_ids_.size();
    const int token = in_prefix ? prefix_ids_[position] : next_[lane];
    const bool ends = !in_prefix && token == tokenizer_.bos();
    tokens_[lane] = token;
    if (!ends) ids_[lane * block_size_ + position] = token;
    const std::size_t letters = position + (ends ? 0 : 1);
    if (!ends && letters < block_size_) return;
    finish(sequence.document, std::span(ids_).subspan(lane * block_size_, letters));
    begin(lane);
  }

  void finish(std::int64_t document, std::span<const int> ids) {
    Slot& slot = slot_of(document);
    slot.text = prefix_;
    for (const int id : ids.subspan(prefix_ids_.size())) slot.text += tokenizer_.token_text(id);
    slot.done = true;
  }

  Lanes& lanes_;
  const Tokenizer& tokenizer_;
  const std::string& prefix_;
  std::vector<int> prefix_ids_;
  std::size_t block_size_;
  std::uint64_t seed_;
  std::vector<Sequence> sequences_;  // one a lane, as are the next three
  std::vector<int> tokens_, next_;
  std::vector<double> u_;
  std::vector<int> ids_;  // (lanes, block_size): what each lane has written
  std::vector<Slot> ring_;
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
  if (const auto written = plain ? engine.new_lanes(lanes, how.temperature) : nullptr) {
    ManyWriter(*written, lanes, config, tokenizer, prefix, seed).write(count, take);
    return;
  }
  const auto decoder = engine.new_decoder();
  for (std::int64_t i = 0; i < count; ++i) {
    const CounterRandom stream(seed, static_cast<std::uint64_t>(i));
    if (!take(generate(*decoder, config, tokenizer, how, prefix, stream).text)) return;
  }
}

}  // namespace microgpt
