// What the C interface has of each handle, and how errors get across its border.
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/c_api.h"
#include "microgpt/checkpoint.h"
#include "microgpt/constraint.h"
#include "microgpt/engine.h"
#include "microgpt/error.h"
#include "microgpt/sampler.h"
#include "microgpt/trace.h"

struct microgpt_model {
  microgpt::Model model;
  std::string text = {};
};

struct microgpt_graph {
  // A trace's, after the backward pass or before it.
  microgpt_graph(microgpt::Graph& shown, bool with_grads)
      : graph(shown),
        order(topological_order(graph)),
        has_grads(with_grads),
        turns(with_grads ? order.size() : 0) {}

  // One of its own, before the backward pass.
  explicit microgpt_graph(microgpt::Graph&& made)
      : own(std::move(made)), graph(*own), order(topological_order(graph)) {}

  std::optional<microgpt::Graph> own;
  microgpt::Graph& graph;
  std::vector<std::uint32_t> order;
  bool has_grads = false;  // a backward pass has begun, or a recursive one was made
  std::size_t turns = 0;   // of the backward pass that the gradients show
  std::string text = {};
};

struct microgpt_constraint {
  microgpt::Constraint constraint;
  microgpt::Tokenizer tokenizer;
  std::size_t block_size;
};

struct microgpt_sampler {
  microgpt::Config config;
  microgpt::Tokenizer tokenizer;
  std::unique_ptr<microgpt::Engine> engine;
  std::unique_ptr<microgpt::Decoder> decoder;
  microgpt::PythonRandom random;  // for engines that draw all documents from one stream
  std::uint64_t seed;             // for those that give each document its own
  std::uint64_t documents = 0;
  std::optional<microgpt::Constraint> constraint = {};
  int tries = microgpt::SampleConfig().tries;
  std::string text = {};
};

namespace microgpt::c_api {

void set_last_error(const char* message);

// f(), or `failure` and the message of what it throws.
template <class F, class Result>
Result guarded(F f, Result failure) noexcept {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    set_last_error("out of memory");
  } catch (const std::exception& error) {
    set_last_error(error.what());
  }
  return failure;
}

// f() for a function that returns 0 or -1.
template <class F>
int status_of(F f) noexcept {
  return guarded([&] { return f(), 0; }, -1);
}

// f() for a function that returns a pointer.
template <class F>
auto pointer_of(F f) noexcept {
  return guarded(f, decltype(f()){nullptr});
}

// What a pointer points to. Throws Error: nothing.
template <class T>
T& given(T* pointer, const char* name) {
  if (pointer == nullptr) throw Error(std::string(name) + ": expected one, got NULL");
  return *pointer;
}

// Throws Error: index is not below size.
void check_index(std::size_t index, std::size_t size, const char* name);

// A number of C for one of an enumeration whose last one is `last`. Throws Error: it is none.
template <class Enum>
Enum to_enum(int value, Enum last, const char* name) {
  check_index(static_cast<std::size_t>(value), static_cast<std::size_t>(last) + 1, name);
  return static_cast<Enum>(value);
}

// A text with its size; NULL is the empty one if its size is 0. Throws Error: else.
std::string_view text_given(const char* text, std::size_t size, const char* name);

// Hands a text out that belongs to a handle.
const char* hand_out(std::string_view text, std::size_t* size);

}  // namespace microgpt::c_api
