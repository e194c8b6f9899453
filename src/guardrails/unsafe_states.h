// What an audit asks of an automaton.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "microgpt/audit.h"
#include "microgpt/constraint.h"

namespace microgpt::guardrails {

// For each state, the fewest tokens after which a document is unsafe, its end being none: 0 if it
// may not end there. Constraint::kNever: there are none, or more than `most`.
std::vector<std::uint32_t> tokens_to_unsafe(const Constraint& constraint, std::size_t most);

// Walks all situations that can be reached with allowed tokens. Judges by the automaton's table,
// not by the distances that say what is allowed.
Certificate certify(const Constraint& constraint, std::size_t block_size);

}  // namespace microgpt::guardrails
