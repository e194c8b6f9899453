// Names of traced numbers, and the numbers of names.
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "microgpt/error.h"
#include "microgpt/trace.h"

namespace microgpt {
namespace {

constexpr std::size_t kSimilar = 3;  // names shown in a message

// How many letters to insert, delete or replace to make one of the other (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

[[noreturn]] void throw_unknown(const Trace& trace, std::string_view name) {
  std::vector<std::pair<std::size_t, std::size_t>> near;
  for (std::size_t i = 0; i < trace.traced.size(); ++i) {
    near.emplace_back(distance(name, trace.traced[i].name), i);
  }
  const std::size_t shown = std::min(kSimilar, near.size());
  std::ranges::partial_sort(near, near.begin() + static_cast<std::ptrdiff_t>(shown));
  std::string message = "trace: nothing is called '" + std::string(name) + "'; similar:";
  for (std::size_t i = 0; i < shown; ++i) message += " " + trace.traced[near[i].second].name;
  throw Error(message);
}

[[noreturn]] void throw_bad_index(const Traced& traced, std::string_view path) {
  std::string form = traced.name;
  for (const std::size_t size : traced.shape) {
    form += "[0.." + std::to_string(size == 0 ? 0 : size - 1) + "]";
  }
  throw Error("trace: '" + std::string(path) + "' is no number, expected " + form);
}

}  // namespace

std::string path_of(const Trace& trace, Element element) {
  const Traced& traced = trace.traced[element.traced];
  if (traced.shape.empty()) return traced.name;
  const std::size_t cols = traced.shape.back();
  std::string path = traced.name;
  if (traced.shape.size() > 1) path += "[" + std::to_string(element.index / cols) + "]";
  return path + "[" + std::to_string(element.index % cols) + "]";
}

std::size_t find_traced(const Trace& trace, std::string_view name) {
  const auto found = std::ranges::find(trace.traced, name, &Traced::name);
  if (found == trace.traced.end()) throw_unknown(trace, name);
  return static_cast<std::size_t>(found - trace.traced.begin());
}

Element find_element(const Trace& trace, std::string_view path) {
  const std::string_view name = path.substr(0, path.find('['));
  const auto index = static_cast<std::uint32_t>(find_traced(trace, name));
  const Traced& traced = trace.traced[index];
  std::string_view rest = path.substr(name.size());
  std::size_t flat = 0;
  for (const std::size_t size : traced.shape) {
    std::size_t i = size;
    const char* const end = rest.data() + rest.size();
    const char* const first = rest.data() + (rest.starts_with('[') ? 1 : 0);
    const auto [stop, error] = std::from_chars(first, end, i);
    if (first == rest.data() || error != std::errc() || stop == end || *stop != ']' || i >= size) {
      throw_bad_index(traced, path);
    }
    rest.remove_prefix(static_cast<std::size_t>(stop + 1 - rest.data()));
    flat = flat * size + i;
  }
  if (!rest.empty()) throw_bad_index(traced, path);
  return {index, static_cast<std::uint32_t>(flat)};
}

}  // namespace microgpt
