// What a number was made of, and what was made of it.
#include <algorithm>
#include <vector>

#include "microgpt/trace.h"
#include "trace/named_below.h"

namespace microgpt {
namespace {

template <class F>
void for_each_parent(const Trace& trace, Element element, F f) {
  const Traced& traced = trace.traced[element.traced];
  if (traced.nodes.empty()) {
    for (const std::uint32_t parent : traced.parents) f(Element{parent, element.index});
    return;
  }
  const std::uint32_t node = traced.nodes[element.index];
  if (trace.names[node] == element) {
    for_each_named_below(trace, node, f);
  } else {
    f(trace.names[node]);
  }
}

}  // namespace

std::vector<Element> parents_of(const Trace& trace, Element element) {
  std::vector<Element> parents;
  for_each_parent(trace, element, [&](Element parent) {
    if (std::ranges::find(parents, parent) == parents.end()) parents.push_back(parent);
  });
  return parents;
}

std::vector<Element> users_of(const Trace& trace, Element element) {
  std::vector<Element> users;
  for (std::uint32_t t = 0; t < trace.traced.size(); ++t) {
    for (std::uint32_t i = 0; i < trace.traced[t].data.size(); ++i) {
      bool uses = false;
      for_each_parent(trace, {t, i}, [&](Element parent) { uses = uses || parent == element; });
      if (uses) users.push_back({t, i});
    }
  }
  return users;
}

}  // namespace microgpt
