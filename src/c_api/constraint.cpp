// Constraints for C.
#include <algorithm>

#include "c_api/handles.h"
#include "microgpt/policy.h"

using namespace microgpt;
using namespace microgpt::c_api;

namespace {

microgpt_constraint* constraint_for(const Model& model, Constraint constraint) {
  return new microgpt_constraint{std::move(constraint), model.tokenizer,
                                 static_cast<std::size_t>(model.config.block_size)};
}

// Throws Error: two handles are not of the same model, as far as a constraint knows it.
void check_same(const Tokenizer& a, std::size_t a_block_size, const Tokenizer& b,
                std::size_t b_block_size) {
  if (a == b && a_block_size == b_block_size) return;
  throw Error(
      "constraint: made for another model, expected the same letters and the same block_size");
}

// The tokens of a text and the state after them.
std::pair<std::size_t, Constraint::State> read(const microgpt_constraint& c, const char* text,
                                               size_t size) {
  const std::vector<int> tokens = c.tokenizer.encode(text_given(text, size, "text"));
  return {tokens.size(), c.constraint.read(tokens)};
}

}  // namespace

microgpt_constraint* microgpt_constraint_forbid(const microgpt_model* model, const char* policy,
                                                size_t size) {
  return pointer_of([&] {
    const Model& m = given(model, "model").model;
    const Policy parsed = parse_policy(text_given(policy, size, "policy"), "policy");
    return constraint_for(m, forbid(parsed, m.tokenizer));
  });
}

microgpt_constraint* microgpt_constraint_shape(const microgpt_model* model, const char* starts,
                                               size_t starts_size, const char* ends,
                                               size_t ends_size, size_t min_length,
                                               size_t max_length, const char* letters,
                                               size_t letters_size) {
  return pointer_of([&] {
    const Model& m = given(model, "model").model;
    Shape shape;
    shape.starts = text_given(starts, starts_size, "starts");
    shape.ends = text_given(ends, ends_size, "ends");
    shape.min_length = min_length;
    shape.max_length = max_length;
    shape.letters = text_given(letters, letters_size, "letters");
    return constraint_for(
        m, make_constraint(shape, m.tokenizer, static_cast<std::size_t>(m.config.block_size)));
  });
}

microgpt_constraint* microgpt_constraint_both(const microgpt_constraint* a,
                                              const microgpt_constraint* b) {
  return pointer_of([&] {
    const microgpt_constraint &first = given(a, "a"), &second = given(b, "b");
    check_same(first.tokenizer, first.block_size, second.tokenizer, second.block_size);
    return new microgpt_constraint{both(first.constraint, second.constraint), first.tokenizer,
                                   first.block_size};
  });
}

void microgpt_constraint_free(microgpt_constraint* constraint) { delete constraint; }

size_t microgpt_constraint_num_states(const microgpt_constraint* constraint) {
  return constraint == nullptr ? 0 : constraint->constraint.num_states();
}

int microgpt_constraint_allows(const microgpt_constraint* constraint, const char* text, size_t size,
                               int* allowed) {
  return status_of([&] {
    const microgpt_constraint& c = given(constraint, "constraint");
    int& out = given(allowed, "allowed");
    const auto [length, state] = read(c, text, size);
    out = length <= c.block_size && c.constraint.may_end(state) ? 1 : 0;
  });
}

int microgpt_constraint_mask(const microgpt_constraint* constraint, const char* text, size_t size,
                             uint8_t* allowed) {
  return status_of([&] {
    const microgpt_constraint& c = given(constraint, "constraint");
    uint8_t* const out = &given(allowed, "allowed");
    const auto [length, state] = read(c, text, size);
    for (int token = 0; token < c.tokenizer.vocab_size(); ++token) {
      const std::size_t room = c.block_size - std::min(length, c.block_size);
      out[token] = c.constraint.may_follow(state, token, room) ? 1 : 0;
    }
  });
}

int microgpt_sampler_constrain(microgpt_sampler* sampler, const microgpt_constraint* constraint,
                               int tries) {
  return status_of([&] {
    microgpt_sampler& s = given(sampler, "sampler");
    SampleConfig how;
    if (tries != 0) how.tries = tries;
    how.check();
    if (constraint != nullptr) {
      check_same(constraint->tokenizer, constraint->block_size, s.tokenizer,
                 static_cast<std::size_t>(s.config.block_size));
    }
    s.tries = how.tries;
    s.constraint.reset();
    if (constraint != nullptr) s.constraint = constraint->constraint;
  });
}
