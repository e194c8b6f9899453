#include "guardrails/unsafe_states.h"

#include <algorithm>
#include <span>

namespace microgpt::guardrails {
namespace {

using State = Constraint::State;

std::span<const State> row_of(const Constraint& constraint, std::size_t state) {
  const Constraint::Table& table = constraint.table();
  return std::span(table.next).subspan(state * table.num_classes, table.num_classes);
}

// The states that allowed tokens lead to. Counts what is no way and no end.
std::vector<State> reached_from(const Constraint& constraint, const std::vector<State>& states,
                                std::size_t room, Certificate& certificate) {
  std::vector<bool> seen(constraint.num_states());
  std::vector<State> reached;
  for (const State state : states) {
    ++certificate.situations;
    bool goes_on = constraint.table().end[state] == Constraint::kMayEnd;
    if (room > 0) {
      for (const State next : row_of(constraint, state)) {
        if (constraint.to_go(next) > room - 1) continue;
        goes_on = true;
        if (seen[next]) continue;
        seen[next] = true;
        reached.push_back(next);
      }
    }
    if (!goes_on) ++certificate.dead_ends;
  }
  return reached;
}

}  // namespace

std::vector<std::uint32_t> tokens_to_unsafe(const Constraint& constraint, std::size_t most) {
  const std::size_t n = constraint.num_states();
  std::vector<std::uint32_t> distance(n, Constraint::kNever);
  std::vector<State> open;
  for (std::size_t s = 0; s < n; ++s) {
    if (constraint.table().end[s] == Constraint::kMayEnd) {
      open.push_back(static_cast<State>(s));
    } else {
      distance[s] = 0;
    }
  }
  std::vector<State> reached;
  for (std::uint32_t d = 1; d <= most && !open.empty(); ++d) {
    reached.clear();
    for (const State s : open) {
      const auto leads_nearer = [&](State next) { return next >= n || distance[next] < d; };
      if (std::ranges::any_of(row_of(constraint, s), leads_nearer)) reached.push_back(s);
    }
    for (const State s : reached) distance[s] = d;
    std::erase_if(open, [&](State s) { return distance[s] == d; });
  }
  return distance;
}

Certificate certify(const Constraint& constraint, std::size_t block_size) {
  Certificate certificate;
  std::vector<State> states;
  if (constraint.to_go(constraint.start()) <= block_size) states.push_back(constraint.start());
  for (std::size_t room = block_size; !states.empty(); --room) {
    states = reached_from(constraint, states, room, certificate);
    if (room == 0) break;
  }
  return certificate;
}

}  // namespace microgpt::guardrails
