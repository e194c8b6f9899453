#include "cpu/small_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cpu/small_state.h"
#include "microgpt/error.h"
#include "model/engine_input.h"

namespace microgpt::cpu {
namespace {

// Of a temperature: times a difference of 0 it must stay 0.
constexpr double kMaxInverse = 3e38;

// One sequence and its cache.
class Sequence {
 public:
  Sequence(const SmallKernels& kernels, const SmallModel& model)
      : kernels_(kernels),
        model_(model),
        cache_(kernels.sequence_size(model)),
        logits_(static_cast<std::size_t>(model.vocab_stride)) {}

  int position() const { return position_; }
  void rewind(int position) { position_ = position; }

  // Returns the logits after this token: vocab_stride floats that the next call overwrites.
  float* write(int token) {
    kernels_.write_one(model_, cache_.data(), token, position_++, logits_.data());
    return logits_.data();
  }

  int write_and_draw(int token, float inverse_temperature, float u) {
    return kernels_.choose(model_, write(token), inverse_temperature, u);
  }

 private:
  const SmallKernels& kernels_;
  const SmallModel& model_;
  AlignedVector<float> cache_, logits_;
  int position_ = 0;
};

class SmallDecoder final : public Decoder {
 public:
  SmallDecoder(const Config& config, const SmallKernels& kernels, const SmallModel& model)
      : config_(config), sequence_(kernels, model) {}

  void forward(std::span<const int> tokens, std::span<double> logits) override {
    check_decoder_input(config_, static_cast<std::size_t>(sequence_.position()), tokens, logits);
    for (const int token : tokens) {
      const float* const out = sequence_.write(token);
      std::copy_n(out, logits.size(), logits.begin());
    }
  }

  void rewind(std::size_t position) override {
    check_rewind(static_cast<std::size_t>(sequence_.position()), position);
    sequence_.rewind(static_cast<int>(position));
  }

 private:
  Config config_;
  Sequence sequence_;
};

// A register's worth of sequences.
class Group {
 public:
  Group(const SmallKernels& kernels, const SmallModel& model)
      : kernels_(kernels), model_(model), cache_(kernels.sequences_size(model)) {
    lanes_.keys_and_values = cache_.data();
  }

  int position(std::size_t lane) const { return lanes_.position[lane]; }
  void restart(std::size_t lane) { lanes_.position[lane] = 0; }

  // For as many lanes as there are tokens; the others write what nobody reads.
  void draw(std::span<const int> tokens, std::span<const double> u, float inverse_temperature,
            std::span<int> next) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      lanes_.token[i] = tokens[i];
      lanes_.u[i] = below_one(u[i]);
    }
    kernels_.write_many(model_, lanes_, inverse_temperature);
    lanes_.slot = lanes_.slot + 1 < model_.block_size ? lanes_.slot + 1 : 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      next[i] = lanes_.next[i];
      ++lanes_.position[i];
    }
  }

  // A double just below 1 rounds to 1, at which no running sum exceeds u times the whole.
  static float below_one(double u) { return std::min(static_cast<float>(u), 0x1.fffffep-1f); }

 private:
  const SmallKernels& kernels_;
  const SmallModel& model_;
  AlignedVector<float> cache_;
  SmallLanes lanes_{};
};

// Groups, and Sequences for the few lanes that would leave a group mostly empty. A lane's tokens
// are the same in either.
class SmallLanesOfEngine final : public Lanes {
 public:
  SmallLanesOfEngine(const Config& config, const SmallKernels& kernels, const SmallModel& model,
                     std::size_t count, double temperature)
      : config_(config),
        width_(static_cast<std::size_t>(kernels.lanes)),
        count_(count),
        inverse_temperature_(static_cast<float>(std::min(1.0 / temperature, kMaxInverse))) {
    const std::size_t rest = count % width_;
    const std::size_t groups = count / width_ + (rest > width_ / 4 ? 1 : 0);
    for (std::size_t i = 0; i < groups; ++i) groups_.emplace_back(kernels, model);
    for (std::size_t i = groups * width_; i < count; ++i) sequences_.emplace_back(kernels, model);
  }

  void restart(std::size_t lane) override {
    if (lane < grouped()) {
      groups_[lane / width_].restart(lane % width_);
    } else {
      sequences_[lane - grouped()].rewind(0);
    }
  }

  void draw(std::span<const int> tokens, std::span<const double> u, std::span<int> next) override {
    check(tokens, u, next);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const std::size_t begin = i * width_, size = std::min(width_, count_ - begin);
      groups_[i].draw(tokens.subspan(begin, size), u.subspan(begin, size), inverse_temperature_,
                      next.subspan(begin, size));
    }
    for (std::size_t lane = grouped(); lane < count_; ++lane) {
      next[lane] = sequences_[lane - grouped()].write_and_draw(tokens[lane], inverse_temperature_,
                                                               Group::below_one(u[lane]));
    }
  }

 private:
  std::size_t grouped() const { return groups_.size() * width_; }

  int position(std::size_t lane) const {
    return lane < grouped() ? groups_[lane / width_].position(lane % width_)
                            : sequences_[lane - grouped()].position();
  }

  void check(std::span<const int> tokens, std::span<const double> u, std::span<int> next) const {
    if (tokens.size() != count_ || u.size() != count_ || next.size() != count_) {
      throw Error(fmt::format("lanes: wrong number of values, expected {} each, got {}, {} and {}",
                              count_, tokens.size(), u.size(), next.size()));
    }
    for (std::size_t lane = 0; lane < count_; ++lane) {
      check_token(config_, tokens[lane]);
      if (position(lane) >= config_.block_size) {
        throw Error(fmt::format("lanes: lane {} is full, expected at most {} positions; restart it",
                                lane, config_.block_size));
      }
    }
  }

  Config config_;
  std::size_t width_, count_;
  float inverse_temperature_;
  std::vector<Group> groups_;
  std::vector<Sequence> sequences_;
};

}  // namespace

std::unique_ptr<Decoder> make_small_decoder(const Config& config, const SmallKernels& kernels,
                                            const SmallModel& model) {
  return std::make_unique<SmallDecoder>(config, kernels, model);
}

std::unique_ptr<Lanes> make_small_lanes(const Config& config, const SmallKernels& kernels,
                                        const SmallModel& model, std::size_t count,
                                        double temperature) {
  return std::make_unique<SmallLanesOfEngine>(config, kernels, model, count, temperature);
}

}  // namespace microgpt::cpu
