// How often texts occur, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace microgpt::check {

// 64 bits that depend on every byte of a text. Of n different texts two have the same hash with a
// probability of about n^2 / 2^65: 3e-7 for three million.
std::uint64_t hash_text(std::string_view text);

// Hashes with a count and a line each, in a table with open addresses. When the table would hold
// more than `most` of them, it keeps those that lie in the lower half of what is kept, and drops
// the others: what is left is the part 2^-sampling of all hashes, whichever came first or oftener.
class HashCounts {
 public:
  struct Entry {
    std::uint64_t hash = 0;  // 0: free
    std::uint32_t times = 0;
    std::uint32_t first_line = 0;  // the largest number there is stands for all larger ones
  };

  explicit HashCounts(std::size_t most);

  // The entry of a hash, new with `times` 0 if it was not there. Valid until the next call.
  // nullptr: the hash is not in the part that is kept.
  Entry* find_or_add(std::uint64_t hash, std::uint64_t line);

  // Keeps only the part 2^-sampling. REQUIRES: sampling >= this->sampling().
  void sample(int sampling);

  std::size_t size() const { return size_; }
  int sampling() const { return sampling_; }

  // Calls f(entry) for each entry.
  template <class F>
  void for_each(F f) const {
    for (const Entry& entry : slots_) {
      if (entry.hash != 0) f(entry);
    }
  }

 private:
  Entry& slot_of(std::uint64_t hash);
  void rebuild(std::size_t slots);

  std::size_t most_;
  std::size_t size_ = 0;
  int sampling_ = 0;
  std::vector<Entry> slots_;  // as many as a power of two
};

// Documents by text, and by what is left of a text when case, accents, spaces and punctuation do
// not matter. Texts with the same rest are kept or dropped together.
class TextCounter {
 public:
  explicit TextCounter(std::size_t most) : texts_(most), rests_(most) {}

  struct Seen {
    std::uint64_t same = 0;     // the line where this text came first, if it did before
    std::uint64_t similar = 0;  // if not: the line of another text with the same rest
  };
  Seen add(std::uint64_t text_hash, std::uint64_t rest_hash, std::uint64_t line);

  // 0: all texts are in texts(). k: a part 2^-k of them is.
  int sampling() const { return texts_.sampling(); }
  const HashCounts& texts() const { return texts_; }
  // Different texts whose rest is that of another one, not counting one text of each rest.
  std::size_t similar() const;

 private:
  HashCounts texts_;
  HashCounts rests_;  // times: different texts
};

}  // namespace microgpt::check
